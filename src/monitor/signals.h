/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Signals arrive as readable descriptors; no handler does any work.  Those that end a session have a
 * descriptor of their own, so that waiting for an `up` command can be ended by them alone.
 */
#pragma once

#include <stdbool.h>

struct signals {
	int stop_fd;  /* TERM, INT */
	int wish_fd;  /* HUP, USR1 */
	bool stopped; /* TERM or INT has come: nothing new is begun any more */
	bool replaced; /* ... from a session that takes over (multi killold) */
};

/* The value with which a session sends TERM to the one that it replaces. */
enum { SIGNALS_REPLACED = 0x76746e };

/* Blocks the four and ignores SIGPIPE.  0 or a negative errno. */
int signals_open(struct signals *ret);
void signals_close(struct signals *s);

/* The next TERM or INT (sets `stopped`), or HUP or USR1; 0: none has come. */
int signals_take_stop(struct signals *s);
int signals_take_wish(struct signals *s);

/* Why we were stopped, in words for the peer, if it was not just somebody's wish; else NULL. */
const char *signals_why_stopped(const struct signals *s);

/* Waits until `ms` have passed or a signal of `s` has come, which is left to be taken. */
void signals_sleep(const struct signals *s, unsigned ms);

/* While the resolver is at work, which knows no descriptors, TERM and INT end the program in their
 * default way; only for when there is nothing that would have to be cleared away. */
void signals_deadly(bool on);
