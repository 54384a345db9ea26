#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A client among servers that mean ill: who has no password gets nothing but the session's name, who
# has it gets a session's worth of packets; each gets the answer that doc/PROTOCOL.md promises, the
# log has a line that says so, and the client's other session does not notice.
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/t/bystander.sh"
in_own_network "$@"
need ping
install_hostile hostile
hosts_up
on client ip route add local 10.9.0.0/24 dev lo
on server ip route add 10.9.0.0/24 via 192.168.1.2

sides()
{
	cat <<-EOF
		default { type tun; proto tcp; }
		s { passwd secret; down { program "echo >>$scratch/$1.downs" wait; }; up { program "echo >>$scratch/$1.ups" wait; }; }
		$(bystander_section "$2" "$3")
	EOF
}
sides server 1 2 | conf server
sides client 2 1 | conf client
vtund_server server "$scratch/server.conf"
bystander_up

# meets CASE STATUS ERE HEARS NAME [OPTION...]: the client dials such a server, ends with that status and
# that line of log, and the server heard that.
n=0
meets()
{
	local case=$1 status=$2 says=$3 hears=$4 name=$5 code=0 hostile_pid

	shift 5
	n=$((n + 1))
	: >"$scratch/client.log"
	on client "$own_world/bin/hostile" 192.168.1.1 5000 "10.9.0.$n" "$case" >"$scratch/$case.out" 2>&1 &
	hostile_pid=$!
	wait_until 10 on client sh -c "[ \"\$(ss -Hltn src 10.9.0.$n | wc -l)\" = 1 ]" >&2
	# shellcheck disable=SC2086
	on client timeout -k 1 20 $VTUND $vtund_flags -f "$scratch/client.conf" s "10.9.0.$n" "$@" \
		>"$scratch/client.log" 2>&1 </dev/null || code=$?
	wait $hostile_pid
	is "$name: the server hears of it" "$(tr -s "\n " "  " <"$scratch/$case.out" | sed "s/ $//")" "$hears"
	is "... the client ends with $status" $code "$status"
	like "... and its log says why" "$(cat "$scratch/client.log")" "$says"
}

good="hung up in good order"
unproven="could not prove that it knows the password"

# ---- servers without the password

meets reflect_share 76 "answer to our login is not acceptable" "ERROR 3 0 $good" \
	"T24: the client's own key share comes back, Yb = Ya"
meets reflect_tag 77 "$unproven" "ERROR 1 0 $good" "T24: the client's own proof comes back, Tb = Ta"
meets no_password 77 "$unproven" "ERROR 1 0 $good" "T25: a wrong proof, Tb, with an OFFER behind it"
meets offer_first 76 "a frame of a type or length that must not come here" "ERROR 3 0 $good" \
	"T25: an OFFER without AUTH_OK"
meets empty_proof 76 "a frame of a type or length that must not come here" "ERROR 3 0 $good" \
	"T25: an AUTH_OK without a proof in it"
meets option_first 76 "the server ended it: protocol violation" "$good" \
	"an ERROR before the login about an option: it is not said of the client's own file"
meets relay 77 "authentication failed" "ERROR 1 0 $good $good" \
	"T23: the true server refuses a login that is relayed between two TLS connections"
ok "T23: ... and has it in its log" wait_until 10 \
	grep -q "^vtun: auth failure from 10.9.0.$n port .*wrong password" "$scratch/server.log"
ok "none of these has got a device or an up command out of it" not test -e "$scratch/client.ups"

# A client that keeps trying does not let such a server guess at full speed, and it is no matter how that ends.
for case in no_password gone_with_proof; do
	n=$((n + 1))
	on client "$own_world/bin/hostile" 192.168.1.1 5000 "10.9.0.$n" $case >"$scratch/again.out" 2>&1 &
	wait_until 10 on client sh -c "[ \"\$(ss -Hltn src 10.9.0.$n | wc -l)\" = 1 ]" >&2
	: >"$scratch/client.log"
	vtund_client client "$scratch/client.conf" s "10.9.0.$n" -p
	ok "T25: $case: a persistent client waits, about 5 s at first" \
		wait_until 10 grep -Eq 'next attempt in [456] s' "$scratch/client.log"
	end "$client_pid"
done

# ---- servers with the password, and offers that are none

# The server hears it in words, as it has logged in.
for case in offer_twice offer_truncated offer_65; do
	meets $case 76 "malformed OFFER" "ERROR 3 0 (text) $good" "T26: $case"
done
meets offer_critical 78 "option 0xff01 is not acceptable" "ERROR 6 ff01 (text) $good" \
	"T26: a critical option that nobody knows"
meets offer_mtu_0 78 "option 0x8007 is not acceptable" "ERROR 6 8007 (text) $good" "T26: an MTU of 0"
ok "none of these either" not test -e "$scratch/client.ups"

# ---- servers with the password, in session

meets long_data_for_client 76 "a frame of a type or length that must not come here" \
	"drops 0 ERROR 3 0 (text) $good" "T28: a client too is asked to take DATA of 16 MiB"
meets no_packets_for_client 0 "closed by the server" "drops 2 $good" \
	"T29: a client too drops what is no packet, and counts it"
meets ill_text_for_client 75 '\\x1b\[2J\\x0aauth failure from 9.9.9' "$good" \
	"T38: an ERROR with escape sequences is escaped in a client's log"
is "down has run as often as up" "$(wc -l <"$scratch/client.downs")" "$(wc -l <"$scratch/client.ups")"

# ---- the bystander

bystander_ends_well
finish
