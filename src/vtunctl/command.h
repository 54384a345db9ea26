/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The subcommands of vtunctl, one file each.
 */
#pragma once

/* argv[0] is the subcommand's own name.  Returns the exit code (common/exitcode.h). */
int command_check(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_genpass(int argc, char **argv);

/* Says how the subcommand is used, to stderr: EXIT_USAGE. */
int command_usage(const char *name);
