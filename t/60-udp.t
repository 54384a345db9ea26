#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Over UDP 200 MB arrive as they were sent: between IPv4 and IPv6 hosts, with and without encryption,
# on the port that the server's file says.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/udp.sh"
in_own_network "$@"
need nc sha256sum ss
hosts_up
host_address server eth1 fd00:1::1/64
host_address client eth1 fd00:1::2/64

# Bytes that the client has sent over its TCP connection to the server, and over UDP.
tcp_bytes()
{
	on client ss -Htni "dport = :5000" | sed -n 's/.*bytes_sent:\([0-9]*\).*/\1/p'
}

carried_by_udp()
{
	[ "$(tcp_bytes)" -lt 1000000 ]
}

# session NAME SERVER-OPTIONS CLIENT-OPTIONS ENCRYPT: a session of these terms.
session()
{
	udp_conf "$2" "$3"
	udp_session "$1: the UDP path comes up"
	like "... encrypt $4" "$(cat "$scratch/client.log")" "session up: .*over udp.*encrypt $4"
}

vtund_server server "$scratch/server.conf"
session "encrypted, IPv4" "" "" yes
is "the server's port is that of udp_ports" \
	"$(on server ss -Hlun "sport = :$udp_port" | wc -l)" 1
ok "200 MB from client to server are the same" copies 200 client server 10.9.0.1
ok "200 MB from server to client are the same" copies 200 server client fd00:9::2
ok "... and UDP carried them" carried_by_udp
ends_well

session "encrypt no on both sides" "encrypt no;" "encrypt no;" no
ok "200 MB from client to server are the same" copies 200 client server fd00:9::1
ends_well
session "encrypt no at the server alone" "encrypt no;" "" yes
ends_well
session "encrypt no at the client alone" "" "encrypt no;" yes
ends_well
end "$server_pid"

vtund_server server "$scratch/server.conf" "[fd00:1::1]"
udp_conf "" ""
udp_session "IPv6: the UDP path comes up" fd00:1::1
like "... mtu 1426" "$(cat "$scratch/client.log")" "session up: .*mtu 1426"
ok "200 MB from server to client are the same" copies 200 server client 10.9.0.2
ok "... and UDP carried them" carried_by_udp
ends_well
finish
