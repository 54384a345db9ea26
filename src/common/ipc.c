/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipc.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cleanup.h"
#include "secret.h"

/* An operation's record, and the strings in it that must end. */
struct layout {
	const char *name;
	size_t size;
	int fds_max;
	struct {
		size_t offset, size;
	} text[2];
};

#define TEXT(member) { offsetof(struct ipc_message, member), sizeof(((struct ipc_message *)0)->member) }
#define RECORD(member) sizeof(((struct ipc_message *)0)->member)

static const struct layout layouts[IPC_OP_COUNT] = {
	[IPC_BEGIN] = { "BEGIN", RECORD(begin), 0, { TEXT(begin.sni) } },
	[IPC_CHANNEL] = { "CHANNEL", RECORD(channel), 0, {} },
	[IPC_AUTH_INIT] = { "AUTH_INIT", RECORD(auth_init), 0, {} },
	[IPC_AUTH_RESP] = { "AUTH_RESP", RECORD(auth_resp), 0, {} },
	[IPC_AUTH_CONF] = { "AUTH_CONF", RECORD(auth_tag), 0, {} },
	[IPC_AUTH_TAG] = { "AUTH_TAG", RECORD(auth_tag), 0, {} },
	[IPC_AUTH_OK] = { "AUTH_OK", RECORD(auth_ok), 0, { TEXT(auth_ok.offer.version) } },
	[IPC_FAIL] = { "FAIL", RECORD(reason), 0, { TEXT(reason.text) } },
	[IPC_DEVICE] = { "DEVICE", RECORD(device), 0, { TEXT(device.terms.version) } },
	[IPC_DEVICE_OK] = { "DEVICE_OK", RECORD(device_ok), IPC_FDS_MAX,
			    { TEXT(device_ok.name), TEXT(device_ok.session) } },
	[IPC_UP] = { "UP", 0, 0, {} },
	[IPC_UP_OK] = { "UP_OK", RECORD(up_ok), 0, {} },
	[IPC_STATUS] = { "STATUS", RECORD(status), 0, {} },
	[IPC_QUERY] = { "QUERY", 0, 0, {} },
	[IPC_MTU] = { "MTU", RECORD(mtu), 0, {} },
	[IPC_STOP] = { "STOP", RECORD(reason), 0, { TEXT(reason.text) } },
	[IPC_END] = { "END", RECORD(end), 0, { TEXT(end.text) } },
	[IPC_LOG] = { "LOG", RECORD(log), 0, { TEXT(log.text) } },
};

/* All records begin at the same place: that of the union. */
enum { RECORD_AT = offsetof(struct ipc_message, begin) };

const char *ipc_op_name(unsigned op)
{
	return op < IPC_OP_COUNT && layouts[op].name ? layouts[op].name : "unknown";
}

int ipc_send(int sock, const struct ipc_message *m, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(IPC_FDS_MAX * sizeof(int))];
	} control = {};
	uint16_t op = m->op;
	struct iovec iov[2] = {
		{ &op, sizeof(op) },
		{ (char *)m + RECORD_AT, 0 },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	if (op >= IPC_OP_COUNT || !layouts[op].name || n_fds > (size_t)layouts[op].fds_max)
		return -EINVAL;
	iov[1].iov_len = layouts[op].size;
	if (n_fds > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
	}
	while (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Takes every descriptor out of the message: into ret_fds as far as `max` allows, else closed.
 * Returns their number as sent. */
static int collect_fds(struct msghdr *msg, int *ret_fds, int max)
{
	struct cmsghdr *c;
	int n = 0;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t i, count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < count; i++, n++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (n < max)
				ret_fds[n] = fd;
			else
				close(fd);
		}
	}
	return n;
}

static int check(const struct ipc_message *m, size_t size, int n_fds, int truncated)
{
	const struct layout *l = &layouts[m->op < IPC_OP_COUNT ? m->op : 0];

	if (truncated || !l->name || size != sizeof(m->op) + l->size || n_fds > l->fds_max)
		return -EBADMSG;
	return 0;
}

static void end_strings(struct ipc_message *m)
{
	const struct layout *l = &layouts[m->op];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(l->text); i++)
		if (l->text[i].size > 0)
			((char *)m)[l->text[i].offset + l->text[i].size - 1] = '\0';
}

int ipc_recv(int sock, struct ipc_message *ret, int ret_fds[static IPC_FDS_MAX])
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct ipc_message m = {};
	int fds[IPC_FDS_MAX] = { -1, -1 };
	struct iovec iov[2] = {
		{ &m.op, sizeof(m.op) },
		{ (char *)&m + RECORD_AT, sizeof(m) - RECORD_AT },
	};
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;
	int r;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (n == 0)
		return -EPIPE;

	r = check(&m, (size_t)n, collect_fds(&msg, fds, IPC_FDS_MAX),
		  msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
	if (r < 0) {
		cleanup_fd(&fds[0]);
		cleanup_fd(&fds[1]);
		return r;
	}
	end_strings(&m);
	*ret = m;
	secret_wipe(&m); /* AUTH_OK is one */
	memcpy(ret_fds, fds, sizeof(fds));
	return 0;
}
