#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# A worker that was taken over, of a server and of a client, in a real session: it asks its monitor out
# of phase, twice, with wrong lengths, with descriptors, for another session, or its kernel for what is
# not on its list.  It is killed, and got nothing by it; the session next door does not notice.
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/t/bystander.sh"
in_own_network "$@"
need ping
hosts_up
install_hostile deviant-worker

sides()
{
	cat <<-EOF
		default { type tun; proto tcp; }
		s { passwd secret; up { program "echo >>$scratch/$1.ups" wait; }; down { program "echo >>$scratch/$1.downs" wait; }; }
		$(bystander_section "$2" "$3")
	EOF
}
sides server 1 2 | conf server
sides client 2 1 | conf client
vtund_server server "$scratch/server.conf"
bystander_up
honest=$VTUND
VTUND="$own_world/bin/vtund --worker=$own_world/bin/deviant-worker"
# shellcheck disable=SC2086 # program and options
background deviant listen server 192.168.1.1 5999 $VTUND $vtund_flags -f "$scratch/server.conf"
wait_until 10 listens server 5999 || diag "nothing listens"

# Each device that comes or goes, of one side.
background server.devices on server ip -o monitor link
background client.devices on client ip -o monitor link

lines()
{
	cat "$@" 2>/dev/null | wc -l
}

only_the_bystander()
{
	[ "$(pgrep -cx vtund)" = 2 ] && ! pgrep -x deviant-worker
}

# One session whose worker of that side does that.
server_side()
{
	# shellcheck disable=SC2086
	on client timeout 20 $honest $vtund_flags -f "$scratch/client.conf" -P 5999 s 192.168.1.1 \
		>>"$scratch/honest.log" 2>&1 </dev/null
}

client_side()
{
	# shellcheck disable=SC2086
	on client timeout 20 $VTUND $vtund_flags -f "$scratch/client.conf" s 192.168.1.1 \
		>>"$scratch/deviant.log" 2>&1 </dev/null
}

# What came of it: devices that were opened, `up`s and `down`s that were run.
gains()
{
	echo "$(grep -c '^Deleted .*tun' "$scratch/$1.devices.log") $(lines "$scratch/$1.ups") $(lines "$scratch/$1.downs")"
}

gained()
{
	[ "$(gains "$1")" = "$2" ]
}

# deviates SIDE QUESTION DEED LOG GAINS: the monitor has such a line in its log, and until then there
# was what the session had a right to.
deviates()
{
	local side=$1 question=$2 deed=$3 log=$4 gains=$5

	rm -f "$scratch/$side.ups" "$scratch/$side.downs"
	: >"$scratch/deviant.log"
	: >"$scratch/$side.devices.log"
	echo "$question $deed" >"$own_world/bin/deviant-worker.orders"
	on server rm -f /run/vtund/rl # each login that is not finished counts as a failed one
	"${side}_side"
	ok "$case_is$side, $deed in place of $question: the worker $log" \
		wait_until 10 grep -q "the worker $log" "$scratch/deviant.log"
	ok "... it is gone" wait_until 10 only_the_bystander
	ok "... devices opened, up and down run: $gains" wait_until 10 gained "$side" "$gains"
}
case_is=
kills="broke its contract and was killed"
filter="was killed by its own sandbox"


# all SIDE QUESTION GAINS DEED...
all()
{
	local side=$1 question=$2 gains=$3 deed

	shift 3
	for deed; do
		deviates "$side" "$question" "$deed" "$kills" "$gains"
	done
}
# What there is by the session's own right: nothing, the device, the device and `up`.
nothing="0 0 0" opened="1 0 0" up="1 1 1"

# ---- before TLS has found an end, and before the login

case_is="T40: "
deviates server CHANNEL as-DEVICE "$kills: DEVICE in phase tls" "$nothing"
case_is=
for side in server client; do
	all $side CHANNEL "$nothing" as-AUTH_RESP as-AUTH_CONF as-UP as-STATUS as-MTU as-BEGIN as-AUTH_OK twice short long descriptor
done
all server AUTH_INIT "$nothing" as-AUTH_CONF as-AUTH_RESP as-DEVICE as-UP twice short long descriptor
all client AUTH_RESP "$nothing" as-AUTH_TAG as-AUTH_INIT as-DEVICE as-UP twice short long descriptor
all server AUTH_CONF "$nothing" as-AUTH_INIT as-DEVICE as-UP short long descriptor
all client AUTH_TAG "$nothing" as-AUTH_RESP as-DEVICE as-UP twice short long descriptor

# ---- after it: a server opens its device with the login, a client when it is asked

all server AUTH_CONF "$opened" twice
all server DEVICE "$opened" other-session as-AUTH_INIT as-UP twice short long descriptor
all client DEVICE "$nothing" as-AUTH_RESP as-UP short long descriptor
all client DEVICE "$opened" twice
for side in server client; do
	all $side UP "$opened" as-DEVICE as-STATUS as-CHANNEL short long descriptor
	all $side UP "$up" twice
	all $side STATUS "$up" as-DEVICE as-UP as-CHANNEL as-MTU as-STOP short long descriptor
done

# ---- its kernel, before the login and in session

for side in server client; do
	for deed in open socket exec fork kill ptrace ioctl setuid seccomp \
		sendto-fastopen sendmsg-fastopen mmap-exec; do
		deviates $side CHANNEL $deed "$filter" "$nothing"
		deviates $side STATUS $deed "$filter" "$up"
	done
done

bystander_ends_well
finish
