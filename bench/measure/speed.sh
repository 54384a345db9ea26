# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154,SC2086 # variables of bench/run; lists of words
#
# "speed": what crosses a session in 10 s while both ends have more to send, in either direction at once, of
# each type, over each protocol, at each of five rates.  With NAME tun_tcp_64, ether_udp_1000, pipe_tcp_10000:
#
#	NAME_up NAME_down	per cent of the agreed rate that arrived, as the receiver's device counts it, or
#				the program at the end of a stream
#	NAME_wakeups		times a second that a process of either end was woken meanwhile
#	NAME_cpu		per cent of one core, both ends
#	tun_tcp_64_ping		ms, median round trip beside all that; a frame takes 29 ms, each way

speed_seconds=10
speed_rates='64 1000 10000 100000 1000000' # kbit/s
speed_ways='tun_tcp tun_udp ether_tcp ether_udp tty_tcp pipe_tcp'

measure_speed()
{
	local way rate

	for way in $speed_ways; do
		for rate in $speed_rates; do
			speed_of "$way" "$rate"
			hosts_idle
		done
	done
}

# speed_of WAY RATE
speed_of()
{
	local type=${1%_*} proto=${1#*_} rate=$2 name=$1_$2 up down wakeups pinging=''

	speed_config server "$server_inner" "$client_inner" >"$work/server.conf"
	speed_config client "$client_inner" "$server_inner" >"$work/client.conf"
	rm -f "$work"/*.log "$work"/count.*
	server_up && client_up && wait_for 10 grep -q 'session up' "$work/client.log" || {
		note "$name did not come up: $(tail -n 1 "$work/client.log")"
		return
	}
	[ "$type" = pipe ] || [ "$type" = tty ] || speed_load
	wait_for 30 speed_flows || note "$name: nothing arrived within 30 s"
	sleep 2
	server_pids=$(tunnel_pids server | speed_only_vtun)
	client_pids=$(tunnel_pids client | speed_only_vtun)
	if [ "$name" = tun_tcp_64 ]; then
		on client ping -n -c $((speed_seconds * 2)) -i 0.5 "$inner" >"$work/ping" &
		pinging=$!
	fi
	wakeups=$(tunnel_wakeups)
	metered speed_meter || return
	record "${name}_up" "$up"
	record "${name}_down" "$down"
	record "${name}_wakeups" $((($(tunnel_wakeups) - wakeups) / speed_seconds))
	record "${name}_cpu" "$(awk "BEGIN { print $tunnel_ns / 1e7 / $speed_seconds }")"
	[ -z "$pinging" ] || { wait $pinging && record "${name}_ping" "$(round_trips | cut -d' ' -f1)"; }
}

# speed_config SIDE ADDRESS PEER
speed_config()
{
	cat <<-CONF
	bench {
		passwd measured-only;
		type $type; proto $proto; speed $rate:$rate; device bench0;
	CONF
	case $type in
	tun | ether)
		cat <<-CONF
		mtu $mtu;
		up { ip "address add $2/24 dev %%"; ip "link set %% up"; };
		CONF
		;;
	*)
		echo "up { program $top_srcdir/t/tools/stream \"$work/count.$1\"; };"
		;;
	esac
	echo "}"
}

# More than is allowed, in both directions at once: datagrams, of which 10 s of the lowest rate are 350, or four
# TCP streams, which are less work at the high ones.
speed_load()
{
	local streams="-P 4"

	! speed_datagrams || streams="-u -l 200 -b $((rate * 2))k"
	start server iperf3 -s -1
	wait_for 10 listens server 5201
	start client iperf3 -c "$server_inner" -t $((speed_seconds + 30)) --bidir $streams
}

# Whether what is sent are datagrams of 200 bytes, and how large their headers are.
speed_datagrams()
{
	case $type in
	tun) header=28 ;;
	ether) header=42 ;;
	*) return 1 ;;
	esac
	[ "$rate" -lt 100000 ]
}

# Bytes that have arrived.  The device gets some datagrams merged, with one header for all: it is counted for each.
speed_arrived()
{
	if speed_datagrams; then
		on "$1" awk -v header=$header '$1 == "bench0:" {
			printf "%d\n", ($2 - $3 * header) / 200 * (200 + header)
		}' /proc/net/dev
		return
	fi
	case $type in
	tun | ether) on "$1" awk '$1 == "bench0:" { print $2 }' /proc/net/dev ;;
	*) cat "$work/count.$1" ;;
	esac
}

# A second's worth of bytes has come to either end.
speed_flows()
{
	[ "$(speed_arrived server)" -ge $((rate * 125)) ] && [ "$(speed_arrived client)" -ge $((rate * 125)) ]
}

speed_only_vtun()
{
	while read -r pid; do
		case $(cat "/proc/$pid/comm") in vtund | vtun-worker) echo "$pid" ;; esac
	done
}

# The two shares, in per cent: $up and $down.
speed_meter()
{
	local from to

	from="$(date +%s%N) $(speed_arrived server) $(speed_arrived client)"
	sleep $speed_seconds
	to="$(date +%s%N) $(speed_arrived server) $(speed_arrived client)"
	set -- $(echo "$from $to" | awk -v rate="$rate" '{
		share = 100 * 8e6 / (rate * ($4 - $1))
		printf "%.2f %.2f", ($5 - $2) * share, ($6 - $3) * share }')
	up=$1 down=$2
}
