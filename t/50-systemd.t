#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The article's tunnel between two machines on which a real systemd is process 1, as an administrator
# meets it: enable, look, break, see it come back, disable.
#
#	server (192.168.1.1)                      client (192.168.1.2)
#	vtun.socket                               vtun@wireless2.timer
#	  vtun@N-....service   <--- eth1 --->       vtun@wireless2.service
#	    tun0 192.168.2.1                          tun1 192.168.2.2
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/t/machines.sh"
in_own_network "$@"
need nc ping
hosts_up
machines_ready
for m in server client; do
	machine_install $m
	install -m 600 "$top_srcdir/t/data/article/$m.conf" "$own_world/$m.root$sysconfdir/vtund.conf"
done
machine_file client "$sysconfdir/default/vtun-wireless2" "VTUN_SERVER=192.168.1.1"
# As documented in the unit, but faster.
machine_file client /etc/systemd/system/vtun@.timer.d/fast.conf \
	"[Timer]" "OnUnitInactiveSec=" "OnActiveSec=0" "OnUnitInactiveSec=1s" "RandomizedDelaySec=0"

session=vtun@wireless2.service
timer=vtun@wireless2.timer

# property HOST UNIT NAME; unit "" is systemd itself.
property()
{
	on "$1" systemctl show --value -p "$3" ${2:+"$2"}
}

# The server's instances; serves N: whether there are so many.
instances()
{
	on server systemctl list-units --all --plain --no-legend 'vtun@*.service' | awk '{ print $1 }'
}

serves()
{
	[ "$(instances | wc -l)" = "$1" ]
}

# kill_on HOST PROGRAM: the newest process of it, without warning.
kill_on()
{
	before=$(on client pgrep -x vtun-worker)
	on "$1" pkill -KILL -n -x "$2"
}

# Another connection than before, and packets in it.
came_back()
{
	! on client pgrep -x vtun-worker | grep -qx "$before" && tunnel_works
}

no_device()
{
	! on "$1" ip link show "$2"
}

for m in server client; do
	machine_boot $m
	ok "systemd boots on machine $m" is_up $m
done

is "what sessions of root and of the service share is the service's from the boot on" \
	"$(on server stat -c %U /run/vtund /run/vtund/claim | tr '\n' ' ')" "vtun vtun "

# ---- the server waits, and a stranger disturbs nothing

ok "systemctl enable --now vtun.socket" on server systemctl enable --now vtun.socket
ok "systemd listens on port 5000" wait_until 5 listens server 5000
ok "... and nothing of ours runs while nobody connects" not on server pgrep vtun

background stranger on client nc -d 192.168.1.1 5000
stranger=$!
ok "a silent stranger gets an instance of its own" wait_until 10 serves 1
ok "... which is active at once" wait_until 5 on server systemctl is-active "$(instances)"
is "... and no pending job, which would keep a booting system \"starting\"" \
	"$(on server systemctl list-jobs --no-legend)" ""
like "... and systemctl status says what it is doing" \
	"$(property server "$(instances)" StatusText)" authentication
kill $stranger
ok "it is gone with the stranger" wait_until 20 serves 0

# ---- the client connects

ok "systemctl enable --now $timer" on client systemctl enable --now $timer
ok "the tunnel comes up, with the article's two files unchanged" wait_until 30 tunnel_works
is "the client's service is active" "$(property client $session ActiveState)" active
like "... and its status names session and device" "$(property client $session StatusText)" \
	"wireless2.*tun1"
like "the server's too" "$(property server "$(instances)" StatusText)" "wireless2.*tun0"
like "ps on the server shows the article's line" "$(on server ps axww -o args)" \
	"^vtund\[s\]: wireless2 tun tun0"
like "ps on the client shows the article's line" "$(on client ps axww -o args)" \
	"^vtund\[c\]: wireless2 tun tun1"
is "monitor and worker are the user vtun" \
	"$(on server ps axww -o user,comm | awk '/vtun(d|-worker)$/ { print $1, $2 }' | sort)" \
	"vtun vtun-worker
vtun vtund"
worker=$(on server cat "/proc/$(on server pgrep -x vtun-worker)/status")
like "the worker has no capability" "$worker" "^CapEff:	0000000000000000$"
like "... can get none" "$worker" "^NoNewPrivs:	1$"
like "... and is in its system call filter" "$worker" "^Seccomp:	2$"
for m in server client; do
	like "$m's journal finds the session by VTUN_SESSION=" \
		"$(journal $m -q VTUN_SESSION=wireless2)" "[[:print:]]"
	unlike "... and has no password" "$(journal $m)" SecretPassword
done

# ---- whatever ends it, it comes back

for m in client server; do
	for program in vtun-worker vtund; do
		kill_on $m $program
		ok "after kill -9 of the $m's $program it comes back" wait_until 60 came_back
	done
done
before=$(on client pgrep -x vtun-worker)
on client systemctl stop $session 2>/dev/null # warns of the timer
like "systemctl stop ends the session in good order" "$(journal client -u $session)" \
	"Deactivated successfully"
ok "... and the timer starts it again" wait_until 30 came_back
before=$(on client pgrep -x vtun-worker)
ok "restarting vtun.socket" on server systemctl restart vtun.socket
ok "... leaves the session alone" tunnel_works
is "... which is still the same" "$(on client pgrep -x vtun-worker)" "$before"

# ---- "systemctl start" waits for the tunnel

on client systemctl stop $timer
ok "stopping the timer takes the tunnel down" wait_until 10 no_device client tun1
ok "systemctl start vtun@wireless2" on client systemctl start vtun@wireless2
ok "... returns when packets cross the tunnel, not before" tunnel_works

# ---- over a reboot

on server systemctl stop vtun.socket
machine_halt client
ok "the client's power-off ends the server's instance" wait_until 30 serves 0
machine_boot client
ok "the client boots again, though its server does not answer" is_up client
finished=$(property client "" FinishTimestampMonotonic)
ok "... and was not held up by that" [ "$((finished - $(property client "" UserspaceTimestampMonotonic)))" -lt 30000000 ]
ok "the server listens again" on server systemctl start vtun.socket
ok "... and the tunnel is back without a hand" wait_until 60 tunnel_works

# ---- disabled

ok "systemctl disable --now $timer" on client systemctl disable --now $timer
ok "... takes the tunnel down" wait_until 10 no_device client tun1
ok "... on the server too" wait_until 10 no_device server tun0
ok "no instance is left" wait_until 20 serves 0
for m in server client; do
	is "nothing is left behind as failed on the $m" "$(on $m systemctl --failed --no-legend)" ""
done
finish
