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

/* Runs the list in its order.  All of `vars` must be given.
 *
 * Output goes to the log line by line, with the session's name, at most 200 lines a program in
 * 10 s.  `program_fd` (-1: none) becomes stdin and stdout of ppp and program (tty, pipe), only
 * their stderr goes to the log then.  Programs have PATH, VTUN_SESSION, VTUN_DEVICE, VTUN_PEER,
 * VTUN_ROLE and the locale's variables, a process group of their own and no other descriptor; what
 * the monitor has of ambient capabilities is theirs too, as setting up a device is what they are
 * for.
 *
 * Commands that are waited for have `timeout_s` seconds, then their process group is sent SIGTERM,
 * and SIGKILL 2 s later.  `abort_fd` readable or hung up (-1: none) does the same at once, and
 * the rest is not run.  The others go on by themselves: see commands_tend().
 *
 * Returns 0, or the number (from 1) of the first command that failed; each failure has been
 * logged, with a hint where a program is missing; ret_text says it for the peer
 * ("up command 2 failed: exit status 2").  Unless `strict`, the commands after it run all the same.
 */
int commands_run(const struct command *list, const char *which, const struct command_vars *vars,
		 int program_fd, unsigned timeout_s, int abort_fd, bool strict,
		 char ret_text[static 128]);

/* Says why `down` is not run: the name of its device is another one's by now. */
void commands_say_not_ours(const struct command_vars *vars);

/* Programs that were not waited for, and daemons left behind by those that were: the descriptor is
 * readable when one of them has said something or ended, and commands_tend() then logs that and
 * reaps.  Ask for the descriptor afresh before each poll(): it is -1 until there is such a program.
 * Nobody else may reap them, so no waitpid(-1) in the monitor.  A program that is not tended, or
 * that outlives the monitor, can write 64 KiB more there and then blocks; it gets no SIGPIPE. */
int commands_fd(void);
void commands_tend(void);

/* tty and pipe, once the tunnel is gone: waits for the end of the programs that were not waited for,
 * but no longer than `timeout_s`; abort_fd as above. */
void commands_settle(unsigned timeout_s, int abort_fd);

/* One command's argument vector as it would be executed: for commands_run() and "vtunctl explain",
 * where a variable that is not known yet is NULL and its sequence stays as it is written.
 * *ret_argv is one block, freed by free().  0, -EINVAL (a variable that must not be substituted:
 * ret_text says which), -ENOMEM. */
int command_argv(const struct command *c, const struct command_vars *vars, char ***ret_argv,
		 char ret_text[static 128]);

/* Whether the next command waits for the end of this one. */
bool command_is_waited_for(const struct command *c);

/* Whether its standard input and output are the tunnel, where that is a stream (tty, pipe). */
bool command_uses_tunnel(const struct command *c);
