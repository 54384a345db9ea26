/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>

#include "common/cleanup.h"
#include "common/log.h"

void journal_add(struct journal_entry *e, const char *format, ...)
{
	size_t room = sizeof(e->text) - e->used;
	char text[1100]; /* a line of log with its name */
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room || (size_t)n >= sizeof(text) ||
	    e->n_fields == ARRAY_SIZE(e->fields))
		return;
	/* Who prints a field by its name gets it as it is: a peer's words are escaped there as well. */
	log_escape(text, e->text + e->used, room);
	e->fields[e->n_fields].iov_base = e->text + e->used;
	e->fields[e->n_fields].iov_len = strlen(e->text + e->used);
	e->used += e->fields[e->n_fields++].iov_len;
}

void journal_append(struct journal_entry *e, const struct journal_entry *more)
{
	size_t i;

	for (i = 0; i < more->n_fields; i++)
		journal_add(e, "%.*s", (int)more->fields[i].iov_len,
			    (const char *)more->fields[i].iov_base);
}

void journal_send(const struct journal_entry *e)
{
	sd_journal_sendv(e->fields, (int)e->n_fields);
}

int journal_is_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(2, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}
