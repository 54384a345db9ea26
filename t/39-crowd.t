#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A thousand guessers at once, each from an address of its own in one /64: few get as far as a guess, the
# machine is not full of them, whoever comes from elsewhere gets in meanwhile, and the session next door
# does not notice.
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/t/bystander.sh"
in_own_network "$@"
need ping
install_hostile hostile
hosts_up
host_address server eth1 fd00:1::1/64
host_address client eth1 fd00:1::2/64
on client sysctl -qw net.ipv6.ip_nonlocal_bind=1
on client ip route add local fd00:9::/64 dev lo
on server ip route add fd00:9::/64 via fd00:1::2

sides()
{
	cat <<-EOF
		default { type tun; proto tcp; multi yes; }
		h { passwd secret; }
		$(bystander_section "$1" "$2")
	EOF
}
sides 1 2 | conf server
sides 2 1 | conf client
vtund_server server "$scratch/server.conf" "[::]"
bystander_up

# How many workers there are at a time, and how large the largest is, in KiB.
watch_workers()
{
	while :; do
		pgrep -cx vtun-worker >>"$scratch/number"
		for p in $(pgrep -x vtun-worker); do
			sed -n "s/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p" "/proc/$p/status"
		done 2>/dev/null >>"$scratch/memory"
		sleep 0.2
	done
}
watch_workers &
watcher=$!
test_background="$test_background $watcher"

on client "$own_world/bin/hostile" fd00:1::1 5000 fd00:9:: crowd >"$scratch/crowd.out" 2>&1 &
crowd=$!
ok "the crowd has come" wait_until 10 grep -q 'fd00:9::' "$scratch/server.log"
began=$(date +%s)
vtund_client client "$scratch/client.conf" h 192.168.1.1 -p
ok "an honest client from elsewhere gets in" wait_until 20 grep -q 'h: session up' "$scratch/client.log"
diag "after $(($(date +%s) - began)) s"
wait $crowd
end "$client_pid"
kill "$watcher"

read -r away _ _ refused _ <"$scratch/crowd.out"
diag "$(cat "$scratch/crowd.out")"
is "T37: each of 1,000 connections from one /64 was closed, or its guess refused" $((away + refused)) 1000
ok "T37: at most 128 of them were let in far enough for a guess" [ "$refused" -le 128 ]
like "T37: ... the others were too many, as the log says" "$(cat "$scratch/server.log")" \
	'fd00:9::.*too many'
ok "T37: there never were more than 24 workers, and the other sessions'" \
	[ "$(sort -n "$scratch/number" | tail -n 1)" -le 28 ]
ok "no worker was larger than 32 MiB" [ "$(sort -n "$scratch/memory" | tail -n 1)" -lt 32768 ]
bystander_ends_well
finish
