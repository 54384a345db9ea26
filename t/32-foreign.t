#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs that are no VTun 4 meet a server and a client of ours: browsers, ssh, other TLS programs,
# and Debian's vtund 3.0.4.  They learn nothing, each log says who that was, and the article's session
# goes on beside them.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need certtool gnutls-cli gnutls-serv nc ping
peer vtund
own_syslog
hosts_up
article_files

# ---- a session that shall not notice anything

vtund_server server "$scratch/server.conf"
# shellcheck disable=SC2086 # program and options
background bystander on client $VTUND $vtund_flags -f "$scratch/client.conf" wireless2 192.168.1.1
bystander=$!
wait_until 20 tunnel_works >&2
background ping on client ping -q -i 0.2 192.168.2.1
ping=$!

# ---- strangers call on the server, those that take their time all at once

# stranger NAME COMMAND...: with the connection as standard input and output; what the server says is
# in $scratch/NAME.answer.
stranger()
{
	name=$1
	shift
	background "$name" on client sh -c '"$@" | nc 192.168.1.1 5000 >"$0"' "$scratch/$name.answer" "$@"
}

cat >"$scratch/old.conf" <<-EOF
	options { port 5000; }
	wireless2 { passwd SecretPassword; type tun; proto tcp; }
EOF
stranger silence sleep 60
stranger hello sh -c 'printf "\026"; exec sleep 60'
background old-client on client "$peer_path" -n -f "$scratch/old.conf" wireless2 192.168.1.1
stranger http printf 'GET / HTTP/1.1\r\nHost: cobra\r\n\r\n'
http=$!
stranger ssh printf 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'
ssh=$!
stranger legacy printf 'HOST: wireless2\n'
legacy=$!

# turned_away ERE [TIMES]: says the server's log.
turned_away()
{
	[ "$(grep -Ec "^vtun: 192.168.1.2 port [0-9]+: turned away: .*$1" "$scratch/server.log")" = "${2-1}" ]
}

wait $http $ssh $legacy
is "HTTP, ssh and \"HOST:\" get no byte" "$(cat "$scratch/http.answer" "$scratch/ssh.answer" "$scratch/legacy.answer")" ""
ok "HTTP is known by its first letter" wait_until 5 turned_away 'HTTP: this is no web server'
ok "ssh too" wait_until 5 turned_away 'SSH: wrong port\?'
ok "VTun 2 and 3 as well, which are to be upgraded" wait_until 5 turned_away 'old .* VTun protocol.* upgrade it to VTun 4'

# ---- other TLS programs

ours=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CTYPE-ALL:+CTYPE-RAWPK

# What gnutls-cli says about our server.
tls()
{
	on client timeout 20 gnutls-cli --insecure -p 5000 --priority "$@" 192.168.1.1 </dev/null 2>&1
}

like "TLS 1.2 only: alert 40" "$(tls NORMAL:-VERS-ALL:+VERS-TLS1.2)" 'Received alert .40.'
ok "... and a line in the log" wait_until 5 turned_away 'no common TLS 1.3 parameters'
like "certificates only: alert 40" "$(tls NORMAL)" 'Received alert .40.'
like "another ALPN: alert 120" "$(tls $ours --alpn h2)" 'Received alert .120.'
ok "... and a line in the log" wait_until 5 turned_away 'has no vtun/4'
like "no ALPN at all: closed after the handshake" "$(tls $ours)" 'Peer has closed|terminated the connection'
ok "... and a line in the log" wait_until 5 turned_away 'has no vtun/4' 2
like "a TLS that is ours to the letter, and then nothing: no more than that" "$(tls $ours --alpn vtun/4)" \
	'Application protocol: vtun/4'
ok "... and a line in the log" wait_until 5 grep -q 'no session: .*lost: closed by the peer' "$scratch/server.log"

# ---- our client calls on strangers

# greeter PORT TEXT: a server that speaks first.
greeter()
{
	background greeter listen server 192.168.1.1 "$1" sh -c 'printf "$1" >&3; cat <&3 >/dev/null' sh "$2"
}

certtool --generate-privkey --key-type=ed25519 --outfile "$scratch/key" >"$scratch/certtool.log" 2>&1
certtool --load-privkey "$scratch/key" --pubkey-info --outfile "$scratch/pub" >>"$scratch/certtool.log" 2>&1
echo "cn = cobra" >"$scratch/template"
certtool --generate-self-signed --load-privkey "$scratch/key" --template "$scratch/template" \
	--outfile "$scratch/cert" >>"$scratch/certtool.log" 2>&1
greeter 6001 'HTTP/1.1 400 Bad Request\r\n'
greeter 6002 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'
greeter 6003 '\033[31m\001'
background closer listen server 192.168.1.1 6004 true
background x509 on server gnutls-serv --quiet -p 6005 --x509keyfile "$scratch/key" --x509certfile "$scratch/cert"
background h2 on server gnutls-serv --quiet -p 6006 --rawpkkeyfile "$scratch/key" --rawpkfile "$scratch/pub" \
	--priority $ours --alpn h2
sed 's/5000/6007/' "$scratch/old.conf" >"$scratch/old-server.conf"
background old-server on server "$peer_path" -n -s -f "$scratch/old-server.conf"
old_server=$!
for port in 6001 6002 6003 6004 6005 6006 6007; do
	wait_until 10 listens server $port >&2
done

# Once, not for ever.
sed 's/persist yes/persist no/' "$scratch/client.conf" | conf once
calls()
{
	client_fails "$1" "$2" "^vtun: wireless2: no session with 192.168.1.1 port $3: $4" \
		-f "$scratch/once.conf" -P "$3" wireless2 192.168.1.1
}

calls "a web server" 76 6001 'the server does not speak TLS, it says "HTTP/1.1 400 Bad Request": is it VTun 4'
calls "an ssh server" 76 6002 'the server does not speak TLS, it says "SSH-2.0-OpenSSH_9.2p1 Debian-2": is it'
calls "a server of escape sequences" 76 6003 'the server does not speak TLS: is it VTun 4'
calls "a port that closes at once" 75 6004 'the connection to the server was lost: closed before TLS .*log over there'
calls "a TLS server with a certificate" 76 6005 'no TLS session with the server: .* .alert 43.: is it VTun 4'
calls "a TLS server with another ALPN" 76 6006 'no TLS session with the server: .*has no vtun/4: is it VTun 4'
calls "VTun 3" 76 6007 'the server speaks the old unencrypted VTun protocol, .*upgrade it to VTun 4'
ok "... which has heard no name" wait_until 5 grep -q 'Denied connection from 192.168.1.2' "$scratch/syslog.log"
end $old_server

# ---- those that take their time

ok "the silent and VTun 3's client are told after 10 s, says the log" wait_until 30 turned_away 'sent nothing.*VTun 2 or 3' 2
is "... in the 50 bytes that an old client waits for" \
	"$(tr '\0' . <"$scratch/silence.answer")" "ERR: VTun 4 server, TLS required, upgrade client
."
ok "... and VTun 3 says that it was denied" wait_until 5 grep -q 'Connection denied by 192.168.1.1' "$scratch/syslog.log"
ok "a TLS client that stops is left after 15 s" wait_until 30 turned_away 'no TLS session .* within 15 s'
is "... without a byte" "$(cat "$scratch/hello.answer")" ""

# ---- and all the while

kill -INT $ping
wait $ping 2>/dev/null
pinged=$(sed -n 's/\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' "$scratch/ping.log")
ok "the article's session has carried its pings all the while" [ "${pinged% *}" -ge 20 ]
ok "... all of them (the last may have been on its way)" [ "${pinged#* }" -ge "$((${pinged% *} - 1))" ]
is "... and is still the same" "$(grep -c 'session up' "$scratch/bystander.log")" 1
is "no stranger has made a server fail" "$(grep 'died with' "$scratch/server.log" | grep -v 'code 0$')" ""
end $bystander
ok "nothing is left" wait_until 10 nothing_left
finish
