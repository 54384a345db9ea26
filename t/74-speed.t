#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# speed A:B is kept to in both directions, by each type and over both protocols, without work while it
# waits; and the server sees to it that the client does.  How exactly, t/unit/shaper.c says in virtual
# time, and bench/run --scenario speed on a real machine: here, nothing arrives too early.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need perl
hosts_up

to_client=4000 from_client=1000 # kbit/s

# session TYPE PROTO UP-OF-SERVER UP-OF-CLIENT: its files.
session()
{
	type=$1
	session_file "$1" "$2" "$3" >"$scratch/server.conf"
	session_file "$1" "$2" "$4" >"$scratch/client.conf"
	chmod 600 "$scratch"/*.conf
}

session_file()
{
	cat <<-EOF
		s {
		  passwd secret; type $1; proto $2; speed $to_client:$from_client; device speed0;
		  up { $3; };
		}
	EOF
}

# up NUMBER: the commands of a type tun or ether.
up()
{
	echo "ip \"link set %% up\"; ip \"addr add 10.1.0.$1/24 dev %%\""
}

# starts [PROGRAM]: a session, by another program on the client; its start is $began, in ms.
starts()
{
	honest=$VTUND
	: >"$scratch/client.log"
	: >"$scratch/server.log"
	vtund_server server "$scratch/server.conf"
	began=$(now)
	VTUND=${1-$VTUND}
	vtund_client client "$scratch/client.conf" s
	VTUND=$honest
	wait_until 20 grep -q 'session up' "$scratch/client.log" >&2
}

now()
{
	echo $(($(date +%s%N) / 1000000))
}

ends()
{
	kill "$client_pid" 2>/dev/null
	wait_until 20 nothing_left >&2
	end "$server_pid"
}

# floods HOST ADDRESS: datagrams, far more than is allowed.
floods()
{
	background flood on "$1" perl -MSocket -e 'socket my $s, AF_INET, SOCK_DGRAM, 0;
		my $to = pack_sockaddr_in(9, inet_aton($ARGV[0]));
		while () { send $s, "x" x 1000, 0, $to for 1 .. 10; select undef, undef, undef, 0.005 }' "$2"
	flood="$flood $!"
}

# arrived HOST: how many bytes of the other side.
arrived()
{
	case $type in
	tun | ether) on "$1" awk '$1 == "speed0:" { print $2 }' /proc/net/dev ;;
	*) cat "$scratch/out/$1" ;;
	esac
}

arrived_at_least()
{
	[ "$(arrived "$1")" -ge "$2" ]
}

# kept_to HOST KBIT [MORE]: one second's worth of bytes, and MORE, arrive there, and not before their time.
kept_to()
{
	bytes=$(($2 * 125 + ${3-0}))
	wait_until 30 arrived_at_least "$1" $bytes || return
	took=$(($(now) - began))
	echo "$bytes bytes took $took ms"
	# 2 % for clocks that differ, 104 ms that a shaper makes up for
	[ $took -ge 870 ]
}

# Not even half of a processor while it sends, or waits: user and system time in ticks of 10 ms.
worker_is_lazy()
{
	for pid in $(pgrep -x vtun-worker); do
		spent=$(sed 's/.*) //' "/proc/$pid/stat" | awk '{ print ($12 + $13) * 10 }')
		echo "process $pid: $spent ms of $(($(now) - began))"
		[ $((spent * 2)) -lt $(($(now) - began)) ] || return
	done
}

# both WHAT: ways.
both()
{
	ok "$1: $to_client kbit/s to the client, no more" kept_to client $to_client
	ok "... $from_client kbit/s from the client, no more" kept_to server $from_client
	ok "... which takes little of a processor" worker_is_lazy
}

over_udp()
{
	grep -q 'data goes over UDP' "$scratch/client.log" && grep -q 'data goes over UDP' "$scratch/server.log"
}

mkdir -m 777 "$scratch/out"
stream=$top_srcdir/t/tools/stream

for way in tun/tcp tun/udp ether/tcp ether/udp; do
	session "${way%/*}" "${way#*/}" "$(up 1)" "$(up 2)"
	starts
	[ "${way#*/}" = tcp ] || wait_until 20 over_udp >&2
	began=$(now) flood=
	floods client 10.1.0.1
	floods server 10.1.0.2
	both "$way"
	# shellcheck disable=SC2086 # a list
	kill -KILL $flood
	ends
done
for way in tty pipe; do
	session $way tcp "program $stream \"$scratch/out/server\"" "program $stream \"$scratch/out/client\""
	starts
	both $way
	ends
done

# ---- a client that does not keep to it

# What a policer lets through at once, whatever the speed.
burst=262144
install -m 755 "$top_builddir/t/tools/greedy-worker" "$own_world/bin"
greedy="${VTUND%/*}/greedy-worker"

for proto in tcp udp; do
	session tun $proto "$(up 1)" "$(up 2)"
	starts "$greedy"
	[ $proto = tcp ] || wait_until 20 over_udp >&2
	began=$(now) flood=
	floods client 10.1.0.1
	ok "a greedy client, tun over $proto: the server takes no more than was agreed" \
		kept_to server $from_client $burst
	kill -USR1 "$(newest_served)"
	ok "... and counts what it drops" wait_until 10 grep -Eq 'received .* in .* \([1-9][0-9]* dropped\)' \
		"$scratch/server.log"
	# shellcheck disable=SC2086
	kill -KILL $flood
	ends
done

head -c 450000 /dev/urandom >"$scratch/file"

# all_of_it: it arrives, and not before its time.
all_of_it()
{
	wait_until 20 nothing_left
	took=$(($(now) - began))
	echo "took $took ms"
	cmp "$scratch/file" "$scratch/out/file" && [ $took -ge 1300 ]
}

for comp in no zlib:1 lzo:1; do
	session pipe "tcp; compress $comp" "program \"cat >$scratch/out/file\"" "program \"cat $scratch/file\""
	starts "$greedy"
	ok "a greedy client, pipe, compress $comp: what is too much waits, and nothing is lost" all_of_it
	end "$server_pid"
done
finish
