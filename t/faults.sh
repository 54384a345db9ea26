# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2154 # what is not assigned here is lib.sh's
#
# What the tests of faults share: two machines with systemd and two sessions between them, "work", to
# which things happen, and "calm", the bystander, both with traffic.  Inside of "work" 10.9.1.1 is the
# server and 10.9.1.2 the client, inside of "calm" 10.9.2.1 and 10.9.2.2.
#
# What up does and down undoes is a rule of policy routing, as that outlives its device: after "work"
# has come back there is one, not two, and none after it was stopped.

rule="10.66.0.0/16"

# faults_conf N: the sessions on the side with the number N.
faults_conf()
{
	cat <<-EOF
		options { timeout 10; auth_timeout 5; }
		default { type tun; proto udp; keepalive 1:2; }
		work {
		  passwd walrus; device work0;
		  up {
		    ip "address add 10.9.1.$1 peer 10.9.1.$((3 - $1)) dev %%";
		    ip "link set %% up";
		    ip "rule add to $rule lookup 100";
		  };
		  down { ip "rule del to $rule lookup 100"; };
		}
		calm {
		  passwd oyster; device calm0;
		  up { ip "address add 10.9.2.$1 peer 10.9.2.$((3 - $1)) dev %%"; ip "link set %% up"; };
		}
	EOF
}

# faults_begin: both machines run, both sessions are up, and "calm" carries a ping that is counted.
faults_begin()
{
	local m s

	need ping
	hosts_up
	machines_ready
	for m in server client; do
		machine_install $m
		machine_file $m /etc/systemd/system/vtun@.timer.d/fast.conf \
			"[Timer]" "OnUnitInactiveSec=" "OnActiveSec=0" "OnUnitInactiveSec=1s" "RandomizedDelaySec=0"
	done
	faults_conf 1 | faults_file server
	faults_conf 2 | faults_file client
	for s in work calm; do
		machine_file client "$sysconfdir/default/vtun-$s" "VTUN_SERVER=192.168.1.1"
	done
	for m in server client; do
		machine_boot $m
	done
	on server systemctl start vtun.socket
	on client systemctl start vtun@work.timer vtun@calm.timer
	ok "two sessions are up" wait_until 40 both_up
	calm_before=$(calm_workers)
	background calm on client ping -q -i 0.2 -W 5 10.9.2.1
	calm_ping=$!
	background work on client ping -q -i 0.005 -s 1300 10.9.1.1
}

faults_file()
{
	(umask 077 && cat >"$own_world/$1.root$sysconfdir/vtund.conf")
}

pings()
{
	on client ping -qc 1 -W 1 "10.9.$1.1"
}

both_up()
{
	pings 1 && pings 2
}

# worker_on HOST SESSION, monitor_on HOST SESSION: process ids on that machine.
worker_on()
{
	on "$1" pgrep -P "$(monitor_on "$1" "$2")" -x vtun-worker
}

monitor_on()
{
	on "$1" pgrep -f "^vtund\[.]: $2 tun"
}

# kill_of HOST SIGNAL PID...
kill_of()
{
	local host=$1 signal=$2

	shift 2
	on "$host" kill "-$signal" "$@"
}

calm_workers()
{
	echo "$(worker_on server calm) $(worker_on client calm)"
}

rules()
{
	on "$1" ip rule show | grep -c "$rule"
}

devices()
{
	on "$1" ip -o link show type tun | sed 's/^[0-9]*: \([^:]*\):.*/\1/' | sort | tr '\n' ' '
}

# Directories of sessions in /run/vtund: those of systemd's instances and no other.
run_directories()
{
	on "$1" find /run/vtund -mindepth 1 -maxdepth 1 -type d ! -name claim ! -name down | wc -l
}

# Whether that machine has what belongs to two sessions and nothing else.
in_order()
{
	[ "$(devices "$1")" = "calm0 work0 " ] || { devices "$1"; return 1; }
	[ "$(rules "$1")" = 1 ] || { on "$1" ip rule show; return 1; }
	[ "$(run_directories "$1")" = 2 ] || { on "$1" ls -lR /run/vtund; return 1; }
	[ -z "$(on "$1" find /run/vtund -name '*.new')" ]
}

# mark: what is asked of the journals later is what was said after this.
mark()
{
	local m

	for m in server client; do
		journal $m -n 1 -o export | sed -n 's/^__CURSOR=//p' >"$scratch/$m.cursor"
	done
	work_before="$(worker_on server work) $(worker_on client work)"
}

said()
{
	journal "$1" --after-cursor="$(cat "$scratch/$1.cursor")"
}

# says HOST ERE: since the mark.
says()
{
	like "... the $1's journal says what happened" "$(said "$1")" "$2"
}

says_nothing_came()
{
	said "$1" | grep 'work: session ended after .*nothing came from the peer for 3 s'
}

is_new()
{
	[ "$(worker_on server work)" != "${work_before% *}" ] && [ "$(worker_on client work)" != "${work_before#* }" ]
}

comes_back()
{
	local m

	is_new && pings 1
}

# back [SECONDS]: "work" is up again, everything is as it was, and "calm" has not noticed.
back()
{
	local m

	ok "... the client is back" wait_until "${1-30}" comes_back
	for m in server client; do
		ok "... on the $m no device, rule, lock or file is left over" wait_until 10 in_order $m
	done
	is "... the bystander is the same as before" "$(calm_workers)" "$calm_before"
}

# faults_end: the bystander has lost nothing in all that time, and what is stopped leaves nothing.
faults_end()
{
	local m

	on client pkill -INT -x ping
	wait $calm_ping
	like "the bystander has lost no packet meanwhile" "$(cat "$scratch/calm.log")" " 0% packet loss"
	on client systemctl stop vtun@work.timer vtun@calm.timer
	for m in server client; do
		ok "stopped: no device, rule or file is left on the $m" wait_until 20 is_bare $m
		is "... nothing has failed" "$(on $m systemctl --failed --no-legend)" ""
	done
}

is_bare()
{
	[ -z "$(devices "$1")" ] && [ "$(rules "$1")" = 0 ] && [ "$(run_directories "$1")" = 0 ]
}
