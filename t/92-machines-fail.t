#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What happens to machines: a link is down for a while, the resolver is dead, the configuration becomes
# garbage, the package is upgraded, the power fails.  Sessions that are up go on where they can; those
# that cannot come back by themselves, and the journal says why not before.
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/t/machines.sh"
. "$top_srcdir/t/faults.sh"
in_own_network "$@"
faults_begin
etc=$own_world/client.root/etc

# again WHO: "work" ends by the hand of the one who tests, for the timer to make it again.
again()
{
	mark
	kill_of client KILL "$(worker_on client work)"
}

said_by_client()
{
	said client | grep -E "$1"
}

# ---- the resolver

machine_file client "$sysconfdir/default/vtun-work" "VTUN_SERVER=vpn.example.org"
machine_file client /etc/nsswitch.conf "hosts: files dns"
machine_file client /etc/resolv.conf "nameserver 192.0.2.53" "options timeout:1 attempts:1"
echo "192.168.1.1 vpn.example.org" >>"$etc/hosts"
again
back
sed -i /vpn.example.org/d "$etc/hosts"
again
ok "the resolver is dead when it connects again: the log says so" wait_until 30 said_by_client \
	'work: cannot connect to vpn.example.org port 5000: .*(name|resol|DNS)'
echo "192.168.1.1 vpn.example.org" >>"$etc/hosts"
back

# ---- garbage

mark
for m in server client; do
	cp -p "$own_world/$m.root$sysconfdir/vtund.conf" "$scratch/$m.good"
	head -c 5000 /dev/urandom >"$own_world/$m.root$sysconfdir/vtund.conf"
done
ok "with garbage for a configuration, what is up goes on" both_up
kill_of client KILL "$(monitor_on client work)"
ok "... what has to begin says what is wrong with it" wait_until 30 said_by_client 'vtund.conf.*(binary|control|byte)'
says client 'work: down: ip: done, exit status 0'
for m in server client; do
	cat "$scratch/$m.good" >"$own_world/$m.root$sysconfdir/vtund.conf"
done
back

# ---- an upgrade

for m in server client; do
	find "$own_world/$m.root" -xdev -name vtund -type f -path '*sbin*' -exec sh -c 'cp "$1" "$1.new" && mv "$1.new" "$1"' sh {} \;
	find "$own_world/$m.root" -xdev -name vtun-worker -type f -exec sh -c 'cp "$1" "$1.new" && mv "$1.new" "$1"' sh {} \;
done

# executable HOST SESSION
executable()
{
	on "$1" readlink "/proc/$(monitor_on "$1" "$2")/exe"
}

like "the programs are replaced while they run" "$(executable server work)" 'deleted'
ok "... and sessions go on" both_up
mark
kill_of server KILL "$(monitor_on server work)"
back
unlike "... the next one is of the new program" "$(executable server work)" 'deleted'
says server 'work: session ended: its vtund was killed by signal KILL; down is run in its place'

# ---- the link; the bystander is on it as well, and waits for it

end_calm()
{
	on client pkill -INT -x ping
	wait $calm_ping
	like "the bystander has lost no packet meanwhile" "$(cat "$scratch/calm.log")" " 0% packet loss"
}

end_calm
mark
on client ip link set eth1 down
ok "the link is down: both sides give up after their keepalive" wait_until 30 says_nothing_came server
ok "... the client says why it cannot come back" wait_until 30 said_by_client 'work: cannot connect to vpn.example.org'
ok "... and has nothing left" wait_until 60 is_bare client # it goes on trying: between two attempts
on client ip link set eth1 up
ok "the link is up: both are back" wait_until 40 both_up
for m in server client; do
	ok "... and nothing is left over on the $m" wait_until 20 in_order $m
done

# ---- the power

on client systemctl enable vtun@work.timer 2>/dev/null
mark
ok "the client's power fails" kill -KILL "$(machine_leader client)"
machines=" server"
wait "$(cat "$own_world/client.booted")" 2>/dev/null
ok "... the server gives it up" wait_until 30 is_bare server
says server 'work: session ended after .*nothing came from the peer for 3 s|connection to the client was lost'
machine_boot client
ok "... with the power the session is back" wait_until 40 pings 1
finish
