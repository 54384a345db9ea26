/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a worker is left with: no privilege, no way to get one, no descriptor but its two, nobody
 * else's terminal, and not a moment of life more than its monitor.  doc/PRIVILEGES.md.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct confine {
	bool change_uid; /* to uid and gid; else they stay what they are */
	uid_t uid;
	gid_t gid;
	pid_t monitor;   /* dies with it */
};

/* Whom the worker shall be: the user `vtun` where we are root, else, and with `single_uid`, who we
 * are already.  0; -ENOENT if there is no such user; another negative errno. */
int confine_plan(bool single_uid, struct confine *ret);

/* In the child, right before exec: each step or nothing.  Descriptors from `first_fd` on are
 * closed, except keep_fd, which closes on exec.  0; or a negative errno, and *ret_step is what
 * failed, in words. */
int confine_self(const struct confine *c, int first_fd, int keep_fd, const char **ret_step);
