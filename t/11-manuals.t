#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The manuals are well-formed.
. "$(dirname "$0")/lib.sh"
need mandoc

# Whether other manuals are installed here is no concern of ours.
lint()
{
	! mandoc -T lint -W style "$1" | grep -v 'STYLE: referenced manual not found'
}

for manual in "$top_srcdir"/man/*.[1-8]; do
	ok "$(basename "$manual")" lint "$manual"
done
finish
