#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bench/soak --quick: twenty kinds of sessions under churn, loss and rekeys; nothing leaks, none is lost.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip_all "bench/soak needs root"
need nft nc perl systemd-socket-activate
missing=$(own_namespaces_missing)
[ -z "$missing" ] || skip_all "$missing"

# soaks [OPTION...]: its report is $scratch/soak/soak.md
soaks()
{
	"$top_srcdir/bench/soak" --quick --out "$scratch/soak" "$@"
}

# row NAME: a figure of the report.
row()
{
	sed -n "s/^| $1 | \(.*\) |\$/\1/p" "$scratch/soak/soak.md" | tr -d ,
}

for args in "" "--sessions 201 1" "--sessions x 1" "--wait 1" "soon"; do
	# shellcheck disable=SC2086 # words
	ok "bench/soak $args: refused" exits 64 "$top_srcdir/bench/soak" $args
done
ok "twenty sessions, disturbed for a while: all well" soaks
ok "... connects are counted" test "$(row connects)" -ge 20
ok "... some have come back from a disturbance" test "$(row 'reconnects after a disturbance')" -ge 3
ok "... keys have changed" test "$(row 'rekeys of UDP, both sides')" -ge 20
ok "... streams came back identical" test "$(row 'bytes of streams that came back identical')" -ge 100000
is "... no session is lost" "$(row 'lost sessions')" 0
finish
