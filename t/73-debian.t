#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whoever comes from vtun 3: the example files of Debian's package load as they are and their sessions
# run, and old and new serve on one host until the last client has moved (doc/MIGRATING.md).
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need nc perl ping tar
peer vtund
own_syslog
hosts_up
examples=$top_builddir/peers/usr/share/doc/vtun/examples
mkdir -m 777 "$scratch/files" "$scratch/copy"

# ---- they load

for file in server client ipv6-server ipv6-client; do
	conf $file <"$examples/vtund-$file.conf"
	said=$("$top_builddir/vtunctl" check "$scratch/$file.conf" 2>&1)
	is "vtund-$file.conf loads" $? 0
	unlike "... without an error" "$said" ': error:'
done

# ---- they run

# comes_up NAME [FILE]: a session of the examples, or of other files than server and client.
comes_up()
{
	: >"$scratch/client.log"
	: >"$scratch/server.log"
	vtund_server server "$scratch/${2-}server.conf"
	vtund_client client "$scratch/${2-}client.conf" "$1"
	ok "$1: the session comes up" wait_until 20 grep -q 'session up' "$scratch/client.log"
}

goes_down()
{
	end "$client_pid"
	ok "... and goes, with nothing left" wait_until 10 nothing_left
	end "$server_pid"
}

pings()
{
	on client ping -qc 1 -W 1 "$1"
}

comes_up cobra
ok "... the tun tunnel carries packets" wait_until 10 pings 10.3.0.1
like "... as the files say" "$(cat "$scratch/client.log")" 'device tun1, .* tun over udp, compress lzo, encrypt yes'
goes_down
comes_up lion
ok "... the ether tunnel carries packets" wait_until 10 pings 10.1.0.1
like "... as the files say" "$(cat "$scratch/client.log")" 'device tap1, .* ether over udp, compress lzo, encrypt yes'
like "... with the server's route" "$(on server ip route)" '^10.2.0.0/24 via 10.1.0.2 dev tap0'
like "... of ipchains, which is gone, the log has the next step" "$(cat "$scratch/server.log")" \
	'lion: up command 3 \(firewall\) failed: /sbin/ipchains not found: .*firewall /sbin/iptables'
goes_down
comes_up big-buck-bunny ipv6-
ok "... the tunnel carries IPv4" wait_until 10 pings 10.3.0.1
goes_down
comes_up big-buck-bunny-ipv6 ipv6-
ok "... the tunnel carries IPv6" wait_until 10 pings fc00:170:0:6a::1
goes_down

# The pipe: what it packs and where to, which are the real machine's, are the test's here.
head -c 40000 /dev/urandom >"$scratch/files/one"
head -c 10 /dev/urandom >"$scratch/files/two"
sed "s,tar cf - /etc/\*,cd $scratch/files; tar cf - *," "$examples/vtund-server.conf" | conf server
sed "s,cd /tmp; tar,cd $scratch/copy; tar," "$examples/vtund-client.conf" | conf client
: >"$scratch/client.log"
vtund_server server "$scratch/server.conf"
vtund_client client "$scratch/client.conf" backup
wait "$client_pid"
is "backup: the session ends by itself, with 0" $? 0
ok "... what tar has sent has arrived" diff -r "$scratch/files" "$scratch/copy"
ok "... with nothing left" wait_until 10 nothing_left
end "$server_pid"

# ---- old and new on one host

# vtun 3 takes one string a line.
cat >"$scratch/old.conf" <<-EOF
	options { port 5000; ip /sbin/ip; }
	default { encrypt no; keepalive yes; type tun; }
	stays {
	  passwd walrus;
	  device old0;
	  up {
	    ip "addr add 10.8.0.1 peer 10.8.0.2 dev %%";
	    ip "link set %% up";
	  };
	}
	moves {
	  passwd walrus;
	  device old1;
	  up {
	    ip "link set %% up";
	  };
	}
EOF
sed 's/old\([01]\)/oldc\1/; s/10.8.0.1 peer 10.8.0.2/10.8.0.2 peer 10.8.0.1/' "$scratch/old.conf" >"$scratch/old-client.conf"
conf server <<-EOF
	moves { passwd sealion; type tun; up { ip "addr add 10.9.0.1 peer 10.9.0.2 dev %%"; ip "link set %% up"; }; }
EOF
conf client <<-EOF
	moves { passwd sealion; server 192.168.1.1 5001; up { ip "addr add 10.9.0.2 peer 10.9.0.1 dev %%"; ip "link set %% up"; }; }
EOF
chmod 600 "$scratch"/old*.conf

# vtun 3 ends when a packet comes before its up has run, such as one of IPv6's own.
for host in server client; do
	on $host sysctl -qw net.ipv6.conf.default.disable_ipv6=1
done
background old-server on server "$peer_path" -n -s -f "$scratch/old.conf"
old_server=$!
wait_until 10 listens server 5000 >&2
background old-client on client "$peer_path" -n -f "$scratch/old-client.conf" stays 192.168.1.1
old_client=$!
ok "an old client at the old server" wait_until 20 pings 10.8.0.1
vtund_server server "$scratch/server.conf" 192.168.1.1 5001
: >"$scratch/client.log"
# shellcheck disable=SC2086 # program and options
background client on client $VTUND $vtund_flags -f "$scratch/client.conf" moves
client_pid=$!
ok "a new client at the new server, which has another port" wait_until 20 pings 10.9.0.1
ok "... the old client goes on" pings 10.8.0.1
client_fails "a new client at the old server" 76 'the old unencrypted VTun protocol.*upgrade it to VTun 4' \
	-f "$scratch/client.conf" moves 192.168.1.1
end "$client_pid"
ok "... the new one ends, with nothing of it left" wait_until 10 not pgrep -x vtun-worker
ok "... and the old client goes on" pings 10.8.0.1
background back on client "$peer_path" -n -f "$scratch/old-client.conf" moves 192.168.1.1
back=$!
ok "going back is starting the old client again" wait_until 20 on client ip link show oldc1
end $back KILL
end $old_client KILL
end $old_server KILL
finish
