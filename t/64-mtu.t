#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The path carries less than a link of 1,500 bytes, from the beginning or all of a sudden, and whether
# routers say so or not: the device's MTU follows, and the copy that was under way arrives.  Over IPv4
# and IPv6.  What is too large for UDP does not block the TLS connection, though the kernel does not know
# what the path carries.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/udp.sh"
in_own_network "$@"
need nc sha256sum nft
hosts_up
worker hasty

# Between the two hosts there is a router, whose far link shrinks.
host_up router
on client ip link set eth1 netns "$(host_pid router)" name eth0
ip link add eth1 netns "$(host_pid router)" type veth peer name eth1 netns "$(host_pid client)"
on server ip address flush dev eth1
host_address server eth1 10.1.0.1/24
host_address router eth0 10.1.0.254/24
host_address router eth1 10.2.0.254/24
host_address client eth1 10.2.0.2/24
on server ip route add default via 10.1.0.254
on client ip route add default via 10.2.0.254
host_address server eth1 fd00:a::1/64
host_address router eth0 fd00:a::ff/64
host_address router eth1 fd00:b::ff/64
host_address client eth1 fd00:b::2/64
on server ip route add default via fd00:a::ff
on client ip route add default via fd00:b::ff
on router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1

# shrinks MTU: what does not fit there the router refuses by ICMP, or does not even receive.
shrinks()
{
	on router ip link set eth0 mtu "$1" && on router ip link set eth1 mtu "$1"
}

silence()
{
	on router nft "add table inet mute;
		add chain inet mute out { type filter hook output priority 0; };
		add rule inet mute out ip protocol icmp drop;
		add rule inet mute out icmpv6 type packet-too-big drop"
}

widens()
{
	shrinks 1500
	for host in client server; do
		on $host ip route flush cache
		on $host ip -6 route flush cache
	done
}

mtu_is()
{
	on "$1" ip link show tun0 | grep -q " mtu $2 "
}

# follows MTU DEVICE-MTU
follows()
{
	shrinks "$1" && wait_until 20 mtu_is server "$2" && wait_until 20 mtu_is client "$2"
}

vtund_server server "$scratch/server.conf" 10.1.0.1
sed 's/comp.*lzo:9/comp no/' "$top_srcdir/t/data/article/server.conf" >"$scratch/server.conf"
sed 's/device tun1/device tun0/' "$top_srcdir/t/data/article/client.conf" >"$scratch/client.conf"
chmod 600 "$scratch"/*.conf
: >"$scratch/client.log"
vtund_client client "$scratch/client.conf" wireless2 10.1.0.1
ok "the article's tunnel" wait_until 20 over_udp 1
for host in server client; do
	ok "$host: mtu 1450 becomes 1446" mtu_is $host 1446
	is "... as the log says once" "$(grep -c "the MTU of tun0 was 1450.* now 1446" "$scratch/$host.log")" 1
done
end "$client_pid"

# mtu_clamps MTU SERVER [GENERAL-OPTIONS]: what becomes of 1450 that `up` sets.
mtu_clamps()
{
	udp_conf "" "" "${3-}"
	sed -i 's/link set %% up/link set %% mtu 1450 up/' "$scratch"/*.conf
	udp_session "the UDP path comes up" "$2"
	ok "... the server's mtu 1450 becomes $1" mtu_is server "$1"
}

follows_and_says()
{
	ok "$1 in the middle$5: 200 MB from $3 to $4 are the same" copies 200 "$3" "$4" "$6" follows "$1" "$2"
	for host in server client; do
		like "... $host says that its device has less" "$(cat "$scratch/$host.log")" \
			"carries less: MTU of tun0 is $2 now, was "
	done
}

keep_ipv6()
{
	on server ip -6 address show dev tun0 | grep -q fd00:9::1 &&
		on client ip -6 address show dev tun0 | grep -q fd00:9::2
}

udp_conf "" ""
udp_session "the UDP path comes up" 10.1.0.1
follows_and_says 1400 1282 server client "" 10.9.0.2
for host in server client; do
	is "... once" "$(grep -c "carries less" "$scratch/$host.log")" 1
done
follows_and_says 1300 1280 client server ", and IPv6 in the tunnel" fd00:9::1
ok "... which keeps its addresses" keep_ipv6
ends_well
widens
sed -i /fd00:9/d "$scratch"/*.conf
udp_session "without IPv6 the UDP path comes up" 10.1.0.1
follows_and_says 1300 1206 server client "" 10.9.0.2
ends_well
widens
udp_conf "type ether; device tun0;" "type ether; device tun0;"
sed -i /fd00:9/d "$scratch"/*.conf
udp_session "type ether: the UDP path comes up" 10.1.0.1
follows_and_says 1300 1280 server client ", whose device keeps what a bridge needs for IPv6" 10.9.0.2
ends_well
widens
udp_conf "" ""
sed -i /fd00:9/d "$scratch"/*.conf
silence
udp_session "the UDP path comes up" 10.1.0.1
follows_and_says 1300 1206 client server " and no ICMP" 10.9.0.1
is "... over UDP" "$(grep -c "data goes over TLS" "$scratch/client.log")" 0
ends_well
widens
end "$server_pid"

vtund_server server "$scratch/server.conf" "[fd00:a::1]"
mtu_clamps 1426 fd00:a::1
like "... as the log says once" "$(grep "mtu_clamp" "$scratch/server.log")" \
	"the MTU of tun0 was 1450, which is too much for UDP: now 1426"
follows_and_says 1400 1282 server client " of IPv6, and no ICMP" 10.9.0.2
is "... over UDP" "$(grep -c "data goes over TLS" "$scratch/client.log")" 0
ends_well
widens
mtu_clamps 1450 fd00:a::1 "mtu_clamp no;"
ok "... as mtu_clamp no wants it: 20 MB cross all the same" copies 20 server client 10.9.0.2
ends_well
widens
udp_conf "" ""
udp_session "the UDP path comes up" fd00:a::1
ok "1280 in the middle of IPv6, no ICMP, and IPv6 in the tunnel: 5 MB from server to client are the same" \
	copies 5 server client 10.9.0.2 follows 1280 1280
ok "... and from client to server" copies 5 client server fd00:9::1
ends_well
widens
end "$server_pid"

# The path carries the least that is looked for, and no more: what is beside a packet leaves no room for one of
# the least MTU.
vtund_server server "$scratch/server.conf" 10.1.0.1
for with in "reliable yes;" "type ether; device tun0;"; do
	least=576
	[ "${with#type ether}" = "$with" ] || least=1280
	udp_conf "$with" "$with"
	sed -i /fd00:9/d "$scratch"/*.conf
	udp_session "$with the UDP path comes up" 10.1.0.1
	background ping on client ping -qi 0.2 10.9.0.1 # a path without traffic is not searched again
	ping=$!
	ok "632 in the middle: the devices have $least" follows 632 $least
	ok "... packets cross" wait_until 20 on client ping -qc 1 -W 1 10.9.0.1
	end $ping
	ends_well
	widens
done
# The devices keep 1280, which UDP cannot carry: all large packets go over TLS.
udp_conf "" ""
for mtu in 632 576; do
	udp_session "the UDP path comes up" 10.1.0.1
	ok "$mtu in the middle, no ICMP, and IPv6 in the tunnel: 5 MB from server to client are the same" \
		copies 5 server client 10.9.0.2 shrinks $mtu
	ok "... and from client to server" copies 5 client server fd00:9::1
	ends_well
	widens
done
shrinks 1300
udp_session "1300, and IPv6 in the tunnel: the UDP path comes up" 10.1.0.1
ok "... 632 in the middle, no ICMP: 5 MB from client to server are the same" \
	copies 5 client server fd00:9::1 shrinks 632
ends_well
widens
shrinks 632
udp_session "632 from the beginning, and no ICMP: the UDP path comes up" 10.1.0.1
ok "... 5 MB from server to client are the same" copies 5 server client 10.9.0.2
ok "... and from client to server" copies 5 client server fd00:9::1
ends_well
finish
