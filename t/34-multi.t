#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One name, two clients: "multi" decides, also when both come at the same instant, and who has to go
# or wait is told why.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need ping
hosts_up

conf server <<-EOF
	default {
	  type tun;
	  up { ip "link set %% up"; ip "addr add 192.168.2.1 peer 192.168.2.2 dev %%"; };
	  down { program "echo down >>$scratch/server.ran" wait; };
	}
	no { passwd walrus; multi no; device multi0; }
	killold { passwd walrus; multi killold; device multi0; }
	yes { passwd walrus; multi yes; }
	allow { passwd walrus; multi allow; }
	deny { passwd walrus; multi deny; }
	unsaid { passwd walrus; }
EOF
conf client <<-EOF
	default {
	  up { ip "link set %% up"; };
	  down { program "echo down >>$scratch/client.ran" wait; };
	}
	no { passwd walrus; }
	killold { passwd walrus; }
	yes { passwd walrus; }
	allow { passwd walrus; }
	deny { passwd walrus; }
	unsaid { passwd walrus; }
EOF

# dials CLIENT SESSION: one of several clients, "first" or "second"; its process is in $first, $second.
dials()
{
	: >"$scratch/$1.log"
	# shellcheck disable=SC2086 # program and options
	background "$1" on client $VTUND $vtund_flags -f "$scratch/client.conf" "$2" 192.168.1.1
	eval "$1=$!"
}

is_up()
{
	grep -q 'session up' "$scratch/$1.log"
}

# Processes that serve.
serving()
{
	[ "$(serving_pids "$server_pid" | wc -l)" = "$1" ]
}

last_line()
{
	tail -n 1 "$scratch/$1.log"
}

fresh()
{
	: >"$scratch/server.log"
	: >"$scratch/server.ran"
	: >"$scratch/client.ran"
}

first='' second=''
vtund_server server "$scratch/server.conf"

# ---- multi no

fresh
dials first no
ok "multi no: the first one comes up" wait_until 10 is_up first
holder=$(newest_served)
port=$(sed -n 's/^Connection from .*:\([0-9]*\) to .*/\1/p' "$scratch/server.log")
client_fails "a second one" 75 \
	"no: no session with .*: the server ended it: in use since [0-9]+:[0-9]+ by 192.168.1.2 port $port" \
	-f "$scratch/client.conf" no 192.168.1.1
server_ends 75 "no: no session with .*refused: in use since [0-9]+:[0-9]+ by 192.168.1.2 port $port"
ok "... and the first one goes on" kill -0 "$first"
is "... nothing was run for the second" "$(cat "$scratch/server.ran" "$scratch/client.ran")" ""
kill -KILL "$holder"
wait "$first"
dials first no
ok "a session that was killed holds no name" wait_until 10 is_up first
end "$first"
wait_until 10 nothing_left >&2

# ---- multi killold

fresh
dials first killold
ok "multi killold: the first one comes up" wait_until 10 is_up first
dials second killold
ok "... the second one, too" wait_until 20 is_up second
status=0
wait "$first" || status=$?
is "... and the first one has ended, in good order" $status 0
like "... for a reason that it knows" "$(last_line first)" \
	'killold: session ended .*: closed by the server: replaced by a newer session of this name'
like "... as does its server's log" "$(cat "$scratch/server.log")" \
	'killold: session ended .*: replaced by a newer session of this name'
like "... and the newer one's" "$(cat "$scratch/server.log")" 'killold: multi killold: another session of this name'
is "... down has run once on each side" "$(cat "$scratch/server.ran" "$scratch/client.ran")" "down
down"
is "... before the new session took the device" "$(on server ip -o link show multi0 | wc -l)" 1
ok "... one server is left" wait_until 10 serving 1
end "$second"
wait_until 10 nothing_left >&2

# ---- multi killold against a session that does not end

fresh
dials first killold
wait_until 10 is_up first >&2
wait_until 10 is_up server >&2
holder=$(newest_served)
port=$(sed -n 's/^Connection from .*:\([0-9]*\) to .*/\1/p' "$scratch/server.log")
kill -STOP "$holder"
client_fails "killold, and the old one is stopped" 75 \
	"killold: no session with .*: in use since .* by 192.168.1.2 port $port, and does not end" \
	-f "$scratch/client.conf" killold 192.168.1.1
server_ends 75 "killold: no session with .*refused: in use since .* port $port, and does not end"
like "... the server's log has the next step" "$(cat "$scratch/server.log")" \
	"killold: multi killold: process $holder has not ended within 10 s: .*kill -KILL"
is "... nothing was run for the second" "$(cat "$scratch/server.ran" "$scratch/client.ran")" ""
ok "... and the first one goes on" kill -0 "$first"
kill -CONT "$holder"
status=0
wait "$first" || status=$?
is "... until the old one can do what it was told" $status 0
like "... for the reason that it was told" "$(last_line first)" 'replaced by a newer session of this name'
ok "... and nothing is left" wait_until 10 nothing_left

# ---- both at the same instant

# together SESSION: two clients at once; the winner is up, the other one has ended with $status.
together()
{
	fresh
	dials first "$1"
	dials second "$1"
	wait_until 20 one_has_ended >&2
	loser=first winner=second
	has_ended "$first" || loser=second winner=first
	status=0
	eval "wait \$$loser" 2>/dev/null || status=$?
}

one_has_ended()
{
	has_ended "$first" || has_ended "$second"
}

has_ended()
{
	case $(ps -o stat= -p "$1") in
	"" | Z*) ;;
	*) return 1 ;;
	esac
}

for round in 1 2 3; do
	together no
	ok "two at once, multi no, round $round: one is up" wait_until 20 is_up $winner
	is "... the other one has ended with 75" $status 75
	like "... and knows why" "$(last_line $loser)" 'the server ended it: in use'
	ok "... one server is left" wait_until 10 serving 1
	eval "end \$$winner"
	wait_until 10 nothing_left >&2

	together killold
	ok "two at once, multi killold, round $round: one is up" wait_until 20 is_up $winner
	like "... the other one knows why it is not" "$(last_line $loser)" 'replaced by a newer session of this name'
	ok "... one server is left" wait_until 10 serving 1
	eval "end \$$winner"
	wait_until 10 nothing_left >&2
done

# ---- multi yes, and the other words

for name in yes allow unsaid; do
	fresh
	dials first $name
	dials second $name
	ok "multi $name: one is up" wait_until 10 is_up first
	ok "... and so is the other" wait_until 10 is_up second
	end "$first"
	end "$second"
	wait_until 10 nothing_left >&2
done
fresh
dials first deny
ok "multi deny: the first one comes up" wait_until 10 is_up first
client_fails "a second one" 75 'deny: no session with .*: in use since' -f "$scratch/client.conf" deny 192.168.1.1
end "$first"
ok "nothing is left" wait_until 10 nothing_left
finish
