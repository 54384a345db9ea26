#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What the kernel hands over in one piece crosses in one piece, compressed or not, and leaves in few
# datagrams' worth of system calls; a kernel or peer that does not know superframes gets packets.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/udp.sh"
in_own_network "$@"
need nc sha256sum perl
hosts_up
both_new=$VTUND

# session PROTO SERVER-MACHINE CLIENT-MACHINE [OPTIONS]: machines as of odd_machine; new: as this one is.
session()
{
	udp_conf "proto $1; ${4-}" "proto $1;"
	machine "$2"
	vtund_server server "$scratch/server.conf"
	machine "$3"
	: >"$scratch/server.log"
	: >"$scratch/client.log"
	vtund_client client "$scratch/client.conf" s
	if [ "$1" = udp ]; then
		ok "$1, server $2, client $3${4:+, $4}: up" wait_until 20 over_udp 1
	else
		ok "$1, server $2, client $3${4:+, $4}: up" wait_until 20 on client ping -qc 1 -W 1 10.9.0.1
	fi
}

machine()
{
	VTUND=$both_new
	[ "$1" = new ] || odd_machine "$1"
}

session_ends()
{
	ends_well
	end "$server_pid"
}

# average HOST sent|received: bytes of a frame.
average()
{
	last_record "$1" | sed 's/received \([0-9]*\) in/received \1 bytes in/' |
		perl -ne "/$2 (\d+) bytes in (\d+)/ and print int(\$1 / \$2)"
}

# datagrams FROM TO ADDRESS: 40 superframes of 12 datagrams each arrive as 480 datagrams, in order.
datagrams()
{
	: >"$scratch/receiver"
	on "$2" perl -MIO::Socket::IP -e '$s = IO::Socket::IP->new(Proto => "udp", LocalHost => shift, LocalPort => 9001) or die;
		setsockopt($s, 1, 33, pack "i", 8 << 20); print STDERR "ready\n"; alarm 20;
		for $i (0 .. 479) {
			recv $s, $d, 2000, 0; ($n, $rest) = unpack "Na*", $d;
			die "datagram $i: $n, ", length $rest unless $n == $i && $rest eq chr(65 + $i % 26) x ($i % 12 == 11 ? 96 : 996);
		}' "$3" 2>"$scratch/receiver" &
	wait_until 10 grep -q ready "$scratch/receiver" &&
		on "$1" perl -MIO::Socket::IP -e '$s = IO::Socket::IP->new(Proto => "udp", PeerHost => shift, PeerPort => 9001) or die;
		setsockopt($s, 17, 103, pack "i", 1000) or die "UDP_SEGMENT: $!";
		for $k (0 .. 39) {
			$d = join "", map { pack("N", 12 * $k + $_) . chr(65 + (12 * $k + $_) % 26) x ($_ == 11 ? 96 : 996) } 0 .. 11;
			send $s, $d, 0 or die $!; select undef, undef, undef, 0.002;
		}' "$3" && wait $! || { cat "$scratch/receiver"; return 1; }
}

# crosses MEGABYTES: both ways, TCP and UDP.
crosses()
{
	ok "... $1 MB from client to server are the same" copies "$1" client server 10.9.0.1
	ok "... $1 MB from server to client are the same" copies "$1" server client fd00:9::2
	ok "... so are superframes of datagrams" datagrams client server 10.9.0.1
	ok "... of IPv6, from the server as well" datagrams server client fd00:9::2
}

# Text of which each line comes twice, so that it can be compressed.
bytes()
{
	head -c $(($1 * 3 / 8)) /dev/urandom | base64 | sed p
}

for comp in "" "compress zlib:1;" "compress lzo:1;"; do
	for to in server client; do
		session tcp new new "$comp"
		if [ $to = server ]; then
			ok "... 40 MB to the server are the same" copies 40 client server 10.9.0.1
			ok "... so are superframes of datagrams" datagrams client server fd00:9::1
			from=client
		else
			ok "... 40 MB to the client are the same" copies 40 server client 10.9.0.2
			from=server
		fi
		session_ends
		for end in "$from sent" "$to received"; do
			n=$(average $end)
			ok "... ${end% *}: frames of $n bytes on average, of an MTU of 1,500" [ "${n:-0}" -gt 4000 ]
		done
		[ -z "$comp" ] || like "... packed" "$(last_record $from)" "compressed .* \([3-7][0-9] %\)"
	done
done

# Datagrams that a host has sent and received, system call by system call.
calls()
{
	on "$1" cat /proc/net/snmp | awk '/^Udp: [0-9]/ { print $2 + $5 }'
}

session udp new new
before=$(calls client)
ok "... 100 MB to the server are the same" copies 100 client server 10.9.0.1
n=$(($(calls client) - before))
ok "... in $n system calls, not 70,000" [ $n -lt 20000 ]
before=$(calls client)
ok "... 100 MB to the client are the same" copies 100 server client 10.9.0.2
n=$(($(calls client) - before))
ok "... received in $n" [ $n -lt 20000 ]
session_ends

for odd in no-vnet no-offload no-uso; do
	session tcp $odd new
	crosses 10
	session_ends
	n=$(average client sent)
	case $odd in
	no-uso) ;;
	*) ok "... the client has sent frames of $n bytes on average" [ "$n" -lt 1500 ] ;;
	esac
	session tcp new $odd
	crosses 10
	session_ends
	session udp $odd $odd
	crosses 10
	session_ends
done
finish
