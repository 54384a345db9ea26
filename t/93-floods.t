#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Floods against a real vtun.socket, from an address of their own: 2,000 connections a second that
# never speak, and that speak TLS and stop, from one address and from many; and one who guesses passwords.  The session that is up goes
# on with its throughput, the socket never fails, memory is bounded, others still get in.
#
#	client 192.168.1.2 --- 192.168.1.1 server 192.168.7.1 --- 192.168.7.2 attacker
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/t/machines.sh"
. "$top_srcdir/t/faults.sh"
in_own_network "$@"
need nc nft
flood=$top_builddir/t/tools/flood
[ -x "$flood" ] || skip_all "t/tools/flood is not built: make check"
seconds=${VTUN_FLOOD_SECONDS-4}

faults_begin
host_up attacker
ip link add eth2 netns "$(host_pid server)" type veth peer name eth1 netns "$(host_pid attacker)"
on server ip address add 192.168.7.1/24 dev eth2
on server ip link set eth2 up
host_address attacker eth1 192.168.7.2/24
faults_conf 2 | sed 's/walrus/wrong-guess/' >"$scratch/guess.conf"
chmod 600 "$scratch/guess.conf"
on client systemctl stop vtun@calm.timer # it is the one who wants to get in

# ---- a session with a stream through it, whose bytes are counted

background sink on server sh -c "nc -lk 10.9.1.1 7000 >/dev/null"
wait_until 10 listens server 7000 >&2
background stream on client sh -c "nc 10.9.1.1 7000 </dev/zero"

bytes()
{
	on server cat /sys/class/net/work0/statistics/rx_bytes 2>/dev/null || on server ip -s -o link show work0 |
		sed 's/.*RX:[^\\]*\\ *\([0-9]*\).*/\1/'
}

now_ms()
{
	sed 's/^\([0-9]*\)\.\([0-9]*\) .*/\1\20/' /proc/uptime
}

# rate COMMAND...: MB/s of the stream while it runs.
rate()
{
	local b t

	b=$(bytes) t=$(now_ms)
	"$@" >&2
	echo $((($(bytes) - b) / ($(now_ms) - t) / 1000))
}

pid1_kb()
{
	on server sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/1/status
}

# Samples, while the attack lasts, how many vtund there are.
count_vtunds()
{
	while sleep 0.2; do
		on server pgrep -c vtund
	done
}

attack()
{
	on attacker "$flood" 192.168.7.1 5000 2000 "$seconds" ${1-} >"$scratch/flooded"
}

# guesses N: real clients with a wrong password, eight at a time.
guesses()
{
	n=0
	while [ $n -lt "$1" ]; do
		guessers=
		for _ in 1 2 3 4 5 6 7 8; do
			# shellcheck disable=SC2086 # program and options
			on attacker timeout 20 $VTUND $vtund_flags -f "$scratch/guess.conf" work 192.168.7.1 >>"$scratch/guesses.log" 2>&1 &
			guessers="$guessers $!"
			n=$((n + 1))
		done
		wait $guessers
	done
}

# get_in SECONDS: an honest client comes, its session is up in that time, and goes again.
get_in()
{
	on client systemctl start vtun@calm.service >"$scratch/start.log" 2>&1 &
	wait_until "$1" pings 2
}

leave()
{
	on client systemctl stop vtun@calm.service
	wait_until 10 not pings 2 >&2
}

# attacked WHAT COMMAND...: and what holds during it and afterwards.
attacked()
{
	local what=$1 most

	shift
	count_vtunds >"$scratch/vtunds" 2>/dev/null &
	counter=$!
	during=$(rate "$@")
	kill $counter
	most=$(sort -n "$scratch/vtunds" | tail -n 1)
	diag "$what: the stream carries $during MB/s, before it was $quiet MB/s; at most $most vtund; systemd has $(pid1_kb) KB, before $pid1"
	ok "$what: the session is still the same" [ "$(worker_on client work)" = "$worker" ]
	ok "... and keeps a tenth of its throughput, or more, however busy this machine is" [ $((during * 10)) -ge "$quiet" ]
	ok "... no more than MaxConnectionsPerSource= of one address are served" [ "$most" -le 20 ]
	ok "... systemd has not grown by more than 32 MB" [ $(($(pid1_kb) - pid1)) -lt 32768 ]
	is "... vtun.socket is active" "$(on server systemctl is-active vtun.socket)" active
	is "... and nothing has failed" "$(on server systemctl --failed --no-legend)" ""
}

worker=$(worker_on client work)
pid1=$(pid1_kb)
quiet=$(rate sleep 3)
ok "a stream flows through the tunnel" [ "$quiet" -gt 0 ]
ok "a client gets in" get_in 10
leave

attacked "2,000 connections a second that say nothing" attack
ok "... an honest client gets in within 10 s afterwards" get_in 10
leave

# A record header, and a ClientHello that never ends.
attacked "2,000 a second that speak TLS and stop" attack 16030102000100
ok "... an honest client gets in within 10 s afterwards" get_in 10
leave

attacked "40 guesses" guesses 40
like "... the journal has lines for fail2ban" "$(journal server -t vtun)" '^auth failure from 192\.168\.7\.2 port [0-9]+: '
like "... and the source is slowed down" "$(journal server -t vtun)" '192\.168\.7\.2 port [0-9]+: turned away: too many connections or failed logins'
ok "... an honest client gets in within 10 s" get_in 10
leave

# Not by its name: a machine has a /tmp of its own, and this tree may be in the other.
load_vtun_nft()
{
	on server nft -f - <"$top_srcdir/conf/vtun.nft"
}
ok "with conf/vtun.nft" load_vtun_nft
attack_and_try()
{
	attack &
	sleep 1
	get_in 10
	echo $? >"$scratch/got_in"
	wait $!
}
attacked "2,000 a second again" attack_and_try
is "... an honest client gets in within 10 s in the midst of it" "$(cat "$scratch/got_in")" 0
leave

# One host has as many addresses as it likes, of each of which MaxConnectionsPerSource= is true.
on server sysctl -qw net.ipv6.conf.eth2.accept_dad=0
on server ip address add fd00:7::1/64 dev eth2
host_address attacker eth1 fd00:7::2/64
on attacker ip route add local fd00:9::/64 dev lo
on server ip route add fd00:9::/64 via fd00:7::2
attack()
{
	on attacker "$flood" fd00:7::1 5000 500 "$seconds" 16030102000100 fd00:9:: >"$scratch/flooded"
}
attacked "500 a second from all addresses of a /64" attack_and_try
is "... an honest client gets in within 10 s in the midst of it" "$(cat "$scratch/got_in")" 0
leave
finish
