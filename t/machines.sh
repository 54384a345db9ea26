# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# Hosts (hosts.sh) on which a real systemd runs as process 1, with vtun installed: for the tests of
# the units.  After in_own_network and hosts_up:
#
#	machines_ready
#	machine_install server && machine_boot server
#	on server systemctl start vtun.socket
#
# The disk is the real machine's root directory, read-only, under a tmpfs that takes what is written.
# All of it lives in the test's namespaces; the one thing that the kernel does not remove by itself,
# empty control groups, is removed by machines_end, or by the next run if this one was killed.
# What runs by "on" has all privileges of the real machine's root: a sandbox is tested by units only.
# A machine's directory / is $own_world/HOST.root before it boots.

machines_ready()
{
	local why

	if [ "$(id -u)" != 0 ] || [ -n "$vtund_flags" ]; then
		skip_all "booting systemd needs root"
	fi
	need systemd-nspawn systemd-analyze
	# The version 2 tree alone, as on every current system, however this machine mounts it.
	umount -R /sys/fs/cgroup 2>/dev/null
	why=$(mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>&1) || skip_all "no control groups: $why"
	machines_own_group
	test_end_by="$test_end_by machines_end"
	mkdir "$own_world/base"
	mount --bind / "$own_world/base"
	# As udev would make it, however this machine, which may have no udev, keeps its own.
	mknod -m 666 "$own_world/tun" c 10 200 || skip_all "no device nodes here"
	installed_files "$own_world/installed"
}

# A control group that holds this test's process: while it lives, the group is not empty, and no
# other run takes it for a left-over.
machines_own_group()
{
	local g

	group_before=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
	for g in /sys/fs/cgroup/vtun-test-*; do
		! grep -qs '^populated 0' "$g/cgroup.events" || remove_group "$g"
	done
	for _ in 1 2 3 4 5; do
		group=$(mktemp -d /sys/fs/cgroup/vtun-test-XXXXXX) && mkdir "$group/test" &&
			echo $$ >"$group/test/cgroup.procs" && return
		# Another run may have taken it for a left-over in the moment when it was new and empty.
	done 2>/dev/null
	skip_all "no control group of our own"
}

remove_group()
{
	find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
}

machines_end()
{
	local m

	for m in $machines; do
		[ "$1" = 0 ] || journal "$m" -o short-precise >"$scratch/$m-journal.log" 2>&1
	done
	for m in $machines; do
		# systemd first: it is process 1 there, and everything dies with it.
		kill -KILL "$(machine_leader "$m")" "$(cat "$own_world/$m.booted")"
	done 2>/dev/null
	echo $$ >"$group_before/cgroup.procs"
	wait_until 5 remove_group "$group"
}

machines= # those that run

# installed_files DIRECTORY: "make install" of the build under test, with the units where systemd
# looks whatever the prefix is.  sysconfdir is then where vtund.conf is read from.
installed_files()
{
	sysconfdir=$(sed -n 's/^sysconfdir = //p' "$top_builddir/Makefile")
	[ "${sysconfdir#\$}" = "$sysconfdir" ] || sysconfdir=$(sed -n 's/^prefix = //p' "$top_builddir/Makefile")/etc
	make -s -C "$top_builddir" install DESTDIR="$1" systemdsystemunitdir=/usr/lib/systemd/system \
		sysusersdir=/usr/lib/sysusers.d tmpfilesdir=/usr/lib/tmpfiles.d >"$scratch/install.log" 2>&1
}

# machine_install HOST: its disk, with vtun on it and nothing of the real machine's enabled.
machine_install()
{
	local disk=$own_world/$1.disk root=$own_world/$1.root g

	mkdir -p "$disk/upper" "$disk/work" "$root" &&
		mount -t overlay -o "lowerdir=$own_world/base,upperdir=$disk/upper,workdir=$disk/work" \
			overlay "$root" || return
	# /lib may be a link to usr/lib, which must stay one.
	tar -C "$own_world/installed" -cf - . | tar -C "$root" -xf - --keep-directory-symlink --no-overwrite-dir
	rm -rf "$root"/etc/systemd/system/*.wants "$root"/etc/systemd/system/*.requires \
		"$root"/var/log/journal "$root"/etc/.updated "$root"/etc/vtund.conf
	mkdir -p "$root"/etc/systemd/system-generators "$root"/var/log/journal "$root$sysconfdir"
	for g in "$root"/usr/lib/systemd/system-generators/*; do
		ln -sf /dev/null "$root/etc/systemd/system-generators/${g##*/}"
	done
	ln -sf /dev/null "$root"/etc/systemd/system/console-getty.service
	: >"$root"/etc/fstab
	echo "$1" >"$root"/etc/hostname
	od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$root"/etc/machine-id
}

# machine_file HOST PATH LINE...: a file on its disk, before or after it has booted.
machine_file()
{
	local file=$own_world/$1.root$2

	shift 2
	mkdir -p "$(dirname "$file")" && printf '%s\n' "$@" >"$file"
}

# machine_boot HOST: returns when it is up; "on HOST" is then that machine.  Not in a subshell (as by
# "ok"), which would forget it.
machine_boot()
{
	local enter net

	net=/proc/$(host_pid "$1")/ns/net
	mkdir -p "$group/$1"
	# Registered nowhere; network sysctls must be writable.  nspawn's own filter of system calls lacks
	# bpf, without which there is neither IPAccounting= nor DeviceAllow=, and Landlock.
	background "$1-console" sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$group/$1" \
		env SYSTEMD_NSPAWN_API_VFS_WRITABLE=network systemd-nspawn --quiet --register=no --keep-unit \
		--boot --directory="$own_world/$1.root" --machine="$1" --hostname="$1" \
		--network-namespace-path="$net" --bind="$own_world/tun:/dev/net/tun" \
		--capability=CAP_NET_ADMIN,CAP_BPF,CAP_SYS_RESOURCE \
		--system-call-filter="bpf landlock_create_ruleset landlock_add_rule landlock_restrict_self" \
		--link-journal=no --resolv-conf=off --timezone=off \
		--console=pipe --kill-signal=SIGRTMIN+4 -- systemd.unit=multi-user.target
	echo $! >"$own_world/$1.booted"
	wait_until 30 machine_leader "$1" || return
	enter="--target=$(machine_leader "$1") --mount --uts --ipc --net --pid --cgroup --root --wd=/"
	echo "$enter -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C" \
		>"$own_world/$1.enter"
	machines="$machines $1"
	wait_until 60 is_up "$1"
}

machine_leader()
{
	pgrep -P "$(cat "$own_world/$1.booted")" -x systemd
}

# Not "systemctl is-system-running": its exit status fails for "degraded", which is up as well.
is_up()
{
	on "$1" test -e /run/systemd/private || return
	case $(on "$1" systemctl is-system-running) in
	running | degraded) ;;
	*) return 1 ;;
	esac
}

# machine_halt HOST: powers it off in good order; machine_boot starts it again.
machine_halt()
{
	local pid

	read -r pid <"$own_world/$1.booted"
	machines=$(echo " $machines " | sed "s/ $1 / /")
	end "$pid"
}

# journal HOST [ARGUMENT...]: with all that has been said until now.
journal()
{
	local host=$1

	shift
	on "$host" journalctl --sync
	on "$host" journalctl --no-pager -o cat "$@"
}
