#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The UDP port of a server under attack: forged, repeated, damaged and flooding datagrams, and authentic
# ones that are not what they should be.  None of strangers' is answered, each is counted, the path lives
# on, and the session next door does not notice.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
hostile=$top_builddir/t/tools/hostile
[ -x "$hostile" ] || skip_all "t/tools/hostile is not built: make check"
need ping
for program in hostile hasty-worker worn-worker; do
	install -m 755 "$top_builddir/t/tools/$program" "$own_world/bin"
done
hosts_up
# A source for each case, as each is a stranger to the others.
on server ip route add 10.9.0.0/24 via 192.168.1.2
on client ip route add local 10.9.0.0/24 dev lo
{
	echo "default { type tun; proto udp; multi yes; keepalive 20:4; }"
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 16 19 20; do
		echo "u$n { passwd secret; }"
	done
	echo 'u17 { passwd secret; up { ip "address add 10.78.0.1 peer 10.78.0.2 dev %d"; ip "link set %d up"; }; }'
	echo 'bystander { passwd secret; up { ip "address add 192.168.2.1 peer 192.168.2.2 dev %d"; ip "link set %d up"; }; }'
} | conf server
conf client <<-EOF
	bystander { passwd secret; type tun; proto udp; up { ip "address add 192.168.2.2 peer 192.168.2.1 dev %d"; ip "link set %d up"; }; }
EOF
vtund_server server "$scratch/server.conf"

# server_with WORKER PORT: another listener, whose workers have other limits.
server_with()
{
	# shellcheck disable=SC2086 # program and options
	background server listen server 192.168.1.1 "$2" "$own_world/bin/vtund" --worker="$own_world/bin/$1" \
		$vtund_flags -f "$scratch/server.conf"
	wait_until 10 listens server "$2" >&2
}
server_with hasty-worker 5001
server_with worn-worker 5002

vtund_client client "$scratch/client.conf" bystander
bystander=$client_pid
bystander_up()
{
	tunnel_works && grep -q "data goes over UDP" "$scratch/client.log"
}
ok "a bystander's session is up, over UDP" wait_until 10 bystander_up
background ping on client ping -i 0.2 192.168.2.1
ping_pid=$!

n=0
# attack CASE [PORT]: from an address of its own.
attack()
{
	on client "$own_world/bin/hostile" 192.168.1.1 "${2-5000}" "10.9.0.$n" "$1" \
		>"$scratch/$1.out" 2>"$scratch/$1.rates"
}

# record SESSION: what its end said about datagrams.
record()
{
	sed -n "s/^vtun: $1: session ended .* received [0-9]* in [0-9]*\(.*\)/\1/p" "$scratch/server.log"
}
recorded()
{
	record "$1" | grep -Eq "$2"
}

# withstands CASE PRINTED RECORD NAME [PORT]
withstands()
{
	n=$((n + 1))
	attack "$1" "${5-5000}"
	is "$4" "$(sed 's/ *$//' "$scratch/$1.out")" "$2"
	ok "... and counted: $3" wait_until 10 recorded "$1" "$3"
}

end="drops 0 hung up in good order"
quiet="0 answers, alive $end"

# ---- what everybody can send

withstands u1 "$quiet" ', refused 20' "U1: random datagrams before UDP is up"
withstands u2 "$quiet" ', refused 50' "U2: the right SPI, and the rest random"
withstands u3 "$quiet" ', duplicated 10' "U3: a repeated datagram"
withstands u4 "0 too old, 1 answers, alive $end" ', duplicated 1' \
	"U4: seq 8,193 behind is dropped; what is 8,191 behind is still taken"
withstands u5 "$quiet" ', refused 2[78]' "U5: 0 to 27 bytes"
withstands u6 "$quiet" ', refused 5' "U6: 65,507 bytes of junk"
withstands u7 "$quiet" ', refused 2' "U7: one byte short, and one too many"
withstands u8 "38 bytes, $quiet" ', refused 38' "U8: one bit wrong, in every byte"
withstands u9 "$quiet" ', duplicated 10, refused 10' "U9: the server's own datagram, sent back to it"

# ---- what only a peer can send

withstands u10 "$quiet" ', refused 2' "U10: padlen beyond the data"
withstands u11 "0 answers, alive drops 1 hung up in good order" ', refused 5' \
	"U11: NH 6, others that have no place here, and ARQ that was not agreed on"
withstands u12 "$quiet" ', refused 3' "U12: IPv4 with NH 41, and the reverse"
withstands u13 "asked there 1, $quiet" '' "U13: valid datagrams from another address get one PROBE, and nothing else"
withstands u19 "not up after a wrong answer, up after the right one, $quiet" '' \
	"U19: an ACK with a wrong nonce is ignored"
withstands u20 "answers few $quiet" '' "U20: of 1,000 PROBEs a few are answered, ten a second"

# ---- keys at their end

withstands u16 "alive under the new key, old key: 1 then 0; $quiet" ', refused 1, rekeys 1' \
	"U16: after its time a datagram on the old SA is dropped" 5001
withstands u17 "data until 100, UDP first, all there hung up in good order" '' \
	"U17: the seq at its limit: the sender stops, TLS takes over, nothing is lost" 5002

# ---- a flood

withstands u14 "$quiet" ', refused [1-9][0-9]{3}' \
	"U14: as many as this machine can send, with a wrong SPI: not answered, and the path lives"
diag "$(cat "$scratch/u14.rates")"

ok "the bystander's session works" wait_until 10 tunnel_works
end $ping_pid INT
like "... and hardly missed a packet" "$(cat "$scratch/ping.log")" ', [0-4](\.[0-9]*)?% packet loss'
unlike "... and stayed on UDP" "$(cat "$scratch/client.log")" "goes over TLS"
end "$bystander"
is "... and ends in good order" $? 0
unlike "no worker deviated or was killed" "$(cat "$scratch/server.log")" 'broke its contract|was killed'
finish
