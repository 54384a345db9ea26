#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What cannot work ends at once, with the exit code for it and one sentence that names the thing and
# the next step; and on the wire nobody learns which names exist.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need nft perl
hosts_up

conf good <<-EOF
	s { passwd walrus; type tun; }
	broken { passwd walrus; type tun; kepalive yes; }
	odd { passwd walrus; frobnicate yes; }
	bare { type tun; }
	filed { pass_file /nowhere; }
	guess { passwd swordfish; type tun; }
	nobody_knows_this { passwd swordfish; type tun; }
	ether { passwd walrus; type ether; }
	udp { passwd walrus; type tun; proto udp; }
	long { passwd walrus; type tun; device sixteen-letters-; }
	slash { passwd walrus; type tun; device tun/0; }
	speedy { passwd walrus; type tun; speed fast; }
	held { passwd walrus; type tun; device held0; }
	keyed { passwd walrus; type tun; auth key; }
	pinned { passwd walrus; type tun; serverkey ed25519:AAAA; }
	certified { passwd walrus; type tun; ca /etc/ssl/cert.pem; }
EOF
good=$scratch/good.conf

# ---- the file

client_fails "no file" 78 'vtun: /nowhere cannot be read: No such file.*-f$' -f /nowhere s 192.168.1.1
client_fails "a directory" 78 "vtun: $scratch cannot be read: Is a directory" -f "$scratch" s 192.168.1.1
cp "$good" "$scratch/closed.conf"
chmod 000 "$scratch/closed.conf"
client_under="setpriv --bounding-set=-dac_override,-dac_read_search"
client_fails "an unreadable file" 78 'closed.conf cannot be read: Permission denied: .*mode' \
	-f "$scratch/closed.conf" s 192.168.1.1
client_under=
cp "$good" "$scratch/open.conf"
chmod 644 "$scratch/open.conf"
client_fails "a file with passwords that the world can read" 78 "holds passwords.*chmod 600 $scratch/open.conf" \
	-f "$scratch/open.conf" s 192.168.1.1
echo "s { pass_file /nowhere; }" >"$scratch/shared.conf"
chmod 664 "$scratch/shared.conf"
client_fails "a file that others can change" 78 \
	"shared.conf: error: its mode 0664 lets others change it: chmod go-w $scratch/shared.conf" \
	-f "$scratch/shared.conf" s 192.168.1.1
if [ -z "$vtund_flags" ]; then
	chmod 600 "$scratch/shared.conf"
	chown 4711 "$scratch/shared.conf"
	client_fails "a file of another user" 78 \
		"shared.conf: error: belongs to user id 4711, not to root: chown root $scratch/shared.conf" \
		-f "$scratch/shared.conf" s 192.168.1.1
fi
client_fails "a broken section" 78 'good.conf:2:35: error: unknown option "kepalive": did you mean "keepalive"\?' \
	-f "$good" broken 192.168.1.1
client_fails "an option that resembles none" 78 'good.conf:3:22: error: unknown option "frobnicate"$' \
	-f "$good" odd 192.168.1.1
client_fails "a device name of 16 bytes" 78 'good.conf:10:40: error: "device" takes 1 to 15 bytes' \
	-f "$good" long 192.168.1.1
client_fails "a device name with a slash" 78 'good.conf:11:41: error: "device" takes .* without /' \
	-f "$good" slash 192.168.1.1
client_fails "a speed of nonsense" 78 'good.conf:12:41: error: "speed" takes kbit/s' -f "$good" speedy 192.168.1.1
client_fails "auth key, beside a password" 78 'good.conf:14:39: error: this version authenticates by password alone' \
	-f "$good" keyed 192.168.1.1
client_fails "a serverkey" 78 'good.conf:15:35: error: "serverkey": .*by password alone: take it out' \
	-f "$good" pinned 192.168.1.1
client_fails "a ca" 78 'good.conf:16:38: error: "ca": .*by password alone: take it out' \
	-f "$good" certified 192.168.1.1
client_fails "no such session" 78 "vtun: missing: there is no such session in $good" -f "$good" missing 192.168.1.1
client_fails "a session without a password" 78 'vtun: bare: the session has no password: passwd SECRET; or' \
	-f "$good" bare 192.168.1.1
client_fails "a pass_file that is not there" 78 'vtun: filed: pass_file /nowhere cannot be used: No such file' \
	-f "$good" filed 192.168.1.1
echo walrus >"$scratch/secret"
chmod 644 "$scratch/secret"
echo "s { pass_file $scratch/secret; }" | conf filed
client_fails "a pass_file that others can read" 78 \
	"vtun: s: pass_file $scratch/secret cannot be used: its mode 0644 lets others at it: chmod 600 $scratch/secret" \
	-f "$scratch/filed.conf" s 192.168.1.1
client_fails "no server" 78 'vtun: s: which server.*command line.*VTUN_SERVER=.*server HOST;' -f "$good" s
client_fails "one word too many" 64 'vtun: c: one session and one server are enough; see vtund --help' a b c

# ---- the way there

client_fails "no route" 69 'vtun: s: cannot connect to 10.9.9.9 port 5000: Network is unreachable.*route' \
	-f "$good" s 10.9.9.9
client_fails "a port where nobody listens" 69 'cannot connect to 192.168.1.1 port 5000: Connection refused.*listen' \
	-f "$good" s 192.168.1.1
on server nft -f - <<-EOF
	table inet filter {
		chain input {
			type filter hook input priority 0
			tcp dport 5001 drop
		}
	}
EOF
client_fails "a port that is filtered" 69 'cannot connect to 192.168.1.1 port 5001: Connection timed out.*firewall' \
	-f "$good" -P 5001 -t 2 s 192.168.1.1
echo "hosts: files dns" >"$scratch/nsswitch.conf"
on client mount --bind "$scratch/nsswitch.conf" /etc/nsswitch.conf
client_fails "no name server answers" 75 'connect to cobra.invalid port 5000: Temporary failure.*resolv.conf' \
	-f "$good" s cobra.invalid
echo "hosts: files" >"$scratch/nsswitch.conf"
client_fails "an unknown host" 68 'connect to cobra.invalid port 5000: Name or service not known.*name right' \
	-f "$good" s cobra.invalid

# ---- the server's file

sed 's/swordfish/porpoise/; /nobody/d; s/type ether/type tun/; s/proto udp/proto tcp/' "$good" | conf server
sed 's/kepalive/keepalive/; s/bare {/& passwd walrus;/; s/pass_file.*;/passwd walrus;/
	s/device [st][^;]*;//; s/speed fast;//; s/auth key;//; s/serverkey[^;]*;//; s/ca [^;]*;//' "$good" | conf client
client=$scratch/client.conf
vtund_server server "$scratch/server.conf"
chmod 644 "$scratch/server.conf"
client_fails "passwords that the world can read on the server" 75 'closed before TLS.*log over there' \
	-f "$client" s 192.168.1.1
server_ends 78 'server.conf: error: holds passwords.*chmod 600'
mv "$scratch/server.conf" "$scratch/away.conf"
client_fails "no file on the server" 75 'closed before TLS' -f "$client" s 192.168.1.1
server_ends 78 'server.conf cannot be read: No such file'
install -m 600 "$scratch/away.conf" "$scratch/server.conf"

# ---- the login

# What somebody sees who watches the line.
seen()
{
	"$top_srcdir/t/tools/tls-records" 5000 <"$scratch/$1.pcap"
}

all_seen()
{
	[ "$(seen "$1" | grep -c end)" = 2 ]
}

failure="vtun: auth failure from 192.168.1.2 port [0-9]+: session"
for case in "guess wrong password" "nobody_knows_this there is no such session" \
	"broken .*section.* is broken" "bare .* no password" "filed .*pass_file cannot be used"; do
	name=${case%% *}
	(on_by='exec' && on client "$top_srcdir/t/tools/capture" eth1) \
		>"$scratch/$name.pcap" 2>"$scratch/$name.log" &
	capture=$!
	wait_until 10 grep -q "listening on" "$scratch/$name.log" >&2
	client_fails "$name" 77 "^vtun: $name: no session with 192.168.1.1 port 5000: authentication failed: .*log says which" \
		-f "$client" "$name" 192.168.1.1
	server_ends 0 "^$failure $name: ${case#* }"
	wait_until 10 all_seen "$name" >&2
	end $capture
done
ok "the server's log has the place of the broken section" \
	grep -q 'server.conf:2:35: error: unknown option "kepalive": did you mean' "$scratch/server.log"
for case in "long device" "slash device" "speedy speed"; do
	name=${case% *}
	client_fails "$name, in the server's file" 77 'authentication failed: .*log says which' \
		-f "$client" "$name" 192.168.1.1
	server_ends 0 "^$failure $name: .*section.* is broken"
	like "... and has the place" "$(grep 'server.conf:' "$scratch/server.log" | tail -n 1)" \
		"server.conf:[0-9]*:[0-9]*: error: \"${case#* }\" takes"
done
# Whoever asked for more than a password never gets a session by a password alone.
client_fails "keyed, in the server's file" 77 'authentication failed: .*log says which' \
	-f "$client" keyed 192.168.1.1
server_ends 0 "^$failure keyed: .*section.* is broken"
like "... and says why" "$(grep 'server.conf:' "$scratch/server.log" | tail -n 1)" \
	'server.conf:13:[0-9]+: error: .*by password alone: write "auth pass"'
wrong=$(seen guess)
is "a login: TLS's two, AUTH_INIT, AUTH_CONF, close_notify" "$(echo "$wrong" | grep -c '^S 2[23]')" 5
for name in nobody_knows_this broken bare filed; do
	is "... who watches the line cannot tell $name from a wrong password" "$(seen $name)" "$wrong"
done
like "... and why the pass_file cannot be used" "$(cat "$scratch/server.log")" \
	'^vtun: filed: pass_file /nowhere cannot be used: No such file'
unlike "nobody's password is in a log" "$(cat "$scratch"/*.log)" 'swordfish|porpoise|walrus'

# ---- after it

client_fails "two files that disagree" 78 'the two configurations disagree: .*client says type ether, the server type tun' \
	-f "$client" ether 192.168.1.1
server_ends 78 'vtun: ether: no session with .*the client does not accept the terms: .*type ether'
client_fails "... about proto" 78 'the two configurations disagree: .*client says proto udp, the server proto tcp' \
	-f "$client" udp 192.168.1.1
server_ends 78 'vtun: udp: no session with .*the client does not accept the terms: .*proto udp'

# holds SIDE: another program there has the device of session "held".
holds()
{
	background holder on "$1" perl -e 'open my $tun, "+<", "/dev/net/tun" or die $!;
		ioctl $tun, 0x400454ca, my $ifreq = pack "a16 s x22", "held0", 0x1001 or die $!; sleep'
	holder=$!
	wait_until 10 on "$1" ip link show held0 >&2
}

holds client
client_fails "the client's device is in use" 71 'device held0 is in use by another program .*choose another name' \
	-f "$client" held 192.168.1.1
server_ends 75 'vtun: held: no session with .*the client ended it: .*no tun device: Device or resource busy'
end $holder
holds server
client_fails "the server's device is in use" 75 'the server ended it: .*no tun device: Device or resource busy' \
	-f "$client" held 192.168.1.1
server_ends 71 'vtun: held: no session with .*device held0 is in use by another program'
end $holder
vtund_client client "$client" s
ok "between broken sections a good one works" wait_until 10 grep -q 'session up' "$scratch/client.log"
end "$client_pid"
ok "nothing is left" wait_until 10 nothing_left
finish
