#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# 200 MB cross the tunnel and arrive as they were: with the article's files, and by each of TCP, UDP
# and both kinds of compression.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need nc sha256sum
hosts_up
article_files
mkfifo "$scratch/copy"

# copies MEGABYTES FROM TO ADDRESS: random bytes, and ten million zeros that can be compressed.
copies()
{
	on "$3" nc -l -N "$4" 7000 </dev/null | sha256sum >"$scratch/got" &
	wait_until 10 listens "$3" 7000 || return
	sha256sum <"$scratch/copy" >"$scratch/sent" &
	{ head -c "$1"000000 /dev/urandom && head -c 10000000 /dev/zero; } | tee "$scratch/copy" |
		on "$2" timeout 300 nc -N "$4" 7000 >/dev/null
	wait
	cat "$scratch/sent" "$scratch/got"
	cmp "$scratch/sent" "$scratch/got"
}

# session NAME MEGABYTES SED-SCRIPT TERMS: with the server's file changed by the script, which makes
# sessions of these terms.
session()
{
	sed "$3" "$top_srcdir/t/data/article/server.conf" >"$scratch/server.conf"
	vtund_client client "$scratch/client.conf" wireless2
	ok "$1: the tunnel is up" wait_until 20 on client ping -qc 1 -W 1 192.168.2.1
	like "... by $4" "$(tail -n 3 "$scratch/client.log")" "session up:.* $4,"
	ok "... $2 MB from client to server are the same" copies "$2" client server 192.168.2.1
	ok "... $2 MB from server to client are the same" copies "$2" server client 192.168.2.2
	end "$client_pid"
	is "... and it ends in good order" $? 0
	wait_until 10 not on server ip link show tun0
}

vtund_server server "$scratch/server.conf"
session "the article's files" 200 '' 'over udp, compress lzo'
session "proto tcp, no compression" 200 's/proto udp/proto tcp/; s/comp  lzo:9/comp no/' \
	'over tcp, compress no'
session "proto udp, no compression" 50 's/comp  lzo:9/comp no/' 'over udp, compress no'
session "proto tcp, comp zlib:1" 50 's/proto udp/proto tcp/; s/comp  lzo:9/comp zlib:1/' \
	'over tcp, compress zlib'
finish
