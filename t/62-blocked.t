#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Something on the way blocks UDP: data goes over TLS, and back when it is open again.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/udp.sh"
in_own_network "$@"
need nc sha256sum nft
hosts_up
worker hasty
udp_conf "" ""
vtund_server server "$scratch/server.conf"

# A firewall on the client's side: "out udp dport 5001", "in udp sport 5001".
block()
{
	on client nft "add table ip wall; add chain ip wall out { type filter hook output priority 0; };
		add chain ip wall in { type filter hook input priority 0; };
		add rule ip wall $1 drop" || return
	blocked_ms=$(now_ms)
}

unblock()
{
	on client nft delete table ip wall
}

now_ms()
{
	date +%s%3N
}

# falls_back TIMES RULE: how many ms it takes until both have noticed, for the TIMESth time.
falls_back()
{
	block "$2" && wait_until 10 over_tls "$1" || return
	echo $(($(now_ms) - blocked_ms)) >"$scratch/took"
}

udp_session "the UDP path comes up"
ok "U15: blocked in the middle: 200 MB from client to server are the same" \
	copies 200 client server 10.9.0.1 falls_back 1 "out udp dport $udp_port"
ok "U15: ... both sides have noticed within 4 s ($(cat "$scratch/took") ms)" [ "$(cat "$scratch/took")" -lt 4500 ]
ok "... and it stays so while UDP is blocked" not over_udp 2
# comes_back TIMES: UDP is free again, and both notice, for the TIMESth time.
comes_back()
{
	unblock && wait_until 30 over_udp "$1"
}

ok "unblocked in the middle: 200 MB from server to client are the same" \
	copies 200 server client 10.9.0.2 comes_back 2
ok "... both sides say that data goes over UDP again" over_udp 2
ok "answers blocked in the middle: 200 MB from server to client are the same" \
	copies 200 server client 10.9.0.2 falls_back 2 "in udp sport $udp_port"
ok "... both sides have noticed within 4 s ($(cat "$scratch/took") ms)" [ "$(cat "$scratch/took")" -lt 4500 ]
unblock
ok "... and over UDP again when it is open" wait_until 30 over_udp 3
ends_well

block "out udp dport $udp_port"
: >"$scratch/client.log"
vtund_client client "$scratch/client.conf" s
ok "blocked from the beginning: the tunnel is up" wait_until 10 on client ping -qc 1 -W 1 10.9.0.1
ok "... 50 MB from client to server are the same" copies 50 client server 10.9.0.1
ok "... the client says that data goes over TLS" wait_until 10 says_times client "data goes over TLS" 1
sleep 3 # two more attempts
is "... once" "$(grep -c "data goes over" "$scratch/client.log")" 1
ends_well
finish
