#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Options that no other test of a session is about: compress with each method and level; srcaddr by its
# interface, ipv4 and ipv6, sni, udp_ports, bindaddr; which of two equal options counts; the timeouts.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need nc perl ping
hosts_up

# session SIDE GENERAL SESSION-OPTION...
session()
{
	side=$1 general=$2
	shift 2
	conf "$side" <<-EOF
		options { $general }
		default { type tun; keepalive 1:2; }
		s { passwd secret; $* }
	EOF
}

# addresses TYPE NUMBER: `up` of one side.
addresses()
{
	case $1 in
	tun) echo "up { ip \"link set %% up\"; ip \"addr add 10.1.0.$2 peer 10.1.0.$((3 - $2)) dev %%\"; };" ;;
	*) echo "up { ip \"link set %% up\"; ip \"addr add 10.1.0.$2/24 dev %%\"; };" ;;
	esac
}

says()
{
	grep -Eq -e "$2" "$scratch/$1.log"
}

# starts [SERVER]
starts()
{
	: >"$scratch/client.log"
	: >"$scratch/server.log"
	vtund_client client "$scratch/client.conf" s "${1-192.168.1.1}"
	wait_until 20 says client 'session up' >&2
}

ends()
{
	end "$client_pid"
	wait_until 20 nothing_left >&2
}

# ---- compress

# copies: the file to the server, through the tunnel.
copies()
{
	on server nc -l 10.1.0.1 9000 </dev/null | sha256sum >"$scratch/arrived" &
	wait_until 10 listens server 9000 && on client timeout 60 nc -N 10.1.0.1 9000 <"$scratch/file" &&
		wait $! && sha256sum <"$scratch/file" | cmp - "$scratch/arrived"
}

# packed: the percentage of the client's last record.
packed()
{
	sed -n 's/.*session ended.*compressed [0-9]* bytes to [0-9]* (\([0-9]*\) %).*/\1/p' "$scratch/client.log"
}

# A part of it packs well, the other one not at all.  Each level, with each one another type or protocol.
perl -e 'open my $r, "<", "/dev/urandom"; for (1 .. 4) { read $r, my $x, 100_000; print $x;
	print "line $_ of very many lines\n" for 1 .. 4_000 }' >"$scratch/file"
vtund_server server "$scratch/server.conf"
number=0
for comp in zlib:1 zlib:2 zlib:3 zlib:4 zlib:5 zlib:6 zlib:7 zlib:8 zlib:9 \
	lzo:1 lzo:2 lzo:3 lzo:4 lzo:5 lzo:6 lzo:7 lzo:8 lzo:9; do
	number=$((number + 1))
	case $((number % 4)) in
	0) type=tun proto=tcp ;;
	1) type=tun proto=udp ;;
	2) type=ether proto=tcp ;;
	3) type=ether proto=udp ;;
	esac
	session server "" "type $type; proto $proto; compress $comp; mtu 1400; $(addresses $type 1)"
	session client "" "$(addresses $type 2) type $type;"
	starts
	[ $proto = tcp ] || wait_until 20 says client 'data goes over UDP' >&2
	ok "$type over $proto, compress $comp: a file arrives unchanged" copies
	ends
	ratio=$(packed)
	ok "... what packs is packed, the rest as it was ($ratio %)" [ "${ratio:-0}" -gt 40 -a "${ratio:-100}" -lt 95 ]
done

head -c 300000 /dev/urandom >"$scratch/file"
for comp in zlib:9 lzo:9; do
	session server "" "compress $comp; mtu 1400; $(addresses tun 1)"
	session client "" "$(addresses tun 2)"
	starts
	ok "compress $comp: what cannot be packed arrives unchanged" copies
	ends
	ratio=$(packed)
	ok "... and never takes more than without ($ratio %)" [ "${ratio:-101}" -le 100 ]
done

# ---- the connection

capture()
{
	on server "$top_srcdir/t/tools/capture" eth1 >"$scratch/pcap"
}

udp_port_is()
{
	on server ss -Huan "sport = :$1" | grep -q .
}

session server "udp_ports 5600-5600; bindaddr { addr 192.0.2.9; }" "proto udp; $(addresses tun 1)"
session client "ipv4; sni tunnel.example.net;" "srcaddr { iface eth1; }; $(addresses tun 2)"
background capture capture
wait_until 10 grep -q 'listening on' "$scratch/capture.log" >&2
starts
ok "srcaddr { iface }, ipv4: a session from there" says client 'session up'
ok "udp_ports: the server's UDP port is of that range" wait_until 10 udp_port_is 5600
ok "sni: the name is in what the client says first" wait_until 10 grep -aq tunnel.example.net "$scratch/pcap"
like "bindaddr: check says who decides" "$("$top_builddir/vtunctl" check "$scratch/server.conf" 2>&1)" \
	'warning: "bindaddr" has no effect: vtun.socket decides'
ends
session client "" "srcaddr { iface eth9; };"
client_fails "srcaddr: an interface that is not there" 78 'no such source, see srcaddr' -f "$scratch/client.conf" s 192.168.1.1
session client "ipv6;"
client_fails "ipv6: an IPv4 address is none" 68 '192.168.1.1' -f "$scratch/client.conf" s 192.168.1.1
session client "ipv6;" "$(addresses tun 2)"
end "$server_pid"
host_address server eth1 fd00:1::1/64
host_address client eth1 fd00:1::2/64
vtund_server server "$scratch/server.conf" '[fd00:1::1]'
starts fd00:1::1
ok "... and over IPv6 the session comes up" says client 'session up: .*peer fd00:1::1'
ends
end "$server_pid"
vtund_server server "$scratch/server.conf"

end "$server_pid"
vtund_server server "$scratch/server.conf" 192.168.1.1 5777
session client "port 5777;" "$(addresses tun 2)"
starts
ok "port: the client connects to that one" says client 'session up'
ends
end "$server_pid"
vtund_server server "$scratch/server.conf"

# What vtun 3 needed for UDP behind NAT.
session server "" "proto udp; nat_hack server; delay_udp yes; $(addresses tun 1)"
session client "" "nat_hack client; delay_udp yes; $(addresses tun 2)"
starts
ok "nat_hack and delay_udp: UDP works" wait_until 20 says client 'data goes over UDP'
ok "... for both" wait_until 20 says server 'data goes over UDP'
ok "... and packets cross" wait_until 10 on client ping -qc 1 -W 1 10.1.0.1
said=$("$top_builddir/vtunctl" check "$scratch/client.conf" 2>&1)
for name in nat_hack delay_udp; do
	like "$name: check says that it has no effect, and why" "$said" \
		"note: \"$name\" has no effect: the UDP path finds"
done
ends

# ---- a session, its default, the options: which one counts

conf client <<-EOF
	options { persist yes; }
	default { persist no; device deflt0; }
	s { passwd secret; device own0; }
EOF
starts
like "device: the session's own is stronger than the default's" "$(tun_devices client)" ': own0:'
kill "$(newest_served)"
status=0
wait "$client_pid" 2>/dev/null || status=$?
is "persist: the default's is stronger than that of the options" $status 0
wait_until 20 nothing_left >&2

# ---- stat

stat=/var/log/vtund/s
counted()
{
	kill -USR1 "$client_pid" # for a fresh count; the workers send one a minute
	[ "$(wc -l <$stat)" -ge "$1" ]
}

session server "" "$(addresses tun 1)"
session client "" "stat yes; $(addresses tun 2)"
honest=$VTUND
install -m 755 "$top_builddir/t/tools/odd-vtund" "$own_world/bin/counts-often"
VTUND="$own_world/bin/counts-often${honest#*/vtund}"
starts
VTUND=$honest
ok "stat: a line of counters for each interval" wait_until 20 counted 2
on client ping -qc 3 -i 0.2 10.1.0.1 >&2
ends
final=$(sed -n 's/.*session ended.* sent \([0-9]*\) bytes in .* received \([0-9]*\) in .*/\2 \1/p' "$scratch/client.log")
like "... and the last one at the end, with the counts of the log's last record" "$(tail -n 1 $stat)" \
	"^[0-9-]{10} [0-9:]{8} $final [0-9]+ [0-9]+\$"
rm $stat
starts
kill -USR1 "$client_pid"
wait_until 10 says client 'on the wire' >&2
ok "... and not before five minutes have passed" [ ! -e $stat ]
ends
is "... but for that last one" "$(wc -l <$stat)" 1

# ---- timeouts

conf client <<-EOF
	options { timeout 1; }
	s { passwd secret; server 10.99.0.1; }
	t { passwd secret; server 10.99.0.1; timeout 3; }
EOF
on client ip route add 10.99.0.1 dev eth1
on client ip neigh add 10.99.0.1 lladdr 02:00:00:00:00:99 dev eth1
# gives_up ARGUMENT...: after $seconds, not before.
gives_up()
{
	before=$(date +%s%N)
	# shellcheck disable=SC2086 # program and options
	exits 69 on client $VTUND $vtund_flags -f "$scratch/client.conf" "$@" || return
	took=$((($(date +%s%N) - before) / 1000000))
	echo "took $took ms"
	[ $took -ge $((seconds * 1000)) ] && [ $took -lt $((seconds * 1000 + 15000)) ]
}

seconds=1
ok "timeout of the options: how long a server may say nothing" gives_up s
seconds=3
ok "timeout of the session, which is stronger" gives_up t
seconds=5
ok "-t, which is strongest" gives_up -t 5 t
ok "nothing is left" wait_until 10 nothing_left
finish
