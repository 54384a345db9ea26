/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vtun-worker: the process that faces the network.  vtund starts it with the connection as
 * descriptor 3 and itself as descriptor 4; it is of no use by hand.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "ask.h"
#include "common/exitcode.h"
#include "common/fdutil.h"
#include "common/log.h"
#include "common/sanitized.h"
#include "common/secret.h"
#include "sandbox.h"
#include "loop.h"

/* So much may lie unsent in the kernel: enough to keep a fast line busy, short enough that a ping is
 * not stuck behind it. */
enum { NOTSENT_LOWAT = 16 * 1024 };

static int is_socket(int fd)
{
	int type;
	socklen_t size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

/* The monitor's first message; it is there before we are. */
static int take_begin(struct ipc_message *ret)
{
	int fds[IPC_FDS_MAX];
	int r = ask_receive(ret, fds);

	if (r == 0 && ret->op == IPC_BEGIN)
		return 0;
	return log_errno(LOG_ERR, r < 0 ? r : EBADMSG, "no BEGIN from the monitor");
}

static int prepare_network(void)
{
	int one = 1, lowat = NOTSENT_LOWAT;

	/* Not TCP in tests of the worker alone: no reason to give up. */
	setsockopt(WORKER_FD_NET, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(WORKER_FD_NET, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
	return fd_set_nonblock(WORKER_FD_NET, 1);
}

int main(void)
{
	struct ipc_message begin;

	if (!is_socket(WORKER_FD_NET) || !is_socket(WORKER_FD_MONITOR)) {
		fprintf(stderr, "vtun-worker is started by vtund, not by hand; see vtund(8)\n");
		return EXIT_USAGE;
	}
	ask_init(WORKER_FD_MONITOR);
	if (secret_init() < 0 || take_begin(&begin) < 0)
		return EXIT_SOFTWARE;
	log_set_max(begin.begin.log_max);
	sanitized_warn();
	if (fd_set_nonblock(WORKER_FD_MONITOR, 1) < 0 || prepare_network() < 0)
		return EXIT_OSERR;
	if (sandbox_verify(begin.begin.single_uid) < 0 || gnutls_global_init() < 0)
		return EXIT_SOFTWARE;
	return loop_run(&begin.begin, WORKER_FD_NET) < 0 ? EXIT_SOFTWARE : EXIT_DONE;
}
