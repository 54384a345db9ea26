#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What becomes of datagrams on the way: each side counts exactly what was lost, doubled and reordered;
# what was forged is refused, is never answered, and does not disturb the tunnel.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/udp.sh"
in_own_network "$@"
need nc sha256sum nft perl
hosts_up
udp_conf "" ""
vtund_server server "$scratch/server.conf"

# The client's datagrams go through a relay, which does what tell says.
mkfifo "$scratch/commands"
exec 9<>"$scratch/commands"
relay()
{
	on client "$top_srcdir/t/tools/udp-relay" 192.168.1.2 6000 192.168.1.1 $udp_port <"$scratch/commands"
}
background relay relay
tell()
{
	echo "$*" >&9
}
on client nft "add table ip relay;
	add chain ip relay out { type nat hook output priority -100; };
	add rule ip relay out udp dport $udp_port udp sport != 6001-6002 dnat to 192.168.1.2:6000"

# 250 datagrams of 156 bytes each way.
pings()
{
	on client ping -q -i 0.002 -c 250 -s 100 10.9.0.1
}

relay_says()
{
	wait_until 10 grep -q -e "$1" "$scratch/relay.log"
}

relay_says ready || diag "the relay does not start"
udp_session "the UDP path comes up"
like "... through the relay" "$(cat "$scratch/server.log")" "data goes over UDP, peer 192.168.1.2:6001"
for order in "drop client 7" "drop server 6" "double client 5" "double server 4" "swap client 3" "swap server 2"; do
	tell "$order"
	pings >/dev/null
	ok "the relay does: $order" relay_says "${order% *}"
done
ends_well
like "the server's last record: 7 lost, 5 doubled, 3 reordered" "$(last_record server)" \
	", lost 7, duplicated 5, reordered 3$"
# arrived HOST: how many of its frames have not, as its last record says.
missing()
{
	last_record "$1" | sed -n 's/.* in \([0-9]*\) frames (\([0-9]*\) arrived).*/\1 - \2/p'
}
is "... and the client has it from the server that 7 did not arrive" $(($(missing client))) 7
is "... as the server has it from the client of 6" $(($(missing server))) 6
like "the client's last record: 6 lost, 4 doubled, 2 reordered" "$(last_record client)" \
	", lost 6, duplicated 4, reordered 2$"

udp_session "the UDP path comes up"
pings >/dev/null
tell attack 50000
ok "U9, U18: forged datagrams of each kind, each side's own among them, and ICMP port unreachable are not answered" \
	relay_says "attack: 0 came back"
ok "20 MB from client to server are the same meanwhile" copies 20 client server 10.9.0.1 tell attack 50000
tell race
pings >/dev/null
ok "U13: a datagram that comes from elsewhere first is asked for an answer, once" \
	relay_says "race: 1 came back"
pings >/dev/null
is "... and nobody is followed who gives none" "$(grep -c "data goes over UDP, peer" "$scratch/server.log")" 1
unlike "U18: the path has been up all the time" "$(cat "$scratch/server.log" "$scratch/client.log")" \
	"over TLS|carries less"
ends_well
for host in server client; do
	like "the $host has counted them" "$(last_record $host)" "duplicated [1-9].*refused [1-9][0-9][0-9]"
done
finish
