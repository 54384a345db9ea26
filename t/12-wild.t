#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Files in the manner of those that are in use: what each of their sessions is understood as.
. "$(dirname "$0")/lib.sh"

vtunctl=$top_builddir/vtunctl

# yields FILE SESSION...: explain says of them what the file's .expected does.
yields()
{
	file=$1
	shift
	install -m 600 "$top_srcdir/t/data/wild/$file.conf" "$scratch"
	for session; do
		(cd "$scratch" && "$vtunctl" explain "$file.conf" "$session" 2>&1; echo "exit $?")
	done >"$scratch/$file.got"
	ok "$file.conf" diff -u "$top_srcdir/t/data/wild/$file.expected" "$scratch/$file.got"
}

if "$vtunctl" --version | grep -q lzo; then
	yields v2 cobra
fi
yields one-line one two
yields crlf shop 1001
yields hex-mac 0a1b2c3d4e5f 001122334455
yields twice a b
yields no-semicolon a b c d e

# 1,022 sessions, 0.9 MB: each is found, and one that is broken locks nobody out.
perl -e 'print "options { port 5000; }\ndefault { type ether; proto udp; keepalive yes; }\n"; for (1 .. 1022) {
	printf "%012x { passwd p%d; device v-%012x;%s\n  up {\n%s  };\n  down { program \"logger down\"; };\n}\n", $_, $_,
		$_, $_ == 700 ? " tipe tun;" : "", "    program \"brctl addif br0 %%; logger up %h of number $_\" wait;\n" x 11 }' \
	>"$scratch/many.conf"
chmod 600 "$scratch/many.conf"
ok "1,022 sessions: the file has 0.8 to 1 MB" \
	[ "$(stat -c %s "$scratch/many.conf")" -gt 800000 -a "$(stat -c %s "$scratch/many.conf")" -lt 1000000 ]
for number in 1 511 701 1022; do
	name=$(printf %012x $number)
	like "... number $number is found" "$("$vtunctl" explain "$scratch/many.conf" "$name" 2>&1)" \
		"^ +11\\. .*of number $number"
done
ok "... the broken one is refused" exits 78 "$vtunctl" explain "$scratch/many.conf" "$(printf %012x 700)"
like "... and check finds that error, and no other" \
	"$("$vtunctl" check --file-only "$scratch/many.conf")" 'many.conf: 1 error, 0 warnings'
finish
