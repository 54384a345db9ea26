/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A peer that means ill: hostile ADDRESS PORT SOURCE CASE
 *
 * Does one thing to a vtund that no peer of ours does, and prints what came of it, in one line:
 * "ERROR 3" a frame, "alert 22" TLS's, "hung up" and how, and what the case itself counts.
 * The sessions are those of t/35-hostile.t and the like; their password is "secret".
 */
#include <sodium.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "hostile.h"

static const struct hostile_case *const all[] = {
	stranger_cases, insider_cases, impostor_cases, datagram_cases,
};

static const struct hostile_case *find(const char *name)
{
	const struct hostile_case *c;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		for (c = all[i]; c->name; c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

int main(int argc, char **argv)
{
	const struct hostile_case *c = argc == 5 ? find(argv[4]) : NULL;

	if (!c || sodium_init() < 0)
		return 64;
	address = argv[1];
	port = argv[2];
	source = argv[3];
	signal(SIGPIPE, SIG_IGN);
	alarm(40);
	c->act();
	return 0;
}
