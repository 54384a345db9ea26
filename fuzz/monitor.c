/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 role | steps (play.h): a worker that a peer has taken over says what it likes to its monitor, and
 * is stopped and let wait meanwhile.  Whatever it says, in the end every device is closed, `down` has
 * run where `up` had, and no password was looked at more than once.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../t/unit/scripted.h"
#include "monitor/conclude.h"
#include "play.h"

enum { MOST = 4096 };

static struct play play_of;
static int worker; /* its end of the pair */

/* ---- a worker that is no process */

void spawn_kill(struct worker *w)
{
	w->killed = true;
}

void spawn_reap(struct worker *w)
{
	w->dead = true;
	w->status = w->killed ? SIGKILL : 0;
}

void spawn_free(struct worker *w)
{
	if (w->ipc >= 0)
		close(w->ipc);
	close(w->pidfd);
}

void spawn_why_died(const struct worker *w, char ret_text[static 160])
{
	(void)w;
	strcpy(ret_text, "exited with code 0");
}

/* ---- what it hears: the server's offer, which an answer has to repeat */

static void listen_to_monitor(void)
{
	struct ipc_message m;
	int fds[IPC_FDS_MAX], i;

	while (ipc_recv(worker, &m, fds) == 0) {
		if (m.op == IPC_AUTH_OK && role == ROLE_SERVER)
			offered = m.auth_ok.offer;
		for (i = 0; i < IPC_FDS_MAX; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		must(m.op == IPC_BEGIN || m.op == IPC_AUTH_INIT || m.op == IPC_AUTH_RESP ||
		     m.op == IPC_AUTH_CONF || m.op == IPC_AUTH_OK || m.op == IPC_FAIL ||
		     m.op == IPC_DEVICE_OK || m.op == IPC_UP_OK || m.op == IPC_QUERY || m.op == IPC_STOP);
		must(m.op != IPC_DEVICE_OK || session.logged_in);
	}
}

/* ---- what it says */

static void say_record(unsigned op, const uint8_t *data, size_t size, bool with_fd)
{
	struct ipc_message m = { .op = (uint16_t)op };
	int fd = with_fd ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	if (op == IPC_DEVICE)
		m.device.terms = offered;
	play_overlay(&m, data, size);
	(void)ipc_send(worker, &m, &fd, op == IPC_DEVICE_OK && with_fd);
	if (fd >= 0)
		close(fd);
}

static void raise_in_monitor(int number, int fds[static 2])
{
	struct signalfd_siginfo info = { .ssi_signo = (uint32_t)number };

	must(write(fds[1], &info, sizeof(info)) == sizeof(info));
}

static int stop_pipe[2], wish_pipe[2];

/* what: 0..23 an operation, its record from an honest one; 32..55 ... of DEVICE_OK's kind, with a
 * descriptor; 64: raw bytes; 96: a signal; 128...: milliseconds. */
static void do_step(uint8_t what, const uint8_t *data, size_t size)
{
	static const int signals_of[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	unsigned kind = what >> 5;

	if (kind == 0 || kind == 1)
		say_record(what & 31, data, size, kind == 1);
	else if (kind == 2)
		(void)!send(worker, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (kind == 3)
		raise_in_monitor(signals_of[what & 3], what & 2 ? wish_pipe : stop_pipe);
	else
		play_of.now_ms += (uint64_t)(what & 127) * 1000;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	(void)clock;
	*ret = (struct timespec){
		.tv_sec = (time_t)(play_of.now_ms / 1000),
		.tv_nsec = (long)(play_of.now_ms % 1000) * 1000000,
	};
	return 0;
}

static short readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return fd >= 0 && ppoll(&p, 1, &(struct timespec){}, NULL) == 1 ? POLLIN : 0;
}

/* Its descriptors, in this order: of the worker's messages, its death, signals that end, others. */
int __wrap_poll(struct pollfd *p, nfds_t n, int timeout_ms)
{
	enum { IPC, DEATH };
	const uint8_t *data;
	size_t size, i;
	uint8_t what;

	must(n >= 4 && ++play_of.turns < MOST);
	listen_to_monitor();
	if (!session.worker.killed && play_step(&play_of, &what, &data, &size))
		do_step(what, data, size);
	else
		shutdown(worker, SHUT_WR);
	for (i = 0; i < n; i++)
		p[i].revents = i == DEATH ? 0 : readable(p[i].fd);
	if (p[IPC].fd < 0) /* heard to its end */
		p[DEATH].revents = POLLIN;
	(void)timeout_ms;
	return 1;
}

/* ---- */

static void prepare_session(uint8_t how)
{
	int pair[2];

	prepare(how & 1 ? ROLE_CLIENT : ROLE_SERVER);
	nb.confirm_error = how & 2 ? -EACCES : 0;
	nb.find_error = how & 4 ? -ENOENT : 0;
	nb.up_fails = how & 8 ? 2 : 0;
	nb.device_error = how & 16 ? -ENODEV : 0;
	nb.section.type = 1 + (how >> 5 & 3);
	offered.type = (uint8_t)nb.section.type;
	nb.section.proto = how & 128 ? PROTO_UDP : PROTO_TCP;
	offered.proto = (uint8_t)nb.section.proto;
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	session.worker = (struct worker){ .pid = 1, .ipc = pair[0], .pidfd = eventfd(1, EFD_CLOEXEC) };
	worker = pair[1];
}

static void open_signals(void)
{
	must(pipe2(stop_pipe, O_NONBLOCK | O_CLOEXEC) == 0 && pipe2(wish_pipe, O_NONBLOCK | O_CLOEXEC) == 0);
	signals = (struct signals){ .stop_fd = stop_pipe[0], .wish_fd = wish_pipe[0] };
}

static void close_signals(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		close(stop_pipe[i]);
		close(wish_pipe[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum exit_code code;

	if (size < 1 || size > MOST)
		return 0;
	play_of = (struct play){ .data = data + 1, .size = size - 1, .now_ms = 1000000 };
	open_signals();
	prepare_session(data[0]);
	monitor_run(&session);
	code = conclude(&session, false);
	must(session.ending.cause != ENDING_NONE && (session.phase == PHASE_ENDED || session.worker.dead));
	must(balanced() && nb.opened <= 1 && nb.ups <= 1);
	must(nb.with_password + nb.without_password <= 1 && nb.attempts <= 1);
	must(!nb.find_error || role == ROLE_CLIENT || (!session.logged_in && nb.opened == 0));
	must(!nb.confirm_error || (!session.logged_in && nb.opened == 0));
	must(session.ending.cause != ENDING_DEVIATED || code == EXIT_SOFTWARE);
	must(nb.sessions_up == nb.sessions_ended);
	clear();
	close(worker);
	close_signals();
	return 0;
}
