# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154,SC2086 # variables of bench/run; lists of words
#
# Round trips of small packets, in milliseconds: median and 99th percentile.
#
#	ping_p50 ping_p99		one every 10 ms through the idle tunnel
#	loaded_p50 loaded_p99		the same beside a TCP transfer over a link of 10 Mbit/s with a queue of 50 ms;
#					four streams, as one takes half a minute to fill that queue
#	loaded_lost			per cent of those pings that never came back
#	loaded_mbit			what the transfer got meanwhile

measure_ping()
{
	local p50p99

	metered ping_server "$pings"
	through_tunnel ping || return 0
	if p50p99=$(round_trips); then
		record ping_p50 "${p50p99% *}"
		record ping_p99 "${p50p99#* }"
	else
		note "no ping came back"
	fi
}

measure_loaded()
{
	local p50p99 transfer

	slow_link add
	iperf $((loaded_seconds + 2)) -P 4 &
	transfer=$!
	sleep 2 # the transfer has filled the link's queue by then, and is over its own start
	metered ping_server $((loaded_seconds * 100))
	wait $transfer
	slow_link del
	through_tunnel loaded || return 0
	if p50p99=$(round_trips); then
		record loaded_p50 "${p50p99% *}"
		record loaded_p99 "${p50p99#* }"
		record loaded_lost "$(awk -F'[ %]+' '/packet loss/ { print $6 }' "$work/ping")"
		record loaded_mbit "$(iperf_result mbit)"
	else
		note "no ping came back under load"
	fi
}

ping_server()
{
	on client ping -n -c "$1" -i 0.01 -W 2 "$inner" >"$work/ping"
}

round_trips()
{
	sed -n 's/.* time=\([0-9.]*\) ms$/\1/p' "$work/ping" | percentiles
}

# slow_link add|del: the way between the two hosts is by their modem, or by the fast link again.
slow_link()
{
	on client ip route "$1" $outer dev eth2 congctl $congestion
	on server ip route "$1" $outer_client dev eth2 congctl $congestion
}
