/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A network of our own, with or without root, that dies with the test.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((unused)) static int map_to_root(const char *path, unsigned id)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = dprintf(fd, "0 %u 1", id) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* Without this, nobody but root may map groups. */
__attribute__((unused)) static void deny_setgroups(void)
{
	int fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "deny", 4) != 4)
		abort();
	close(fd);
}

/* Root in a new user namespace, with a network and mounts of its own. */
__attribute__((unused)) static int own_net_user(void)
{
	unsigned uid = getuid(), gid = getgid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) < 0)
		return -errno;
	deny_setgroups();
	if (map_to_root("/proc/self/uid_map", uid) < 0 || map_to_root("/proc/self/gid_map", gid) < 0)
		return -EPERM;
	return 0;
}

__attribute__((unused)) static void set_loopback_up(void)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &ifr) < 0)
		abort();
	close(sock);
}

/* Leaves the whole test out, with its reason, where namespaces are forbidden, unless
 * VTUN_TEST_REQUIRE says that this machine must have them. */
__attribute__((unused)) static void need_own_net(void)
{
	const char *require = getenv("VTUN_TEST_REQUIRE");
	int r = own_net_user();

	if (r < 0 && getuid() == 0 && unshare(CLONE_NEWNET | CLONE_NEWNS) == 0)
		r = 0;
	if (r == 0) {
		set_loopback_up();
		return;
	}
	if (require && *require)
		printf("Bail out! No network namespace: %s\n", strerror(-r));
	else
		printf("1..0 # SKIP needs a network namespace: %s\n", strerror(-r));
	exit(require && *require ? 99 : 0);
}
