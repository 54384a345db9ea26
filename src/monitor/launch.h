/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A child that starts with a clean slate: of ours it has three descriptors and nothing else.
 */
#pragma once

#include <sys/types.h>

struct launch {
	char *const *argv;   /* argv[0] is an absolute path */
	char *const *envp;
	int in, out, err;    /* become 0, 1 and 2; -1: /dev/null.  They stay the caller's. */
};

/* Forks and execs: a session and process group of its own, no signal blocked or ignored, working
 * directory "/"; if `in` is a terminal it becomes the controlling one.  Returns when exec has
 * worked: 0 and the child's number, to be waited for; or the negative errno of what failed, exec
 * included, and there is no child. */
int launch_program(const struct launch *l, pid_t *ret_pid);
