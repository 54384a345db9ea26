# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The Test Anything Protocol (testanything.org) for shell tests, and what they share:
#
#	#!/bin/sh
#	# SPDX-License-Identifier: GPL-2.0-or-later
#	# What this test promises, in a sentence.
#	. "$(dirname "$0")/lib.sh"
#	in_own_network "$@"
#	hosts_up
#	vtund_server server "$scratch/server.conf"
#	vtund_client client "$scratch/client.conf" wireless2 192.168.1.1
#	ok "a packet crosses the tunnel" wait_until 10 on client ping -c 1 -W 1 192.168.2.1
#	finish
#
# A test runs by itself as well (t/10-x.t, as root or not), with a build in build/.  What cannot run
# here says so by skip_all; with VTUN_TEST_REQUIRE=1 (CI) that is a failure.
set -u

: "${top_srcdir:=$(cd "$(dirname "$0")/.." && pwd)}"
: "${top_builddir:=$top_srcdir/build}"
export top_srcdir top_builddir
# Debian keeps an ordinary user's PATH free of them.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C

. "$top_srcdir/t/hosts.sh"

test_count=0
test_failed=0
test_background=
test_end_by= # functions that clean up, called with the exit status before the logs are shown
scratch= # a directory of this test's own; logs that are shown after a failure: $scratch/*.log

# ---- verdicts

# ok NAME COMMAND...: passes if the command succeeds.  It runs in a subshell with its output hidden;
# the output is shown if it fails.
ok()
{
	local name=$1 code=0

	shift
	("$@") >"$scratch/output" 2>&1 </dev/null || code=$?
	verdict $code "$name" && return
	diag "command: $*"
	diag "exit status: $code"
	tail -n 40 "$scratch/output" | diag_lines
}

# is NAME GOT EXPECTED: passes if the two strings are equal.
is()
{
	[ "$2" = "$3" ]
	verdict $? "$1" && return
	diag "got:      $2"
	diag "expected: $3"
}

# like NAME TEXT ERE, unlike NAME TEXT ERE: whether a line of the text matches.
like()
{
	printf '%s\n' "$2" | grep -Eq -e "$3"
	verdict $? "$1" && return
	diag "no line matches: $3"
	printf '%s\n' "$2" | tail -n 40 | diag_lines
}

unlike()
{
	! printf '%s\n' "$2" | grep -Eq -e "$3"
	verdict $? "$1" && return
	diag "matches, and should not: $3"
	printf '%s\n' "$2" | grep -E -e "$3" | tail -n 10 | diag_lines
}

# verdict STATUS NAME: the line itself; returns the status.
verdict()
{
	local word=ok

	test_count=$((test_count + 1))
	if [ "$1" != 0 ]; then
		word="not ok"
		test_failed=$((test_failed + 1))
	fi
	echo "$word $test_count - $2"
	return "$1"
}

# To be put before a command: "ok NAME not COMMAND...", "ok NAME exits 77 COMMAND...".
not()
{
	! "$@"
}

exits()
{
	local expected=$1 code=0

	shift
	"$@" || code=$?
	[ $code = "$expected" ] && return
	echo "exit status $code, not $expected"
	return 1
}

# wait_until SECONDS COMMAND...: tries until it succeeds; fails after that time, with the output of
# the last attempt.  Be generous: on a busy machine it costs nothing, as success ends it.
wait_until()
{
	local end output

	end=$(($(date +%s) + $1 + 1))
	shift
	while ! output=$("$@" 2>&1); do
		if [ "$(date +%s)" -ge $end ]; then
			printf '%s\n' "$output"
			return 1
		fi
		sleep 0.05
	done
}

diag()
{
	printf '%s\n' "$*" | diag_lines
}

# To stderr, so that prove shows them.
diag_lines()
{
	sed 's/^/# /' >&2
}

# ---- beginning and end

# The last line of every test.
finish()
{
	echo "1..$test_count"
	exit $((test_failed > 0))
}

# skip_all REASON: for what this machine cannot do; never for what went wrong.
skip_all()
{
	if [ "${VTUN_TEST_REQUIRE-}" = 1 ]; then
		echo "Bail out! $(basename "$0") must not be skipped here: $*"
		exit 99
	fi
	echo "1..0 # SKIP $*"
	exit 0
}

# need COMMAND...: skips the test unless all of them are installed.
need()
{
	local c

	for c; do
		command -v "$c" >/dev/null || skip_all "$c is not installed"
	done
}

# in_own_network "$@": the rest of the test runs in namespaces of its own.  First thing in a test.
in_own_network()
{
	local missing

	if [ "${VTUN_OWN_NAMESPACES-}" != yes ]; then
		need unshare nsenter mount ip ss
		missing=$(own_namespaces_missing)
		[ -z "$missing" ] || skip_all "$missing"
	fi
	rmdir "$scratch"
	in_own_namespaces "$@"
	scratch=$own_world/scratch
	mkdir -m 755 "$scratch"
	vtund_copies
}

test_end()
{
	local code=$? log p

	trap - EXIT
	for p in $test_end_by; do
		$p $code
	done
	if [ $code != 0 ]; then
		for log in "$scratch"/*.log; do
			[ -s "$log" ] || continue
			diag "---- ${log##*/}"
			tail -n 60 "$log" | diag_lines
		done
	fi
	for p in $test_background; do
		kill -KILL "$p" 2>/dev/null
	done
	rm -rf "$scratch"
	exit $code
}

# ---- vtund

# The build's own programs, until in_own_network copies them.
: "${VTUND:=$top_builddir/vtund --worker=$top_builddir/vtun-worker}"
vtund_flags= # in_own_network knows whether --single-uid is needed

# The worker has another uid than its monitor, which need not be able to enter the build's directory
# (homes are closed); and root's monitor refuses a worker that belongs to somebody else.
vtund_copies()
{
	local bin=$own_world/bin

	[ "$VTUND" = "$top_builddir/vtund --worker=$top_builddir/vtun-worker" ] || return 0
	mkdir -m 755 "$bin"
	install -m 755 "$top_builddir/vtund" "$top_builddir/vtun-worker" "$bin"
	VTUND="$bin/vtund --worker=$bin/vtun-worker"
}

# Whether the build is one with --enable-sanitizers: its processes are ten times as large, lock no memory,
# and warn.
sanitized()
{
	$VTUND --version | grep -q -e --enable-sanitizers
}

# peer PROGRAM: the path of somebody else's program, which .ci/prepare has unpacked to test against.
# Not in a subshell of its own: without the program the test is skipped.
peer()
{
	peer_path=$top_builddir/peers/usr/sbin/$1
	[ -x "$peer_path" ] || skip_all "no $1 to test against: .ci/prepare build peer"
}

# A /dev/log of the test's own, written to $scratch/syslog.log.  Before hosts_up.
own_syslog()
{
	local dev=$own_world/dev node

	mkdir "$dev" "$dev/net" "$dev/pts"
	for node in null zero full random urandom tty net/tun; do
		: >"$dev/$node" && mount --bind "/dev/$node" "$dev/$node" || return
	done
	ln -s pts/ptmx "$dev/ptmx"
	mount -t devpts -o newinstance,ptmxmode=666 devpts "$dev/pts" && mount --rbind "$dev" /dev || return
	background syslog "$top_srcdir/t/tools/syslogd" /dev/log
	wait_until 10 test -S /dev/log
}

# The article's two files, unchanged, as $scratch/server.conf and client.conf.
article_files()
{
	install -m 600 "$top_srcdir"/t/data/article/*.conf "$scratch"
}

# background NAME COMMAND...: $! is its process, $scratch/NAME.log gets its output; ends with the
# test.
background()
{
	local log=$scratch/$1.log on_by=exec

	shift
	case $(type "$1") in
	*function) "$@" ;;
	*) exec "$@" ;;
	esac >>"$log" 2>&1 </dev/null &
	test_background="$test_background $!"
}

# end PID [SIGNAL]: sends TERM and waits until the background process is gone; returns its exit
# status.
end()
{
	kill -"${2-TERM}" "$1" 2>/dev/null
	wait "$1" 2>/dev/null # the shell would report how it ended
}

# vtund_server HOST CONF [ADDRESS [PORT]]: serves on the article's address as systemd does: nothing of
# ours listens, each connection gets a vtund of its own.  server_pid is the listener's process.
vtund_server()
{
	local host=$1 conf=$2 at=${3-192.168.1.1} port=${4-5000}

	# shellcheck disable=SC2086 # program and options
	background "$host" listen "$host" "$at" "$port" $VTUND $vtund_flags -f "$conf"
	server_pid=$!
	wait_until 10 listens "$host" "$port" || diag "nothing listens on $at port $port of $host"
}

# vtund_client HOST CONF SESSION [SERVER [OPTION...]]: client_pid is its process.
vtund_client()
{
	local host=$1 conf=$2 session=$3 server=${4-192.168.1.1}

	shift 3
	[ $# = 0 ] || shift
	# shellcheck disable=SC2086
	background "$host" on "$host" $VTUND $vtund_flags -f "$conf" "$@" "$session" "$server"
	# shellcheck disable=SC2034 # for the test
	client_pid=$!
}

# Processes of the vtunds that serve a connection, one a line.
serving_pids()
{
	pgrep -P "${1-$server_pid}"
}

# The process that serves, or has served, the newest connection.
newest_served()
{
	sed -n 's/^Spawned .* as PID \([0-9]*\)\.$/\1/p' "$scratch/server.log" | tail -n 1
}

# served PID CODE: whether that server of a connection has ended, with this exit status or signal.
served()
{
	grep -q "^Child $1 died with code $2\$" "$scratch/server.log"
}

# conf NAME: writes stdin to $scratch/NAME.conf, which nobody else may read.
conf()
{
	(umask 077 && cat >"$scratch/$1.conf")
}

# client_fails WHAT STATUS ERE ARGUMENT...: so does vtund on the client, and its log is this one line.
client_fails()
{
	local what=$1 expected=$2 says=$3 said status=0

	shift 3
	# shellcheck disable=SC2086 # commands and options
	on client timeout 60 $client_under $VTUND $vtund_flags "$@" >"$scratch/client.log" 2>&1 </dev/null ||
		status=$?
	is "$what: exit status $expected" $status "$expected"
	said=$(grep -v -e --single-uid -e --enable-sanitizers "$scratch/client.log")
	like "... and the log says so" "$said" "$says"
	is "... in one line" "$(echo "$said" | wc -l)" 1
}

# server_ends STATUS ERE: so does the one of the newest connection, and that is its log's last line.
server_ends()
{
	ok "... its server ends with $1" wait_until 10 served "$(newest_served)" "$1"
	like "... and says: $2" "$(grep ^vtun: "$scratch/server.log" | tail -n 1)" "$2"
}

client_under= # a command that takes something from it

# The article's tunnel, from both sides.
tunnel_works()
{
	on client ping -qc 1 -W 1 192.168.2.1 && on server ping -qc 1 -W 1 192.168.2.2
}

no_vtund()
{
	! pgrep -x vtund && ! pgrep -x vtun-worker
}

# Whether all sessions are gone: processes, devices, files.
nothing_left()
{
	nothing_lives && [ -z "$(session_files server)$(session_files client)" ]
}

nothing_lives()
{
	no_vtund && [ -z "$(tun_devices server)$(tun_devices client)" ]
}

tun_devices()
{
	on "$1" ip -o link show type tun
}

session_files()
{
	on "$1" find /run/vtund -name '[0-9]*'
}

scratch=$(mktemp -d)
chmod 755 "$scratch"
trap test_end EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
