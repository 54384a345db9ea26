#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Without systemd: a real inetd (Debian's openbsd-inetd) listens, and "vtund -i" serves the connection
# that it finds as descriptors 0, 1 and 2.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
need nc ping
peer inetd
own_syslog
hosts_up
article_files
mkdir -m 755 /run/inetd

# answer TEXT [PORT]: what the server answers to some bytes, until it closes.
answer()
{
	printf "%b" "$1" | on client timeout 30 nc 192.168.1.1 "${2-5000}"
}

# As in conf/inetd.conf, with the programs of this build.
# shellcheck disable=SC2086 # program and options
set -- $VTUND $vtund_flags
program=$1
shift
echo "5000 stream tcp nowait.65535 root $program vtund -i $* -f $scratch/server.conf" >"$scratch/inetd.conf"
# The variables are those of an inetd which is a unit itself, and are not for those that it starts.
background notified on server nc -lkuU "$scratch/notify.sock"
wait_until 10 test -S "$scratch/notify.sock" >&2
background inetd on server env RUNTIME_DIRECTORY=/run/inetd NOTIFY_SOCKET="$scratch/notify.sock" "$peer_path" -i "$scratch/inetd.conf"
inetd=$!
sed -i '1i options { syslog local3; }' "$scratch/server.conf"
ok "inetd listens" wait_until 10 listens server 5000

vtund_client client "$scratch/client.conf" wireless2 192.168.1.1
ok "the article's tunnel works" wait_until 20 tunnel_works
ok "ps shows the article's line" pgrep -f '^vtund\[s\]: wireless2 tun tun0'
like "the log is in syslog, with the facility that \"syslog\" names" "$(grep 'session up' "$scratch/syslog.log")" \
	"^<157>.*vtun.*wireless2" # local3 is 19: 8 * 19 + 5, a notice
end "$client_pid"
is "the client ends in good order" $? 0
ok "... and the server with it" wait_until 10 no_vtund

is "a browser gets no byte of log or anything else" "$(answer 'GET / HTTP/1.0\r\n\r\n')" ""
ok "... and the log says what it was" wait_until 5 grep -q HTTP "$scratch/syslog.log"
ok "nothing is left running" wait_until 10 no_vtund

echo "broken {" >>"$scratch/server.conf"
vtund_client client "$scratch/client.conf" wireless2 192.168.1.1
ok "a broken section of somebody else is no obstacle" wait_until 20 tunnel_works
end "$client_pid"
ok "inetd is still there" kill -0 $inetd
wait_until 10 no_vtund >&2

for word in inetd stand; do
	sed "s/syslog local3;/type $word;/" "$scratch/server.conf" | conf typed
	install -m 600 "$scratch/typed.conf" "$scratch/server.conf"
	vtund_client client "$scratch/client.conf" wireless2 192.168.1.1
	ok "type $word is no obstacle" wait_until 20 tunnel_works
	end "$client_pid"
	said=$("$top_builddir/vtunctl" check "$scratch/typed.conf" 2>&1)
	if [ $word = stand ]; then
		like "... and check says that nothing of ours stays to listen" "$said" \
			'typed.conf:1:[0-9]+: warning: .*(vtun.socket|inetd)'
	else
		unlike "... and check has nothing to say of it" "$said" 'typed.conf:1:'
	fi
	sed -i "s/type $word;/syslog local3;/" "$scratch/server.conf"
done

# ---- descriptor 2 is what each super-server likes

# served_with PORT LOG REDIRECTION: a browser comes to a vtund whose descriptors 0 and 1 are the
# connection, and 2 is what is said; it gets nothing, and LOG has the line.
served_with()
{
	: >"$scratch/syslog.log"
	background "stderr$1" on server systemd-socket-activate --inetd --accept --listen="192.168.1.1:$1" -- \
		sh -c "exec $VTUND -i $vtund_flags -f $scratch/server.conf $3"
	wait_until 10 listens server "$1" >&2
	is "descriptor 2 by $3: no byte for the peer" "$(answer 'GET / HTTP/1.0\r\n\r\n' "$1")" ""
	ok "... and the line is in $2" wait_until 5 grep -q HTTP "$scratch/$2"
	[ "$2" = syslog.log ] || ok "... and not in syslog" not grep HTTP "$scratch/syslog.log"
}

served_with 5001 own.log "2>>$scratch/own.log"
served_with 5002 syslog.log "2>&1"
served_with 5003 syslog.log "2>&-"
served_with 5004 syslog.log "2>/dev/null"
wait_until 10 nothing_left >&2

# ---- what down has to do

ran=$scratch/ran
: >"$ran"
printf '%s { passwd walrus; type tun; down { program "echo %%h >>%s" wait; }; }\n' one "$ran" two "$ran" | conf server
printf '%s { passwd walrus; }\n' one two | conf client

# comes_up SESSION
comes_up()
{
	: >"$scratch/client.log"
	vtund_client client "$scratch/client.conf" "$1"
	ok "session $1 is up" wait_until 20 grep -q "$1: session up" "$scratch/client.log"
}

# wills N: whether so many sessions of the server have one.
wills()
{
	[ "$(on server find /run/vtund /run/inetd -name down | wc -l)" = "$1" ]
}

# take_number PID: a process of somebody else gets the number of that one, which is gone.
take_number()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 1000 &
		test_background="$test_background $!"
		[ $! != "$1" ] || return 0
	done
	return 1
}

comes_up one
one=$client_pid
monitor=$(pgrep -P $inetd)
comes_up two
ok "... and what the down of each has to do is in a place of its own" wills 2
is "... which is not that of inetd's unit" "$(ls /run/inetd)" ""
unlike "... whose state is none of theirs to tell" "$(tr -d "\0" <"$scratch/notified.log")" "STATUS="
end "$client_pid"
ok "two ends" wait_until 10 wills 1
is "... and has run its own down" "$(cat "$ran")" two
kill -KILL "$monitor"
end "$one"
ok "the vtund of one is killed" wait_until 10 not test -d "/proc/$monitor"
take_number "$monitor"
ok "... and its number is somebody else's" wait_until 5 grep -qx sleep "/proc/$monitor/comm"
comes_up two
is "... which has run the down of one all the same" "$(tail -n 1 "$ran")" one
end "$client_pid"
ok "nothing is left" wait_until 10 nothing_left
is "... and each down has run once" "$(sort "$ran" | uniq -c | tr -s ' \n' ' ')" " 1 one 2 two "
finish
