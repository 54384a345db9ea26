/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdutil.h"

static int refuse(char *ret_hint, const char *hint)
{
	snprintf(ret_hint, 160, "%s", hint);
	return -EINVAL;
}

static int take_inetd(int *ret_fd, char *ret_hint)
{
	auto_close int fd = -1, null = -1;
	int i;

	/* That of a super-server that is a unit itself: all its sessions would write to the same files. */
	unsetenv("RUNTIME_DIRECTORY");
	unsetenv("NOTIFY_SOCKET"); /* and say on its behalf that it stops */
	if (sd_is_socket(STDIN_FILENO, AF_UNSPEC, SOCK_STREAM, 0) <= 0)
		return refuse(ret_hint, "-i: descriptor 0 is no connection; it comes from inetd "
					"(stream tcp nowait)");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0 || null < 0)
		return -errno;
	for (i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (fd_is_same_file(fd, i) && dup2(null, i) < 0)
			return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int take_systemd(int *ret_fd, char *ret_hint)
{
	/* 1: LISTEN_FDS and the like are not for the commands that we run. */
	int n = sd_listen_fds(1);

	if (n < 0)
		return n;
	if (n == 0)
		return -ENOENT;
	if (n > 1)
		return refuse(ret_hint, "systemd passed several sockets: the socket unit needs Accept=yes");
	if (sd_is_socket(SD_LISTEN_FDS_START, AF_UNSPEC, SOCK_STREAM, 1) > 0)
		return refuse(ret_hint, "systemd passed a listening socket: the socket unit needs Accept=yes");
	if (sd_is_socket(SD_LISTEN_FDS_START, AF_UNSPEC, SOCK_STREAM, 0) <= 0)
		return refuse(ret_hint, "systemd passed no stream socket: the socket unit needs ListenStream=");
	*ret_fd = SD_LISTEN_FDS_START;
	return 0;
}

int activation_take(bool inetd, int *ret_fd, char ret_hint[static 160])
{
	return inetd ? take_inetd(ret_fd, ret_hint) : take_systemd(ret_fd, ret_hint);
}
