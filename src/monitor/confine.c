/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

static const char worker_user[] = "vtun";

enum { WORKER_FILES_MOST = 16 };

/* A worker has some 12 MiB of address space, and 4 more with everything turned on; ten times as much
 * is more than it will ever need, and less than what hurts a machine.  Of sanitizers, whose shadow is
 * terabytes, nobody expects that. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(SANITIZED)
static const rlim_t worker_memory_most = RLIM_INFINITY;
#else
static const rlim_t worker_memory_most = 128 << 20;
#endif

int confine_plan(bool single_uid, struct confine *ret)
{
	struct confine c = { .monitor = getpid() };
	const struct passwd *p;

	if (geteuid() == 0 && !single_uid) {
		errno = 0;
		p = getpwnam(worker_user);
		if (!p)
			return errno ? -errno : -ENOENT;
		/* A user of that name that is root in disguise would make all of this a show. */
		if (p->pw_uid == 0 || p->pw_gid == 0)
			return -EPERM;
		c.change_uid = true;
		c.uid = p->pw_uid;
		c.gid = p->pw_gid;
	}
	*ret = c;
	return 0;
}

static int get_caps(struct __user_cap_data_struct data[static _LINUX_CAPABILITY_U32S_3])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &header, data) < 0 ? -errno : 0;
}

static int leave_terminal(const struct confine *c)
{
	(void)c;
	return setsid() < 0 ? -errno : 0;
}

static int reset_signals(const struct confine *c)
{
	sigset_t none;
	int i;

	(void)c;
	/* SIGPIPE stays ignored: a peer that goes away must not kill anybody. */
	for (i = 1; i < NSIG; i++)
		if (i != SIGPIPE)
			(void)signal(i, SIG_DFL);
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

/* Never higher than it is, which not everybody may do, and nobody wants. */
static int set_limit(int what, rlim_t most)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)what, &limit) < 0)
		return -errno;
	if (limit.rlim_max > most)
		limit.rlim_max = most;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &limit) < 0 ? -errno : 0;
}

static int limit_files(const struct confine *c)
{
	(void)c;
	return set_limit(RLIMIT_NOFILE, WORKER_FILES_MOST);
}

static int limit_cores(const struct confine *c)
{
	(void)c;
	return set_limit(RLIMIT_CORE, 0);
}

static int limit_memory(const struct confine *c)
{
	(void)c;
	return set_limit(RLIMIT_AS, worker_memory_most);
}

static int limit_processes(const struct confine *c)
{
	(void)c;
	return set_limit(RLIMIT_NPROC, 0);
}

/* While we still may: so that not even uid 0 of a user namespace gets anything back by exec. */
static int empty_bounds(const struct confine *c)
{
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
	int cap, r = get_caps(caps);

	(void)c;
	if (r < 0)
		return r;
	/* systemd's User=vtun comes without CAP_SETPCAP; no_new_privs does it for that one. */
	if (!(caps[CAP_TO_INDEX(CAP_SETPCAP)].effective & CAP_TO_MASK(CAP_SETPCAP)))
		return 0;
	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
		  SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
		  SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

static int change_user(const struct confine *c)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	if (!c->change_uid)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(c->gid, c->gid, c->gid) < 0 ||
	    setresuid(c->uid, c->uid, c->uid) < 0 ||
	    getresuid(&ruid, &euid, &suid) < 0 || getresgid(&rgid, &egid, &sgid) < 0)
		return -errno;
	if (ruid != c->uid || euid != c->uid || suid != c->uid ||
	    rgid != c->gid || egid != c->gid || sgid != c->gid || getgroups(0, NULL) != 0)
		return -EPERM;
	return 0;
}

static int drop_capabilities(const struct confine *c)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {};
	size_t i;
	int r;

	(void)c;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    syscall(SYS_capset, &header, caps) < 0)
		return -errno;
	memset(caps, 0xff, sizeof(caps));
	r = get_caps(caps);
	for (i = 0; r == 0 && i < ARRAY_SIZE(caps); i++)
		if (caps[i].effective || caps[i].permitted || caps[i].inheritable)
			r = -EPERM;
	return r;
}

static int forbid_new_privileges(const struct confine *c)
{
	(void)c;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* After the change of uid, which would take it back. */
static int die_with_monitor(const struct confine *c)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	/* It may have died before; then we have been given to somebody else. */
	return getppid() == c->monitor ? 0 : -ESRCH;
}

static int close_others(int first_fd, int keep_fd)
{
	if (keep_fd > first_fd && close_range((unsigned)first_fd, (unsigned)keep_fd - 1, 0) < 0)
		return -errno;
	if (keep_fd >= first_fd)
		first_fd = keep_fd + 1;
	return close_range((unsigned)first_fd, ~0u, 0) < 0 ? -errno : 0;
}

int confine_self(const struct confine *c, int first_fd, int keep_fd, const char **ret_step)
{
	static const struct {
		int (*take)(const struct confine *c);
		const char *name;
	} steps[] = {
		{ leave_terminal, "setsid" },
		{ reset_signals, "signals" },
		{ empty_bounds, "capability bounding set" },
		{ change_user, "user and group" },
		{ drop_capabilities, "capabilities" },
		{ forbid_new_privileges, "no_new_privs" },
		{ limit_files, "RLIMIT_NOFILE" },
		{ limit_cores, "RLIMIT_CORE" },
		{ limit_memory, "RLIMIT_AS" },
		/* Last of the limits, and after the change of uid: else exec itself would count. */
		{ limit_processes, "RLIMIT_NPROC" },
		{ die_with_monitor, "PDEATHSIG" },
	};
	size_t i;
	int r;

	r = close_others(first_fd, keep_fd);
	if (r < 0) {
		*ret_step = "close_range";
		return r;
	}
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		r = steps[i].take(c);
		if (r < 0) {
			*ret_step = steps[i].name;
			return r;
		}
	}
	return 0;
}
