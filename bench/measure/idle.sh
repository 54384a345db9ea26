# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# What a session costs that carries nothing, measured before it has carried anything.
#
#	pss_server pss_client	KiB of each end's processes; a page shared by n processes counts 1/n in each
#	wakeups			times a second that a process of either end was woken

measure_idle()
{
	local before

	[ "$contender" != bare ] || return 0
	sleep 0.3 # what belongs to the set-up
	before=$(tunnel_wakeups)
	sleep 1
	record wakeups $(($(tunnel_wakeups) - before))
	record pss_server "$(pss $server_pids)"
	record pss_client "$(pss $client_pids)"
}

tunnel_wakeups()
{
	local pid

	for pid in $server_pids $client_pids; do
		cat "/proc/$pid"/task/*/status 2>/dev/null
	done | awk '$1 == "voluntary_ctxt_switches:" { n += $2 } END { print n + 0 }'
}

pss()
{
	local pid

	for pid; do
		cat "/proc/$pid/smaps_rollup"
	done | awk '$1 == "Pss:" { kib += $2 } END { print kib }'
}
