/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One entry of the journal: a handful of fields.
 */
#pragma once

#include <stddef.h>
#include <sys/uio.h>

struct journal_entry {
	struct iovec fields[32];
	size_t n_fields;
	char text[4096];
	size_t used;
};

/* Adds "NAME=value"; what does not fit any more is left out. */
void journal_add(struct journal_entry *e, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void journal_append(struct journal_entry *e, const struct journal_entry *more);
void journal_send(const struct journal_entry *e);

/* Whether descriptor 2 is the journal, as systemd says in $JOURNAL_STREAM. */
int journal_is_stderr(void);
