#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Over UDP 200 MB arrive as they were sent: between IPv4 and IPv6 hosts, by every cipher suite and
# without encryption, on the port that the server's file says.
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
	[ "$(tcp_bytes)" -lt 20000000 ] # all but what went before the path's MTU was known
}

# session NAME SERVER-OPTIONS CLIENT-OPTIONS ENCRYPT [SERVER]: a session of these terms.
session()
{
	udp_conf "$2" "$3"
	udp_session "$1: the UDP path comes up" "${5-192.168.1.1}"
	like "... encrypt $4" "$(cat "$scratch/client.log")" "session up: .*over udp.*encrypt $4,"
}

if grep -qE '^(flags|Features).* aes ' /proc/cpuinfo; then
	by="yes \(AES-128-GCM\)"
else
	by="yes \(ChaCha20-Poly1305\)"
fi
gmac="no \(AES-128-GMAC\)"

vtund_server server "$scratch/server.conf"
session "encrypted, IPv4" "" "" "$by"
is "the server's port is that of udp_ports" \
	"$(on server ss -Hlun "sport = :$udp_port" | wc -l)" 1
ok "200 MB from client to server are the same" copies 200 client server 10.9.0.1
ok "200 MB from server to client are the same" copies 200 server client fd00:9::2
ok "... and UDP carried them" carried_by_udp
ends_well

# Whether what somebody sends can be read on the link.
capture()
{
	on client "$top_srcdir/t/tools/capture" eth1 >"$scratch/pcap"
}
readable_on_the_link()
{
	: >"$scratch/capture.log"
	background capture capture
	wait_until 10 grep -q listening "$scratch/capture.log" || return
	on client ping -qc 10 -i 0.05 -p 7674756e -s 400 10.9.0.1 >/dev/null || return
	end $!
	grep -aq vtunvtunvtunvtun "$scratch/pcap"
}

session "encrypt no on both sides" "encrypt no;" "encrypt no;" "$gmac"
ok "... what crosses can be read by whoever looks" readable_on_the_link
ok "200 MB from client to server are the same" copies 200 client server fd00:9::1
ends_well
session "encrypt no at the server alone" "encrypt no;" "" "$by"
ok "... what crosses cannot be read" not readable_on_the_link
ok "... by somebody who saw all of it" [ "$(wc -c <"$scratch/pcap")" -gt 4000 ]
ends_well
session "encrypt no at the client alone" "" "encrypt no;" "$by"
ends_well
end "$server_pid"

vtund_server server "$scratch/server.conf" "[fd00:1::1]"
session "IPv6" "" "" "$by" fd00:1::1
like "... mtu 1426" "$(cat "$scratch/client.log")" "session up: .*mtu 1426"
ok "200 MB from server to client are the same" copies 200 server client 10.9.0.2
ok "... and UDP carried them" carried_by_udp
ends_well
session "IPv6, encrypt no" "encrypt no;" "encrypt no;" "$gmac" fd00:1::1
ok "200 MB from client to server are the same" copies 200 client server fd00:9::1
ends_well
end "$server_pid"

# Which suites two machines agree on, t/unit/suites has.
for suite in "2 AES-256-GCM" "3 ChaCha20-Poly1305"; do
	odd_machine "suite-${suite% *}"
	for at in 192.168.1.1 fd00:1::1; do
		case $at in
		*:*) vtund_server server "$scratch/server.conf" "[$at]" ;;
		*) vtund_server server "$scratch/server.conf" $at ;;
		esac
		session "${suite#* }, $at" "" "" "yes \(${suite#* }\)" $at
		ok "200 MB from client to server are the same" copies 200 client server 10.9.0.1
		ok "... and UDP carried them" carried_by_udp
		ends_well
		end "$server_pid"
	done
done
finish
