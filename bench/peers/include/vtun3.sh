# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# vtun 3.0.4 as Debian had it last.  The including file sets proto, encrypt and compress.

needs=$vtun3

version()
{
	cat "${vtun3%/usr/*}/version"
}

prepare()
{
	local link="program /sbin/ip \"link set %% up mtu $mtu\" wait;"

	# The server's device is up first: a packet for one that is down ends a session of vtun 3.
	vtun3_config "$link" "$(vtun3_address "$server_inner" "$client_inner")" >server.conf
	vtun3_config "$(vtun3_address "$client_inner" "$server_inner")" "$link" >client.conf
}

vtun3_address()
{
	echo "program /sbin/ip \"address add $1 peer $2 dev %%\" wait;"
}

# vtun3_config COMMAND COMMAND: one on a line, or vtun 3 takes both for one.
vtun3_config()
{
	cat <<-CONF
	options { port 5000; timeout 10; }
	bench {
		passwd measured-only;
		type tun; proto $proto; compress $compress; encrypt $encrypt; keepalive yes;
		up {
			$1
			$2
		};
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
