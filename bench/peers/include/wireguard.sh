# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# WireGuard in user space.  The including file sets the program.

needs="$program wg"

prepare()
{
	local end

	for end in server client; do
		wg genkey >$end.key && wg pubkey <$end.key >$end.pub || return
	done
}

server_up()
{
	wireguard_end server wgserver "$server_inner" "$client_inner" listen-port 51820 \
		peer "$(cat "$work/client.pub")" allowed-ips $client_inner/32
}

client_up()
{
	wireguard_end client wgclient "$client_inner" "$server_inner" \
		peer "$(cat "$work/server.pub")" allowed-ips $server_inner/32 endpoint $outer:51820
}

# wireguard_end HOST DEVICE ADDRESS PEER WG-SETTINGS...
wireguard_end()
{
	local host=$1 device=$2 address=$3 peer=$4

	shift 4
	start "$host" env WG_PROCESS_FOREGROUND=1 "$program" -f "$device"
	wait_for 5 test -S "/run/wireguard/$device.sock" || return
	on "$host" sh -ec 'device=$1 address=$2 peer=$3 mtu=$4; shift 4
		wg set "$device" "$@"
		ip address add "$address" peer "$peer" dev "$device"
		ip link set "$device" mtu "$mtu" up' \
		sh "$device" "$address" "$peer" $mtu private-key "$work/$host.key" "$@"
}
