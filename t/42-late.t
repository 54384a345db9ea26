#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A worker that comes late finds more in its TLS connection than it takes in one go, and a datagram beside
# it: none of that is left lying until something else wakes it.
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/t/bystander.sh"
in_own_network "$@"
install_hostile hostile
hosts_up
on server sysctl -qw net.ipv4.tcp_rmem='4096 4194304 8388608'
on client sysctl -qw net.ipv4.tcp_wmem='4096 4194304 8388608'
printf 'default { type tun; proto udp; keepalive 20:4; }\nu { passwd secret; }\n' | conf server
vtund_server server "$scratch/server.conf"

waiting_bytes()
{
	on server ss -Htn state established 'sport = :5000' | awk '{ print $1 }'
}

background late on client "$own_world/bin/hostile" 192.168.1.1 5000 192.168.1.2 much_and_datagram
late=$!
wait_until 10 grep -q ready "$scratch/late.log" >&2
worker=$(pgrep -x vtun-worker)
kill -STOP "$worker"
ok "half a megabyte waits for a worker that is stopped" wait_until 10 eval '[ "$(waiting_bytes)" -gt 500000 ]'
kill -CONT "$worker"
wait $late
like "... what is behind it is answered at once" "$(tr '\n' ' ' <"$scratch/late.log")" '^ready answered drops'
finish
