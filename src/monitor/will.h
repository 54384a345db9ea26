/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The last will of a monitor: what is to be done, and said, should it be killed before it can run
 * `down`.  A private file (mode 0600) named "down" in its directory in /run, from before `up` until
 * after `down`, and locked by it for as long as it lives.  Who executes it: "vtund --down", which the
 * unit has as ExecStopPost=; without systemd the next vtund of that user.
 *
 * Only a will that is a plain file of our own user, in a directory of our own user, is executed, and
 * by systemd only that of the unit's own invocation: nobody can make us run a command that somebody
 * else has written.
 */
#pragma once

#include "commands.h"
#include "common/exitcode.h"

/* 0 or a negative errno. */
int will_write(const struct command_vars *vars, unsigned timeout_s, const struct command *down);
void will_remove(void);

/* Runs the `down` of all who were killed and had nobody to do it; harmless where there is none.
 * abort_fd (-1: none) as in commands_run(); what was broken off stays for the next one. */
void will_execute_left(int abort_fd);

/* "vtund --down". */
enum exit_code will_execute(void);
