# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Machines made of namespaces, for the tests and for ./demo.  Nothing of the real machine is touched:
# everything lives in namespaces and on tmpfs, and goes when the script that asked for it ends,
# however it ends.  As root and as an ordinary user (user namespace) alike.
#
#      host "server"                                host "client"
#      192.168.1.1/30  eth1 ════ radio link ════ eth1  192.168.1.2/30
#
# A host has its own network, name, mounts and /run/vtund; programs and files are the real ones.

# Runs the calling script again, with the same arguments, inside its own namespaces, and returns only
# there.  own_world is then a directory on a tmpfs that is gone when the script ends.
# The process namespace is what makes it certain: when its first process, the script, is gone, the
# kernel kills the rest.
in_own_namespaces()
{
	if [ "${VTUN_OWN_NAMESPACES-}" != yes ]; then
		export VTUN_OWN_NAMESPACES=yes
		# shellcheck disable=SC2046 # a list of options
		exec unshare $(own_namespace_flags) -- "$0" "$@"
	fi
	unset VTUN_OWN_NAMESPACES # a script that this one starts is on its own
	mount -t tmpfs -o mode=755 tmpfs /run
	mount -t tmpfs -o mode=755 tmpfs /var/log
	ip link set lo up
	own_world=/run/world
	mkdir -m 755 $own_world /run/vtund
	provide_user_vtun
}

own_namespace_flags()
{
	[ "$(id -u)" = 0 ] || echo --user --map-root-user
	echo --mount --net --uts --ipc --pid --fork --kill-child --mount-proc
}

# Why in_own_namespaces would fail, as a sentence; nothing if it would not.
own_namespaces_missing()
{
	local why

	# shellcheck disable=SC2046
	if ! why=$(unshare $(own_namespace_flags) -- mount -t tmpfs tmpfs /run 2>&1); then
		echo "no namespaces for uid $(id -u) here (${why##*unshare: })"
	elif ! why=$(exec 2>&1 3<>/dev/net/tun); then
		echo "no TUN devices here (${why##*: })"
	fi
}

# vtund started by root hands the network to a worker with the uid of the user "vtun": installed
# machines have one.  In a user namespace there is no second uid to change to.
# shellcheck disable=SC2034 # vtund_flags is for the caller
provide_user_vtun()
{
	local id=64000 f

	vtund_flags=
	if [ "$(wc -l </proc/self/uid_map)" = 1 ] && ! grep -q ' 4294967295$' /proc/self/uid_map; then
		vtund_flags=--single-uid # for lib.sh
		return
	fi
	getent passwd vtun >/dev/null && getent group vtun >/dev/null && return
	while getent passwd $id || getent group $id; do
		id=$((id + 1))
	done >/dev/null
	echo "vtun:x:$id:$id:VTun session:/run/vtund:/usr/sbin/nologin" >"$own_world/passwd.more"
	echo "vtun:x:$id:" >"$own_world/group.more"
	for f in passwd group; do
		grep -v '^vtun:' /etc/$f | cat - "$own_world/$f.more" >"$own_world/$f"
		mount --bind "$own_world/$f" /etc/$f
	done
}

# hosts_up: the article's two machines, "server" and "client", on their radio link.
hosts_up()
{
	host_up server && host_up client &&
		ip link add eth1 netns "$(host_pid server)" type veth peer name eth1 netns "$(host_pid client)" &&
		host_address server eth1 192.168.1.1/30 &&
		host_address client eth1 192.168.1.2/30
}

# host_up NAME: a machine with nothing but a loopback device; a sleeping process holds it.
host_up()
{
	local ready=$own_world/$1.ready pid

	mkfifo "$ready" || return
	unshare --net --uts --mount sh -ec '
		hostname "$1"
		ip link set lo up
		mount -t tmpfs -o mode=755 tmpfs /run/vtund
		echo $$ >"$2"
		exec sleep infinity
	' host_up "$1" "$ready" >&2 &
	read -r pid <"$ready" && echo "$pid" >"$own_world/$1.pid" || return
	echo "--target=$pid --net --uts --mount --root --wd=/ --" >"$own_world/$1.enter"
}

host_pid()
{
	cat "$own_world/$1.pid"
}

# host_address HOST DEVICE ADDRESS/LENGTH
host_address()
{
	# No duplicate address detection: the addresses would be of no use for two seconds.
	on "$1" sysctl -qw "net.ipv6.conf.$2.accept_dad=0"
	on "$1" ip address add "$3" dev "$2" && on "$1" ip link set "$2" up
}

# on HOST COMMAND...: runs it there, in the directory /.  With on_by=exec the calling shell becomes the
# command (see background).
on()
{
	local enter

	read -r enter <"$own_world/$1.enter" || return
	shift
	# shellcheck disable=SC2086 # options
	${on_by-} nsenter $enter "$@"
}

# listen HOST ADDRESS PORT COMMAND...: accepts connections as vtun.socket does and starts the command
# for each, with the connection as descriptor 3 and LISTEN_FDS=1.  To be run in the background.
listen()
{
	local host=$1 at=$2:$3

	shift 3
	on "$host" systemd-socket-activate --listen="$at" --accept -- "$@"
}

# Whether something listens on that TCP port of the host.
listens()
{
	[ -n "$(on "$1" ss -Hltn "sport = :$2")" ]
}
