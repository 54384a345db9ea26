# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# ocserv with openconnect as its client, both of GnuTLS.  The including file sets client_options, dtls and
# link_mtu, from which ocserv subtracts what it adds to a packet to find the MTU inside.

needs='ocserv openconnect'

version()
{
	echo "$(ocserv --version 2>&1 | awk 'NR == 1 { print $2 }')," \
		"openconnect $(openconnect --version | awk 'NR == 1 { print $3 }')"
}

prepare()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=server -keyout key -out crt || return
	printf 'measured-only\nmeasured-only\n' | ocpasswd -c "$work/passwd" bench
	cat >client-up <<-SCRIPT
	#!/bin/sh
	[ "\$reason" = connect ] || exit 0
	ip address add \$INTERNAL_IP4_ADDRESS peer $server_inner dev \$TUNDEV
	ip link set \$TUNDEV mtu $mtu up
	SCRIPT
	chmod +x client-up
	cat >server.conf <<-CONF
	auth = "plain[passwd=$work/passwd]"
	listen-host = $outer
	tcp-port = 4443
	$dtls
	run-as-user = nobody
	run-as-group = nogroup
	socket-file = $work/socket
	server-cert = $work/crt
	server-key = $work/key
	isolate-workers = true
	tls-priorities = "NORMAL:-CIPHER-ALL:+AES-128-GCM"
	device = vpns
	ipv4-network = 10.9.0.0
	ipv4-netmask = 255.255.255.0
	default-mtu = $link_mtu
	mtu = $link_mtu
	cookie-timeout = 300
	rekey-time = 172800
	rekey-method = ssl
	use-occtl = false
	pid-file = $work/pid
	CONF
}

server_up()
{
	start server ocserv -f -c "$work/server.conf"
	wait_for 5 listens server 4443
}

client_up()
{
	local pin

	pin=$(openssl x509 -in "$work/crt" -noout -pubkey | openssl pkey -pubin -outform DER |
		openssl dgst -sha256 -binary | base64)
	# shellcheck disable=SC2086,SC2016 # options; $ for the inner shell
	start client sh -c 'echo measured-only | exec "$@"' sh openconnect $client_options --mtu $mtu \
		--base-mtu 1500 --user bench --passwd-on-stdin --non-inter --script "$work/client-up" \
		--servercert "pin-sha256:$pin" https://$outer:4443
}
