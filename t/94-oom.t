#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A control group runs out of memory under load, as with MemoryMax= of a unit: the kernel kills a worker,
# its monitor says so, runs `down` and leaves nothing, and its neighbour does not notice.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need ping nc
hosts_up

for n in 1 2; do
	case $n in 1) side=server ;; *) side=client ;; esac
	conf $side <<-EOF
		options { timeout 10; }
		default { type tun; proto tcp; keepalive 2:4; compress zlib; }
		s {
		  passwd walrus;
		  up {
		    ip "address add 10.9.1.$n peer 10.9.1.$((3 - n)) dev %%";
		    ip "link set %% up";
		    program "echo up >>$scratch/$side.ran" wait;
		  };
		  down { program "echo down >>$scratch/$side.ran" wait; };
		}
		calm {
		  passwd oyster; device calm0;
		  up { ip "address add 10.9.2.$n peer 10.9.2.$((3 - n)) dev %%"; ip "link set %% up"; };
		}
	EOF
done

# memory_group_new: $memory_group, a control group of either version with 16 KiB of memory.
memory_group_new()
{
	local v1=/sys/fs/cgroup/memory v2=/sys/fs/cgroup limit=memory.limit_in_bytes

	if [ -w $v1/cgroup.procs ]; then
		memory_group=$v1/vtun-test-$$
	elif grep -qsw memory $v2/cgroup.subtree_control && [ -w $v2/cgroup.procs ]; then
		memory_group=$v2/vtun-test-$$
		limit=memory.max
	else
		return 1
	fi
	mkdir "$memory_group" || return
	test_end_by="$test_end_by memory_group_end"
	echo 16384 >"$memory_group/$limit"
}

memory_group_end()
{
	wait_until 10 rmdir "$memory_group" >&2
}

carries()
{
	on client ping -qc 1 -W 1 "10.9.$1.1"
}

gone()
{
	! kill -0 "$1" 2>/dev/null
}

# Only the bystander's processes, devices and files are left.
calm_alone()
{
	[ "$(on client ip -o link show type tun | wc -l) $(on server ip -o link show type tun | wc -l)" = "1 1" ] &&
		[ "$(pgrep -x vtun-worker | wc -l)" = 2 ] && [ "$(pgrep -x vtund | wc -l)" = 2 ]
}

# The pages that a process has are not counted, those that it touches from now on are: a session that
# has been quiet gets work.
runs_out_on()
{
	local m=$1 worker code

	: >"$scratch/client.log"
	: >"$scratch/server.log"
	rm -f "$scratch"/*.ran
	vtund_client client "$scratch/client.conf" s
	ok "a session comes up" wait_until 20 carries 1
	case $m in
	client) code=70 worker=$(pgrep -P $client_pid -x vtun-worker) ;;
	server) code=75 worker=$(pgrep -P "$(newest_served)" -x vtun-worker) ;;
	esac
	ok "the $m's worker gets no more memory" sh -c 'echo "$1" >"$2/cgroup.procs"' sh "$worker" "$memory_group"
	background "cat-$m" on server sh -c 'nc -l 10.9.1.1 7000 >/dev/null'
	wait_until 10 listens server 7000 >&2
	background "work-$m" on client sh -c 'exec nc -N 10.9.1.1 7000 <"$1"' sh "$scratch/work"
	ok "... and is killed" wait_until 20 gone "$worker"
	ok "... its monitor says so" wait_until 20 grep -q 's: session ended .*worker was killed by signal 9' "$scratch/$m.log"
	wait_until 20 gone $client_pid >&2 || kill $client_pid
	wait $client_pid
	is "... the client's exit status" $? $code
	ok "... nothing is left" wait_until 20 calm_alone
	is "... down has run once on each side" "$(sort "$scratch/client.ran" "$scratch/server.ran" | tr '\n' ' ')" \
		"down down up up "
}

head -c 100000000 /dev/zero >"$scratch/work"
memory_group_new || skip_all "no control group with a limit of memory can be made here (uid $(id -u))"
vtund_server server "$scratch/server.conf"
# shellcheck disable=SC2086
background calm on client $VTUND $vtund_flags -f "$scratch/client.conf" calm 192.168.1.1
ok "a bystander is up" wait_until 20 carries 2
background ping on client sh -c 'echo $$ >"$1"; exec ping -q -i 0.2 -W 5 10.9.2.1' sh "$scratch/ping.pid"
ping=$!
for m in client server; do
	runs_out_on $m
done
on client kill -INT "$(cat "$scratch/ping.pid")"
wait $ping
like "the bystander has lost no packet meanwhile" "$(cat "$scratch/ping.log")" " 0% packet loss"
finish
