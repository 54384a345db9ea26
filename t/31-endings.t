#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# However a session ends, `down` runs once on each side, the log says why, the exit code says what to
# do, and nothing is left.  And when a client connects again.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need nc ping
hosts_up

# session SIDE OPTION...: its file, with a session "s" whose commands write down that they ran.
session()
{
	side=$1
	shift
	conf "$side" <<-EOF
		options { timeout 10; }
		s {
		  passwd secret;
		  type tun;
		  proto udp;
		  keepalive 1:2;
		  up   { program "echo up %d >>$scratch/$side.ran" wait; };
		  down { program "echo down %d >>$scratch/$side.ran" wait; };
		  $*
		}
	EOF
}

# ran SIDE: how often its commands have run, as "UPS DOWNS".
ran()
{
	[ -e "$scratch/$1.ran" ] || : >"$scratch/$1.ran"
	echo "$(grep -c '^up' "$scratch/$1.ran") $(grep -c '^down' "$scratch/$1.ran")"
}

says()
{
	grep -q -e "$2" "$scratch/$1.log"
}

# The client's session is up as often as that.
up_times()
{
	[ "$(grep -c 'session up' "$scratch/client.log")" = "$1" ]
}

starts()
{
	rm -f "$scratch"/*.ran
	: >"$scratch/client.log"
	: >"$scratch/server.log"
	vtund_client client "$scratch/client.conf" s
}

# Without a server on the command line.
starts_alone()
{
	: >"$scratch/client.log"
	rm -f "$scratch"/*.ran
	# shellcheck disable=SC2086 # program and options
	background client on client $VTUND $vtund_flags -f "$scratch/client.conf" s
	client_pid=$!
}

# A session that is up on both sides; monitor is the server's process.
comes_up()
{
	starts
	wait_until 20 up_times 1 >&2
	wait_until 10 says server 'session up' >&2
	monitor=$(newest_served)
}

worker_of()
{
	pgrep -P "$1" -x vtun-worker
}

client_ends()
{
	status=0
	wait "$client_pid" 2>/dev/null || status=$?
}

# ended WHAT CLIENT-STATUS SERVER-STATUS
ended()
{
	client_ends
	is "$1: the client ends with $2" $status "$2"
	ok "... the server with $3" wait_until 10 served "$monitor" "$3"
	ok "... and nothing is left" wait_until 10 nothing_left
}

downs()
{
	is "... down has run once on the client" "$(ran client)" "1 1"
	is "... and on the server" "$(ran server)" "1 1"
}

session server
session client
vtund_server server "$scratch/server.conf"

# ---- in good order

comes_up
kill "$client_pid"
ended "TERM to the client" 0 0
downs
ok "... the server knows that it was the client's wish" says server 's: .*closed by the client'

session client 'stat yes;'
comes_up
kill "$monitor"
ended "TERM to the server" 0 0
downs
ok "... stat yes: the counters are in their file" \
	grep -Eq '^[0-9-]+ [0-9:]+( [0-9]+){4}$' /var/log/vtund/s
session client
ok "... the client knows that it was the server's wish" says client 's: .*closed by the server'

# ---- by force

comes_up
kill -KILL "$(worker_of "$client_pid")"
ended "kill -9 of the client's worker" 70 75
downs
ok "... the client's log says what happened" says client 's: .*worker was killed by signal 9'
ok "... and the server's what it saw" says server 's: .*connection to the client was lost'

comes_up
kill -KILL "$(worker_of "$monitor")"
ended "kill -9 of the server's worker" 75 70
downs
ok "... the server's log says what happened" says server 's: .*worker was killed by signal 9'
ok "... and the client's what it saw" says client 's: .*connection to the server was lost'

comes_up
kill -KILL "$monitor"
client_ends
is "kill -9 of the server's monitor: the client ends with 75" $status 75
is "... after down, once" "$(ran client)" "1 1"
ok "... the server's worker and device are gone with the monitor" wait_until 10 nothing_lives
is "... down is still to run there" "$(ran server)" "1 0"

comes_up
is "... the next session there does it, before its own up" "$(tr '\n' ' ' <"$scratch/server.ran")" "down tun0 up tun0 "
ok "... and says so" says server 's: session ended: its vtund was killed; down is run in its place'
kill -KILL "$client_pid"
ok "kill -9 of the client's monitor: the server ends with 75" wait_until 10 served "$monitor" 75
is "... after down" "$(ran server)" "1 2"
ok "... the client's worker and device are gone with the monitor" wait_until 10 nothing_lives
# shellcheck disable=SC2086 # program and options
ok "... vtund --down runs down there" on client $VTUND --down
is "... once" "$(ran client)" "1 1"
ok "... and nothing is left" nothing_left

# ---- by the network

comes_up
on client ip link set eth1 down
ended "the link is down" 75 75
downs
for side in client server; do
	ok "... the $side's log says for how long nothing came" says $side 's: .*nothing came from the peer for 3 s'
done
on client ip link set eth1 up

# ---- before it is up

session server 'strict yes; up { program "exit 3" wait; };'
starts
wait_until 10 says server '^Spawned' >&2
monitor=$(newest_served)
ended "the server's up fails (strict)" 75 71
is "... down has run once on the server" "$(ran server)" "0 1"
is "... and nothing on the client" "$(ran client)" "0 0"
ok "... the client's log says why" says client 's: no session .*up command 1 failed: exit status 3'
session server

session client "up { program \"echo up >>$scratch/client.ran; sleep 100\" wait; program \"echo up\" wait; };"
starts
wait_until 10 test -s "$scratch/client.ran" >&2
monitor=$(newest_served)
kill "$client_pid"
ended "TERM during up" 0 0
downs
ok "... the server is told" says server 'stopped by the administrator'

# ---- and again

session client 'server 192.168.1.1 5999; server 192.168.1.1;'
starts_alone
ok "the next server is tried" wait_until 10 up_times 1
kill -HUP "$client_pid"
ok "SIGHUP: the session is made again" wait_until 10 up_times 2
kill "$client_pid"
client_ends
is "... down as often as up" "$(ran client)" "2 2"
wait_until 10 nothing_left >&2

session client 'persist keep;'
comes_up
kill "$monitor"
ok "persist: connected again after the server has closed" wait_until 20 up_times 2
is "... keep: the device stayed as it was" "$(ran client)" "1 0"
like "... and the log names it again" "$(tail -n 3 "$scratch/client.log")" 'session up: device tun0, peer'
kill "$client_pid"
client_ends
is "... and goes in the end" "$(ran client)" "1 1"
ok "nothing is left" wait_until 10 nothing_left
finish
