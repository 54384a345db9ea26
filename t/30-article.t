#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The article's tunnel, end to end: its two files unchanged, and what crosses the tunnel arrives
# unharmed, however it is carried.
#
# What the article promises of vtun, and where that is tested:
#
#	it says                                                 test
#	whole packets, headers and all, are data of another     30-eavesdropper, 30-demo
#	    connection, and gibberish to who looks at the link
#	hosts are reached that the client itself cannot reach,  30-eavesdropper
#	    a default route may lead through the tunnel
#	the device has the addresses and the MTU of "up"        30-article, 64-mtu
#	a server on one machine, a client on the other; ps      30-article, 50-systemd
#	    tells them apart, and names session and device
#	-f names the file; else it is /etc/vtund.conf           30-article; 50-systemd
#	"port": where the server listens, the client connects   50-systemd, 73-debian; 75-options
#	one server, several clients, a section for each, and    12-wild, 34-multi, 39-crowd
#	    "options" for all of them
#	a process of its own serves each connection             34-multi, 50-systemd
#	paths of the programs                                   33-commands, 71-streams (ppp)
#	the password proves who connects, and never crosses     31-refused; 30-eavesdropper
#	type tun, ether (a bridge), tty (a serial line), pipe   30-article, 70-ether, 71-streams
#	proto udp has what is sent arrive                       66-reliable ("reliable"), 62-blocked
#	encrypt; without it the tunnel can be read              30-eavesdropper; 60-udp
#	compress, with method and level                         75-options, 71-streams
#	keepalive                                               72-sessions
#	"up" runs any command, also one for the firewall        33-commands, 73-debian
#	persist                                                 31-endings, 50-systemd, 72-sessions
#	timeout                                                 75-options
#	device                                                  30-article, 75-options
#	%% is the device                                        30-article, 33-commands
#	all but password, device and "up" is the server's to    30-article
#	    decide: the client's file has no type and no proto
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need nc perl ping
hosts_up
article_files

# copies FILE FROM TO ADDRESS: the file arrives there unchanged.
copies()
{
	on "$3" nc -l "$4" 9000 </dev/null | sha256sum >"$scratch/arrived" &
	wait_until 10 listens "$3" 9000 && on "$2" timeout 120 nc -N "$4" 9000 <"$1" && wait $! &&
		sha256sum <"$1" | cmp - "$scratch/arrived"
}

mtu()
{
	on "$1" ip -o link show "$2" | sed 's/.* mtu \([0-9]*\).*/\1/'
}

# counters: the client's line when it is asked for them.
counters()
{
	before=$(grep -c 'on the wire' "$scratch/client.log")
	kill -USR1 "$client_pid"
	wait_until 10 counted_again "$before" >&2
	grep 'on the wire' "$scratch/client.log" | tail -n 1
}

counted_again()
{
	[ "$(grep -c 'on the wire' "$scratch/client.log")" -gt "$1" ]
}

# number_after WORDS TEXT
number_after()
{
	printf '%s\n' "$2" | sed -n "s/.*$1 \([0-9][0-9]*\).*/\1/p"
}

data_over_udp()
{
	grep -q '^vtun: wireless2: .*data goes over UDP' "$scratch/$1.log"
}

# ---- the two files, and 200 MB

# A part of it can be compressed.
perl -e 'open my $r, "<", "/dev/urandom"; for (1 .. 50) { read $r, my $x, 3 << 20; print $x;
	print "line $_ of very many lines\n" for 1 .. 40_000 }' >"$scratch/big"
head -c 8000000 "$scratch/big" >"$scratch/small"

vtund_server server "$scratch/server.conf"
vtund_client client "$scratch/client.conf" wireless2
ok "the article's two files, unchanged, make a tunnel" wait_until 20 tunnel_works
like "ps on the server shows the article's line" "$(ps axww -o args)" '^vtund\[s\]: wireless2 tun tun0'
like "ps on the client shows the article's line" "$(ps axww -o args)" '^vtund\[c\]: wireless2 tun tun1'
for end in server:tun0 client:tun1; do
	host=${end%:*} device=${end#*:}
	is "the MTU of $device fits into UDP" "$(mtu "$host" "$device")" 1446
	is "... which the $host's log says in one line" "$(grep -c '1450.*now 1446' "$scratch/$host.log")" 1
	ok "data goes over UDP, says the $host's log" wait_until 10 data_over_udp "$host"
done
ok "the file has 200 MB" [ "$(stat -c %s "$scratch/big")" -ge 200000000 ]
ok "it arrives at the server unchanged" copies "$scratch/big" client server 192.168.2.1
ok "... and some of it at the client" copies "$scratch/small" server client 192.168.2.2
like "on SIGUSR1 the client tells its counters" "$(counters)" \
	'^vtun: wireless2: sent 2[0-9]{8} bytes .* received [0-9]{7} .* data over UDP'
served_by=$(newest_served)
end "$client_pid"
is "on TERM the client ends with 0" $? 0
ok "... and the server with it" wait_until 10 served "$served_by" 0
ok "nothing is left" wait_until 10 nothing_left
end "$server_pid"

# ---- every other way to carry it

# final SIDE WHAT: what its last record says that it has sent or received.
final()
{
	grep 'session ended' "$scratch/$1.log" | tail -n 1 |
		sed "s/.*$2 \([0-9]*\) \(bytes \)\?in \([0-9]*\).*/\1 bytes in \3 frames/"
}

for way in udp/no udp/zlib:1 tcp/no tcp/lzo:9 tcp/zlib:1; do
	proto=${way%/*} comp=${way#*/} over=TLS
	sed "s/proto udp/proto $proto/; s/comp  lzo:9/comp $comp/" "$scratch/server.conf" | conf changed
	vtund_server server "$scratch/changed.conf"
	: >"$scratch/client.log"
	vtund_client client "$scratch/client.conf" wireless2
	wait_until 20 tunnel_works >&2
	[ "$proto" = tcp ] || { over=UDP && wait_until 10 data_over_udp client >&2; }
	ok "proto $proto, comp $comp: a file arrives at the server unchanged" \
		copies "$scratch/small" client server 192.168.2.1
	ok "... and at the client" copies "$scratch/small" server client 192.168.2.2
	line=$(counters)
	like "... over $proto" "$line" "data over $over"
	sent=$(number_after ': sent' "$line") wire=$(number_after 'on the wire' "$line")
	if [ "$comp" = no ]; then
		ok "... as it is" [ "$wire" -gt "$sent" ]
	else
		ok "... compressed" [ "$wire" -lt $((sent * 9 / 10)) ]
	fi
	end "$client_pid"
	wait_until 10 nothing_left >&2
	end "$server_pid"
	[ "$proto" = tcp ] || continue # UDP may lose
	is "... what the client has sent the server has received" "$(final server received)" "$(final client sent)"
	is "... and the other way round" "$(final client received)" "$(final server sent)"
done
finish
