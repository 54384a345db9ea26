/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The worker as a process: started without privilege, watched, reaped, and why it died.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct worker {
	pid_t pid;    /* 0: none */
	int pidfd;    /* readable once it is dead */
	int ipc;      /* our end of the pair; non-blocking, close-on-exec */
	int status;   /* of waitpid(), once `dead` */
	bool dead;
	bool killed;  /* by us */
};

/* The path of --worker: 0, or -EPERM if it is not a program that belongs to root or to us and that
 * nobody else can write to; another negative errno. */
int spawn_check_path(const char *path);

/* Starts `path` with net_fd (which stays the caller's) as WORKER_FD_NET and its end of a new pair as
 * WORKER_FD_MONITOR, an empty environment, and nothing else that is ours (confine.h).
 * 0; or a negative errno, and ret_why is a sentence that names the step and the way out. */
int spawn_worker(const char *path, bool single_uid, int net_fd, struct worker *ret,
		 char ret_why[static 256]);

/* SIGKILL, unless it is dead; to be reaped all the same. */
void spawn_kill(struct worker *w);

/* Takes the dead worker's status (waits for it if it still lives). */
void spawn_reap(struct worker *w);

/* Ends and forgets the worker, however far it got; harmless on one that never was. */
void spawn_free(struct worker *w);

/* "was killed by signal 31 (Bad system call)...", "exited with code 1". */
void spawn_why_died(const struct worker *w, char ret_text[static 160]);
