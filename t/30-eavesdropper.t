#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the article shows with ping and tcpdump: inside of the tunnel a packet of its users can be read,
# on the radio link nothing of it, not even that it is one; and a host behind the server, which the
# client cannot reach itself, is reached by a route through the tunnel.
#
#	mail 10.7.0.2 --- eth2 server eth1 ═══ radio link ═══ eth1 client
#	                       tun0 192.168.2.1         tun1 192.168.2.2, the default route
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need nc perl ping tcpdump
hosts_up
host_up mail
ip link add eth2 netns "$(host_pid server)" type veth peer name eth0 netns "$(host_pid mail)"
host_address server eth2 10.7.0.1/24
host_address mail eth0 10.7.0.2/24
on mail ip route add default via 10.7.0.1
on server sysctl -qw net.ipv4.ip_forward=1
article_files

# watches DEVICE: everything that passes there on the client, as $scratch/DEVICE.pcap.
watches()
{
	rm -f "$scratch/$1.log" # or an earlier one says that it listens
	(on_by='exec' && on client "$top_srcdir/t/tools/capture" "$1") >"$scratch/$1.pcap" 2>"$scratch/$1.log" &
	watchers="$watchers $!"
	wait_until 10 grep -q 'listening on' "$scratch/$1.log" >&2
}

# seen DEVICE [FILTER...]: by tcpdump, as the article has it: without names, with the bytes.
seen()
{
	device=$1
	shift
	# As root it wants to become another user, whom a user namespace does not have.
	${vtund_flags:+unshare --user --map-user=1} tcpdump -r "$scratch/$device.pcap" -nx "$@" 2>/dev/null
}

packets()
{
	seen eth1 "$@" | grep -c 'IP '
}

# count_bytes DEVICE REGEX: how often bytes match, at any offset.
count_bytes()
{
	perl -0777 -ne 'BEGIN { $re = shift } $n++ while /$re/gs; END { print $n + 0, "\n" }' "$2" "$scratch/$1.pcap"
}

shows_counter()
{
	[ "$(count_bytes tun1 "$counter")" -ge 10 ]
}

data_over_udp()
{
	grep -q 'data goes over UDP' "$scratch/client.log" && grep -q 'data goes over UDP' "$scratch/server.log"
}

# Ping fills a packet with a counter, from 10 hexadecimal on, as its data begins with a time.
counter='\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f'
mail_addresses='\x0a\x07\x00\x02|\xc0\xa8\x02[\x01\x02]'
password=SecretPassword

for way in "udp no" "udp lzo:9" "tcp no" "tcp lzo:9"; do
	proto=${way% *} comp=${way#* } watchers=
	sed "s/proto udp/proto $proto/; s/comp  lzo:9/comp $comp/" "$top_srcdir/t/data/article/server.conf" | conf server
	: >"$scratch/client.log"
	: >"$scratch/server.log"
	vtund_server server "$scratch/server.conf"
	watches eth1 # before the login
	vtund_client client "$scratch/client.conf" wireless2
	ok "proto $proto, comp $comp: a tunnel" wait_until 20 tunnel_works
	[ "$proto" = tcp ] || wait_until 20 data_over_udp >&2
	watches tun1
	ok "... without a route, mail is out of reach" not on client ping -qc 1 -W 1 10.7.0.2
	on client ip route add default via 192.168.2.1 dev tun1
	ok "... with the default route through the tunnel it answers" wait_until 10 on client ping -qc 1 -W 1 10.7.0.2
	on client ping -qc 5 -i 0.2 10.7.0.2 >&2
	# The capture leaves without the packets that it has not read yet.
	wait_until 5 shows_counter >&2
	like "... traffic with it is of the tunnel's address" "$(seen tun1)" 'IP 192.168.2.2 > 10.7.0.2: ICMP echo request'
	# shellcheck disable=SC2086 # a list
	for watcher in $watchers; do
		end "$watcher"
	done
	ok "article: tcpdump on tun1 shows each byte of ping's counter" shows_counter
	is "... article: on eth1 there is none of it" "$(count_bytes eth1 "$counter")" 0
	is "... nor the addresses inside" "$(count_bytes eth1 "$mail_addresses")" 0
	is "... nor the password, which never crosses" "$(count_bytes eth1 "$password")" 0
	like "... but packets between the two ends of the radio link" \
		"$(seen eth1 $proto)" 'IP 192.168.1.2.[0-9]+ > 192.168.1.1.[0-9]+: '
	is "... and nothing but that: no ICMP, no other address" \
		"$(packets ip and host 192.168.1.1 and host 192.168.1.2 and '(tcp port 5000 or udp)')" "$(packets ip)"
	end "$client_pid"
	wait_until 20 nothing_left >&2
	end "$server_pid"
done
finish
