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
	udp_session "$1"
}

# pings LOSS ADDRESS: 1,000 of them, whose answers may be lost as well; lost and doubled in $lost and $again,
# in tenths of a per cent.
pings()
{
	weather "$1" 5 5
	on client ping -n -i 0.002 -c 1000 -s 100 -W 1 "$2" >"$scratch/pings"
	lost=$((1000 - $(sed -n 's/.* \([0-9]*\) received.*/\1/p' "$scratch/pings")))
	again=$(grep -c DUP "$scratch/pings")
	diag "$1 % lost each way: $lost of 1,000 pings, round trips $(round_trips)"
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

# The figures: of 1,000 pings 20, 98 and 360 are lost by two ways of 1, 5 and 20 %.
vtund_server server "$scratch/server.conf"
session "without reliable: the UDP path comes up" "" "reliable yes;"
like "a client that would like it is told that its server has it not" "$(cat "$scratch/client.log")" \
	"reliable here, but the server, which decides"
for figures in "1 5 45" "5 65 135" "20 290 430"; do
	set -- $figures
	pings "$1" 10.9.0.1
	ok "without, $1 % loss: $2 to $3 of 1,000 pings are lost" between $lost "$2" "$3"
	is "... and none comes twice" "$again" 0
done
weather 0 0 0
ends_well

session "with reliable: the UDP path comes up" "reliable yes;" ""
like "... as the client says" "$(cat "$scratch/client.log")" "session up: .*reliable yes"
like "the device's MTU leaves room for it" "$(cat "$scratch/server.log")" "session up: .*mtu 1442"
for figures in "1 1 10.9.0.1" "5 4 fd00:9::1" "20 40 10.9.0.1"; do
	set -- $figures
	pings "$1" "$3"
	ok "with, $1 % loss: at most $2 of 1,000 pings are lost" between $lost 0 "$2"
	is "... and none comes twice" "$again" 0
done
weather 5 5 5
ok "5 % loss: 50 MB from client to server are the same" copies 50 client server 10.9.0.1
weather 1 5 5
ok "1 % loss: 50 MB from server to client are the same" copies 50 server client 10.9.0.2
weather 0 0 0
ends_well
finish
