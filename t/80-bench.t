#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bench/report works out what it says: medians, ratios round by round, who was left out, what was discarded;
# and bench/run refuses what it does not know.
. "$(dirname "$0")/lib.sh"
need perl

# samples LINE...: with TABs where the arguments have commas
samples()
{
	printf '%s\n' "$@" | tr , '\t' >"$scratch/samples.tsv"
}
report()
{
	"$top_srcdir/bench/report" "$scratch" && cat "$scratch/results.md"
}

# The machine has half its speed in round 2: 5 times as fast in each, though the medians are 500 and 150.
samples '# date: 2001-02-03' '# machine: <two> & more' '# busy before: 3 % of one core' \
	'# contender: vtun4-tcp,full,vtun 4,4.0' '# contender: vtun3-tcp,full,vtun 3,3.0' \
	'# contender: vtun4-lzo,compress,vtun 4 lzo,4.0' \
	'# left out: tinc (no tincd)' '# note: round 1: vtun3-tcp: pps64 discarded' \
	1,vtun4-tcp,tcp1_up,1000 2,vtun4-tcp,tcp1_up,500 3,vtun4-tcp,tcp1_up,400 \
	1,vtun3-tcp,tcp1_up,200 2,vtun3-tcp,tcp1_up,100 1,vtun4-lzo,compress_up,12345
out=$(report)
like "a figure is the median of its rounds" "$out" '^\| vtun4-tcp \| 500 \|'
like "... of an even number, the middle between two" "$out" '^\| vtun3-tcp \| 150 \|'
like "a ratio compares contenders within each round" "$out" '^\| vtun3-tcp \| 5\.00 \|'
like "what was not measured is no figure" "$out" '^\| vtun4-tcp \| 500 \| - \|'
like "compression has a table of its own, with three digits" "$out" '^\| vtun4-lzo \| 12,300 \|'
like "who was left out is named" "$out" '^Left out: tinc \(no tincd\)\.$'
like "what was discarded is said" "$out" 'vtun3-tcp: pps64 discarded'
like "machine and date are there" "$out" '^- date: 2001-02-03$'
unlike "a quiet machine is not called busy" "$out" 'had other work'
like "the chart has a bar of ours" "$(cat "$scratch/chart.svg")" '>vtun4-tcp<.*class="ours"'
like "... and escapes what is text" "$(cat "$scratch/chart.svg")" '&lt;two> &amp; more'

samples '# contender: vtun4-udp-reliable,full,vtun 4,4.0' \
	1,vtun4-udp-reliable,loss5_delivered,99.8 1,vtun4-udp-reliable,loss5_p99,23
like "what a lossy link left has a table of its own" "$(report)" '^\| vtun4-udp-reliable \| - \| - \| - \| 99.8 \| - \| 23 \|'

samples '# contender: vtun4-tcp,full,vtun 4,4.0' '# contender: vtun4-many,setup,vtun 4,4.0' \
	1,vtun4-tcp,setup_cpu_ms,20 2,vtun4-tcp,setup_cpu_ms,10 1,vtun4-many,setup_cpu_ms,26 2,vtun4-many,setup_cpu_ms,16
like "what a large file costs is compared round by round" "$(report)" '1.022 sessions \| at most 10 \| 6 \| yes \|$'

samples '# contender: vtun4-speed,speed,vtun 4,4.0' 1,vtun4-speed,tun_tcp_64_up,99.5 1,vtun4-speed,tun_tcp_1000_up,98
out=$(report)
like "what arrived of an agreed speed stands under it" "$out" '^\| kbit/s \| 64 \| 1000 \|$'
like "... in per cent" "$out" '^\| tun_tcp up \| 99\.5 \| 98 \|$'

samples '# busy before: 150 % of one core' '# contender: bare,full,none,' 1,bare,tcp1_up,1000
like "a busy machine is" "$(report)" 'had other work'

like "bench/run explains itself" "$("$top_srcdir/bench/run" --help)" '^usage: bench/run '
ok "... and refuses a contender that it does not know" exits 64 "$top_srcdir/bench/run" --only cisco
ok "... and a number of rounds that is none" exits 64 "$top_srcdir/bench/run" --runs 0
finish
