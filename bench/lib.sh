# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154,SC2086 # variables of bench/run; lists of words
#
# What bench/run and the measurements share: the hosts (t/hosts.sh), the processes of the tunnel between them,
# and the samples.
#
#      host "client"                                                       host "server"
#      eth1 192.168.1.2 ═════════ veth, 1500 bytes, its default offloads ═════════ 192.168.1.1 eth1
#      eth2 ───────── host "modem": a bridge, 10 Mbit/s and a queue of 50 ms each way ───────── eth2
#      tunnel 10.9.0.2 ──────────────────── 1420 bytes inside ──────────────────── 10.9.0.1 tunnel
#
# The way is eth1; only for the latency under load, routes lead by the modem.  That bottleneck has to be in the
# middle: what a queue of the host itself drops, its TCP learns at once, and never has to send again.

outer=192.168.1.1	# the server and the client on the link
outer_client=192.168.1.2
server_inner=10.9.0.1	# and in the tunnel
client_inner=10.9.0.2
mtu=1420
# TCP as Debian has it, whatever this machine's default is: in the streams, and in tunnels over TCP.  By routes and
# options, as a network namespace may not choose what its machine has not allowed by sysctl.
congestion=cubic

bench_hosts_up()
{
	local host

	hosts_up && host_up modem && on modem ip link add br0 type bridge && on modem ip link set br0 up ||
		return
	for host in client server; do
		# IPv6 sends router solicitations: a tunnel that is said to be idle has to be.
		on $host sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 &&
			ip link add eth2 netns "$(host_pid $host)" type veth \
				peer name $host netns "$(host_pid modem)" &&
			on $host ip link set eth2 up &&
			on modem ip link set $host master br0 up &&
			on modem tc qdisc add dev $host root tbf rate 10mbit burst 5kb latency 50ms || return
	done
	fast_link client && fast_link server
}

# The route over eth1, which the kernel has made.
fast_link()
{
	on $1 ip route change 192.168.1.0/30 dev eth1 proto kernel scope link congctl $congestion
}

say()
{
	printf '%s\n' "$*" >&2
}

die()
{
	say "bench/${0##*/}: $*"
	exit 1
}

# wait_for SECONDS COMMAND...: tries every 10 ms until it succeeds.
wait_for()
{
	local tries=$(($1 * 100))

	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.01
	done
}

# ---- where, and what

machine()
{
	local processor memory

	processor=$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)
	memory=$(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 2^20 }' /proc/meminfo)
	echo "$(nproc) cores, ${processor:-$(uname -m)}, $memory"
}

# What is measured, by a name that no change of history changes.
sources()
{
	echo "tree $(git -C "$top_srcdir" rev-parse --short HEAD:src 2>/dev/null || echo unknown) of src/"
	git -C "$top_srcdir" diff --quiet HEAD -- src 2>/dev/null || echo "and changes since"
}

# ---- samples

# record METRIC VALUE: one line of the samples, of the contender whose turn it is.
record()
{
	printf '%s\t%s\t%s\t%s\n' "$round" "$contender" "$1" "$2" >>"$samples"
}

# note TEXT: a line of the samples that the report repeats, and shows at once.
note()
{
	say "  $*"
	printf '# note: round %s: %s: %s\n' "$round" "$contender" "$*" >>"$samples"
}

# percentiles: numbers, one a line, as "MEDIAN 99TH"; fails if there are none.
percentiles()
{
	sort -n | awk '
		function at(q,  i) { i = int(q * NR); return v[i < q * NR ? i + 1 : i] }
		{ v[NR] = $1 }
		END { if (!NR) exit 1; print at(0.5), at(0.99) }'
}

# ---- processes

# processes_on HOST: all but the one that holds it.
processes_on()
{
	local holder namespace

	holder=$(host_pid "$1")
	namespace=$(stat -Lc %i "/proc/$holder/ns/net")
	stat -Lc '%i %n' /proc/[0-9]*/ns/net 2>/dev/null |
		sed -n "s|^$namespace /proc/\([0-9]*\)/ns/net$|\1|p" | grep -vx "$holder"
}

# tunnel_pids HOST: the contender's processes there, as nothing else lives on a host between two
# measurements; but a listener that stands in for systemd is no part of a tunnel.
tunnel_pids()
{
	local pid

	for pid in $(processes_on "$1"); do
		grep -q '^systemd-socket-' "/proc/$pid/comm" || echo "$pid"
	done
}

# start HOST COMMAND...: in the background; $! is its process, the output goes to $work/HOST.log.
start()
{
	local host=$1

	shift
	(on_by="exec" && on "$host" "$@") >>"$work/$host.log" 2>&1 </dev/null &
}

# Ends whatever runs on a host.
stop_all_on()
{
	processes_on "$1" | xargs -r kill 2>/dev/null
	wait_for 2 idle "$1" || processes_on "$1" | xargs -r kill -KILL 2>/dev/null
	wait_for 2 idle "$1"
}

idle()
{
	[ -z "$(processes_on "$1")" ]
}

# CPU time of the tunnel's processes so far, in nanoseconds.  From schedstat of each thread: the utime and
# stime of /proc/PID/stat are the same account in steps of 10 ms, too coarse for a hundred pings.
tunnel_cpu_ns()
{
	local pid

	for pid in $server_pids $client_pids; do
		cat "/proc/$pid"/task/*/schedstat 2>/dev/null
	done | awk '{ ns += $1 } END { printf "%.0f\n", ns }'
}

# CPU time that the whole machine has spent so far, in units of 10 ms.
machine_cpu_ticks()
{
	# user, nice, system, irq and softirq; neither idle, iowait nor what other guests stole
	awk '$1 == "cpu" { print $2 + $3 + $4 + $7 + $8 }' /proc/stat
}

# metered COMMAND...: runs it and says what it cost meanwhile: tunnel_ns, machine_ticks.
metered()
{
	local ns ticks code=0

	ns=$(tunnel_cpu_ns)
	ticks=$(machine_cpu_ticks)
	"$@" || code=$?
	tunnel_ns=$(($(tunnel_cpu_ns) - ns))
	# shellcheck disable=SC2034 # for the measurements
	machine_ticks=$(($(machine_cpu_ticks) - ticks))
	return $code
}

# through_tunnel METRIC: whether what was metered went through the tunnel.  If its processes used no CPU it
# did not (a kernel module, a wrong route, a dead end): such a sample would flatter, and is discarded.
through_tunnel()
{
	[ "$contender" = bare ] || [ "$tunnel_ns" -gt 100000 ] && return
	note "$1 discarded: the tunnel's processes used no CPU"
	return 1
}
