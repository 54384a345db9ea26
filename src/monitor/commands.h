/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * up and down: substituted, split, run, timed out, reported.
 */
#pragma once

#include <stdbool.h>

#include "config.h"

/* What %-sequences stand for; each is checked to be free of shell metacharacters before use. */
struct command_vars {
	const char *device;      /* %% %d */
	const char *local_addr;  /* %A */
	const char *local_port;  /* %P */
	const char *remote_addr; /* %a */
	const char *remote_port; /* %p */
	const char *session;     /* %h */
	const char *role;        /* "server", "client" */
};

/* Runs the list in its order.  `program_fd` (-1: none) becomes stdin and stdout of the programs
 * (tty, pipe), stderr goes to the log; else stdout and stderr go to the log line by line, with the
 * session's name.  Commands that are waited for have `timeout_s` seconds, then their process group
 * is killed.  `abort_fd` readable (-1: none) ends the waiting: the rest is not run.
 * Returns 0, or the number (from 1) of the first command that failed; each failure has been
 * logged, with a hint where a program is missing; ret_text says it for the peer
 * ("up command 2 failed: exit status 2").  Unless `strict`, the commands after it run all the same. */
int commands_run(const struct command *list, const char *which, const struct command_vars *vars,
		 int program_fd, unsigned timeout_s, int abort_fd, bool strict,
		 char ret_text[static 128]);

/* One command's argument vector as it would be executed: for commands_run() and "vtunctl explain".
 * *ret_argv is one block, freed by free().  0, -EINVAL (a variable that must not be substituted:
 * ret_text says which), -ENOMEM. */
int command_argv(const struct command *c, const struct command_vars *vars, char ***ret_argv,
		 char ret_text[static 128]);
