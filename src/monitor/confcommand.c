/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confvalue.h"

#include <stdlib.h>
#include <string.h>

void value_free_commands(struct command *list)
{
	while (list) {
		struct command *next = list->next;

		free(list->program);
		free(list->args);
		free(list);
		list = next;
	}
}

/* Warns of % sequences that stand for nothing; the commands' reader keeps them as they are. */
static void check_percent(struct conftarget *t, const struct token *args)
{
	size_t i;

	for (i = 0; i + 1 < args->size; i++) {
		struct token at = *args;

		if (args->text[i] != '\\' && args->text[i] != '%')
			continue;
		if (args->text[i++] == '\\' || strchr("%dAPaph", args->text[i]))
			continue;
		at.at = args->text + i - 1;
		at.column += (unsigned)(at.at - args->at);
		confdiag_at(t->diag, DIAG_WARNING, &at, "%%%c stands for nothing and is kept as it "
			    "is; a percent sign is written \\%%", args->text[i]);
	}
}

/* PATH, "ARGS" and wait, in any order.  False: refused. */
static bool read_command(struct conftarget *t, const struct confargs *a, struct command *c)
{
	const struct statement *s = a->statement;
	unsigned i;

	for (i = 0; i < s->count; i++) {
		const struct token *v = &s->values[i];
		char **part = v->kind == TOKEN_STRING ? &c->args : &c->program;

		if (v->kind == TOKEN_WORD && strcmp(a->text[i], "wait") == 0) {
			c->wait = true;
			continue;
		}
		if (v->kind == TOKEN_WORD && *a->text[i] != '/') {
			value_refuse(t, v, "neither an absolute path nor \"wait\": arguments stand in "
				     "quotes, as one string");
			return false;
		}
		if (*part) {
			value_refuse(t, v, v->kind == TOKEN_STRING ? "a second string: all arguments "
				     "stand in one" : "a second path: one command runs one program");
			return false;
		}
		if (v->kind == TOKEN_STRING)
			check_percent(t, v);
		value_replace(part, a->text[i]);
	}
	if (!c->args && !c->program) {
		value_refuse(t, &s->keyword, "nothing to run: arguments stand in quotes");
		return false;
	}
	return true;
}

static void append_command(struct confblock *b, struct command *c)
{
	if (b->last)
		b->last->next = c;
	else
		b->commands = c;
	b->last = c;
}

void value_command(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	struct command *c = value_alloc(sizeof(*c));
	bool waited_for;

	c->kind = (enum command_kind)o->low;
	c->line = a->statement->keyword.line;
	if (!read_command(t, a, c)) {
		value_free_commands(c);
		return;
	}
	if (c->kind == COMMAND_PROGRAM && !c->program)
		c->kind = COMMAND_SHELL;
	if (!c->args)
		value_replace(&c->args, "");
	waited_for = c->kind != COMMAND_PROGRAM && c->kind != COMMAND_SHELL && c->kind != COMMAND_PPP;
	if (c->wait && waited_for)
		confdiag_at(t->diag, DIAG_NOTE, &a->statement->keyword,
			    "\"%s\" is waited for without \"wait\"", o->name);
	c->wait |= waited_for;
	append_command(&t->block, c);
}
