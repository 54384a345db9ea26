#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A folder is a process: monitor and worker know nothing of each other, and neither knows the other's
# libraries.  What a process does not link, nobody can exploit in it.
. "$(dirname "$0")/lib.sh"
need readelf tsort
cd "$top_srcdir/src" || exit

# includes FOLDER ERE: lines of the folder's files that include something of that kind.
includes()
{
	grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]+$2" "$1"/*.[ch]
}

# links PROGRAM: the libraries it is linked with, by name.
links()
{
	readelf -d "$top_builddir/$1" | sed -n 's/.*(NEEDED).*\[lib\(.*\)\.so.*/\1/p'
}

foreign='["<](gnutls|zlib|libdeflate|lzo)[./]|"(worker|vtunctl|\.\.)/'
is "src/monitor includes nothing of the worker's" "$(includes monitor "($foreign)")" ""
foreign='["<](confuse|systemd)[./]|"(monitor|vtunctl|\.\.)/'
is "src/worker includes nothing of the monitor's" "$(includes worker "($foreign)")" ""
foreign='["<](gnutls|zlib|libdeflate|lzo|confuse|systemd)[./]|"(monitor|worker|vtunctl|\.\.)/'
is "src/common includes nothing of either's" "$(includes common "($foreign)")" ""
is "src/vtunctl includes nothing of the worker's" \
	"$(includes vtunctl '(["<](gnutls|zlib|libdeflate|lzo)[./]|"(worker|\.\.)/)')" ""

unlike "vtund does not link GnuTLS, zlib, libdeflate or lzo" "$(links vtund)" '^(gnutls|z|deflate|lzo2)$'
like "... though it does link libsodium" "$(links vtund)" '^sodium$'
unlike "vtun-worker does not link libconfuse or libsystemd" "$(links vtun-worker)" '^(confuse|systemd)$'
like "... though it does link GnuTLS" "$(links vtun-worker)" '^gnutls$'

one_file()
{
	[ "$(grep -lE "^#[[:space:]]*include <$1" ./*/*.[ch] | wc -l)" = 1 ]
}
for header in confuse.h zlib.h libdeflate.h lzo/; do
	ok "one file alone knows <$header>" one_file "$header"
done

# "HEADER OTHER" for each header of the folder that includes another of it.
arrows()
{
	grep -oE '^#[[:space:]]*include "[a-z_0-9]+\.h"' "$1"/*.h | sed 's,^[^/]*/\(.*\):.*"\(.*\)",\1 \2,'
}
one_way()
{
	arrows "$1" | tsort >/dev/null
}
for folder in common monitor worker vtunctl; do
	ok "in src/$folder no two headers need each other" one_way $folder
done
ok "... and a circle would be seen" not sh -c 'printf "a.h b.h\nb.h a.h\n" | tsort >/dev/null'

# ARCHITECTURE.md has a part for each folder, with its modules as `name`.
named()
{
	awk -v folder="**src/$1**" '/^\*\*src|elsewhere/ { on = index($0, folder) == 1 } on' ../ARCHITECTURE.md |
		grep -o '`[a-z_0-9]*`' | tr -d '`' | sort -u
}
listing_is_true()
{
	find "$1" -name '*.[ch]' | sed 's,.*/,,; s,\.[ch]$,,' | sort -u >"$scratch/modules"
	named "$1" | diff - "$scratch/modules"
}
for folder in common monitor worker vtunctl; do
	ok "ARCHITECTURE.md knows each module of src/$folder, and no other" listing_is_true $folder
done
finish
