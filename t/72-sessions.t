#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two clients of one name (multi), a tunnel that outlives its session (persist keep), and what the
# command line, the signals and the other options of a session do.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need nc ping
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

# ---- multi

session client
for multi in yes no killold; do
	session server "multi $multi;"
	rm -f "$scratch"/*.log
	vtund_server server "$scratch/server.conf"
	client_named first s 192.168.1.1
	first=$!
	wait_until 10 says first 'session up' >&2
	client_named second s 192.168.1.1
	second=$!
	case $multi in
	yes)
		ok "multi yes: both are served" wait_until 10 says second 'session up'
		;;
	no)
		wait "$second" 2>/dev/null
		is "multi no: the second ends with 75" $? 75
		ok "... told since when and by whom the session is used" \
			says second 'in use since [0-9:]* by 192.168.1.2'
		ok "... and the first goes on" kill -0 "$first"
		kill -KILL "$(newest_served)" "$(serving_pids | head -n 1)" 2>/dev/null
		wait "$first" 2>/dev/null
		client_named third s 192.168.1.1
		ok "... what a killed server leaves locks nobody out" wait_until 10 says third 'session up'
		second=$!
		;;
	killold)
		ok "multi killold: the second is served" wait_until 20 says second 'session up'
		wait "$first" 2>/dev/null
		ok "... the first is told why it is not any more" says first 'replaced by a newer session'
		ok "... and so is the server's log" says server 's: session ended.*replaced by a newer session'
		;;
	esac
	kill "$first" "$second" 2>/dev/null
	wait_until 10 nothing_lives >&2
	end "$server_pid"
done

# ---- persist keep: a TCP connection through the tunnel does not notice

rm -f "$scratch"/*.log
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
before=$(date +%s)
on client ip link set eth1 down
ok "the link is down: the client knows" wait_until 10 says client 'nothing came from the peer for 3 s'
ok "... within interval * (count + 1) seconds" test $(($(date +%s) - before)) -le 5
like "... keep: the device, its address and a route stay" "$(on client ip route)" '^10.9.0.0/16 dev tun0'
on client ip link set eth1 up
ok "... connected again" wait_until 20 says_times client 'session up' 2
echo after >&5
exec 5>&-
ok "... a TCP connection through the tunnel goes on" wait_until 20 grep -q after "$scratch/arrived"
is "... up has not run again" "$(grep -c 'up: ip: done' "$scratch/client.log")" 2
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

session client
client_named late s 192.168.1.1 -p -P 5001 -t 5
late=$!
ok "-p, behind the positionals: tried again" wait_until 20 says_times late 'next attempt in' 2
vtund_server server "$scratch/server.conf" 192.168.1.1 5001
ok "... until there is a server" wait_until 20 says late 'session up'
end "$late"
is "... TERM ends it" $? 0
ok "nothing is left" wait_until 10 nothing_left
finish
