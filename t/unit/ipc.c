/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The contract between monitor and worker refuses whatever is not exactly right.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/ipc.h"
#include "tap.h"

static int ends[2];

static int open_descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void raw(const void *bytes, size_t size)
{
	if (send(ends[0], bytes, size, 0) != (ssize_t)size)
		abort();
}

int main(void)
{
	struct ipc_message m = { .op = IPC_LOG }, got;
	unsigned char junk[2048] = {};
	int fds[IPC_FDS_MAX], two[2], before;
	uint16_t op;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) < 0 || pipe(two) < 0)
		return 1;

	memset(m.log.text, 'x', sizeof(m.log.text));
	ok(ipc_send(ends[0], &m, NULL, 0) == 0 && ipc_recv(ends[1], &got, fds) == 0,
	   "a message arrives");
	ok(got.op == IPC_LOG && strlen(got.log.text) == sizeof(m.log.text) - 1,
	   "its string is ended, whatever the sender did");
	ok(fds[0] == -1 && fds[1] == -1, "no descriptors came with it");

	m = (struct ipc_message){ .op = IPC_DEVICE_OK };
	before = open_descriptors();
	ok(ipc_send(ends[0], &m, two, 2) == 0 && ipc_recv(ends[1], &got, fds) == 0 &&
	   fds[0] >= 0 && fds[1] >= 0, "descriptors arrive where they belong");
	ok(fcntl(fds[0], F_GETFD) == FD_CLOEXEC, "close-on-exec");
	close(fds[0]);
	close(fds[1]);
	ok(ipc_send(ends[0], &(struct ipc_message){ .op = IPC_UP }, two, 1) == -EINVAL,
	   "and are not sent where they do not");

	op = IPC_UP_OK;
	memcpy(junk, &op, sizeof(op));
	raw(junk, sizeof(op) + sizeof(struct ipc_up_ok) - 1);
	ok(ipc_recv(ends[1], &got, fds) == -EBADMSG, "a short record is refused");
	raw(junk, sizeof(op) + sizeof(struct ipc_up_ok) + 1);
	ok(ipc_recv(ends[1], &got, fds) == -EBADMSG, "a long one too");
	raw(junk, 1);
	ok(ipc_recv(ends[1], &got, fds) == -EBADMSG, "a single byte too");
	raw(junk, sizeof(junk));
	ok(ipc_recv(ends[1], &got, fds) == -EBADMSG, "one that does not fit too");
	for (op = 0; op < 2; op++) {
		uint16_t bad = op ? IPC_OP_COUNT : 0;

		memcpy(junk, &bad, sizeof(bad));
		raw(junk, sizeof(bad));
		ok(ipc_recv(ends[1], &got, fds) == -EBADMSG, "operation %u is refused", bad);
	}
	ok(open_descriptors() == before, "nothing was left open");

	ok(ipc_recv(ends[1], &got, fds) == -EAGAIN, "nothing there: EAGAIN");
	close(ends[0]);
	ok(ipc_recv(ends[1], &got, fds) == -EPIPE, "other end gone: EPIPE");
	return finish();
}
