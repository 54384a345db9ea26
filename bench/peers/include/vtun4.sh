# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# vtun 4 of this tree.  The including file sets proto, encrypt, compress and reliable.

vtund=$top_builddir/vtund
worker=$top_builddir/vtun-worker
needs="$vtund $worker systemd-socket-activate"

version()
{
	"$vtund" --version 2>/dev/null | awk 'NR == 1 { print $NF }'
}

prepare()
{
	vtun4_config "$server_inner" "$client_inner" >server.conf
	vtun4_config "$client_inner" "$server_inner" >client.conf
	chmod 600 server.conf client.conf
}

vtun4_config()
{
	cat <<-CONF
	options { port 5000; timeout 10; }
	bench {
		passwd measured-only;
		type tun; proto $proto; compress $compress; encrypt $encrypt; reliable $reliable;
		mtu $mtu; keepalive yes;
		up {
			ip "address add $1 peer $2 dev %%";
			ip "link set %% up";
		};
	}
	CONF
}

# systemd's part, by the tool that systemd has for it: each connection gets a vtund of its own.
server_up()
{
	# shellcheck disable=SC2086 # options, of t/hosts.sh
	start server systemd-socket-activate --listen=$outer:5000 --accept -- \
		"$vtund" --worker="$worker" $vtund_flags -f "$work/server.conf"
	wait_for 5 listens server 5000
}

client_up()
{
	# shellcheck disable=SC2086
	start client "$vtund" --worker="$worker" $vtund_flags -f "$work/client.conf" bench $outer
}
