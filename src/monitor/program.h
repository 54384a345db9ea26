/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One running program of up or down: its process group, its output line by line in the log, its
 * end.  Programs that nobody waits for are kept in a list of this module until they end.
 */
#pragma once

struct program;

struct program_spec {
	char *const *argv;  /* argv[0] is an absolute path */
	char *const *envp;
	int stdio_fd;       /* becomes stdin and stdout; -1: /dev/null, and stdout goes to the log */
	const char *label;  /* in front of each line in the log, at most 127 bytes */
};

/* Starts it (launch.h).  0 and *ret, or a negative errno: that of exec if it came to that. */
int program_start(const struct program_spec *spec, struct program **ret);

/* Waits for its end and frees it; if somebody else still holds its output (a daemon that it has
 * started), that is read on in the background.  0 and *ret_status as of waitpid(2); -ETIMEDOUT or
 * -ECANCELED (abort_fd was readable or hung up; -1: none) after its whole group has been sent
 * SIGTERM and, at the latest 2 s later, SIGKILL. */
int program_wait(struct program *p, unsigned timeout_ms, int abort_fd, int *ret_status);

/* Does not wait for it: from now on program_tend() logs what it says and how it ends. */
void program_leave(struct program *p);

/* Readable when program_tend() has something to do; -1 while there has been nothing to tend. */
int program_tend_fd(void);
void program_tend(void);

/* Waits until all that were left have ended; those that have not after that time, or when abort_fd
 * is readable, are ended as program_wait() does it. */
void program_settle(unsigned timeout_ms, int abort_fd);

/* "exit status 2", "killed by signal 9 (Killed)"; returns text. */
const char *program_status_text(int status, char text[static 64]);
