#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A server among hostile peers: strangers, and peers who know a password.  Each gets the answer that
# doc/PROTOCOL.md promises him and no more, costs little memory and no time, and the session next door
# does not notice.
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/t/bystander.sh"
in_own_network "$@"
need ping
install_hostile hostile
hosts_up
# A source for each case: guesses are counted by it.
on server ip route add 10.9.0.0/24 via 192.168.1.2
# Room for a megabyte that waits while the server is busy.
on server sysctl -qw net.ipv4.tcp_rmem='4096 4194304 8388608'
on client sysctl -qw net.ipv4.tcp_wmem='4096 4194304 8388608'
on client ip route add local 10.9.0.0/24 dev lo

conf server <<-EOF
	options { auth_timeout 6; timeout 10; }
	default { type tun; proto tcp; multi yes; keepalive 20:4; }
	h { passwd secret; down { program "echo down >>$scratch/h.down" wait; }; }
	e { passwd secret; type ether; }
	s { passwd secret; up { program "sleep 1" wait; }; }
	u { passwd secret; proto udp; }
	z { passwd secret; compress zlib:6; }
	n { passwd secret; keepalive 1:2; up { ip "address add 10.77.0.1 peer 10.77.0.2 dev %d"; ip "link set %d up"; }; }
	$(bystander_section 1 2)
EOF
bystander_section 2 1 | conf client
vtund_server server "$scratch/server.conf"
bystander_up

# How large each worker becomes, in KiB, and how long it computes, in clock ticks.
watch_workers()
{
	while :; do
		for p in $(pgrep -x vtun-worker); do
			sed -n "s/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p" "/proc/$p/status"
			awk '{ print $1, $14 + $15 }' "/proc/$p/stat" >&3
		done 2>/dev/null
		sleep 0.2
	done >"$scratch/memory" 3>"$scratch/time"
}
watch_workers &
test_background="$test_background $!"

n=0
# attack CASE...: all at once, each from its own address; what comes of it is in $scratch/CASE.out.
attack()
{
	local case pids=

	for case; do
		n=$((n + 1))
		echo "10.9.0.$n" >"$scratch/$case.from"
		on client "$own_world/bin/hostile" 192.168.1.1 5000 "10.9.0.$n" "$case" >"$scratch/$case.out" 2>&1 &
		pids="$pids $!"
	done
	# shellcheck disable=SC2086 # a list
	[ "${later-}" = yes ] && slow_pids="$slow_pids $pids" || wait $pids
}

# answer CASE EXPECTED NAME
answer()
{
	is "$3" "$(sed 's/ *$//' "$scratch/$1.out")" "$2"
}

# logged CASE ERE NAME: whether the server's log has such a line about that peer.
logged()
{
	ok "$3" wait_until 10 grep -Eq "$(sed 's/\./\\./g' "$scratch/$1.from") port [0-9]*:? ?$2" "$scratch/server.log"
}

# Those that take their time run while the others come and go.
slow_pids=
later=yes
attack silent one_byte slow_hello quiet never_reads
later=
attack http ssh legacy long_record long_hello many_ccs tls12 no_alpn other_alpn half_closed second_hello early_data
attack data_first init_99 init_101 init_16m early_text early_option name_dots name_percent name_nul name_high name_none name_64 name_padding
attack share_zero share_ones share_high share_odd unknown_name wrong_password broken_off cut_blind cut_proof garbled_proof init_twice replay
attack accept_other_type accept_larger accept_suite accept_spi accept_truncated accept_twice accept_critical accept_65
attack data_16m no_packets no_ethernet vnet_lies bomb bomb_4g bomb_lie echo_flood ill_text fin rekey_skip rekey_zero key_updates after_update
# shellcheck disable=SC2086
wait $slow_pids


# ---- strangers, before TLS

answer silent 'says "ERR: VTun 4 server, TLS required, upgrade client" hung up' \
	"T1: who says nothing is told what an old client can read"
logged silent 'turned away: .*probably a VTun 2 or 3 client' "... and the log who it probably is"
answer one_byte 'hung up' "T2: one byte, and then nothing"
answer slow_hello 'hung up' "T12: one byte and one more, twice a second"
for case in one_byte slow_hello; do
	logged $case 'turned away: no TLS session with the client within 6 s' "... the log says that its time is over"
done
answer http 'hung up' "T3: HTTP is not answered"
answer ssh 'hung up' "T4: ssh is not answered"
answer legacy 'hung up' "T5: an old client's \"HOST:\" is not answered"
logged http 'turned away: .*HTTP' "http: the log says what it was"
logged ssh 'turned away: .*SSH' "ssh: the log says what it was"
logged legacy 'turned away: .*old unencrypted VTun' "legacy: the log says what it was"
answer long_record 'alert 22 hung up' "T11: a record of 64 KiB: alert record_overflow"
answer long_hello 'cut off hung up' "T9: a ClientHello of 16 MiB is not heard to its end"
answer many_ccs 'hung up' "T10: 20,000 empty records neither"

# ---- strangers, in TLS

answer tls12 'alert 40 hung up' "T6: TLS 1.2: alert handshake_failure"
answer no_alpn 'hung up' "T7: no ALPN: no answer"
logged no_alpn 'turned away: .*no vtun/4' "... the log says why"
answer other_alpn 'alert 120 hung up' "T8: ALPN h2: alert no_application_protocol"
answer half_closed 'hung up' "a half-closed connection is closed"
protocol='ERROR 3 0 hung up in good order'
answer second_hello "$protocol" "T36: a second ClientHello ends it"
answer early_data 'hung up' "T36: early data ends it"
answer quiet 'ERROR 5 0 hung up in good order' "T13: silence after the handshake: time-out, without a text"
answer data_first "$protocol" "T14: DATA before the login: protocol error, without a text"
for case in init_99 init_101 init_16m; do
	answer $case "$protocol" "T15: $case: an AUTH_INIT of another length"
done
answer early_text 'hung up in good order' "an ERROR with a text before the login: its sender is believed that he leaves"
logged early_text 'no session: the client ended it: time-out$' "... and has no line in the log to write on"
ok "... at all" not grep -q '8\.8\.8\.8' "$scratch/server.log"
answer early_option 'hung up in good order' "an ERROR before the login that would be about our own file: the same"
logged early_option 'no session: the client ended it: protocol violation$' "... and not said of the file"
for case in name_dots name_percent name_nul name_high name_none name_64 name_padding; do
	answer $case "$protocol" "T16: $case: a name that cannot be"
done
answer init_twice "$protocol" "T21: a second AUTH_INIT"
refused='ERROR 1 0 hung up in good order'
for case in share_zero share_ones share_high share_odd; do
	answer $case "$refused" "T17: $case: authentication failed, without a text"
done
answer replay "$refused" "T22: the proof of an earlier connection"
answer unknown_name "AUTH_RESP $refused" "T18: an unknown name"
answer wrong_password "AUTH_RESP $refused" "T19: a wrong password: the same answer"
for case in share_zero unknown_name wrong_password replay; do
	ok "$case: a line for fail2ban" wait_until 10 \
		grep -q "^vtun: auth failure from $(cat "$scratch/$case.from") port" "$scratch/server.log"
done
ok "T20: who hangs up after AUTH_RESP has failed, and has left" \
	grep -q "^vtun: auth failure from $(cat "$scratch/broken_off.from") port .*left without proof" "$scratch/server.log"
answer cut_blind reset "T20: who sends a proof before the answer, and resets"
answer cut_proof reset "... who sends half a proof, and resets"
answer garbled_proof "$protocol" "... and one whose proof does not decrypt"
for case in cut_blind cut_proof garbled_proof; do
	ok "... $case has failed, says the log" wait_until 10 \
		grep -q "^vtun: auth failure from $(cat "$scratch/$case.from") port" "$scratch/server.log"
done

# ---- peers who know a password

answer accept_other_type 'ERROR 6 8001 (text) hung up in good order' "T27: another type is accepted than offered: refused"
answer accept_larger 'ERROR 6 8007 (text) hung up in good order' "T27: a larger MTU"
answer accept_suite 'ERROR 6 a (text) hung up in good order' "T27: a suite that was not offered"
answer accept_spi 'ERROR 6 b (text) hung up in good order' "T27: a reserved SPI"
answer accept_critical 'ERROR 6 ff01 (text) hung up in good order' "T27: a critical option that nobody knows"
for case in accept_truncated accept_twice accept_65; do
	answer $case 'ERROR 3 0 (text) hung up in good order' "T27: $case: protocol error"
done
answer data_16m 'frame 0a of 4 drops 0 ERROR 3 0 (text) hung up in good order' \
	"T28: a frame of 16 MiB: protocol error, and whoever pours on still hears it"
broken='drops 0 ERROR 3 0 (text) hung up in good order'
for case in bomb bomb_4g bomb_lie; do
	answer $case "$broken" "T31: $case: what unpacks to something else than it says"
done
answer key_updates "$broken" "T33: a flood of KeyUpdates"
for case in rekey_skip rekey_zero; do
	answer $case 'drops 0 ERROR 12 0 (text) hung up in good order' "T35: $case: rekeying failed"
done
answer no_packets 'drops 4 hung up in good order' "T29: what is no IP packet is dropped and counted"
answer no_ethernet 'drops 1 hung up in good order' "T29: nor an Ethernet frame"
answer vnet_lies 'drops 4 hung up in good order' "T30: virtio-net headers that lie too"
answer after_update 'answered drops 0 hung up in good order' "what comes right behind a KeyUpdate is not left lying"
answer echo_flood 'answers few hung up in good order' "T32: of 2,000 ECHO_REQ a few are answered"
answer never_reads 'poured in hung up' "T34: who asks for megabytes and reads nothing is left"
ok "... by keepalive or TCP's own patience, as the log says" \
	grep -Eq '^vtun: n: session ended .*(nothing came from the peer|connection to the client was lost)' "$scratch/server.log"
answer ill_text 'hung up in good order' "T38: a text with escape sequences"
ok "... gets to the log as one line, escaped" \
	grep -q '^vtun: h: session ended .*\\x1b\[2J\\x0aauth failure from 9.9.9' "$scratch/server.log"
answer fin 'hung up' "T39: a FIN without a word"
ok "... is a loss" grep -q '^vtun: h: session ended .*connection to the client was lost' "$scratch/server.log"
is "down has run as often as h was up" "$(wc -l <"$scratch/h.down")" \
	"$(grep -c '^vtun: h: session up' "$scratch/server.log")"

# ---- what it cost

all_but_one_are_gone()
{
	[ "$(serving_pids | wc -l)" = 1 ]
}

ok "nobody of them is left" wait_until 10 all_but_one_are_gone
is "no process died of it: 0, and 75, 76, 78 after a login" \
	"$(sed -n 's/^Child .* died with code //p' "$scratch/server.log" | grep -vx -e 0 -e 75 -e 76 -e 78)" ""
unlike "no worker deviated or was killed" "$(cat "$scratch/server.log")" 'broke its contract|was killed|hung up, did not'
sanitized || ok "no worker was larger than 32 MiB" test "$(sort -n "$scratch/memory" | tail -n 1)" -lt 32768
ok "none computed for more than 2 s" test "$(sort -n -k 2 "$scratch/time" | tail -n 1 | cut -d' ' -f2)" -lt 200
bystander_ends_well
finish
