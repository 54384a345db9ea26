/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/fdutil.h"
#include "common/log.h"
#include "launch.h"

enum {
	GRACE_MS = 2000,       /* between SIGTERM and SIGKILL */
	KILLED_MS = 5000,      /* a process in the kernel's hands may die late */
	LINE_MOST = 400,       /* longer ones are cut into several */
	READS_A_TURN = 16,     /* of 4 KiB: a flood must not keep us from the clock */
	LINES_A_WINDOW = 200,
	WINDOW_MS = 10000,
};

struct program {
	struct program *next; /* in the background */
	pid_t pid;            /* 0: reaped */
	int pidfd;
	int output;           /* -1: closed by all who had it */
	char label[128];
	char line[LINE_MOST + 1];
	size_t used;
	uint64_t window_start;
	unsigned lines, dropped;
};

static struct program *background;
static int tend_fd = -1;

/* ---- output */

static void tell_dropped(struct program *p)
{
	if (p->dropped)
		log_warning("%s: %u more lines of output not logged", p->label, p->dropped);
	p->dropped = 0;
}

static void log_output(struct program *p)
{
	uint64_t now = clock_ms();

	p->line[p->used] = '\0';
	p->used = 0;
	if (now - p->window_start >= WINDOW_MS) {
		tell_dropped(p);
		p->window_start = now;
		p->lines = 0;
	}
	if (p->lines++ < LINES_A_WINDOW)
		log_info("%s: %s", p->label, p->line);
	else
		p->dropped++;
}

static void take_output(struct program *p, const char *data, size_t size)
{
	for (; size > 0; data++, size--) {
		if (p->used == LINE_MOST || (*data == '\n' && p->used))
			log_output(p);
		if (*data != '\n' && *data != '\r')
			p->line[p->used++] = *data ? *data : '?';
	}
}

static void close_output(struct program *p)
{
	if (p->used)
		log_output(p);
	tell_dropped(p);
	cleanup_fd(&p->output);
	p->output = -1;
}

static void read_output(struct program *p)
{
	char data[4096];
	int turns;

	for (turns = 0; p->output >= 0 && turns < READS_A_TURN; turns++) {
		ssize_t n = read(p->output, data, sizeof(data));

		if (n > 0)
			take_output(p, data, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			close_output(p);
		else if (errno == EAGAIN)
			return;
	}
}

/* ---- start */

static void program_free(struct program *p)
{
	cleanup_fd(&p->pidfd);
	cleanup_fd(&p->output);
	free(p);
}

/* A pipe that never breaks: the program's end is open for reading too, so that a script which goes
 * on when we are gone does not die of SIGPIPE at its next word.  Our end never blocks. */
static int make_pipe(int ret[2])
{
	char path[32];
	int both, r;

	if (pipe2(ret, O_CLOEXEC) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ret[1]);
	both = open(path, O_RDWR | O_CLOEXEC);
	if (both >= 0) {
		close(ret[1]);
		ret[1] = both;
	}
	r = fd_set_nonblock(ret[0], 1);
	if (r < 0) {
		close(ret[0]);
		close(ret[1]);
	}
	return r;
}

static int start(struct program *p, const struct program_spec *spec)
{
	struct launch l = { .argv = spec->argv, .envp = spec->envp, .in = spec->stdio_fd };
	int output[2], r;

	r = make_pipe(output);
	if (r < 0)
		return r;
	p->output = output[0];
	l.out = spec->stdio_fd < 0 ? output[1] : spec->stdio_fd;
	l.err = output[1];
	r = launch_program(&l, &p->pid);
	close(output[1]);
	if (r < 0)
		return r;
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (p->pidfd >= 0)
		return 0;
	r = -errno;
	kill(-p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
	return r;
}

int program_start(const struct program_spec *spec, struct program **ret)
{
	struct program *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->pidfd = p->output = -1;
	p->window_start = clock_ms();
	snprintf(p->label, sizeof(p->label), "%s", spec->label);
	r = start(p, spec);
	if (r < 0)
		program_free(p);
	else
		*ret = p;
	return r;
}

/* ---- wait */

/* 0: it has ended (and is not reaped yet, so that its number is still its own). */
static int await_end(struct program *p, uint64_t deadline, int abort_fd)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = p->pidfd, .events = POLLIN },
			{ .fd = p->output, .events = POLLIN },
			{ .fd = abort_fd, .events = POLLIN },
		};
		uint64_t now = clock_ms();

		if (now >= deadline)
			return -ETIMEDOUT;
		if (poll(fds, ARRAY_SIZE(fds), (int)(deadline - now)) < 0 && errno != EINTR)
			return -errno;
		read_output(p);
		if (fds[0].revents)
			return 0;
		if (fds[2].revents)
			return -ECANCELED;
	}
}

static void kill_group(struct program *p)
{
	kill(-p->pid, SIGTERM);
	await_end(p, clock_ms() + GRACE_MS, -1);
	kill(-p->pid, SIGKILL);
	await_end(p, clock_ms() + KILLED_MS, -1);
}

/* Whether it is gone for good; *ret_status is -1 if somebody else has taken its status. */
static bool reap(struct program *p, int *ret_status)
{
	int status = -1;

	if (p->pid && waitpid(p->pid, &status, WNOHANG) == 0)
		return false;
	p->pid = 0;
	cleanup_fd(&p->pidfd);
	p->pidfd = -1;
	*ret_status = status;
	return true;
}

int program_wait(struct program *p, unsigned timeout_ms, int abort_fd, int *ret_status)
{
	int status = -1, r = await_end(p, clock_ms() + timeout_ms, abort_fd);

	if (r < 0)
		kill_group(p);
	read_output(p);
	if (reap(p, &status) && p->output < 0)
		program_free(p);
	else
		program_leave(p);
	if (r == 0 && status == -1)
		r = -ECHILD;
	if (r == 0)
		*ret_status = status;
	return r;
}

const char *program_status_text(int status, char text[static 64])
{
	if (WIFSIGNALED(status))
		snprintf(text, 64, "killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, 64, "exit status %d", WEXITSTATUS(status));
	return text;
}

/* ---- in the background */

static void watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (fd >= 0)
		epoll_ctl(tend_fd, EPOLL_CTL_ADD, fd, &event);
}

void program_leave(struct program *p)
{
	if (tend_fd < 0)
		tend_fd = epoll_create1(EPOLL_CLOEXEC);
	watch(p->pidfd);
	watch(p->output);
	p->next = background;
	background = p;
}

int program_tend_fd(void)
{
	return tend_fd;
}

/* Whether nothing of it is left to be tended. */
static bool tend(struct program *p)
{
	char text[64];
	int status;

	read_output(p);
	if (p->pid && reap(p, &status) && status != -1)
		log_line(status ? LOG_WARNING : LOG_INFO, "%s: %s", p->label,
			 program_status_text(status, text));
	return !p->pid && p->output < 0;
}

void program_tend(void)
{
	struct program **link = &background, *p;

	while ((p = *link)) {
		if (tend(p)) {
			*link = p->next;
			program_free(p);
		} else {
			link = &p->next;
		}
	}
}

static struct program *first_running(void)
{
	struct program *p;

	for (p = background; p && !p->pid; p = p->next)
		;
	return p;
}

void program_settle(unsigned timeout_ms, int abort_fd)
{
	uint64_t now = clock_ms(), deadline = now + timeout_ms;
	struct program *p;

	for (; first_running() && now < deadline; now = clock_ms()) {
		struct pollfd fds[] = { { tend_fd, POLLIN, 0 }, { abort_fd, POLLIN, 0 } };

		(void)poll(fds, ARRAY_SIZE(fds), (int)(deadline - now));
		program_tend();
		if (fds[1].revents)
			break;
	}
	for (p = background; p; p = p->next) {
		if (!p->pid)
			continue;
		log_warning("%s: still runs, and is ended", p->label);
		kill_group(p);
	}
	program_tend();
}
