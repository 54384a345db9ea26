# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154
# vtun 3.0.4 as Debian had it last.  The including file sets proto, encrypt and compress.

needs=$vtun3

version()
{
	cat "${vtun3%/usr/*}/version"
}

prepare()
{
	local address='program /sbin/ip "address add %s peer %s dev %%%%" wait;\n'
	local link='program /sbin/ip "link set %%%% up mtu %s" wait;\n'

	# The server's device is up first: a packet for one that is down ends a session of vtun 3.
	vtun3_config "$(printf "$link$address" $mtu "$server_inner" "$client_inner")" >server.conf
	vtun3_config "$(printf "$address$link" "$client_inner" "$server_inner" $mtu)" >client.conf
}

# vtun3_config UP
vtun3_config()
{
	cat <<-CONF
	options { port 5000; timeout 10; }
	bench {
		passwd measured-only;
		type tun; proto $proto; compress $compress; encrypt $encrypt; keepalive yes;
		up { $1 };
	}
	CONF
}

server_up()
{
	mkdir -p /run/lock/vtund
	start server "$vtun3" -n -s -f "$work/server.conf"
	wait_for 5 listens server 5000
}

client_up()
{
	start client "$vtun3" -n -f "$work/client.conf" bench $outer
}
