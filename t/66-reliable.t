#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# With `reliable` what the network loses arrives all the same, once, and soon; without it, what is lost is
# lost.  Both sides' files have their say in it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/udp.sh"
in_own_network "$@"
need nc sha256sum nft perl
hosts_up
host_address server eth1 fd00:1::1/64
host_address client eth1 fd00:1::2/64

# The client's datagrams go through a relay, where the weather is bad.
mkfifo "$scratch/commands"
exec 9<>"$scratch/commands"
relay()
{
	on client "$top_srcdir/t/tools/udp-relay" 192.168.1.2 6000 192.168.1.1 $udp_port <"$scratch/commands"
}
background relay relay
on client nft "add table ip relay;
	add chain ip relay out { type nat hook output priority -100; };
	add rule ip relay out udp dport $udp_port udp sport != 6001-6002 dnat to 192.168.1.2:6000"

# weather LOSS TWICE LATE: per cent
weather()
{
	echo "weather $*" >&9
	wait_until 10 sh -c "tail -n 1 '$scratch/relay.log' | grep -qx 'weather $*'"
}

# session NAME SERVER-OPTIONS CLIENT-OPTIONS: a session in good weather.
session()
{
	weather 0 0 0
	udp_conf "$2" "$3"
	udp_session "$1: the UDP path comes up"
}

# pings LOSS ADDRESS: 500 of them, whose answers may be lost as well: lost, doubled and disordered.
pings()
{
	weather "$1" 5 5
	on client ping -n -i 0.002 -c 500 -s 100 -W 0.5 "$2" >"$scratch/pings"
	lost=$((500 - $(sed -n 's/.* \([0-9]*\) received.*/\1/p' "$scratch/pings")))
	again=$(grep -c DUP "$scratch/pings")
	disordered=$(sed -n 's/.*icmp_seq=\([0-9]*\).*/\1/p' "$scratch/pings" |
		awk '$1 < last { n++ } { last = $1 } END { print n + 0 }')
	diag "$1 % lost each way: $lost of 500 pings, $disordered out of order, round trips $(round_trips)"
}

round_trips()
{
	sed -n 's/.* time=\([0-9.]*\) ms.*/\1/p' "$scratch/pings" | sort -n |
		awk '{ t[NR] = $1 } END { print t[int(NR / 2)] " ms (median), " t[int(NR * 0.99)] " ms (99 %)" }'
}

between()
{
	[ "$2" -le "$1" ] && [ "$1" -le "$3" ]
}

# few_lost NAME LOSS MOST ADDRESS: what `reliable` promises.
few_lost()
{
	pings "$2" "$4"
	ok "$1, $2 % loss: at most $3 of 500 pings are lost" between $lost 0 "$3"
	is "... and none comes twice" "$again" 0
}

# Of 500 pings 10, 49 and 180 are lost by two ways of 1, 5 and 20 %; two repetitions leave 8 of the last,
# and a few more where the machine is so busy that the 100 ms of a packet's life are over before.
vtund_server server "$scratch/server.conf"
session "reliable at the client alone" "" "reliable yes;"
like "... which is told that its server has it not" "$(cat "$scratch/client.log")" \
	"reliable here, but the server, which decides"
for figures in "1 1 28" "5 25 75" "20 135 225"; do
	# shellcheck disable=SC2086 # three words
	set -- $figures
	pings "$1" 10.9.0.1
	ok "without, $1 % loss: $2 to $3 of 500 pings are lost" between $lost "$2" "$3"
	is "... and none comes twice" "$again" 0
done
weather 0 0 0
ends_well

session "reliable at the server alone" "reliable yes;" ""
like "... as the client says" "$(cat "$scratch/client.log")" "session up: .*reliable yes"
like "the device's MTU leaves room for it" "$(cat "$scratch/server.log")" "session up: .*mtu 1442"
few_lost "with" 1 1 10.9.0.1
few_lost "with" 5 4 fd00:9::1
few_lost "with" 20 60 10.9.0.1
weather 5 5 5
ok "5 % loss: 20 MB from client to server are the same" copies 20 client server 10.9.0.1
weather 1 5 5
ok "1 % loss: 50 MB from server to client are the same" copies 50 server client fd00:9::2
weather 0 0 0
ends_well
for host in server client; do
	like "the $host has counted what it sent again" "$(last_record $host)" ", resent [1-9]"
done

session "reliable no at the client" "reliable yes;" "reliable no;"
like "... and the server says that it goes without" "$(cat "$scratch/server.log")" \
	"reliable here, but the client"
unlike "... as the client" "$(cat "$scratch/client.log")" "reliable yes"
ends_well

session "ordered" "reliable ordered;" ""
few_lost "ordered" 5 25 10.9.0.1
is "... and each comes in its turn" "$disordered" 0
weather 0 0 0
ends_well

session "compressed" "reliable yes; compress zlib:1;" ""
few_lost "compressed" 5 4 10.9.0.1
weather 0 0 0
ends_well
like "... and it was" "$(last_record client)" "compressed [0-9]+ bytes"

worker hasty
session "ether" "reliable yes; type ether;" "type ether;"
few_lost "ether" 5 6 10.9.0.1
weather 0 0 0
gets_worse()
{
	weather 100 0 0 && wait_until 20 over_tls 1 && weather 5 5 5 && wait_until 30 over_udp 2
}
ok "UDP gone in the middle and back: 20 MB from client to server are the same" \
	copies 20 client server 10.9.0.1 gets_worse
weather 0 0 0
ends_well

# Between IPv6 hosts, who lose some of what they receive.
udp_conf "reliable yes;" ""
end "$server_pid"
vtund_server server "$scratch/server.conf" "[fd00:1::1]"
udp_session "IPv6: the UDP path comes up" fd00:1::1
like "... mtu 1422" "$(cat "$scratch/client.log")" "session up: .*mtu 1422"
for host in server client; do
	on $host nft "add table ip6 loss; add chain ip6 loss in { type filter hook input priority 0; };
		add rule ip6 loss in meta l4proto udp numgen random mod 100 < 5 drop"
done
few_lost "IPv6" 5 4 10.9.0.1
ok "IPv6, 5 % loss: 20 MB from server to client are the same" copies 20 server client 10.9.0.2
ends_well
finish
