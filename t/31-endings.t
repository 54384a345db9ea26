#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# However a session ends, `down` runs once, the log says why and the exit code says what to do.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need nc
hosts_up

server_conf=$scratch/server.conf
client_conf=$scratch/client.conf

# conf FILE PASSWORD OPTIONS...: a session "s" whose commands write down that they ran.
conf()
{
	local file=$1 password=$2

	shift 2
	cat >"$file" <<-EOF
		options { timeout 10; }
		s {
		  passwd $password;
		  type tun;
		  $*
		  up   { program "echo up %d >>$file.commands" wait; };
		  down { program "echo down %d >>$file.commands" wait; };
		}
	EOF
	chmod 600 "$file"
}

# How often a command of that file has run.
ran()
{
	grep -c "^$2 " "$1.commands" 2>/dev/null || :
}

says()
{
	grep -q -e "$2" "$scratch/$1.log"
}

# The client's session is up as often as that.
up_times()
{
	[ "$(ran "$client_conf" up)" -ge "$1" ] && says client "session up"
}

fresh()
{
	rm -f "$scratch"/*.commands
	: >"$scratch/client.log"
	: >"$scratch/server.log"
}

# A client that is not told its server.
client_alone()
{
	# shellcheck disable=SC2086 # program and options
	background client on client $VTUND $vtund_flags -f "$client_conf" "$@"
	client_pid=$!
}

# Ends the client's process as `end` does, and remembers its exit status.
client_ends()
{
	status=0
	end "$client_pid" "${1-TERM}" || status=$?
}

client_waits()
{
	status=0
	wait "$client_pid" || status=$?
}

conf "$server_conf" secret
conf "$client_conf" secret
vtund_server server "$server_conf"

# ---- in good order
vtund_client client "$client_conf" s
ok "a session comes up" wait_until 10 up_times 1
client_ends
is "SIGTERM: closed in good order, 0" $status 0
is "... down has run once" "$(ran "$client_conf" up) $(ran "$client_conf" down)" "1 1"
ok "... also on the server" wait_until 10 sh -c "grep -q down $server_conf.commands"
ok "... which knows that it was the client's wish" wait_until 10 says server "closed by the client"

# ---- the worker dies
fresh
vtund_client client "$client_conf" s
wait_until 10 up_times 1
kill -KILL "$(pgrep -P "$client_pid" -x vtun-worker)"
client_waits
is "a worker that is killed: 70" $status 70
is "... down has run once" "$(ran "$client_conf" down)" 1
ok "... the server sees a loss, and runs down" wait_until 10 sh -c "grep -q down $server_conf.commands"

# ---- refused
fresh
conf "$client_conf" wrong
vtund_client client "$client_conf" s
client_waits
is "a wrong password: 77" $status 77
said=$(sed -n 's/.*no session with [^:]*: //p' "$scratch/client.log")
ok "... of which the server's log knows more" wait_until 10 says server "auth failure from 192.168.1.2 port .*wrong password"
is "... no commands" "$(ran "$client_conf" up)$(ran "$server_conf" up)" ""
sed -i 's/^s {/nobody {/' "$client_conf"
fresh
vtund_client client "$client_conf" nobody
client_waits
is "a session that does not exist: 77" $status 77
is "... in the very same words" "$(sed -n 's/.*no session with [^:]*: //p' "$scratch/client.log")" "$said"
ok "... of which the server's log knows more" wait_until 10 says server "auth failure .*no such session"

# ---- nobody there
fresh
conf "$client_conf" secret
vtund_client client "$client_conf" s 192.168.1.1 -P 5999
client_waits
is "nobody listens: 69" $status 69
ok "... and where it was looked for" says client "192.168.1.1 port 5999: Connection refused"
fresh
client_alone s
client_waits
is "no server named: 78" $status 78
ok "... and the three ways to name one" says client "VTUN_SERVER.*server HOST;"

# ---- several servers, reconnects
fresh
conf "$client_conf" secret "server 192.168.1.1 5999; server 192.168.1.1;"
client_alone s
ok "the next server is tried" wait_until 10 up_times 1
kill -HUP "$client_pid"
ok "SIGHUP: the session is made again" wait_until 10 up_times 2
client_ends
is "... down as often as up" "$(ran "$client_conf" up) $(ran "$client_conf" down)" "2 2"

fresh
conf "$client_conf" secret "persist keep;"
vtund_client client "$client_conf" s
wait_until 10 up_times 1
kill "$(serving_pids)"
ok "persist: connected again after the server has closed" \
	wait_until 20 sh -c "[ \$(grep -c 'session up' $scratch/client.log) = 2 ]"
is "... keep: the device stayed as it was" "$(ran "$client_conf" up) $(ran "$client_conf" down)" "1 0"
client_ends
is "... and goes in the end" "$(ran "$client_conf" up) $(ran "$client_conf" down)" "1 1"

# ---- during up
fresh
conf "$client_conf" secret
sed -i 's/up   {/up   { program "echo up slowly >>CONF.commands; sleep 100" wait;/; s,CONF,'"$client_conf," "$client_conf"
vtund_client client "$client_conf" s
wait_until 10 sh -c "grep -q slowly $client_conf.commands"
client_ends
is "SIGTERM during up: 0 at once" $status 0
is "... the rest of up is not run, down is" "$(ran "$client_conf" up) $(ran "$client_conf" down)" "1 1"
ok "... and the server is told" wait_until 10 says server "stopped by the administrator"

# ---- strangers
fresh
on client sh -c "printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 5 192.168.1.1 5000" >"$scratch/answer"
ok "HTTP is recognised" wait_until 10 says server "speaks HTTP"
is "... and not answered" "$(wc -c <"$scratch/answer")" 0
background answer on client sh -c "sleep 60 | nc 192.168.1.1 5000"
ok "a silent VTun 2 or 3 client gets the 50 bytes that it waits for" \
	wait_until 20 sh -c "[ \$(wc -c <$scratch/answer.log) = 50 ]"
ok "... which say why" grep -q "TLS required" "$scratch/answer.log"
ok "... and so does the log" says server "VTun 2 or 3"
finish
