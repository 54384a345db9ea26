#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# Keys change more than a thousand times under load, for UDP, and for TLS as often as it may, and not one packet
# is lost; where a key has come to its end and there is no new one, TLS carries what is sent.  A TLS connection
# that stalls ends no session for that, but nothing is sent under a key that is too old.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/udp.sh"
in_own_network "$@"
need nc sha256sum nft
hosts_up
worker brief
udp_conf "" ""
vtund_server server "$scratch/server.conf"

# The worker of a session, by its monitor.
memory()
{
	sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$(pgrep -P "$1" -x vtun-worker)/smaps_rollup"
}

# Keys of the session that has ended.
rekeys()
{
	last_record "$1" | sed -n 's/.*, rekeys \([0-9]*\)$/\1/p'
}

# 2,500 pings in 5 s; none is lost or comes twice.
pings()
{
	on client ping -q -i 0.002 -c 2500 10.9.0.1 >"$scratch/pings" || return
	cat "$scratch/pings"
	grep -q '2500 packets transmitted, 2500 received, 0% packet loss' "$scratch/pings"
}

# Frames that a host has sent or received, as it says itself.
frames()
{
	last_record "$1" | sed -n "s/.*$2 [0-9]* \(bytes \)*in \([0-9]*\).*/\2/p"
}

udp_session "the UDP path comes up"
ok "200 MB from client to server are the same" copies 200 client server 10.9.0.1
ok "200 MB from server to client are the same" copies 200 server client 10.9.0.2
ok "some 100 MB more in 5 s are, and beside them 2,500 pings are answered, each once" \
	copies 2 client server 10.9.0.1 pings
kib=$(memory "$client_pid")
sanitized || ok "the client's worker has at most 8 MiB ($kib KiB)" [ "$kib" -le 8192 ]
kib=$(memory "$(serving_pids)")
sanitized || ok "the server's worker has at most 8 MiB ($kib KiB)" [ "$kib" -le 8192 ]
ends_well
for host in server client; do
	n=$(rekeys $host)
	ok "$host: more than a thousand keys ($n)" [ "${n:-0}" -ge 1000 ]
	unlike "... and nothing lost, doubled or refused" "$(last_record $host)" 'lost|duplicated|refused|arrived'
done
is "what the client has sent the server has received" "$(frames client sent)" "$(frames server received)"
is "and the other way round" "$(frames server sent)" "$(frames client received)"

# By then the keys of TLS have changed a few times as well: each side's once a second.
udp_conf "proto tcp; keepalive 20:1;" "proto tcp;"
vtund_client client "$scratch/client.conf" s 192.168.1.1 -v
ok "a session over TLS" wait_until 20 on client ping -qc 1 -W 1 10.9.0.1
ok "200 MB from client to server are the same" copies 200 client server 10.9.0.1
ok "TLS has new keys" wait_until 10 says_times client "new key for sending over TLS" 2
ok "50 MB from server to client are the same" copies 50 server client 10.9.0.2

# Longer than it takes to make more keys than a peer may have in a second (8): the last one sees all at once.
worker=$(pgrep -P "$client_pid" -x vtun-worker)
kill -STOP "$worker"
sleep 12
kill -CONT "$worker"
keys=$(grep -c "new key for sending over TLS" "$scratch/client.log")
ok "a worker that was stopped for 12 s: its session goes on" wait_until 20 on client ping -qc 1 -W 1 10.9.0.1
ok "... with new keys" wait_until 20 eval "on client ping -qc 1 -W 1 10.9.0.1 &&
	says_times client 'new key for sending over TLS' $((keys + 2))"
is "... and it is the same session" "$(grep -c "session ended" "$scratch/client.log")" 1
end "$client_pid"
ok "... and ends" wait_until 10 server_has_ended
end "$server_pid"

# A worker whose keys are good for 100 packets of data, and come once a second.
worker worn
udp_conf "" ""
vtund_server server "$scratch/server.conf"
udp_session "keys that end: the UDP path comes up"
ok "200 MB from client to server are the same" copies 200 client server 10.9.0.1
tcp_sent()
{
	on client ss -Htni "dport = :5000" | sed -n 's/.*bytes_sent:\([0-9]*\).*/\1/p'
}
tcp=$(tcp_sent)
ok "... TLS has carried most of them: $tcp bytes" [ "${tcp:-0}" -gt 100000000 ]
# What a ping of 1,000 bytes costs the TCP connection: nothing, once there is a key.
over_udp_again()
{
	local before

	before=$(tcp_sent)
	on client ping -qc 1 -W 1 -s 1000 10.9.0.1 && [ "$(tcp_sent)" -lt $((before + 1000)) ]
}
ok "... with a new key UDP carries data again" wait_until 10 over_udp_again
unlike "... all the time UDP was up" "$(cat "$scratch/server.log" "$scratch/client.log")" "data goes over TLS"
ends_well
for host in server client; do
	unlike "... $host: nothing lost or refused" "$(last_record $host)" 'lost|duplicated|refused|arrived'
done
end "$server_pid"

# Longer than an answer may take, 10 s, TLS does not get through, and UDP does.
worker hasty
udp_conf "keepalive 30:4;" ""
vtund_server server "$scratch/server.conf"
udp_session "TLS that stalls: the UDP path comes up"
cuts_tls()
{
	on client nft "add table ip cut; add chain ip cut out { type filter hook output priority 0; };
		add rule ip cut out tcp dport 5000 drop"
}

pings_from()
{
	on "$1" ping -qc 1 -W 1 "$2"
}

ok "... from now on" cuts_tls
ok "... packets cross for a while" pings_from client 10.9.0.1
ok "... no longer than the old keys may be used" wait_until 40 not pings_from client 10.9.0.1
ok "... and the session lives" not says_times client "session ended" 1
on client nft delete table ip cut
ok "... they cross again when TLS does" wait_until 60 pings_from client 10.9.0.1
unlike "... in the same session" "$(cat "$scratch/server.log" "$scratch/client.log")" "session ended"
ends_well
for host in server client; do
	n=$(rekeys $host)
	ok "... $host: with new keys ($n)" [ "${n:-0}" -ge 1 ]
done
finish
