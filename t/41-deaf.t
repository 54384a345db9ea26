#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A peer who knows a password, speaks now and then, and reads nothing: whatever is due meanwhile, a new key
# or what `speed` allows, the worker sleeps until the network takes something again.
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/t/bystander.sh"
in_own_network "$@"
need ping
install_hostile hostile
install_hostile hasty-worker
hosts_up
conf server <<-EOF
	default {
	  type tun; proto tcp; keepalive 20:4;
	  up { ip "address add 10.77.0.1 peer 10.77.0.2 dev %d"; ip "link set %d up"; };
	}
	slow { passwd secret; speed 256; }
	fast { passwd secret; }
	stream { passwd secret; type pipe; up { program "cat /dev/zero"; }; }
EOF
vtund_server server "$scratch/server.conf"
# shellcheck disable=SC2086 # program and options
background hasty listen server 192.168.1.1 5001 "$own_world/bin/vtund" --worker="$own_world/bin/hasty-worker" \
	$vtund_flags -f "$scratch/server.conf"
wait_until 10 listens server 5001 >&2

worker_there()
{
	pgrep -x 'vtun-worker|hasty-worker'
}

# CPU time of a process, in hundredths of a second.
ticks()
{
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

routed()
{
	on server ip route get 10.77.0.2 | grep 'dev tun'
}

# is_quiet NAME CASE PORT
is_quiet()
{
	local worker before spent

	background "$2" on client "$own_world/bin/hostile" 192.168.1.1 "$3" 192.168.1.2 "$2"
	ok "$1: a session" wait_until 10 routed
	worker=$(worker_there)
	# More than the sockets hold.
	on server ping -q -i 0.002 -s 1300 10.77.0.2 >&2 &
	sleep 3
	before=$(ticks "$worker")
	sleep 4
	spent=$(($(ticks "$worker") - before))
	ok "... its peer reads nothing" [ "$(on server ss -Htn state established "sport = :$3" | awk '{ print $2 }')" -gt 4096 ]
	ok "... and it computes for ${spent}0 ms in 4 s" [ "$spent" -lt 40 ]
	on server pkill -x ping
	wait $!
	kill "$worker"
	wait_until 10 not worker_there >&2
}

is_quiet "speed" deaf_to_speed 5000
is_quiet "a key is due" deaf_to_keys 5001

# A stream through a slow network, whose sender is full all the time.
conf client <<-EOF
	stream { passwd secret; type pipe; up { program "cat >/dev/null"; }; }
EOF
on server tc qdisc add dev eth1 root tbf rate 5mbit burst 16k limit 60k
vtund_client client "$scratch/client.conf" stream
wait_until 10 grep -q "stream: session up" "$scratch/server.log" >&2
sleep 3
worker=$(pgrep -P "$(pgrep -f 'vtund.s.: stream')" -x vtun-worker)
before=$(ticks "$worker")
sleep 3
spent=$(($(ticks "$worker") - before))
ok "a stream of 5 Mbit/s: it computes for ${spent}0 ms in 3 s" [ "$spent" -lt 60 ]
end "$client_pid"
finish
