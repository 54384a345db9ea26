# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154,SC2086 # variables of bench/run; lists of words
#
# Brings the contender's tunnel up, which every other measurement needs.
#
#	setup_ms	from the start of the client to the first echo through the tunnel; the server waits already
#	setup_cpu_ms	CPU of both ends until then, their start included

tunnel_up()
{
	local first=$work/first-echo watcher begin

	# The scenario "speed" makes its own ones.
	if [ "$contender" = bare ] || [ $kind = speed ]; then
		server_pids=
		client_pids=
		return
	fi
	server_up || return
	on client "$tools/firstecho" "$inner" 5 >"$first" &
	watcher=$!
	sleep 0.02
	begin=$(date +%s%N)
	client_up || return
	wait $watcher || return
	server_pids=$(tunnel_pids server)
	client_pids=$(tunnel_pids client)
	device_mtu client
	device_mtu server
	streams_congestion client
	streams_congestion server
	wants setup || return 0
	record setup_ms "$(milliseconds $(($(cat "$first") - begin)))"
	record setup_cpu_ms "$(milliseconds "$(tunnel_cpu_ns)")"
}

# What a contender gains or loses by another MTU than the others' has to be known.
device_mtu()
{
	local got

	got=$(on "$1" ip -o link | sed -En '/^[0-9]+: (lo|eth[12])[@:]/d; s/.* mtu ([0-9]+) .*/\1/p')
	[ "$got" = $mtu ] || note "the tunnel's MTU is $got on the $1"
}

# From a connection's first packet on, by the tunnel's routes: one that begins as BBR, where that is the
# machine's default, keeps BBR's timer for each packet whatever iperf3 chooses then.
streams_congestion()
{
	on "$1" ip route | sed '/dev eth[12]/d' | while read -r route; do
		on "$1" ip route change $route congctl $congestion
	done
}

milliseconds()
{
	awk "BEGIN { printf \"%.1f\", $1 / 1e6 }"
}
