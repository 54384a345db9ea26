#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Each fuzz harness survives its corpus.
. "$(dirname "$0")/lib.sh"

for corpus in "$top_srcdir"/fuzz/corpus/*/; do
	harness=$(basename "$corpus")
	ok "fuzz/$harness" "$top_builddir/fuzz/$harness" "$corpus"*
done
finish
