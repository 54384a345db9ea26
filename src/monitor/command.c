/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One command of up or down as an argument vector.  Pure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argsplit.h"
#include "commands.h"

struct resolver {
	const struct command_vars *vars;
	char bad_letter;
	const char *bad_value;
};

static const char *value_of(const struct command_vars *v, char letter)
{
	switch (letter) {
	case '%':
	case 'd':
		return v->device;
	case 'A':
		return v->local_addr;
	case 'P':
		return v->local_port;
	case 'a':
		return v->remote_addr;
	case 'p':
		return v->remote_port;
	case 'h':
		return v->session;
	default:
		return NULL;
	}
}

/* No byte that means something to a shell, and no dash in front: a value must not become an
 * option of the program either. */
static bool is_safe(const char *value)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789._-:/%+@,=";

	return *value && *value != '-' && value[strspn(value, alphabet)] == '\0';
}

static const char *resolve(void *context, char letter)
{
	struct resolver *r = context;
	const char *value = value_of(r->vars, letter);

	if (value && !is_safe(value)) {
		r->bad_letter = letter;
		r->bad_value = value;
	}
	return value;
}

bool command_is_waited_for(const struct command *c)
{
	return c->wait || c->kind == COMMAND_IFCONFIG || c->kind == COMMAND_ROUTE ||
	       c->kind == COMMAND_IP || c->kind == COMMAND_FIREWALL;
}

/* ifconfig and its like say what they have to say to the log, also in a tty or pipe session. */
bool command_uses_tunnel(const struct command *c)
{
	return c->kind == COMMAND_PPP || c->kind == COMMAND_PROGRAM || c->kind == COMMAND_SHELL;
}

int command_argv(const struct command *c, const struct command_vars *vars, char ***ret_argv,
		 char ret_text[static 128])
{
	bool shell = c->kind == COMMAND_SHELL;
	const char *const of_shell[] = { "/bin/sh", "-c", NULL };
	const char *const of_program[] = { c->program, NULL };
	struct resolver resolver = { .vars = vars };
	char **argv;
	int r;

	r = argsplit(shell ? of_shell : of_program, c->args, shell, resolve, &resolver, &argv);
	if (r < 0) {
		snprintf(ret_text, 128, "out of memory");
		return r;
	}
	if (resolver.bad_value) {
		free(argv);
		snprintf(ret_text, 128, "%%%c is \"%.60s\", which must not be part of a command",
			 resolver.bad_letter, resolver.bad_value);
		return -EINVAL;
	}
	*ret_argv = argv;
	return 0;
}
