#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A tunnel that outlives its session (persist keep), how soon a peer that is gone is missed, and what the
# command line, the signals and the other options of a session do.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need nc perl ping
hosts_up
# session SIDE OPTION...
session()
{
	side=$1
	shift
	conf "$side" <<-EOF
		options { timeout 10; }
		s {
		  passwd secret;
		  type tun;
		  keepalive 1:2;
		  $*
		}
	EOF
}

says()
{
	grep -q -e "$2" "$scratch/$1.log"
}

says_times()
{
	[ "$(grep -c -e "$2" "$scratch/$1.log")" = "$3" ]
}

# client_named NAME OPTION...: a client with a log of its own.
client_named()
{
	name=$1
	shift
	# shellcheck disable=SC2086 # program and options
	background "$name" on client $VTUND $vtund_flags -f "$scratch/client.conf" "$@"
}

# addresses NUMBER: `up` of one side.
addresses()
{
	echo "up { ip \"link set %% up\"; ip \"addr add 10.1.0.$1 peer 10.1.0.$((3 - $1)) dev %%\"; };"
}

# The TCP_USER_TIMEOUT, in ms, of both workers' connections.
user_timeouts()
{
	# shellcheck disable=SC2046 # two numbers
	perl -e 'for my $pid (@ARGV) {
		my $process = syscall 434, $pid + 0, 0; # pidfd_open
		for my $fd (map { m,([0-9]+)$, } glob "/proc/$pid/fd/*") {
			readlink("/proc/$pid/fd/$fd") =~ /^socket/ or next;
			my $copy = syscall 438, $process, $fd + 0, 0; # pidfd_getfd
			open my $socket, "+<&=", $copy or die "$!";
			my $ms = getsockopt $socket, 6, 18;
			print unpack("I", $ms), "\n" if defined $ms;
		}
	}' $(pgrep -x vtun-worker)
}

# ---- persist keep: a TCP connection through the tunnel does not notice

# kept WHEN: device, address and route are there, while there is no session.
kept()
{
	like "... keep: device and address stay" "$(on client ip -o -4 addr show tun0)" 'inet 10.1.0.2 peer 10.1.0.1'
	like "... and a route ($1)" "$(on client ip route)" '^10.9.0.0/16 dev tun0'
}

# goes_on WORD: in the TCP connection.
goes_on()
{
	echo "word $1" >&5
	ok "... a TCP connection through the tunnel goes on" wait_until 20 grep -qx "word $1" "$scratch/arrived"
}

session server "stat yes; compress zlib:6; $(addresses 1)"
session client "persist keep; $(addresses 2)"
vtund_server server "$scratch/server.conf"
vtund_client client "$scratch/client.conf" s
ok "a tunnel" wait_until 10 on client ping -qc 1 -W 1 10.1.0.1
on client ip route add 10.9.0.0/16 dev tun0
mkfifo "$scratch/words"
on server nc -l 10.1.0.1 9000 >"$scratch/arrived" </dev/null &
wait_until 10 listens server 9000 >&2
on client nc -N 10.1.0.1 9000 <"$scratch/words" &
exec 5>"$scratch/words"
echo before >&5
wait_until 10 grep -q before "$scratch/arrived" >&2
is "TCP_USER_TIMEOUT of both sides: interval * (count + 1)" "$(user_timeouts)" "3000
3000"
before=$(date +%s)
on client ip link set eth1 down
for side in client server; do
	ok "the link is down: the $side knows" wait_until 10 says $side 'nothing came from the peer for 3 s'
	# A second for the rounding of either time, one for a busy machine.
	ok "... within interval * (count + 1) seconds" test $(($(date +%s) - before)) -le 5
done
kept "the link is down"
on client ip link set eth1 up
ok "... connected again" wait_until 20 says_times client 'session up' 2
goes_on 2
kill -KILL "$(newest_served)"
ok "the server is killed: the client knows" wait_until 10 says client 'connection to the server was lost'
kept "the server is killed"
ok "... connected again" wait_until 20 says_times client 'session up' 3
goes_on 3
end "$server_pid"
kill "$(newest_served)"
ok "nobody listens any more" wait_until 10 says client 'next attempt in'
wait_until 20 says client 'Connection refused' >&2
kept "nobody listens"
vtund_server server "$scratch/server.conf"
ok "... connected again" wait_until 20 says_times client 'session up' 4
goes_on 4
exec 5>&-
is "... up has run once" "$(grep -c 'up: ip: done' "$scratch/client.log")" 2
kill -USR1 "$client_pid"
ok "USR1: the counters" wait_until 10 says client 's: sent [0-9]* bytes'
end "$client_pid" INT
is "INT ends it with 0" $? 0
wait_until 10 nothing_left >&2
ok "stat: the file has a line" grep -Eq '^[0-9-]+ [0-9:]+( [0-9]+){4}$' /var/log/vtund/s
ok "compress: the last record says how well" says client 'session ended.*; compressed [0-9]* bytes to'
end "$server_pid"

# ---- several servers, source, device, pass_file, mtu, -p, flags behind the positionals

rm -f "$scratch"/*.log
printf 'secret\n' >"$scratch/pass"
chmod 600 "$scratch/pass"
vtund_server server "$scratch/server.conf"
on client ip route add 10.99.0.1 dev eth1
on client ip neigh add 10.99.0.1 lladdr 02:00:00:00:00:99 dev eth1
conf client <<-EOF
	s {
	  pass_file $scratch/pass;
	  server 10.99.0.1; server 192.168.1.1 5999; server 192.168.1.1;
	  timeout 1;
	  srcaddr { addr 192.168.1.2; port 5777; };
	  device v-0a1b2c3d4e5f;
	  mtu 1280; nat_hack client;
	}
EOF
client_named many s
many=$!
ok "a silent server, one that refuses, and the third: that is taken" wait_until 20 says many 'session up'
ok "... the first took its timeout" says many 'cannot connect to 10.99.0.1 port 5000: .*timed out'
ok "... srcaddr: from this port" says server 'peer 192.168.1.2 port 5777'
like "... device and mtu" "$(on client ip -o link show v-0a1b2c3d4e5f)" ' mtu 1280 '
like "... nat_hack has no effect, which check says" "$("$top_builddir/vtunctl" check "$scratch/client.conf" 2>&1)" "note: .*nat_hack"
end "$many"
wait_until 10 nothing_left >&2
end "$server_pid"

# ---- keepalive

for word in yes no; do
	case $word in
	yes) terms=30:4 timeout=150000 ;;
	no) terms=0:0 timeout=0 ;;
	esac
	session server "keepalive $word; $(addresses 1)"
	session client "$(addresses 2)"
	: >"$scratch/client.log"
	vtund_server server "$scratch/server.conf"
	vtund_client client "$scratch/client.conf" s
	ok "keepalive $word, which the server decides: a tunnel" wait_until 10 on client ping -qc 1 -W 1 10.1.0.1
	ok "... of $terms" says client "session up: .*keepalive $terms,"
	is "... which both sides' connections keep to" "$(user_timeouts)" "$timeout
$timeout"
	[ $word = yes ] || break
	end "$client_pid"
	wait_until 10 nothing_left >&2
	end "$server_pid"
done
on client ip link set eth1 down
sleep 4 # the client's file has 1:2, which would be over
on client ip link set eth1 up
ok "... and with no, nobody minds a silence" wait_until 20 on client ping -qc 1 -W 1 10.1.0.1
ok "... it is the same session" says_times client 'session up' 1
end "$client_pid"
wait_until 10 nothing_left >&2
end "$server_pid"

# ---- the command line

session client
client_named late s 192.168.1.1 -p -P 5001 -t 5 -n -m
late=$!
ok "-p, behind the positionals: tried again" wait_until 20 says_times late 'next attempt in' 2
like "... after twice the time" "$(tail -n 1 "$scratch/late.log")" 'next attempt in [23] s'
vtund_server server "$scratch/server.conf" 192.168.1.1 5001
ok "... until there is a server" wait_until 20 says late 'session up'
sanitized || like "... -m: all of its memory is locked" "$(cat /proc/$late/status)" '^VmLck:[^1-9]*[1-9]'
end "$late"
is "... TERM ends it" $? 0
wait_until 10 nothing_left >&2
client_named quiet -q s 192.168.1.1 -P 5001
quiet=$!
wait_until 20 on client ip link show tun0 >&2
ok "... the server has a session" wait_until 10 says_times server 'session up' 5
end "$quiet"
sanitized || is "-q: nothing but warnings and errors in the log" "$(grep -v -e --single-uid "$scratch/quiet.log")" ""
ok "nothing is left" wait_until 10 nothing_left
finish
