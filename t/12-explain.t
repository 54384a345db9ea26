#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vtunctl explain says what a session would do and runs nothing; vtunctl genpass makes passwords.
. "$(dirname "$0")/lib.sh"

vtunctl=$top_builddir/vtunctl

# explain FILE SESSION: $said and $code.
explain()
{
	code=0
	said=$("$vtunctl" explain "$@" 2>"$scratch/errors.log") || code=$?
}

conf()
{
	(umask 077 && cat >"$scratch/$1.conf")
}

article_files
explain "$scratch/server.conf" wireless2
is "the article's server: accepted" $code 0
like "its command, word by word" "$said" \
	'^  1\. /sbin/ifconfig %% 192\.168\.2\.1 pointopoint 192\.168\.2\.2 mtu 1450$'
like "its type" "$said" '^  type +tun$'
like "its protocol" "$said" '^  proto +udp$'
like "its compression" "$said" '^  compress +lzo:9$'
like "what UDP loses" "$said" '^  reliable +no$'
like "its keepalive" "$said" '^  keepalive +30:4, a peer is lost after 120 s'
explain "$scratch/client.conf" wireless2
is "the article's client: accepted" $code 0
like "its device is known already" "$said" \
	'^  1\. /sbin/ifconfig tun1 192\.168\.2\.2 pointopoint 192\.168\.2\.1 mtu 1450$'
like "its type is the server's to say" "$said" '^  type +not said'
like "it persists" "$said" '^  persist +yes$'
unlike "the password is not shown" "$said" SecretPassword

conf words <<'E'
a {
	passwd one;
	type tun;
	device tun7;
	server 192.0.2.1;
	server 192.0.2.2 6000;
	up {
		ip "link set %% up";
		program /bin/touch "'a  b' '' \%d it\'s %x" wait;
		program "echo %h $(id) \%d";
		firewall "-A INPUT -i %d -s %a -j ACCEPT";
	};
	down { route "del default"; };
}
b { type tun; }
E
explain "$scratch/words.conf" a
is "a file of our own: accepted" $code 0
like "words that need it are quoted as for a shell" "$said" \
	"^  2\. /bin/touch 'a  b' '' %d 'it'\\\\''s' %x\$"
like "the text of a shell is one word" "$said" \
	"^  3\. /bin/sh -c 'echo a \\$\\(id\\) %d'    # not waited for\$"
like "what is not known yet stays as it is written" "$said" \
	'^  4\. /sbin/iptables -A INPUT -i tun7 -s %a -j ACCEPT$'
like "down is there" "$said" '^  1\. /sbin/route del default$'
like "a server with the general port" "$said" '^  server +192\.0\.2\.1 port 5000$'
like "a server with its own" "$said" '^  server +192\.0\.2\.2 port 6000$'
explain "$scratch/words.conf" b
like "a session without a password" "$said" '^  password +none: the session is refused$'
like "and without commands" "$said" '^up: no commands$'

explain "$scratch/words.conf" nobody
is "an unknown session is an error of the configuration" $code 78
like "named as such" "$(cat "$scratch/errors.log")" 'session nobody is not there'
conf broken <<'E'
a { passwd one; type tun; mtu 7; }
E
explain "$scratch/broken.conf" a
is "so is a broken one" $code 78
like "with the place" "$(cat "$scratch/errors.log")" 'broken.conf:1:[0-9]+: error: '
explain "$scratch/nonexistent.conf" a
is "so is a file that is not there" $code 78
ok "without a session: usage" exits 64 "$vtunctl" explain
ok "with too much: usage" exits 64 "$vtunctl" explain a b c

password=$("$vtunctl" genpass)
like "genpass: a password of 28 letters and digits" "$password" '^([a-z0-9]{7}-){3}[a-z0-9]{7}$'
ok "genpass: another one each time" test "$password" != "$("$vtunctl" genpass)"
ok "genpass: usage" exits 64 "$vtunctl" genpass now

finish
