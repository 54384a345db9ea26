#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing waits for a batch: a ping through an idle tunnel takes no time, and a tunnel without traffic
# sleeps.  Nothing waits in a long queue either: beside a transfer that fills a slow link, a ping takes
# little more than on the link.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/udp.sh"
in_own_network "$@"
need nc tc perl
hosts_up

prefer_cubic()
{
	on client ip route change "$@" congctl cubic
}

# A modem between the two, of 10 Mbit/s each way, where a packet waits for up to 50 ms.
modem_between()
{
	host_up modem
	on client ip link set eth1 netns "$(host_pid modem)" name to-server
	ip link add eth1 netns "$(host_pid client)" type veth peer name to-client netns "$(host_pid modem)"
	host_address client eth1 192.168.1.2/30
	on modem ip link add br0 type bridge
	for port in to-server to-client; do
		on modem ip link set $port master br0 up
		on modem tc qdisc add dev $port root tbf rate 10mbit burst 5kb latency 50ms || return
	done
	on modem ip link set br0 up
	# TCP as most have it, which fills that queue, if we may choose.
	prefer_cubic 192.168.1.0/30 dev eth1 proto kernel scope link
	wait_until 10 on client ping -qc 1 -W 1 192.168.1.1
}

tunnel()
{
	udp_conf "proto $1; keepalive no;" "proto $1; keepalive no;"
	# No router is solicited in a tunnel that is said to be idle.
	sed -i "/fd00:9/s|ip .*|program $(command -v sysctl) \"-qw net.ipv6.conf.%%.disable_ipv6=1\";|" "$scratch"/*.conf
	if [ "$1" = udp ]; then
		udp_session "$1: the path comes up"
	else
		: >"$scratch/server.log"
		: >"$scratch/client.log"
		vtund_client client "$scratch/client.conf" s
		ok "$1: the tunnel comes up" wait_until 20 on client ping -qc 1 -W 1 10.9.0.1
	fi
}

# pings ADDRESS OPTION...: round trips in ms, the shortest first.
pings()
{
	on client ping -n "$@" | sed -n 's/.* time=\([0-9.]*\) ms/\1/p' | sort -n
}

# How often the worker of this monitor has gone to sleep, and so has been woken.
naps()
{
	sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' "/proc/$(pgrep -P "$1" -x vtun-worker)/status"
}

# Bytes that the client's kernel has taken and not sent yet; ss does not mention it if there are none.
unsent()
{
	on client ss -tinH "dport = :5000" | grep -o 'notsent:[0-9]*' | grep -o '[0-9]*' || echo 0
}

# What lies there is sent before the ping that comes next: a tenth of a second for each 128 KiB.
stays_short()
{
	samples=7
	while [ $samples -gt 0 ]; do
		sleep 0.2
		unsent
		samples=$((samples - 1))
	done | sort -n >"$scratch/unsent"
	n=$(at 4 "$scratch/unsent")
	ok "... with $n bytes unsent in the kernel" [ "$n" -le 32768 ]
}

# at RANK FILE: the number in that line.
at()
{
	sed -n "$1p" "$2"
}

less()
{
	perl -e 'exit !(@ARGV == 2 && $ARGV[0] < $ARGV[1])' -- "$@"
}

vtund_server server "$scratch/server.conf"
for proto in tcp udp; do
	tunnel $proto
	pings -i 0.005 -c 200 10.9.0.1 >"$scratch/idle"
	least=$(at 1 "$scratch/idle")
	ok "... of 200 pings through the idle tunnel the fastest takes $least ms: nothing waits" \
		less "$least" 1
	served=$(serving_pids)
	before=$(($(naps "$client_pid") + $(naps "$served")))
	sleep 3 # in which nothing is to happen
	n=$(($(naps "$client_pid") + $(naps "$served") - before))
	ok "... in 3 s without traffic both workers wake up $n times" [ $n -le 12 ]
	ends_well
done

modem_between || diag "no modem"
for proto in tcp udp; do
	tunnel $proto
	prefer_cubic 10.9.0.1 dev tun0 proto kernel scope link src 10.9.0.2
	: >"$scratch/arrived"
	on server sh -c "nc -l 10.9.0.1 7000 | wc -c" >"$scratch/arrived" 2>/dev/null </dev/null &
	wait_until 10 listens server 7000
	on client timeout 5 nc 10.9.0.1 7000 </dev/zero >/dev/null 2>&1 &
	sending=$!
	pings -i 0.05 -c 80 10.9.0.1 >"$scratch/full" &
	pinging=$!
	[ $proto = udp ] || stays_short
	wait $sending $pinging
	ok "... a transfer beside pings" wait_until 20 test -s "$scratch/arrived"
	ends_well
	bytes=$(cat "$scratch/arrived")
	ok "... which was full: $bytes bytes in 5 s" [ "${bytes:-0}" -ge 3000000 ]
	ok "... a ping beside that takes $(at 40 "$scratch/full") ms" less "$(at 40 "$scratch/full")" 100
	ok "... and hardly ever more than $(at 75 "$scratch/full")" less "$(at 75 "$scratch/full")" 250
done
finish
