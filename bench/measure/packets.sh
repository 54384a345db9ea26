# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154,SC2086 # variables of bench/run; lists of words
#
# Packets a second that arrive, from the client to the server, UDP in IP packets of 64 and of 1200 bytes, with
# at most 384 under way (bench/tools/pps.c says why).
#
#	pps64 pps1200

measure_packets()
{
	packets 64
	packets 1200
}

packets()
{
	local sink result=$work/pps

	start server "$tools/pps" sink 5202
	sink=$!
	wait_for 5 bound server 5202
	metered on client timeout 10 "$tools/pps" send "$inner" 5202 "$1" "$packet_seconds" >"$result" 2>&1
	kill $sink
	wait $sink 2>/dev/null
	if ! grep -q '^[0-9]' "$result"; then
		note "pps$1 failed: $(cat "$result")"
	elif through_tunnel "pps$1"; then
		record "pps$1" "$(cut -d' ' -f1 "$result")"
		record "pps$1_lost" "$(cut -d' ' -f2 "$result")"
	fi
}

bound()
{
	[ -n "$(on "$1" ss -Huln "sport = :$2")" ]
}
