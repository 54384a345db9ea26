#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# A NAT forgets the client's port, then the client gets another address: the server follows, and the
# copy that was under way arrives as it was sent.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/udp.sh"
in_own_network "$@"
need nc sha256sum nft ss
hosts_up
on server ip route add 192.168.7.7 via 192.168.1.2
udp_conf "" ""
vtund_server server "$scratch/server.conf"

# From now on the client's datagrams come from there, without a state that could remember another.
moves_to()
{
	local address=$1 port=$2 own

	own=$(on client ss -Hlun | sed -n 's/.*192\.168\.1\.2:\([0-9]*\).*/\1/p')
	on client nft "add table ip moved; flush table ip moved;
		add chain ip moved out { type filter hook output priority 0; };
		add chain ip moved in { type filter hook prerouting priority -300; };
		add rule ip moved out udp dport $udp_port ip saddr set $address udp sport set $port;
		add rule ip moved in ip daddr $address udp sport $udp_port udp dport set $own ip daddr set 192.168.1.2"
}

# follows ADDRESS PORT: the server does, while data flows.
follows()
{
	moves_to "$1" "$2" && wait_until 10 says_times server "data goes over UDP, peer $1:$2" 1
}

udp_session "the UDP path comes up"
ok "another port: 200 MB from client to server are the same" \
	copies 200 client server 10.9.0.1 follows 192.168.1.2 40001
ok "... the server has followed" says_times server "data goes over UDP, peer 192.168.1.2:40001" 1
ok "another address: 200 MB from server to client are the same" \
	copies 200 server client 10.9.0.2 follows 192.168.7.7 40002
ok "... the server has followed" says_times server "data goes over UDP, peer 192.168.7.7:40002" 1
unlike "nobody went back to TLS" "$(cat "$scratch/server.log" "$scratch/client.log")" "data goes over TLS"
ends_well
finish
