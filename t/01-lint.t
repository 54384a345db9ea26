#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Scripts and manual pages are clean for shellcheck, perl and mandoc, and the pages that are referred
# to exist.
. "$(dirname "$0")/lib.sh"
need shellcheck mandoc perl
cd "$top_srcdir" || exit

# Files whose first line is "#!...NAME", and the shell libraries.
scripts()
{
	find bootstrap check demo .ci bench fuzz t -type f 2>/dev/null | while read -r file; do
		case $(head -n 1 "$file" | tr -d '\0') in
		'#!'*"$1"*) echo "$file" ;;
		esac
	done
}
# Pages that are no link to another.
pages()
{
	grep -L '^\.so ' man/*.[1-8]
}

# Debian's /bin/sh is dash, which has "local" and "-nt".
shellcheck_all()
{
	scripts sh | xargs -n 4 -P "$(nproc)" shellcheck -s dash -S warning
}
ok "shellcheck finds nothing in the shell scripts" shellcheck_all
# Variables of a library are given by its caller, and for it.
ok "... nor in the tests' libraries" shellcheck -s dash -S warning -e SC2034,SC2154 t/*.sh
for script in $(scripts perl); do
	ok "perl finds nothing in $script" perl -wc "$script"
done
# Which other manuals are installed here is no concern of ours.
clean_page()
{
	! mandoc -T lint -W style "$1" | grep -vE 'referenced manual not found|^mandoc: outdated mandoc.db'
}
for page in $(pages); do
	ok "mandoc finds nothing in $page" clean_page "$page"
done

page_exists()
{
	page=${1#man:}
	test -s "man/${page%(*}.$(echo "$page" | sed 's/.*(\([1-8]\))/\1/')"
}
# A test that is not in Makefile.am is never run.
in_the_suite()
{
	sed -n '/^SCRIPT_TESTS =/,/[^\\]$/p' Makefile.am | grep -qE "^[[:space:]]$1( \\\\)?\$"
}
for script in t/*.t; do
	ok "$script is in the suite" in_the_suite "$script"
done

# doc/PROTOCOL.md, "Abuse cases": each is a test, which has its number in its name.
cases_without_test()
{
	grep -hoE '\b[TU][0-9]+\b' t/*.t | sort -u >"$scratch/tested"
	sed -n '/^## 15\./,/^## 16\./p' doc/PROTOCOL.md | sed -n 's/^| \([TU0-9, ]*\) |.*/\1/p' | tr -d ' ' |
		tr ',' '\n' | grep . | sort -u >"$scratch/cases"
	diag "$(wc -l <"$scratch/cases") abuse cases"
	comm -13 "$scratch/tested" "$scratch/cases"
}
is "each abuse case of doc/PROTOCOL.md has a test" "$(cases_without_test)" ""
is "... and there are 60 of them" "$(wc -l <"$scratch/cases")" 60
# SECURITY.md says where each of its promises is tested.
tests_that_are_not_there()
{
	grep -oE '`(t|fuzz)/[a-z0-9_/.-]+`' SECURITY.md | tr -d '`' | sort -u | while read -r file; do
		[ -e "$file" ] || [ -e "$file.c" ] || echo "$file"
	done
}
is "the tests that SECURITY.md names are there" "$(tests_that_are_not_there)" ""

grep -hoE 'man:[^ )]*\([1-8]\)' units/*.in units/*.timer | sort -u >"$scratch/named"
while read -r page; do
	ok "the units name a page that exists: $page" page_exists "$page"
done <"$scratch/named"
for page in man/*.[1-8]; do
	target=$(sed -n '1s,^\.so man[1-8]/,man/,p' "$page")
	[ -z "$target" ] || ok "$page leads to $target" test -s "$target"
done
finish
