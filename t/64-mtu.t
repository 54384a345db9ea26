#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The path carries less than a link of 1,500 bytes, from the beginning or all of a sudden, and whether
# routers say so or not: the device's MTU follows, and the copy that was under way arrives.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/udp.sh"
in_own_network "$@"
need nc sha256sum nft
hosts_up
hasty_worker

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
on router sysctl -qw net.ipv4.ip_forward=1

# shrinks MTU: what does not fit there the router refuses by ICMP, or does not even receive.
shrinks()
{
	on router ip link set eth0 mtu "$1" && on router ip link set eth1 mtu "$1"
}

silence()
{
	on router nft "add table ip mute;
		add chain ip mute out { type filter hook output priority 0; };
		add rule ip mute out ip protocol icmp drop"
	on client ip route flush cache
	on server ip route flush cache
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

udp_conf "" ""
udp_session "the UDP path comes up" 10.1.0.1
ok "1300 in the middle: 200 MB from server to client are the same" \
	copies 200 server client 10.9.0.2 follows 1300 1206
for host in server client; do
	like "... $host says that its device has less" "$(cat "$scratch/$host.log")" "carries less: MTU of tun0 is 1206 now, was 1446"
	is "... once" "$(grep -c "carries less" "$scratch/$host.log")" 1
done
ends_well
shrinks 1500
silence
udp_session "the UDP path comes up" 10.1.0.1
ok "1300 and no ICMP: 200 MB from client to server are the same" \
	copies 200 client server 10.9.0.1 follows 1300 1206
is "... over UDP" "$(grep -c "data goes over TLS" "$scratch/client.log")" 0
ends_well
finish
