#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# ./demo keeps what it promises, and would not say so if it were not so.
. "$(dirname "$0")/lib.sh"
need tcpdump ping perl
why=$(own_namespaces_missing)
[ -z "$why" ] || skip_all "$why"

"$top_srcdir/demo" inside "$scratch/traces" >"$scratch/demo.log" 2>&1
is "the demonstration passes" $? 0
unlike "... with every claim" "$(cat "$scratch/demo.log")" FAIL
is "... all fourteen of them" "$(grep -c '^   ok ' "$scratch/demo.log")" 14
unlike "... and none of its namespaces left" \
	"$(readlink /proc/[0-9]*/ns/net | grep -Fx -f "$scratch/traces")" .

VTUND=/bin/false "$top_srcdir/demo" inside "$scratch/traces" >"$scratch/without.log" 2>&1
is "without a vtund it fails" $? 1
like "... and says at what" "$(cat "$scratch/without.log")" "FAIL  the tunnel carries packets"
finish
