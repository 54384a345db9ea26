#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The tables of doc/PRIVILEGES.md, read from /proc: what a monitor and a worker have, on both sides,
# before the login and after it.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
hostile=$top_builddir/t/tools/hostile
[ -x "$hostile" ] || skip_all "t/tools/hostile is not built: make check"
need nc perl ping setpriv
install -m 755 "$hostile" "$own_world/bin"
hosts_up
password=correct-horse-battery-staple
conf server <<-EOF
	s { passwd $password; type tun; proto udp; up { ip "address add 192.168.2.1 peer 192.168.2.2 dev %d"; ip "link set %d up"; }; }
EOF
conf client <<-EOF
	s { passwd $password; up { ip "address add 192.168.2.2 peer 192.168.2.1 dev %d"; ip "link set %d up"; }; }
EOF

field()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' ' | sed 's/ *$//'
}

# What descriptor 3 and so on of a process are: of sockets the protocol, of files the last of the name.
descriptors()
{
	local at what inode kind

	for at in "/proc/$1/fd"/*; do
		[ "${at##*/}" -gt 2 ] || continue
		what=$(readlink "$at")
		[ "$what" != "$(readlink "/proc/$$/fd/${at##*/}")" ] || continue # inherited from who tests
		case $what in
		socket:*)
			inode=${what#*[} inode=${inode%]}
			kind=$(grep -lw "$inode" "/proc/$1/net/tcp" "/proc/$1/net/udp" "/proc/$1/net/unix" 2>/dev/null)
			echo "${kind##*/}"
			;;
		/run/vtund/[0-9]*/down) echo down ;;
		/run/vtund/[0-9]*) echo status ;;
		anon_inode:*) echo "${what#anon_inode:}" | tr -d '[]' ;;
		*) echo "${what##*/}" ;;
		esac
	done | sort | tr '\n' ' ' | sed 's/ $//'
}

standard_ones()
{
	readlink "/proc/$1/fd/0" "/proc/$1/fd/1" "/proc/$1/fd/2" | tr '\n' ' '
}

# limit PID NAME: soft and hard.
limit()
{
	sed -n "s/^$2  *\([^ ]*\)  *\([^ ]*\) .*/\1 \2/p" "/proc/$1/limits"
}

worker_of()
{
	pgrep -P "$1" -x vtun-worker
}

# Whether somebody of the worker's uid, with no more rights than it, may look into a process.
may_look()
{
	setpriv --reuid="$worker_uid" --regid="$worker_gid" --$setpriv_groups-groups --inh-caps=-all --bounding-set=-all \
		readlink "/proc/$1/exe"
}

# Whether the password is anywhere in the memory of a process that it may write to.
knows_password()
{
	perl -e '
		my ($pid, $word) = @ARGV;
		open my $maps, "<", "/proc/$pid/maps" or die;
		open my $mem, "<:raw", "/proc/$pid/mem" or die "mem: $!";
		my @areas = map { /^(\w+)-(\w+) rw/ ? [hex $1, hex $2] : () } <$maps>;
		die "no memory" unless @areas;
		for (@areas) {
			sysseek $mem, $_->[0], 0;
			next unless sysread $mem, my $bytes, $_->[1] - $_->[0];
			exit 0 if index($bytes, $word) >= 0;
		}
		exit 1' "$1" "$password"
}

worker_uid=0 worker_gid=0 groups=$(field self Groups) setpriv_groups=keep
if [ -z "$vtund_flags" ]; then
	worker_uid=$(getent passwd vtun | cut -d: -f3)
	worker_gid=$(getent passwd vtun | cut -d: -f4)
	groups='' setpriv_groups=clear
fi

# worker PID WHO DESCRIPTORS
worker_has()
{
	is "$2: uid" "$(field "$1" Uid)" "$worker_uid $worker_uid $worker_uid $worker_uid"
	is "$2: gid" "$(field "$1" Gid)" "$worker_gid $worker_gid $worker_gid $worker_gid"
	is "$2: groups" "$(field "$1" Groups)" "$groups"
	is "$2: no capability in any of the five sets" "$(grep '^Cap' "/proc/$1/status" | cut -f2 | sort -u)" 0000000000000000
	is "$2: no_new_privs" "$(field "$1" NoNewPrivs)" 1
	is "$2: system calls are filtered" "$(field "$1" Seccomp)" 2
	is "$2: filters" "$(field "$1" Seccomp_filters)" 1
	is "$2: descriptors 0 to 2" "$(standard_ones "$1")" "/dev/null /dev/null /dev/null "
	is "$2: the others" "$(descriptors "$1")" "$3"
	is "$2: the environment is empty" "$(wc -c <"/proc/$1/environ")" 0
	is "$2: NOFILE" "$(limit "$1" 'Max open files')" "16 16"
	is "$2: NPROC" "$(limit "$1" 'Max processes')" "0 0"
	is "$2: CORE" "$(limit "$1" 'Max core file size')" "0 0"
	is "$2: AS" "$(limit "$1" 'Max address space')" "134217728 134217728"
	is "$2: a session of its own" "$(cut -d' ' -f6 "/proc/$1/stat")" "$1"
	is "$2: a process group of its own" "$(cut -d' ' -f5 "/proc/$1/stat")" "$1"
	ok "$2: the password is not in its memory" exits 1 knows_password "$1"
	is "$2: one thread" "$(field "$1" Threads)" 1
	ok "$2: its own kind may not look into it" not may_look "$1"
}

# monitor_has PID WHO DESCRIPTORS
monitor_has()
{
	is "$2: uid" "$(field "$1" Uid)" "0 0 0 0"
	is "$2: capabilities, as root" "$(field "$1" CapEff)" "$(field self CapEff)"
	is "$2: CORE" "$(limit "$1" 'Max core file size')" "0 0"
	is "$2: descriptors" "$(descriptors "$1")" "$3"
}

setpriv --reuid=$worker_uid --regid=$worker_gid --$setpriv_groups-groups --inh-caps=-all --bounding-set=-all sleep 100 &
test_background="$test_background $!"
ok "one may look into what is dumpable" wait_until 5 may_look $!

# ---- before the login

vtund_server server "$scratch/server.conf"
background hostile on client "$own_world/bin/hostile" 192.168.1.1 5000 192.168.1.2 quiet
wait_until 10 serving_pids >&2
monitor=$(serving_pids)
filtered()
{
	w=$(worker_of "$1") && [ "$(field "$w" Seccomp)" = 2 ]
}
ok "a stranger's worker waits for his login" wait_until 10 filtered "$monitor"
worker_has "$(worker_of "$monitor")" "server's worker, login" "tcp unix"
monitor_has "$monitor" "server's monitor, login" "pidfd rl signalfd signalfd tcp unix"
ok "... which knows the password, as one can see" knows_password "$monitor"
end $!

background silent on server nc -l 192.168.1.1 5999
wait_until 10 listens server 5999 >&2
vtund_client client "$scratch/client.conf" s 192.168.1.1 -P 5999
ok "a client's worker waits for its server" wait_until 10 filtered "$client_pid"
worker_has "$(worker_of "$client_pid")" "client's worker, login" "tcp unix"
monitor_has "$client_pid" "client's monitor, login" "pidfd signalfd signalfd tcp unix"
end "$client_pid"

# ---- in session

wait_until 20 no_vtund >&2
vtund_client client "$scratch/client.conf" s
ok "a session is up" wait_until 20 tunnel_works
monitor=$(serving_pids)
worker_has "$(worker_of "$monitor")" "server's worker, run" "tcp tun udp unix"
monitor_has "$monitor" "server's monitor, run" "down pidfd signalfd signalfd status tun unix"
worker_has "$(worker_of "$client_pid")" "client's worker, run" "tcp tun udp unix"
monitor_has "$client_pid" "client's monitor, run" "down pidfd signalfd signalfd status tun unix"
for who in "$monitor server" "$client_pid client"; do
	ok "${who#* }'s monitor, run: the password is wiped from its memory" exits 1 knows_password "${who% *}"
done
end "$client_pid"
is "it ends in good order" $? 0

wait_until 20 no_vtund >&2
vtund_client client "$scratch/client.conf" s
ok "a session is up" wait_until 20 tunnel_works
end "$client_pid" KILL
kill -KILL "$(serving_pids)"
ok "a worker does not outlive its monitor, whatever killed it" wait_until 10 not pgrep -x vtun-worker
finish
