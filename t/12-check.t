#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vtunctl check: what it says of a file, how it says it, and its exit codes.
. "$(dirname "$0")/lib.sh"

vtunctl=$top_builddir/vtunctl
conf=$top_srcdir/t/data/conf
umask 077

# check_conf TEXT: the text, as printf understands it, through the checker; its last line is the exit
# code.
check_conf()
{
	# shellcheck disable=SC2059
	printf "$1" >"$scratch/t.conf"
	(cd "$scratch" && "$vtunctl" check --file-only t.conf; echo "exit $?")
}

says()
{
	is "$1" "$(check_conf "$2")" "$3"
}

good='t.conf: in good order
exit 0'

# ---- whole files, each with what is to be said of it

# They are private, whatever the working copy's modes and owners are.
mkdir "$scratch/conf"
install -m 600 "$conf"/*.conf "$scratch/conf"
for file in "$conf"/*.conf; do
	name=$(basename "$file" .conf)
	is "$name.conf" "$(cd "$scratch/conf" && "$vtunctl" check --file-only "$name.conf"; echo "exit $?")" \
		"$(cat "$conf/$name.expected")"
done

article_files
server=$("$vtunctl" check --file-only "$scratch/server.conf")
if "$vtunctl" --version | grep -q lzo; then
	like "the article's server file is in good order" "$server" ': in good order$'
else
	like "the article's server file needs liblzo2" "$server" ':16:9: error: this build has no liblzo2'
fi
is "the article's client file is in good order" \
	"$(cd "$scratch" && "$vtunctl" check --file-only client.conf)" \
	"client.conf: in good order"

install -m 600 "$top_srcdir/conf/vtund.conf" "$scratch"
is "the example that is installed is in good order" \
	"$(cd "$scratch" && "$vtunctl" check --file-only vtund.conf)" "vtund.conf: in good order"

# ---- bytes that an editor would spoil

says "an empty file is valid" '' "$good"
says "CR LF" 'a\r\n{\r\n  passwd x;\r\n  up {\r\n    ip "a";\r\n  };\r\n}\r\n' "$good"
says "a byte-order mark" '\357\273\277options { port 5000; }\n' "$good"
says "no newline at the end" 'a { passwd x }' "$good"
says "places behind a byte-order mark" '\357\273\277optoins;\n' \
	't.conf:1:1: error: NAME { is expected here, options { or default {; does a } above close too early?
t.conf: 1 error, 0 warnings
exit 78'
says "a NUL byte is a binary file" 'a { passwd x; }\n\000' 't.conf:2:1: error: a NUL byte: this is a binary file
t.conf: 1 error, 0 warnings
exit 78'
long=$(printf '%04090d' 0)
says "a long comment is no long line" "a { passwd x; } #${long}0000000\r\n" "$good"
says "4,097 are too many, and the next line is read" "a { passwd $long; }\n}\nb { passwd y; tipe x; }\n" \
	't.conf:1:4097: error: the line is longer than 4096 bytes: break it
t.conf:3:15: error: unknown option "tipe": did you mean "type"?
t.conf: 2 errors, 0 warnings
exit 78'

# ---- a terminal

# What a terminal would get; script(1) gives the command one.
on_terminal()
{
	# shellcheck disable=SC2059
	printf "$1" >"$scratch/t.conf"
	(cd "$scratch" && script -qec "$vtunctl check --file-only t.conf" /dev/null </dev/null | tr -d '\r')
}

if command -v script >/dev/null; then
	is "on a terminal the line is shown, with a caret" \
		"$(on_terminal 'a {\n\tpasswd hunter2; tipe tun;\n}\n')" \
		't.conf:2:18: error: unknown option "tipe": did you mean "type"?
	passwd *******; tipe tun;
	                ^
t.conf: 1 error, 0 warnings'
	is "the caret counts characters, and no control character gets through" \
		"$(on_terminal 'a { device "\303\244\033[2J"; tipe x; }\n' | tail -n 3 | head -n 2)" \
		'a { device "ä?[2J"; tipe x; }
                    ^'
	is "a file in good order is told in one line" "$(on_terminal '')" 't.conf: in good order'
else
	verdict 0 "on a terminal # SKIP script(1) is not installed"
fi

# ---- who can get at the file

refused='0 errors, 1 warning
exit 0'
printf 'a { passwd x; }\n' >"$scratch/t.conf"
chmod 640 "$scratch/t.conf"
like "a mode that lets others at a password is a warning" "$("$vtunctl" check "$scratch/t.conf")" \
	'warning: holds passwords, and its mode 0640 .*chmod 600'
for flag in "" --file-only; do
	# shellcheck disable=SC2086 # one flag, or none
	is "... which does not change the exit code ${flag:+with }$flag" \
		"$(cd "$scratch" && "$vtunctl" check $flag t.conf; echo "exit $?")" \
		"t.conf: warning: holds passwords, and its mode 0640 lets others at it; vtund refuses that: chmod 600 t.conf
t.conf: $refused"
done
printf 'a { pass_file /nowhere; }\n' >"$scratch/t.conf"
chmod 664 "$scratch/t.conf"
is "one that lets others change the file, too, if there is no password in it" \
	"$(cd "$scratch" && "$vtunctl" check --file-only t.conf; echo "exit $?")" \
	"t.conf: warning: its mode 0664 lets others change it; vtund refuses that: chmod go-w t.conf
t.conf: $refused"
chmod 644 "$scratch/t.conf"
is "to read it is good" "$(cd "$scratch" && "$vtunctl" check --file-only t.conf; echo "exit $?")" "$good"
if [ "$(id -u)" = 0 ]; then
	install -m 755 "$vtunctl" "$scratch" # the build may be in a home that is closed
	chown 4711 "$scratch/t.conf"
	is "the file of another user is a warning" \
		"$(cd "$scratch" && "$vtunctl" check --file-only t.conf; echo "exit $?")" \
		"t.conf: warning: belongs to user id 4711, not to root; vtund refuses that: chown root t.conf
t.conf: $refused"
	is "one's own is good" "$(cd "$scratch" &&
		setpriv --reuid=4711 --clear-groups ./vtunctl check --file-only t.conf; echo "exit $?")" "$good"
	chown 0 "$scratch/t.conf"
	is "so is root's" "$(cd "$scratch" &&
		setpriv --reuid=4711 --clear-groups ./vtunctl check --file-only t.conf; echo "exit $?")" "$good"
else
	verdict 0 "the files of others # SKIP only root can give files away"
fi

# ---- the manual

# listed IN-C: the keywords of that block; manual SECTION: those that have an entry there.
listed()
{
	sed -n "/^static const struct option in_$1\[/,/^};/p" "$top_srcdir/src/monitor/confopts.c" |
		sed -n 's/^\t{ "\([a-z_0-9]*\)".*/\1/p' | sort -u
}

manual()
{
	sed -n "/^\.Sh $1\$/,/^\.Sh /s/^\.It Ic //p" "$top_srcdir/man/vtund.conf.5" | sed 's/ [A-Z].*//' |
		tr -s ' ,' '\n\n' | grep -E '^[a-z][a-z_0-9]*$' | sort -u
}

is "vtund.conf(5) has the options of options { }, and no others" "$(manual "GENERAL OPTIONS")" "$(listed options)"
is "... those of a session" "$(manual "SESSION OPTIONS")" "$(listed session)"
is "... the commands" "$(manual COMMANDS)" "$(listed commands)"

# ---- the command line

ok "a missing file is exit code 78" exits 78 "$vtunctl" check "$scratch/missing.conf"
like "and said" "$("$vtunctl" check "$scratch/missing.conf" 2>&1)" 'missing.conf cannot be read: No such file'
ok "a directory too" exits 78 "$vtunctl" check "$scratch"
ok "two files are a usage error" exits 64 "$vtunctl" check a b
ok "so is an unknown flag" exits 64 "$vtunctl" check --nonsense
ok "and an unknown command" exits 64 "$vtunctl" nonsense
ok "and none" exits 64 "$vtunctl"
like "--help names the commands" "$("$vtunctl" --help)" '^  check '
like "--version" "$("$vtunctl" --version)" '^vtunctl [0-9]'
finish
