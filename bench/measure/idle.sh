# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154,SC2086 # variables of bench/run; lists of words
#
# What a session costs that carries nothing, measured before it has carried anything.
#
#	pss_server pss_client	KiB of each end's processes; a page shared by n processes counts 1/n in each
#	private_server		KiB of the server's end that nobody shares
#	wakeups			times a second that a process of either end was woken

measure_idle()
{
	local before

	[ "$contender" != bare ] || return 0
	sleep 0.3 # what belongs to the set-up
	before=$(tunnel_wakeups)
	sleep 1
	record wakeups $(($(tunnel_wakeups) - before))
	record pss_server "$(memory Pss $server_pids)"
	record private_server "$(memory 'Private_(Clean|Dirty)' $server_pids)"
	record pss_client "$(memory Pss $client_pids)"
}

tunnel_wakeups()
{
	local pid

	for pid in $server_pids $client_pids; do
		cat "/proc/$pid"/task/*/status 2>/dev/null
	done | awk '$1 == "voluntary_ctxt_switches:" { n += $2 } END { print n + 0 }'
}

# memory FIELDS PID...
memory()
{
	local fields=$1 pid

	shift
	for pid; do
		cat "/proc/$pid/smaps_rollup"
	done | awk -v fields="^$fields:" '$1 ~ fields { kib += $2 } END { print kib }'
}
