#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whoever is killed or stopped, on whichever side, under load: `down` runs all the same, nothing stays
# behind, the session is back, its neighbour has not noticed, and the journal says what it was.
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/t/machines.sh"
. "$top_srcdir/t/faults.sh"
in_own_network "$@"
faults_begin

for m in server client; do
	case $m in server) other=client ;; *) other=server ;; esac

	mark
	ok "kill -9 of the $m's worker" kill_of $m KILL "$(worker_on $m work)"
	back
	says $m 'work: session ended after .*worker was killed by signal 9'
	says $other "work: session ended after .*(connection to the $m was lost|nothing came)"

	mark
	ok "kill -9 of the $m's monitor" kill_of $m KILL "$(monitor_on $m work)"
	back
	says $m 'work: session ended: its vtund was killed by signal KILL; down is run in its place'
	says $m 'work: down: ip: done, exit status 0'
	like "... also where it is looked for by session" "$(journal $m -q VTUN_SESSION=work)" \
		'its vtund was killed by signal KILL'
	says $other "work: session ended after .*connection to the $m was lost"

	mark
	# A worker dies with its monitor, and a monitor knows what to do when its worker dies: neither may come
	# before the other is killed.
	worker=$(worker_on $m work) monitor=$(monitor_on $m work)
	kill_of $m STOP "$monitor"
	ok "kill -9 of both" kill_of $m KILL "$worker" "$monitor"
	back
	says $m 'work: session ended: its vtund was killed by signal KILL; down is run in its place'

	mark
	stopped="$(monitor_on $m work) $(worker_on $m work)"
	# shellcheck disable=SC2086 # two numbers
	ok "the $m's two processes stopped for longer than the keepalive" kill_of $m STOP $stopped
	ok "... the $other gives it up" wait_until 20 says_nothing_came $other
	# shellcheck disable=SC2086
	kill_of $m CONT $stopped
	back
done
faults_end
finish
