/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "title.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel shows the bytes from argv[0] on, as far as one NUL-terminated string goes, and into
 * the environment behind them if that is what it takes. */
static char *area;
static size_t area_size;

/* Moves the strings elsewhere; returns the end of those that follow `end` without a gap. */
static char *move_strings(char **list, char *end)
{
	for (; *list; list++) {
		char *copy = strdup(*list);

		if (!copy)
			return NULL;
		if (*list == end)
			end += strlen(*list) + 1;
		*list = copy;
	}
	return end;
}

static char **copy_pointers(char **list)
{
	size_t n = 0;
	char **copy;

	while (list[n])
		n++;
	copy = malloc((n + 1) * sizeof(*copy));
	if (copy)
		memcpy(copy, list, (n + 1) * sizeof(*copy));
	return copy;
}

void title_init(int argc, char **argv)
{
	char *start = argc > 0 ? argv[0] : NULL, *end = start;
	char **env = environ ? copy_pointers(environ) : NULL;

	if (area || !start || !env)
		return;
	end = move_strings(argv, end);
	if (end)
		end = move_strings(env, end);
	if (!end)
		return;
	environ = env;
	program_invocation_name = argv[0];
	area = start;
	area_size = (size_t)(end - start);
}

void title_set(const char *text)
{
	size_t n = strlen(text);

	if (area_size == 0)
		return;
	if (n > area_size - 1)
		n = area_size - 1;
	memcpy(area, text, n);
	memset(area + n, 0, area_size - n);
}
