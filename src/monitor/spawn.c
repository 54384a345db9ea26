/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdutil.h"
#include "common/ipc.h"
#include "common/sanitized.h"
#include "confine.h"

/* What a child that could not become a worker says, over a pipe that closes on exec. */
struct last_words {
	int error;
	char step[40];
};

int spawn_check_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR))
		return -EACCES;
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return -EPERM;
	if ((st.st_mode & S_IWOTH) || ((st.st_mode & S_IWGRP) && st.st_gid != getegid()))
		return -EPERM;
	return 0;
}

/* The worker's descriptors are 3 and 4, whatever numbers they and the pipe have now: first all out
 * of the way, then into place. */
static int place_descriptors(int net, int ipc, int *words)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int i, r;

	net = fcntl(net, F_DUPFD_CLOEXEC, WORKER_FD_MONITOR + 1);
	ipc = fcntl(ipc, F_DUPFD_CLOEXEC, WORKER_FD_MONITOR + 1);
	*words = fcntl(*words, F_DUPFD_CLOEXEC, WORKER_FD_MONITOR + 1);
	if (null < 0 || net < 0 || ipc < 0 || *words < 0)
		return -errno;
	for (i = STDIN_FILENO; i <= (SANITIZED ? STDOUT_FILENO : STDERR_FILENO); i++)
		if (null != i && dup2(null, i) < 0)
			return -errno;
	r = fd_move(net, WORKER_FD_NET);
	return r < 0 ? r : fd_move(ipc, WORKER_FD_MONITOR);
}

__attribute__((noreturn))
static void become_worker(const char *path, const struct confine *c, int net, int ipc, int words)
{
	static char *const argv[] = { (char *)"vtun-worker", NULL };
	static char *const environment[] = { NULL };
	struct last_words last = {};
	const char *step = "descriptors";
	int r = place_descriptors(net, ipc, &words);

	if (r == 0)
		r = confine_self(c, WORKER_FD_MONITOR + 1, words, &step);
	if (r == 0) {
		execve(path, argv, environment);
		r = -errno;
		step = "exec";
	}
	last.error = -r;
	snprintf(last.step, sizeof(last.step), "%s", step);
	(void)!write(words, &last, sizeof(last));
	_exit(127);
}

/* 0 once exec has succeeded. */
static int hear_last_words(int words, const char *path, char *ret_why)
{
	struct last_words last = {};
	ssize_t n;

	do
		n = read(words, &last, sizeof(last));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n != sizeof(last)) {
		snprintf(ret_why, 256, "the worker could not be started: it died on the way");
		return -EIO;
	}
	last.step[sizeof(last.step) - 1] = '\0';
	if (strcmp(last.step, "exec") == 0)
		snprintf(ret_why, 256, "%s cannot be executed: %s; is vtun installed completely?",
			 path, strerror(last.error));
	else
		snprintf(ret_why, 256, "the worker could not be confined, so there is no session: "
			 "%s: %s", last.step, strerror(last.error));
	return -last.error;
}

static int plan(bool single_uid, struct confine *ret, char *ret_why)
{
	int r = confine_plan(single_uid, ret);

	if (r == -ENOENT)
		snprintf(ret_why, 256, "there is no user vtun for the worker, so there is no session: "
			 "run systemd-sysusers, or: useradd --system --home-dir /run/vtund "
			 "--shell /usr/sbin/nologin vtun");
	else if (r == -EPERM)
		snprintf(ret_why, 256, "the user vtun has uid or gid 0, so there is no session: "
			 "give it numbers of its own");
	else if (r < 0)
		snprintf(ret_why, 256, "the user vtun cannot be looked up: %s", strerror(-r));
	return r;
}

static int system_failed(const char *what, char *ret_why)
{
	int error = errno;

	snprintf(ret_why, 256, "the worker could not be started: %s: %s", what, strerror(error));
	return -error;
}

int spawn_worker(const char *path, bool single_uid, int net_fd, struct worker *ret,
		 char ret_why[static 256])
{
	auto_close int ours = -1, theirs = -1, hear = -1, say = -1;
	int pair[2], words[2], r;
	struct worker w = { .pidfd = -1, .ipc = -1 };
	struct confine c;

	r = plan(single_uid, &c, ret_why);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return system_failed("socketpair", ret_why);
	ours = pair[0];
	theirs = pair[1];
	if (pipe2(words, O_CLOEXEC) < 0)
		return system_failed("pipe", ret_why);
	hear = words[0];
	say = words[1];
	if (fd_set_nonblock(ours, 1) < 0)
		return system_failed("fcntl", ret_why);

	w.pid = fork();
	if (w.pid < 0)
		return system_failed("fork", ret_why);
	if (w.pid == 0)
		become_worker(path, &c, net_fd, theirs, say);
	close(take_fd(&say));
	w.pidfd = pidfd_open(w.pid, 0);
	r = w.pidfd < 0 ? system_failed("pidfd_open", ret_why) : hear_last_words(hear, path, ret_why);
	if (r < 0) {
		spawn_free(&w);
		return r;
	}
	w.ipc = take_fd(&ours);
	*ret = w;
	return 0;
}

void spawn_kill(struct worker *w)
{
	if (w->pid <= 0 || w->dead)
		return;
	/* Not yet reaped, so the number is still its own. */
	kill(w->pid, SIGKILL);
	w->killed = true;
}

void spawn_reap(struct worker *w)
{
	if (w->pid <= 0 || w->dead)
		return;
	while (waitpid(w->pid, &w->status, 0) < 0)
		if (errno != EINTR)
			break;
	w->dead = true;
}

void spawn_free(struct worker *w)
{
	if (w->pid <= 0)
		return;
	spawn_kill(w);
	spawn_reap(w);
	cleanup_fd(&w->pidfd);
	cleanup_fd(&w->ipc);
	*w = (struct worker){ .pidfd = -1, .ipc = -1 };
}

void spawn_why_died(const struct worker *w, char ret_text[static 160])
{
	if (w->killed)
		snprintf(ret_text, 160, "hung up, did not end by itself and was killed");
	else if (WIFSIGNALED(w->status) && WTERMSIG(w->status) == SIGSYS)
		snprintf(ret_text, 160, "was killed by its own sandbox (SIGSYS): a system call is missing "
			 "from its list, or it was taken over");
	else if (WIFSIGNALED(w->status))
		snprintf(ret_text, 160, "was killed by signal %d (%s)", WTERMSIG(w->status),
			 strsignal(WTERMSIG(w->status)));
	else
		snprintf(ret_text, 160, "exited with code %d and gave no reason",
			 WEXITSTATUS(w->status));
}
