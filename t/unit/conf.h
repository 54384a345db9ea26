/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vtund.conf from a string, and what is said about it.
 */
#pragma once

#include <errno.h>

#include "monitor/confload.h"
#include "tap.h"

static char said[20000]; /* "LINE:COLUMN: error: text\n"... of the last call */

__attribute__((unused)) static void hear(void *context, const struct diag *d)
{
	static const char *const levels[] = { "note", "warning", "error" };
	size_t used = strlen(said);

	(void)context;
	snprintf(said + used, sizeof(said) - used, "%u:%u: %s: %s\n", d->line, d->column,
		 levels[d->level], d->text);
}

static struct config *opened; /* by the last find() or open_text() */

__attribute__((unused)) static int open_text(const char *text)
{
	config_free(opened);
	opened = NULL;
	said[0] = '\0';
	return confload_open_text("conf", text, strlen(text), hear, NULL, &opened);
}

/* A session of a file; NULL if the file or the session is refused or not there. */
__attribute__((unused)) static const struct config_session *find(const char *text, const char *name)
{
	const struct config_session *s = NULL;

	if (open_text(text) < 0 || config_find(opened, name, hear, NULL, &s) < 0)
		return NULL;
	return s;
}

/* The only session, "a", with these options; NULL if it is refused. */
__attribute__((unused)) static const struct config_session *with(const char *options)
{
	char text[8000];

	snprintf(text, sizeof(text), "a { passwd x; %s }", options);
	return find(text, "a");
}

/* The general options; NULL if they are refused. */
__attribute__((unused)) static const struct config_general *general(const char *options)
{
	char text[1000];

	snprintf(text, sizeof(text), "options { %s }", options);
	return open_text(text) < 0 ? NULL : config_general(opened);
}

/* Whether the check of a file says `expected` at the beginning of a line; NULL: nothing at all. */
__attribute__((unused)) static int check_says(const char *text, const char *expected)
{
	size_t size = expected ? strlen(expected) : 0;
	const char *line;

	said[0] = '\0';
	confcheck_text("conf", text, strlen(text), hear, NULL);
	if (!expected && !*said)
		return 1;
	for (line = said; expected && line && *line; line = strchr(line, '\n'), line += line != NULL)
		if (strncmp(line, expected, size) == 0)
			return 1;
	printf("# said     %s# expected %s\n", said, expected ? expected : "nothing");
	return 0;
}

/* The number of remarks of a level in what was said. */
__attribute__((unused)) static int count_said(const char *level)
{
	const char *p;
	int n = 0;

	for (p = said; (p = strstr(p, level)); p++)
		n++;
	return n;
}
