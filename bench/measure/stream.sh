# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154,SC2086 # variables of bench/run; lists of words
#
# TCP through the tunnel, by iperf3, one and four streams, from the client (up) and to it (down).  For each of
# these four, with NAME tcp1_up, tcp1_down, tcp4_up, tcp4_down:
#
#	NAME		Mbit/s that arrived
#	NAME_cpu	CPU seconds of the tunnel's processes, both ends, for each GiB that arrived
#	NAME_machine	the same of the whole machine: iperf3 and the kernel's share as well
#
# compress_up is tcp1_up with text.

measure_stream()
{
	transfer tcp1_up "$stream_seconds"
	transfer tcp1_down "$stream_seconds" -R
	transfer tcp4_up 1 -P 4
	transfer tcp4_down 1 -P 4 -R
}

measure_compress()
{
	transfer compress_up "$stream_seconds" -F "$tools/256m"
}

# transfer NAME SECONDS OPTION...
transfer()
{
	local name=$1 gib

	shift
	metered iperf "$@"
	if ! gib=$(iperf_result gib); then
		note "$name failed: $(iperf_result error)"
		return
	fi
	through_tunnel "$name" || return 0
	record "$name" "$(iperf_result mbit)"
	record "${name}_machine" "$(awk "BEGIN { print $machine_ticks / 100 / $gib }")"
	[ "$contender" = bare ] ||
		record "${name}_cpu" "$(awk "BEGIN { print $tunnel_ns / 1e9 / $gib }")"
}

# iperf SECONDS OPTION...: the result is in $work/iperf.json
iperf()
{
	local seconds=$1 server

	shift
	rm -f "$work/iperf.json"
	start server iperf3 -s -1
	server=$!
	wait_for 5 listens server 5201
	on client timeout $((seconds + 10)) iperf3 -c "$inner" -C $congestion -t "$seconds" -J "$@" >"$work/iperf.json"
	kill $server 2>/dev/null # only if the client never came
	wait $server 2>/dev/null
}

# iperf_result mbit|gib|error: what arrived, or why nothing did.
iperf_result()
{
	perl -MJSON::PP -0777 -e '
		my $result = eval { decode_json(scalar <STDIN>) } // { error => "iperf3 said nothing" };
		my $sum = $result->{end}{sum_received} // {};
		print(($result->{error} // "no data") . "\n"), exit if $ARGV[0] eq "error";
		exit 1 if $result->{error} || !$sum->{bytes};
		print $ARGV[0] eq "gib" ? $sum->{bytes} / 2**30 : $sum->{bits_per_second} / 1e6, "\n";
	' "$1" <"$work/iperf.json"
}
