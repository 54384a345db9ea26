#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A machine that runs out of something: of room in /run and /var, of descriptors, of memory; and one
# whose clock leaps.  A session comes up all the same or says what is missing, nothing stays behind,
# and its neighbour does not notice.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need ping prlimit
for p in vtund worker; do
	[ -x "$top_builddir/t/tools/leaping-$p" ] || skip_all "t/tools/leaping-$p is not built: make check"
done
hosts_up

# sides: the files of both, with two sessions.
sides()
{
	for n in 1 2; do
		case $n in 1) side=server ;; *) side=client ;; esac
		conf $side <<-EOF
			options { timeout 10; }
			default { type tun; proto udp; keepalive 2:4; }
			s {
			  passwd walrus; stat yes;
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
}

carries()
{
	on client ping -qc 1 -W 1 "10.9.$1.1"
}

# dials [COMMAND...]: the client of s, under a command that takes something from it.
dials()
{
	: >"$scratch/client.log"
	: >"$scratch/server.log"
	rm -f "$scratch"/*.ran
	# shellcheck disable=SC2086 # program and options
	background client on client "$@" $VTUND $vtund_flags -f "$scratch/client.conf" s 192.168.1.1
	client_pid=$!
}

# Only the bystander's processes, devices and files are left.
calm_alone()
{
	[ "$(on client ip -o link show type tun | wc -l) $(on server ip -o link show type tun | wc -l)" = "1 1" ] &&
		[ "$(session_directories server) $(session_directories client)" = "1 1" ] &&
		[ "$(pgrep -x vtun-worker | wc -l)" = 2 ] && [ "$(pgrep -x vtund | wc -l)" = 2 ]
}

session_directories()
{
	on "$1" find /run/vtund -mindepth 1 -maxdepth 1 -name '[0-9]*' | wc -l
}

# ends_well: in good order, `down` has run once on each side.
ends_well()
{
	end $client_pid
	is "... and ends in good order" $? 0
	ok "... with nothing left" wait_until 20 calm_alone
	is "... down has run once on each side" "$(sort "$scratch/client.ran" "$scratch/server.ran" | tr '\n' ' ')" \
		"down down up up "
}

sides
vtund_server server "$scratch/server.conf"
# shellcheck disable=SC2086
background calm on client $VTUND $vtund_flags -f "$scratch/client.conf" calm 192.168.1.1
ok "a bystander is up" wait_until 20 carries 2
background ping on client sh -c 'echo $$ >"$1"; exec ping -q -i 0.2 -W 5 10.9.2.1' sh "$scratch/ping.pid"
ping=$!
dials
ok "a session comes up" wait_until 20 carries 1
ends_well

# ---- no room

# fill HOST DIRECTORY: to the last byte.
fill()
{
	on "$1" mount -o remount,size=256k "$2" && ! on "$1" dd if=/dev/zero of="$2/fill" bs=4k
}

for m in server client; do
	ok "the $m's /run/vtund is full" fill $m /run/vtund
	dials
	ok "... a session comes up" wait_until 20 carries 1
	like "... and the $m's log warns that it will not be seen" "$(cat "$scratch/$m.log")" \
		'^vtun: s: status.json cannot be written, .*: No space left on device'
	like "... and of what is not safe" "$(cat "$scratch/$m.log")" \
		'^vtun: s: should this vtund be killed, nobody will run down: .*/run: No space left on device'
	ends_well
	on $m rm /run/vtund/fill
done
rm -r /var/log/vtund
ok "/var/log is full" fill server /var/log
dials
ok "... a session comes up" wait_until 20 carries 1
ends_well
like "... and the log says what was not counted" "$(cat "$scratch/server.log")" \
	'^vtun: s: .*/var/log/vtund.*: No space left on device'
rm /var/log/fill

# The table of rate limits has all of its room from the first day on.
on server rm /run/vtund/rl
dials
wait_until 20 carries 1 >&2
ends_well
ok "the table of rate limits has all of its room, so that a full /run locks nobody out" \
	[ $(($(on server stat -c '%b * 512 - %s' /run/vtund/rl))) -ge 0 ]

# ---- no descriptors, no memory

# comes_up_or_says: within 20 s it is up (without what "up" could not do, which it says), or has
# ended with a line that says why.
comes_up_or_says()
{
	wait_until 20 decided || return
	if ! kill -0 $client_pid 2>/dev/null; then
		[ -s "$scratch/client.log" ]
	fi
}

decided()
{
	carries 1 || grep -q 'session up' "$scratch/client.log" || ! kill -0 $client_pid 2>/dev/null
}

# Whether `up` has not run in vain: if none of it failed, `down` has run as well.
undone()
{
	grep -q 'up command . .*failed' "$scratch/client.log" || [ ! -e "$scratch/client.ran" ] ||
		[ "$(sort "$scratch/client.ran" | tr '\n' ' ')" = "down up " ]
}

# scarce WHAT OPTION: of prlimit, with each of the amounts in $amounts.  The most generous one suffices.
scarce()
{
	local what=$1 option=$2 amount silent='' left=''

	for amount in $amounts; do
		dials prlimit "$option=$amount"
		comes_up_or_says || silent="$silent $amount"
		kill $client_pid 2>/dev/null
		wait $client_pid 2>/dev/null
		wait_until 20 calm_alone || left="$left $amount"
		undone || left="$left $amount (down)"
	done
	is "$what: it comes up or says why not" "$silent" ""
	is "... and nothing is ever left" "$left" ""
	like "... with the last of $amounts it came up" "$(cat "$scratch/client.log")" "session up"
}

amounts="3 4 5 6 7 8 9 10 11 12 13 14 16 18 20 24 32"
scarce "few descriptors" --nofile
amounts="4000000 8000000 12000000 16000000 20000000 24000000 32000000 500000000"
scarce "little memory" --as

# ---- a clock that is set, by a day, forth and back, each second; that of the kernel is everybody's

install -m 755 "$top_builddir/t/tools/leaping-vtund" "$own_world/bin/vtund"
install -m 755 "$top_builddir/t/tools/leaping-worker" "$own_world/bin/vtun-worker"
dials
ok "clocks leap by a day: a session comes up" wait_until 20 carries 1
ok "... and carries packets over several leaps" on client ping -qc 20 -i 0.25 -W 2 10.9.1.1
counted()
{
	[ "$(cut -d' ' -f1 /var/log/vtund/s | sort -u | wc -l)" -gt 1 ]
}
ends_well
leap=1
while [ $leap -lt 6 ] && ! counted; do
	dials
	wait_until 20 carries 1 >&2
	end $client_pid
	wait_until 20 calm_alone >&2
	leap=$((leap + 1))
done
ok "... which did happen: the counters are of two days" counted

on client kill -INT "$(cat "$scratch/ping.pid")"
wait $ping
like "the bystander has lost no packet meanwhile" "$(cat "$scratch/ping.log")" " 0% packet loss"
finish
