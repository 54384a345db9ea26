/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * t/tools/deviant-worker: vtun-worker after somebody has taken it over.  In place of one of its
 * questions it does something else, once; which and what stands in a file beside the program,
 * PROGRAM.orders, as "QUESTION DEED":
 *
 *	as-QUESTION   asks that instead        twice, short, long   asks so
 *	descriptor    sends one along          other-session        means another session's terms
 *	open, socket, exec, fork, kill, ptrace, ioctl, setuid, seccomp       a system call
 *	sendto-fastopen, sendmsg-fastopen, mmap-exec                         one by its flags
 *
 * Linked with --wrap=ipc_send.
 */
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/ipc.h"

int __real_ipc_send(int sock, const struct ipc_message *m, const int *fds, size_t n_fds);
int __wrap_ipc_send(int sock, const struct ipc_message *m, const int *fds, size_t n_fds);

static char question[16], deed[32];

/* As it begins: later it may not open files. */
__attribute__((constructor)) static void read_orders(void)
{
	char path[256] = "";
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof(".orders"));
	FILE *f;

	if (n < 0)
		exit(64);
	strcpy(path + n, ".orders");
	f = fopen(path, "re");
	if (!f || fscanf(f, "%15s %31s", question, deed) != 2)
		exit(64);
	fclose(f);
}

/* ---- what its monitor must not take */

static int send_size(int sock, const struct ipc_message *m, size_t size)
{
	uint8_t bytes[2 + sizeof(*m)] = { 0 };

	memcpy(bytes, &m->op, sizeof(m->op));
	memcpy(bytes + sizeof(m->op), &m->begin, sizeof(*m) - offsetof(struct ipc_message, begin));
	return send(sock, bytes, size, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* Of the length that is right for it. */
static int send_instead(int sock, const char *name)
{
	struct ipc_message m = { .op = 0 };

	while (++m.op < IPC_OP_COUNT)
		if (strcmp(ipc_op_name(m.op), name) == 0)
			return __real_ipc_send(sock, &m, NULL, 0);
	exit(64);
}

static int send_descriptor(int sock, const struct ipc_message *m)
{
	struct ipc_message with = { .op = IPC_DEVICE_OK };
	int zero = 0;

	(void)m;
	return __real_ipc_send(sock, &with, &zero, 1);
}

static int send_other_session(int sock, const struct ipc_message *m)
{
	struct ipc_message other = *m;

	other.device.terms.session_id[0] ^= 1;
	return __real_ipc_send(sock, &other, NULL, 0);
}

/* ---- what its filter must not let through */

static bool call(void)
{
	if (strcmp(deed, "open") == 0)
		open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	else if (strcmp(deed, "socket") == 0)
		socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	else if (strcmp(deed, "exec") == 0)
		execl("/bin/sh", "sh", NULL);
	else if (strcmp(deed, "fork") == 0)
		syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	else if (strcmp(deed, "kill") == 0)
		kill(getpid(), 0);
	else if (strcmp(deed, "ptrace") == 0)
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	else if (strcmp(deed, "ioctl") == 0)
		ioctl(WORKER_FD_NET, FIONREAD, &(int){ 0 });
	else if (strcmp(deed, "setuid") == 0)
		syscall(SYS_setuid, 0);
	else if (strcmp(deed, "seccomp") == 0)
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL);
	else if (strcmp(deed, "sendto-fastopen") == 0)
		send(WORKER_FD_NET, "", 1, MSG_FASTOPEN);
	else if (strcmp(deed, "sendmsg-fastopen") == 0)
		sendmsg(WORKER_FD_NET, &(struct msghdr){}, MSG_FASTOPEN);
	else if (strcmp(deed, "mmap-exec") == 0)
		mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else
		return false;
	return true;
}

static int deviate(int sock, const struct ipc_message *m)
{
	if (strncmp(deed, "as-", 3) == 0)
		return send_instead(sock, deed + 3);
	if (strcmp(deed, "twice") == 0) {
		__real_ipc_send(sock, m, NULL, 0);
		return __real_ipc_send(sock, m, NULL, 0);
	}
	if (strcmp(deed, "short") == 0)
		return send_size(sock, m, sizeof(m->op) + 1);
	if (strcmp(deed, "long") == 0)
		return send_size(sock, m, sizeof(m->op) + sizeof(struct ipc_device) + 1);
	if (strcmp(deed, "descriptor") == 0)
		return send_descriptor(sock, m);
	if (strcmp(deed, "other-session") == 0)
		return send_other_session(sock, m);
	if (call())
		return __real_ipc_send(sock, m, NULL, 0); /* as if nothing had been */
	exit(64);
}

int __wrap_ipc_send(int sock, const struct ipc_message *m, const int *fds, size_t n_fds)
{
	if (strcmp(ipc_op_name(m->op), question) != 0)
		return __real_ipc_send(sock, m, fds, n_fds);
	question[0] = '\0';
	return deviate(sock, m);
}
