#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# type ether: two LANs are one.  The tunnel's ends are bridged, and nobody on either LAN knows of it:
# ARP, neighbour discovery, VLANs and large frames cross, over TLS and over UDP.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need nc perl ping bridge tcpdump
hosts_up

# lan HOST STATION NUMBER: behind a bridge of the host there is a station, 10.0.0.NUMBER.
lan()
{
	host_up "$2"
	on "$1" ip link add br0 type bridge
	on "$1" sysctl -qw net.ipv6.conf.br0.disable_ipv6=1
	on "$1" ip link set br0 up
	ip link add lan netns "$(host_pid "$1")" type veth peer name eth0 netns "$(host_pid "$2")"
	on "$1" ip link set lan master br0 up
	host_address "$2" eth0 "10.0.0.$3/24"
	on "$2" ip address add "fd00::$3/64" dev eth0 nodad
}

# All devices but the tunnel's own, which has its MTU by the configuration.
lan_mtu()
{
	for end in server:lan client:lan east:eth0 west:eth0; do
		on "${end%:*}" ip link set "${end#*:}" mtu "$1"
	done
}

# session SIDE OPTION...
session()
{
	side=$1
	shift
	conf "$side" <<-EOF
		lan {
		  passwd secret;
		  type ether;
		  device lan-%d;
		  keepalive yes;
		  up { ip "link set %% up"; ip "link set %% master br0"; };
		  $*
		}
	EOF
	sed -i "s/lan-%d/lan-$side/" "$scratch/$side.conf"
}

pings()
{
	on west ping -qc 1 -W 1 "$@"
}

# copies FILE ADDRESS: from west to east, by TCP.
copies()
{
	on east nc -l "$2" 9000 </dev/null | sha256sum >"$scratch/arrived" &
	wait_until 10 listens east 9000 && on west timeout 60 nc -N "$2" 9000 <"$1" && wait $! &&
		sha256sum <"$1" | cmp - "$scratch/arrived"
}

mac()
{
	on "$1" ip -o link show eth0 | sed 's/.*ether \([0-9a-f:]*\).*/\1/'
}

mtu()
{
	on "$1" ip -o link show "lan-$1" | sed 's/.* mtu \([0-9]*\).*/\1/'
}

# tagged_crosses BYTES: a frame of VLAN 5 with a packet of that size, sent to no particular station,
# arrives unchanged.  By hand, as not every kernel has VLAN devices.
tagged_crosses()
{
	background capture on east tcpdump -Z root -Unqi eth0 -c 1 -w "$scratch/pcap" 'ether[12:4] = 0x81000005 or vlan 5'
	capture=$!
	on west perl -e '$| = 1; print pack "H24 n3 a*", "ffffffffffff020000000005", 0x8100, 5, 0x88b5,
		"tagged" x 400' | head -c $(($1 + 18)) >"$scratch/frame"
	wait_until 20 tagged_arrives && wait "$capture" && tail -c $(($1 + 18)) "$scratch/pcap" | cmp - "$scratch/frame"
}

tagged_arrives()
{
	on west perl -e 'socket my $s, 17, 3, 0; local $/; my $frame = <STDIN>;
		send $s, $frame, 0, pack "S n l S C C a8", 17, 0x8100, $ARGV[0], 0, 0, 6, "" or die $!' \
		"$(on west ip -o link show eth0 | cut -d: -f1)" <"$scratch/frame"
	sleep 0.1
	! kill -0 "$capture"
}

data_over_udp()
{
	grep -q '^vtun: lan: .*data goes over UDP' "$scratch/$1.log"
}

# final SIDE WHAT: what its last record says that it has sent or received.
final()
{
	sed -n "s/.*session ended.*$2 \([0-9]*\) \(bytes \)\?in \([0-9]*\).*/\1 bytes in \3 frames/p" "$scratch/$1.log"
}

# On the average of all that the client has sent, pings and acknowledgements among it.
sent_superframes()
{
	# shellcheck disable=SC2046 # N bytes in M frames
	set -- $(final client sent)
	[ $(($1 / $4)) -gt 4000 ]
}

lan server east 1
lan client west 2
head -c 3000000 /dev/urandom >"$scratch/file"
session client

for way in tcp/2000 udp/1428; do
	proto=${way%/*} mtu=${way#*/}
	session server "proto $proto; mtu 2000;"
	: >"$scratch/client.log"
	: >"$scratch/server.log"
	lan_mtu "$mtu"
	vtund_server server "$scratch/server.conf"
	vtund_client client "$scratch/client.conf" lan
	ok "proto $proto: a station finds the other by ARP" wait_until 20 pings 10.0.0.1
	like "... whose Ethernet address is its own" "$(on west ip neigh show 10.0.0.1)" "$(mac east)"
	like "... and known to the bridge as behind the tunnel" "$(on client bridge fdb show br br0)" \
		"^$(mac east) dev lan-client"
	ok "... and by neighbour discovery" wait_until 10 pings fd00::1
	if [ "$proto" = udp ]; then
		for side in server client; do
			ok "... data goes over UDP, says the $side's log" wait_until 10 data_over_udp "$side"
		done
	fi
	is "... the MTU of the tunnel is $mtu on the server" "$(mtu server)" "$mtu"
	is "... and on the client" "$(mtu client)" "$mtu"
	ok "... packets of $mtu bytes cross uncut" pings -M "do" -s $((mtu - 28)) 10.0.0.1
	# In a user namespace tcpdump cannot become root, and others do not show the tag.
	if [ -z "$vtund_flags" ]; then
		ok "... and with a VLAN tag" tagged_crosses "$mtu"
	else
		diag "VLAN tags are not tried in a user namespace"
	fi
	ok "... a file arrives unchanged" copies "$scratch/file" 10.0.0.1
	ok "... over IPv6" copies "$scratch/file" fd00::1
	end "$client_pid"
	is "... and TERM ends it" $? 0
	ok "... with nothing left" wait_until 10 nothing_left
	end "$server_pid"
	[ "$proto" = tcp ] || continue # UDP may lose
	is "... what the client has sent the server has received" "$(final server received)" "$(final client sent)"
	ok "... in frames that were far longer than the MTU (superframes)" sent_superframes
done

# ---- what one peer wants is not felt on the server's LAN

session server "proto tcp; mtu 1500;"
lan_mtu 1500
on server sysctl -qw net.ipv6.conf.br0.disable_ipv6=0
on server ip address add fd00:b::1/64 dev br0 nodad
vtund_server server "$scratch/server.conf"
session client "mtu 576;"
: >"$scratch/client.log"
vtund_client client "$scratch/client.conf" lan
ok "a client whose file says mtu 576" wait_until 20 pings 10.0.0.1
is "... the device on the server has what IPv6 needs" "$(mtu server)" 1280
like "... and the bridge its address" "$(on server ip -6 address show dev br0)" "fd00:b::1/64"
is "... the client's has what its own file says" "$(mtu client)" 576
end "$client_pid"
ok "... with nothing left" wait_until 10 nothing_left
end "$server_pid"
session client

# ---- the two files disagree

vtund_server server "$scratch/server.conf"
sed 's/ether/tun/' "$scratch/client.conf" | conf other
vtund_client client "$scratch/other.conf" lan
status=0
wait "$client_pid" 2>/dev/null || status=$?
is "type tun here, ether there: the client ends with 78" $status 78
ok "... and nothing is left" wait_until 10 nothing_left
for side in client server; do
	like "... both types are in the $side's log" "$(cat "$scratch/$side.log")" \
		'the client says type tun, the server type ether'
done
finish
