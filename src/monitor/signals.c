/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void stop_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

static void wish_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
}

static int open_one(const sigset_t *set)
{
	if (sigprocmask(SIG_BLOCK, set, NULL) < 0)
		return -1;
	return signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int signals_open(struct signals *ret)
{
	struct signals s = {};
	sigset_t stop, wish;
	int r;

	stop_set(&stop);
	wish_set(&wish);
	signal(SIGPIPE, SIG_IGN);
	/* inetd may hand children down as ignored: then nobody could be waited for. */
	signal(SIGCHLD, SIG_DFL);
	s.stop_fd = open_one(&stop);
	if (s.stop_fd < 0)
		return -errno;
	s.wish_fd = open_one(&wish);
	if (s.wish_fd < 0) {
		r = -errno;
		close(s.stop_fd);
		return r;
	}
	*ret = s;
	return 0;
}

void signals_close(struct signals *s)
{
	close(s->stop_fd);
	close(s->wish_fd);
}

static int take(int fd, struct signalfd_siginfo *ret)
{
	return read(fd, ret, sizeof(*ret)) == sizeof(*ret) ? (int)ret->ssi_signo : 0;
}

int signals_take_stop(struct signals *s)
{
	struct signalfd_siginfo info;
	int sig = take(s->stop_fd, &info);

	if (!sig)
		return 0;
	s->stopped = true;
	s->replaced |= info.ssi_code == SI_QUEUE && info.ssi_int == SIGNALS_REPLACED;
	return sig;
}

int signals_take_wish(struct signals *s)
{
	struct signalfd_siginfo info;

	return take(s->wish_fd, &info);
}

const char *signals_why_stopped(const struct signals *s)
{
	return s->replaced ? "replaced by a newer session of this name (multi killold)" : NULL;
}

void signals_sleep(const struct signals *s, unsigned ms)
{
	struct pollfd p[] = { { s->stop_fd, POLLIN, 0 }, { s->wish_fd, POLLIN, 0 } };

	(void)poll(p, 2, (int)ms);
}

void signals_deadly(bool on)
{
	sigset_t stop;

	stop_set(&stop);
	(void)sigprocmask(on ? SIG_UNBLOCK : SIG_BLOCK, &stop, NULL);
}
