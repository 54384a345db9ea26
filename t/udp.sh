# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2154 # what is not assigned here is lib.sh's
#
# What the tests of the UDP path share: a session "s" between the two hosts of lib.sh, inside of it
# 10.9.0.1 and fd00:9::1 (server), 10.9.0.2 and fd00:9::2 (client), and copies through it.
# The server's UDP port is always $udp_port.

udp_port=5001

# worker hasty|brief|worn: from now on sessions have this worker, whose limits are turned down
# (t/tools/hasty_limits.c).
worker()
{
	install -m 755 "$top_builddir/t/tools/$1-worker" "$own_world/bin/vtun-worker"
}

# odd_machine NAME: vtunds are started on such a machine from now on (t/tools/odd_machine.c).
odd_machine()
{
	install -m 755 "$top_builddir/t/tools/odd-vtund" "$own_world/bin/$1"
	VTUND="$own_world/bin/$1 --worker=$own_world/bin/vtun-worker"
}

# udp_conf SERVER-OPTIONS [CLIENT-OPTIONS [GENERAL-OPTIONS]]: the files of both.
udp_conf()
{
	udp_conf_of 1 2 "$1" "udp_ports $udp_port-$udp_port; ${3-}" >"$scratch/server.conf"
	udp_conf_of 2 1 "${2-}" "" >"$scratch/client.conf"
	chmod 600 "$scratch"/*.conf
}

udp_conf_of()
{
	cat <<-EOF
		options { $4 }
		s {
		  passwd correct-horse-battery;
		  type tun;
		  proto udp;
		  keepalive 2:5;
		  $3
		  up {
		    ip "address add 10.9.0.$1 peer 10.9.0.$2 dev %%";
		    ip "address add fd00:9::$1/64 nodad dev %%";
		    ip "link set %% up";
		  };
		}
	EOF
}

# udp_session NAME [SERVER]: a client, and a verdict: the path is up for both.
udp_session()
{
	: >"$scratch/server.log"
	: >"$scratch/client.log"
	vtund_client client "$scratch/client.conf" s "${2-192.168.1.1}"
	ok "$1" wait_until 20 over_udp 1
}

# over_udp N: both sides have said so often that UDP works.
over_udp()
{
	says_times server "data goes over UDP" "$1" && says_times client "data goes over UDP" "$1"
}

# over_tls N: the same for the other way.
over_tls()
{
	says_times server "data goes over TLS" "$1" && says_times client "data goes over TLS" "$1"
}

says_times()
{
	[ "$(grep -c -e "$2" "$scratch/$1.log")" -ge "$3" ]
}

# ends_well: the client is told to end, and a verdict: in good order, with the last record of both.
ends_well()
{
	local code=0

	end "$client_pid" || code=$?
	is "the session ends in good order" $code 0
	ok "... for the server as well" wait_until 10 server_has_ended
}

server_has_ended()
{
	says_times server "session ended" 1 && not on server ip link show tun0
}

# last_record HOST: what the session's end said.
last_record()
{
	grep "session ended" "$scratch/$1.log"
}

# bytes N: what copies() sends; a test may have its own.
bytes()
{
	head -c "$1" /dev/urandom
}

# copies MEGABYTES FROM TO ADDRESS [COMMAND...]: random bytes arrive as they were sent, whatever the
# command does, which must succeed: it begins when half of them are on their way, and until it is done
# more of them flow.
copies()
{
	local half=$(($1 * 500000)) from=$2 to=$3 at=$4

	shift 4
	echo 0 >"$scratch/done"
	[ -p "$scratch/copy" ] || mkfifo "$scratch/copy"
	on "$to" timeout 60 nc -l -N "$at" 7000 </dev/null | sha256sum >"$scratch/got" &
	wait_until 10 listens "$to" 7000 || return
	sha256sum <"$scratch/copy" >"$scratch/sent" &
	{ bytes $half; [ $# = 0 ] || flows_during "$@"; bytes $half; } |
		tee "$scratch/copy" | on "$from" timeout 60 nc -N "$at" 7000 >/dev/null
	wait
	cat "$scratch/sent" "$scratch/got" "$scratch/done"
	cmp "$scratch/sent" "$scratch/got" && return "$(cat "$scratch/done")"
}

# Some 20 MB a second on stdout, until the command is done; its exit status in $scratch/done.
flows_during()
{
	local code

	rm "$scratch/done"
	{
		code=0
		"$@" >&2 || code=$?
		echo $code >"$scratch/done.new"
		mv "$scratch/done.new" "$scratch/done"
	} &
	while [ ! -e "$scratch/done" ]; do
		bytes 1000000
		sleep 0.05
	done
}
