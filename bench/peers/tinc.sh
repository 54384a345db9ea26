# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
title='tinc 1.0, UDP, AES-128-CBC'
needs=tincd

version()
{
	tincd --version | awk 'NR == 1 { print $3 }'
}

prepare()
{
	local end

	tinc_end server "$server_inner" "$client_inner" "Address = $outer"
	tinc_end client "$client_inner" "$server_inner" ''
	echo "ConnectTo = server" >>client/tinc.conf
	for end in server client; do
		echo | tincd -c "$work/$end" -K2048 || return
	done
	cp server/hosts/server client/hosts
	cp client/hosts/client server/hosts
}

# tinc_end NAME ADDRESS PEER HOST-LINE
tinc_end()
{
	mkdir -p "$1/hosts"
	printf 'Name = %s\nInterface = tinc0\nAddressFamily = ipv4\n' "$1" >"$1/tinc.conf"
	printf '%s\nSubnet = %s/32\nCipher = aes-128-cbc\nDigest = sha256\n' "$4" "$2" >"$1/hosts/$1"
	printf '#!/bin/sh\nip address add %s peer %s dev $INTERFACE\nip link set $INTERFACE mtu %s up\n' \
		"$2" "$3" $mtu >"$1/tinc-up"
	chmod +x "$1/tinc-up"
}

server_up()
{
	start server tincd -D -c "$work/server" --pidfile="$work/server.pid"
	wait_for 5 listens server 655
}

client_up()
{
	start client tincd -D -c "$work/client" --pidfile="$work/client.pid"
}
