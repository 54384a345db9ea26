#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# type pipe and type tty: programs talk to each other through the tunnel as through a pipe or a serial
# line, and what ends there ends here.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need perl tar
hosts_up
mkdir -m 777 "$scratch/out"

# session SIDE TYPE UP [OPTION...]
session()
{
	side=$1 type=$2 up=$3
	shift 3
	conf "$side" <<-EOF
		options { ppp $scratch/pppd; }
		s {
		  passwd secret;
		  type $type;
		  up { $up };
		  down { program "echo down >>$scratch/$side.down" wait; };
		  $*
		}
	EOF
}

# runs: one session of the two files, from the beginning to its end; $status is the client's.
runs()
{
	: >"$scratch/client.log"
	: >"$scratch/server.log"
	rm -f "$scratch"/*.down
	vtund_server server "$scratch/server.conf"
	vtund_client client "$scratch/client.conf" s
	status=0
	wait "$client_pid" 2>/dev/null || status=$?
	wait_until 10 nothing_left >&2
	end "$server_pid"
}

# ended WHAT: both sides in good order.
ended()
{
	is "$1: the client ends with 0" "$status" 0
	ok "... the server too" served "$(newest_served)" 0
	is "... down has run once on each side" "$(cat "$scratch/client.down" "$scratch/server.down")" \
		"down
down"
}

says()
{
	grep -q -e "$2" "$scratch/$1.log"
}

# packed SIDE: the percentage that the final record names.
packed()
{
	sed -n 's/.*session ended.*compressed [0-9]* bytes to [0-9]* (\([0-9]*\) %).*/\1/p' "$scratch/$1.log"
}

# ---- pipe

mkdir "$scratch/tree" "$scratch/copy"
perl -e 'open my $r, "<", "/dev/urandom"; for (1 .. 4) { open my $f, ">", "$ARGV[0]/$_"; read $r, my $x,
	1 << 20; print $f $x, "line $_\n" x 300_000 }' "$scratch/tree"
ln -s 1 "$scratch/tree/link"
: >"$scratch/tree/empty"

session server pipe "program \"tar cf - -C $scratch/tree .\";"
session client pipe "program \"tar xf - -C $scratch/copy\";"
runs
ended "tar from the server to the client"
ok "... the tree is the same" diff -r --no-dereference "$scratch/tree" "$scratch/copy"
for side in server client; do
	ok "... and the $side's log tells the exit status of tar" says "$side" 's: up: sh: exit status 0'
done

# Each level with one of the two types, the extremes with both; see below.
for comp in zlib:1 zlib:3 zlib:5 zlib:7 zlib:9 lzo:1 lzo:2 lzo:4 lzo:6 lzo:8 lzo:9; do
	rm -rf "$scratch/copy"
	mkdir "$scratch/copy"
	session server pipe "program \"tar xf - -C $scratch/copy\";" "compress $comp;"
	session client pipe "program \"tar cf - -C $scratch/tree .\";"
	runs
	ended "tar to the server, compress $comp"
	ok "... the tree is the same" diff -r --no-dereference "$scratch/tree" "$scratch/copy"
	ratio=$(packed client)
	ok "... the final record says how small it became ($ratio %)" \
		test "${ratio:-0}" -gt 30 -a "${ratio:-100}" -lt 50
done

cat >"$scratch/ask" <<'PERL'
#!/usr/bin/perl
open my $out, '>', $ARGV[0];
$| = 1;
print "pear\napple\n";
shutdown STDOUT, 1;
print $out $_ while <STDIN>;
PERL
chmod 755 "$scratch/ask"
session server pipe 'program /usr/bin/sort "";'
session client pipe "program $scratch/ask \"$scratch/out/sorted\";"
runs
ended "half a close"
is "... crosses, and the answer comes back" "$(cat "$scratch/out/sorted")" "apple
pear"

session server pipe 'program "cat >/dev/null; exit 3";'
session client pipe 'program "echo something";'
runs
ended "a program fails"
ok "... and the log says with which status" says server 'up: sh: exit status 3'

# Longer than three times the keepalive.
session server pipe "program \"sleep 4; head -c 1000000 | wc -c >$scratch/out/size\";" 'keepalive 1:1;'
session client pipe 'program "yes";'
runs
ended "one side floods, the other does not read for a while and then goes"
is "... what it reads at last is there" "$(cat "$scratch/out/size")" 1000000
ok "... and who floods ends as with any pipe" says client 'up: sh: \(killed by signal 13\|exit status [1-9]\)'

session server pipe "program \"cat >/dev/null; sleep 1; echo late >$scratch/out/late\";"
session client pipe 'program "echo something";'
runs
is "a program that works on after the end is waited for" "$(cat "$scratch/out/late")" late

session server pipe 'program "trap : HUP; sleep 1000";'
session client pipe 'program "sleep 1000";'
: >"$scratch/client.log"
: >"$scratch/server.log"
vtund_server server "$scratch/server.conf"
vtund_client client "$scratch/client.conf" s
wait_until 10 says client 'session up' >&2
end "$client_pid"
is "TERM ends a client whose program does not end" $? 0
kill "$(newest_served)"
ok "... and a server" wait_until 15 nothing_left
ok "... the log says by what" says server 'up: sh: still runs, and is ended'
end "$server_pid"

# What has arrived stays, what is missing is no end of file that both sides have agreed on.
session server pipe "program \"cat >$scratch/out/part\";"
session client pipe 'program "yes";'
: >"$scratch/client.log"
: >"$scratch/server.log"
vtund_server server "$scratch/server.conf"
vtund_client client "$scratch/client.conf" s
wait_until 10 test -s "$scratch/out/part" >&2
kill -KILL "$(pgrep -P "$client_pid" -x vtun-worker)"
status=0
wait "$client_pid" 2>/dev/null || status=$?
is "a peer that closes half-way: its own exit status is 70" $status 70
server_ends 75 's: session ended.*: the connection to the client was lost'
ok "... no program of it is left" wait_until 10 not pgrep -x yes
ok "... nor anything else" wait_until 10 nothing_left
end "$server_pid"

session server pipe 'program "exit 0";'
session client tun ''
runs
is "type pipe there, tun here: the client ends with 78" "$status" 78

# ---- tty: a stand-in for pppd, as not every kernel has PPP

cat >"$scratch/pppd" <<'PERL'
#!/usr/bin/perl
use POSIX;
my $all = join '', map chr, 0 .. 255;
my ($dir, $side, $device) = @ARGV;
open my $out, '>', "$dir/$side" or die;
print $out join('|', @ARGV[3 .. $#ARGV]), "\n";
print $out "stdin is the terminal $device\n" if ttyname(0) eq $device && ttyname(1) eq $device;
print $out "which controls it\n" if open my $tty, '<', '/dev/tty';
# LCP: Configure-Request, no options (RFC 1661, 5.1), in a frame (RFC 1662, 3.1), and all bytes there are.
my $frame = "\x7e\xff\x03\xc0\x21\x01\x01\x00\x04\xd1\xb5\x7e";
syswrite STDOUT, $frame . $all;
my $got = '';
my $all_of_it = length "$frame$all";
while (length $got < $all_of_it) { sysread(STDIN, $got, $all_of_it - length $got, length $got) or last }
print $out "the peer's bytes came as they were\n" if $got eq "$frame$all";
print STDERR "a word for the log\n";
$SIG{HUP} = sub { print $out "hung up\n"; close $out; exit 5 };
if ($side eq 'server') { syswrite STDOUT, '.' ; sysread(STDIN, $got, 1) }
else { sysread(STDIN, $got, 1); close $out; exit 16 }
sleep 20;
PERL
chmod 755 "$scratch/pppd"
for comp in no zlib:1 zlib:2 zlib:4 zlib:6 zlib:8 zlib:9 lzo:1 lzo:3 lzo:5 lzo:7 lzo:9; do
	for side in server client; do
		session $side tty "ppp \"$scratch/out $side %% 10.0.0.1:10.0.0.2 'two words' mru\\ 1400\";" \
			"compress $comp;"
	done
	runs
	ended "tty, compress $comp"
	is "... ppp has its arguments, its terminal and its peer" "$(sed 's,pts/[0-9]*,pts/n,' "$scratch/out/client")" \
		"10.0.0.1:10.0.0.2|two words|mru 1400
stdin is the terminal /dev/pts/n
which controls it
the peer's bytes came as they were"
	like "... and so on the server, which is hung up at last" \
		"$(tr '\n' ' ' <"$scratch/out/server")" \
		'^10.0.0.1:10.0.0.2\|two words\|mru 1400 stdin is the terminal /dev/pts/[0-9]+ which controls it the peer.s bytes came as they were hung up $'
	ok "... its stderr is in the log" says client 's: up: ppp: a word for the log'
	ok "... and its exit status" says client 's: up: ppp: exit status 16'
	ok "... and the server's" says server 's: up: ppp: exit status 5'
	[ $comp = no ] || ok "... and what it was packed into" [ -n "$(packed client)" ]
done

# A program that opens the terminal by its name.
session server tty "program \"exec <%% >%%; read word; echo back:\$word; read hang_up\" ;"
session client tty "program \"echo hello; read word; echo \$word >$scratch/out/word\" ;"
runs
is "a program on the slave talks across" "$(cat "$scratch/out/word")" back:hello

session server tty "program \"read word; stty size <%% >$scratch/out/peer-size; echo done\";"
cat >"$scratch/resize" <<-EOF
	exec 3>$scratch/out/terminal
	stty size >&3
	trap 'echo told >&3' WINCH
	stty rows 40 cols 100
	stty size >&3
	echo ready
	read word
EOF
session client tty "program \"sh $scratch/resize\";"
runs
is "the size of a terminal is unknown until a program sets it, which others on it are told" \
	"$(cat "$scratch/out/terminal")" "0 0
told
40 100"
is "... and does not cross" "$(cat "$scratch/out/peer-size")" "0 0"
finish
