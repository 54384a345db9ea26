/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a running worker tells without being answered: counters and lines of log, both bounded, as
 * the worker may be somebody else's by now.
 */
#pragma once

#include "session.h"

void watch_init(struct session *s);

/* STATUS: ANSWERED. */
int watch_status(struct session *s, const struct ipc_message *m);

/* LOG: one line, marked as the worker's. */
void watch_log(struct session *s, const struct ipc_message *m);

/* "stat yes": the counters go to their file; of a failure, one line. */
void watch_count(struct session *s);

/* SIGUSR1: asks for the counters, which are logged when they come. */
void watch_ask(struct session *s);
