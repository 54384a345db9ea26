#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The commands of up and down in real sessions: their order, their words, what becomes of those that
# are missing, fail, hang or talk without end; and what is said where there can be no device.
. "$(dirname "$0")/lib.sh"
in_own_network "$@"
hosts_up

ran=$scratch/ran # what commands write down
: >"$ran"
cat >"$scratch/words" <<-EOF
	#!/bin/sh
	printf '<%s> ' "\$@" >>$ran
EOF
chmod 755 "$scratch/words"
# Programs of which each is the quicker, the later it stands: all at once would end in the other order.
mkdir "$scratch/bin"
for program in pppd:1.2 ifconfig:0.8 route:0.6 iptables:0.4 ip:0.2; do
	cat >"$scratch/bin/${program%:*}" <<-EOF
		#!/bin/sh
		sleep ${program#*:}
		echo "\${0##*/} \$*" >>$ran
	EOF
done
chmod 755 "$scratch"/bin/*

conf server <<-EOF
	options { ifconfig /nowhere/ifconfig; ip $(command -v ip); }
	default { type tun; }
	words {
	  passwd walrus; device words0;
	  up {
	    program "sleep 0.3; echo server first >>$ran" wait;
	    ip "link set %% up";
	    program $scratch/words "%d %A %P %a %p %h \\%h 'two  words' one\\ word" wait;
	    program "echo shell %d %A %P %a %p %h \\%h 10\\% >>$ran" wait;
	    program "env | grep VTUN_ | sort >>$ran" wait;
	  };
	}
	failing {
	  passwd walrus;
	  up {
	    ifconfig "%% 192.168.3.1";
	    program /nowhere/program "%d" wait;
	    program "echo its reason >&2; exit 3" wait;
	    program "kill -9 \$\$" wait;
	    program "echo up >>$ran" wait;
	  };
	  down { program "echo down >>$ran" wait; };
	}
	hanging {
	  passwd walrus; timeout 1;
	  up { program "sleep 1001" wait; program "echo up >>$ran" wait; };
	  down { program "sleep 1002" wait; program "echo down >>$ran" wait; };
	}
	talking { passwd walrus; up { program "yes | head -n 100000" wait; }; }
	strict { passwd walrus; down { program "echo server down >>$ran" wait; }; }
	plain { passwd walrus; }
	renamed {
	  passwd walrus; device early0;
	  up { ip "link set %% name late0"; };
	  down { program "echo down of %% >>$ran" wait; };
	}
	heir { passwd walrus; device early0; up { ip "link set %% up"; }; }
	nothing { passwd walrus; type tty; }
	options {
	  ppp $scratch/bin/pppd; ifcfg $scratch/bin/ifconfig; route $scratch/bin/route;
	  firewall $scratch/bin/iptables; ip $scratch/bin/ip;
	}
	programs {
	  passwd walrus; device prog0;
	  up { ppp "a %%"; ifconfig "b %%"; ifcfg "c"; route "d"; firewall "-A e -i %d -j ACCEPT"; ip "f %h"; };
	}
EOF
conf client <<-EOF
	words { passwd walrus; up { program "echo client then %A %P %a %p >>$ran" wait; }; }
	failing { passwd walrus; }
	hanging { passwd walrus; }
	talking { passwd walrus; }
	strict {
	  passwd walrus; strict yes;
	  up { program "exit 4" wait; program "echo never >>$ran" wait; };
	  down { program "echo client down >>$ran" wait; };
	}
	plain { passwd walrus; device plain0; }
	renamed { passwd walrus; }
	heir { passwd walrus; }
	nothing { passwd walrus; }
	programs { passwd walrus; }
EOF

# comes_up SESSION
comes_up()
{
	: >"$ran"
	: >"$scratch/client.log"
	: >"$scratch/server.log"
	vtund_client client "$scratch/client.conf" "$1"
	ok "$1: the session comes up" wait_until 30 grep -q 'session up' "$scratch/client.log"
}

# in_log WHAT ERE: in the server's.
in_log()
{
	like "... $1" "$(cat "$scratch/server.log")" "^vtun: $2"
}

ends()
{
	end "$client_pid"
	ok "... and it ends, with nothing left" wait_until 20 nothing_left
}

vtund_server server "$scratch/server.conf"

# ---- words

comes_up words
port=$(sed -n 's/.*session up: .* peer 192.168.1.2 port \([0-9]*\),.*/\1/p' "$scratch/server.log")
is "... the server's commands in their order, each with its words, and then the client's" "$(cat "$ran")" \
	"server first
<words0> <192.168.1.1> <5000> <192.168.1.2> <$port> <words> <%h> <two  words> <one word> shell words0 192.168.1.1 5000 192.168.1.2 $port words %h 10%
VTUN_DEVICE=words0
VTUN_PEER=192.168.1.2
VTUN_ROLE=server
VTUN_SESSION=words
client then 192.168.1.2 $port 192.168.1.1 5000"
like "... they have set up the device" "$(on server ip -o link show words0)" '[<,]UP[,>]'
in_log "and the log has their exit status" 'words: up: ip: done, exit status 0'
ends

comes_up programs
is "... each by the path that options says above it, one after the other" "$(grep -v pppd "$ran")" \
	"ifconfig b prog0
ifconfig c
route d
iptables -A e -i prog0 -j ACCEPT
ip f programs"
ok "... but for ppp, which nobody waits for" wait_until 10 grep -qx 'pppd a prog0' "$ran"
is "... as it was slower than the next" "$(head -n 1 "$ran")" "ifconfig b prog0"
ends

# ---- what goes wrong

comes_up failing
in_log "one of net-tools is missing: what to install" \
	'failing: up command 1 \(ifconfig\) failed: /nowhere/ifconfig not found: install net-tools, or use ip'
in_log "another one is missing" 'failing: up command 2 \(program\) failed: /nowhere/program not found'
in_log "one fails: its status" 'failing: up command 3 \(sh\) failed: exit status 3'
in_log "and its own words" 'failing: up: sh: its reason'
in_log "one is killed" 'failing: up command 4 \(sh\) failed: killed by signal 9'
is "... the last one has run all the same" "$(cat "$ran")" up
ends
is "... down has run once" "$(cat "$ran")" "up
down"

comes_up hanging
in_log "a command that hangs is killed after \"timeout\"" \
	'hanging: up command 1 \(sh\) failed: not done within 1 s, killed'
ok "... and gone" not pgrep -fx 'sleep 1001'
ends
in_log "one of down as well" 'hanging: down command 1 \(sh\) failed: not done within 1 s, killed'
is "... and what comes after them has run" "$(cat "$ran")" "up
down"

comes_up talking
is "... of its flood of lines the log has 200" "$(grep -c 'talking: up: sh: y$' "$scratch/server.log")" 200
in_log "and the number of the others" 'talking: up: sh: 99800 more lines of output not logged'
ends

: >"$ran"
vtund_client client "$scratch/client.conf" strict
wait "$client_pid"
is "strict yes and a failing command: the client ends with 71" $? 71
like "... and says why" "$(tail -n 1 "$scratch/client.log")" 'strict: no session with .*: up command 1 failed: exit status 4 .strict.'
server_ends 75 'strict: .*the client ended it: .*up command 1 failed: exit status 4'
is "... down has run once on each side, and the rest of up has not" "$(sort "$ran")" "client down
server down"

# ---- no device

# no_device WHAT ERE: on this client there can be none.
no_device()
{
	client_fails "the client's $1" 71 "plain: no session with 192.168.1.1 port 5000: $2" \
		-f "$scratch/client.conf" plain 192.168.1.1
	server_ends 75 'plain: no session with 192.168.1.2 .* the client ended it: .*no tun device'
}

on client ip link add plain0 type veth peer name plain1
no_device "device is no tun" 'plain0 exists and is no device of this type: .*ip -d link show plain0'
on client ip link delete plain0
client_under="setpriv --bounding-set=-net_admin"
no_device "monitor has no right to it" 'no right to open plain0: run as root, with CAP_NET_ADMIN'
client_under=
mkdir "$scratch/net"
: >"$scratch/net/tun"
on client mount --bind /dev/net/tun "$scratch/net/tun"
on client mount -o remount,bind,nodev "$scratch/net/tun"
on client mount --rbind "$scratch/net" /dev/net
no_device "/dev/net/tun is forbidden" '/dev/net/tun must not be opened by this user: check its mode, and DeviceAllow='
on client umount -R /dev/net
rm "$scratch/net/tun"
on client mount --bind "$scratch/net" /dev/net
no_device "/dev/net/tun is missing" '/dev/net/tun is missing: modprobe tun'
on client umount /dev/net
on server mount --bind "$scratch/net" /dev/net
client_fails "the server's /dev/net/tun is missing" 75 'plain: no session .*the server ended it: .*no tun device: No such file' \
	-f "$scratch/client.conf" plain 192.168.1.1
server_ends 71 'plain: no session with 192.168.1.2 .*: /dev/net/tun is missing: modprobe tun'
on server umount /dev/net
ok "nothing is left of these" wait_until 10 nothing_left
comes_up plain
ends

# ---- another name

comes_up renamed
renamed=$client_pid
vtund_client client "$scratch/client.conf" heir
heir=$client_pid
ok "up has given the device another name, and its own is another session's" \
	wait_until 10 on server ip link show early0 up
end "$renamed"
ok "... down hears of the new one" wait_until 10 grep -qx "down of late0" "$ran"
ok "... the heir is up" sh -c "kill -0 $heir"
end "$heir"
wait_until 10 nothing_left >&2

# ---- a stream that nobody reads

: >"$scratch/server.log"
vtund_client client "$scratch/client.conf" nothing
wait "$client_pid"
in_log "type tty by oversight: the log asks for type tun" 'nothing: type tty, and no program of up .*"type tun;"'
finish
