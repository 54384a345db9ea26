/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"

/* Where the error pipe is while 0, 1 and 2 are being laid out, and where it is afterwards. */
enum { ABOVE_ALL = 10, FD_ERROR = 3 };

static void close_from(int first)
{
	int fd, end;

	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
	end = (int)sysconf(_SC_OPEN_MAX); /* before Linux 5.9 */
	for (fd = first; fd < end; fd++)
		close(fd);
}

/* A copy that no dup2() to 0, 1 or 2 can hit, whichever of these the monitor itself has open. */
static int lift(int fd)
{
	if (fd >= 0)
		return fcntl(fd, F_DUPFD_CLOEXEC, ABOVE_ALL);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, ABOVE_ALL);
}

static int place_descriptors(const struct launch *l, int error)
{
	int in = lift(l->in), out = lift(l->out), err = lift(l->err);

	if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(err, 2) < 0 || dup3(error, FD_ERROR, O_CLOEXEC) < 0)
		return -errno;
	close_from(FD_ERROR + 1);
	return 0;
}

static void reset_signals(void)
{
	struct sigaction by_default = { .sa_handler = SIG_DFL };
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		sigaction(sig, &by_default, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: only async-signal-safe calls, and never back. */
__attribute__((noreturn)) static void become(const struct launch *l, int error)
{
	int reason;

	error = lift(error);
	reason = -place_descriptors(l, error);
	if (reason == 0) {
		error = FD_ERROR;
		setsid();
		ioctl(0, TIOCSCTTY, 0); /* a pty: its hang-up is to reach the program */
		reset_signals();
		if (chdir("/") == 0)
			execve(l->argv[0], l->argv, l->envp);
		reason = errno;
	}
	if (write(error, &reason, sizeof(reason)) < 0)
		_exit(126);
	_exit(127);
}

/* The pipe closes by itself when exec has worked. */
static int exec_result(int pipe_fd)
{
	int reason;
	ssize_t n;

	do
		n = read(pipe_fd, &reason, sizeof(reason));
	while (n < 0 && errno == EINTR);
	return n == sizeof(reason) ? -reason : 0;
}

int launch_program(const struct launch *l, pid_t *ret_pid)
{
	int error[2], r;
	pid_t pid;

	if (pipe2(error, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		become(l, error[1]);
	r = pid < 0 ? -errno : 0;
	close(error[1]);
	if (r == 0)
		r = exec_result(error[0]);
	close(error[0]);
	if (r == 0)
		*ret_pid = pid;
	else if (pid > 0)
		waitpid(pid, NULL, 0);
	return r;
}
