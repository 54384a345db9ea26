# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# OpenVPN 2.6 in user space, point to point, each end known by its certificate's fingerprint.  The including
# file sets server_proto and client_proto.

needs=openvpn

version()
{
	openvpn --version | awk 'NR == 1 { print $2 }'
}

prepare()
{
	local end

	for end in server client; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
			-subj "/CN=$end" -keyout $end.key -out $end.crt || return
	done
	openvpn_config "$server_inner" "$client_inner" server client >server.conf
	printf 'tls-server\ndh none\nproto %s\nlocal %s\n' $server_proto $outer >>server.conf
	openvpn_config "$client_inner" "$server_inner" client server >client.conf
	printf 'tls-client\nproto %s\nremote %s\nnobind\n' $client_proto $outer >>client.conf
}

openvpn_config()
{
	cat <<-CONF
	dev tun
	port 1194
	ifconfig $1 $2
	tun-mtu $mtu
	mssfix 0
	disable-dco
	data-ciphers AES-128-GCM
	cert $work/$3.crt
	key $work/$3.key
	peer-fingerprint "$(openssl x509 -in "$4.crt" -noout -fingerprint -sha256 | cut -d= -f2)"
	keepalive 10 60
	CONF
}

server_up()
{
	start server openvpn --config "$work/server.conf"
	wait_for 5 openvpn_waits
}

openvpn_waits()
{
	listens server 1194 || bound server 1194
}

client_up()
{
	start client openvpn --config "$work/client.conf"
}
