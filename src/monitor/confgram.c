/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confgram.h"

#include <string.h>

#include "common/terms.h"

void confgram_init(struct confgram *g, const struct conftok *start, struct confdiag *file_diag,
		   struct confdiag *section_diag)
{
	*g = (struct confgram){ .tok = *start, .file_diag = file_diag,
				.section_diag = section_diag };
}

bool confgram_is_name(const struct token *t)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	size_t i;

	if (t->kind != TOKEN_WORD || t->size == 0 || t->size > SESSION_NAME_MAX)
		return false;
	for (i = 0; i < t->size; i++)
		if (!memchr(first, t->text[i], sizeof(first) - 1) &&
		    (i == 0 || (t->text[i] != '.' && t->text[i] != '-')))
			return false;
	return true;
}

/* ---- between sections */

static void begin_section(struct confgram *g, const struct token *name)
{
	g->name = *name;
	g->broken = false;
	g->astray = false;
	g->stray_braces = 0;
	if (!confgram_is_name(name))
		FAULT(g, name, "%s: letters, digits, _ . and -, at most %d, the first a letter, "
		      "a digit or _", name->kind == TOKEN_OPEN ? "a section needs a name" :
		      "this cannot be the name of a session", SESSION_NAME_MAX);
	if (name->kind != TOKEN_OPEN)
		conftok_next(&g->tok, true);
	g->depth = 1;
	g->kind = token_is(name, "options") ? SECTION_OPTIONS :
		  token_is(name, "default") ? SECTION_DEFAULT : SECTION_SESSION;
	g->block = g->kind == SECTION_OPTIONS ? BLOCK_OPTIONS : BLOCK_SESSION;
}

static void complain_outside(struct confgram *g, const struct token *t)
{
	if (!g->astray)
		FAULT(g, t, "NAME { is expected here, options { or default {; does a } above close "
		      "too early?");
	g->astray = true;
}

static enum gram_event next_section(struct confgram *g)
{
	for (;;) {
		struct token t = conftok_next(&g->tok, true);

		switch (t.kind) {
		case TOKEN_END:
			return GRAM_END;
		case TOKEN_SEMICOLON:
			break;
		case TOKEN_CLOSE:
			FAULT(g, &t, "this } closes nothing");
			break;
		case TOKEN_WORD:
		case TOKEN_STRING:
			if (!conftok_brace_follows(&g->tok)) {
				complain_outside(g, &t);
				break;
			}
			__attribute__((fallthrough));
		case TOKEN_OPEN:
			begin_section(g, &t);
			return GRAM_SECTION;
		default:
			confgram_unreadable(g, &t);
		}
	}
}

/* ---- in a section */

static enum gram_event end_block(struct confgram *g)
{
	g->depth = 1;
	g->block = g->kind == SECTION_OPTIONS ? BLOCK_OPTIONS : BLOCK_SESSION;
	return GRAM_BLOCK_END;
}

static enum gram_event close_level(struct confgram *g)
{
	g->stray_braces = 0;
	if (g->depth == 2)
		return end_block(g);
	g->depth = 0;
	return GRAM_SECTION_END;
}

/* "WORD {" where an option is expected: a nested block, or the } of what is open is lacking. */
static enum gram_event block_or_loss(struct confgram *g, const struct token *t,
				     const struct conftok *before)
{
	const struct option *o = option_find(g->block, t);
	const struct token *open = g->depth == 2 ? &g->opener : &g->name;
	const char *near = option_nearest(g->block, t, true);

	if (o && o->opens) {
		conftok_next(&g->tok, true);
		g->statement = (struct statement){ .option = o, .block = g->block, .keyword = *t };
		g->opener = *t;
		g->depth = 2;
		g->block = o->opens;
		return GRAM_BLOCK;
	}
	if (near)
		FAULT(g, t, "unknown block \"%.*s {\": did you mean \"%s\"?  Or is a } missing "
		      "before it, for \"%.*s {\" of line %u?", CONFDIAG_SHOW(t), near,
		      CONFDIAG_SHOW(open), open->line);
	else
		FAULT(g, t, "a } is missing before this: \"%.*s {\" of line %u is still open",
		      CONFDIAG_SHOW(open), open->line);
	g->tok = *before;
	return close_level(g);
}

static bool too_deep(struct confgram *g, const struct token *t)
{
	if (g->depth < 2 || !option_named(g->block, t))
		return false;
	FAULT(g, t, "\"%.*s\" takes values, not a block", CONFDIAG_SHOW(t));
	conftok_next(&g->tok, true);
	g->stray_braces++;
	return true;
}

static enum gram_event end_of_file(struct confgram *g)
{
	g->broken = true;
	if (g->depth == 1)
		FAULT(g, &g->name, "this section is still open at the end of the file: a } is "
		      "missing");
	return close_level(g);
}

static enum gram_event next_option(struct confgram *g)
{
	for (;;) {
		struct conftok before = g->tok;
		struct token t = conftok_next(&g->tok, true);

		switch (t.kind) {
		case TOKEN_END:
			return end_of_file(g);
		case TOKEN_SEMICOLON:
			break;
		case TOKEN_CLOSE:
			if (g->stray_braces == 0)
				return close_level(g);
			g->stray_braces--;
			break;
		case TOKEN_OPEN:
			FAULT(g, &t, "this { has no keyword before it");
			g->stray_braces++;
			break;
		case TOKEN_STRING:
			FAULT(g, &t, "an option is expected here, not a string");
			confgram_skip_statement(g, t.line);
			break;
		case TOKEN_WORD:
			if (!conftok_brace_follows(&g->tok)) {
				if (confgram_read_option(g, &t))
					return GRAM_OPTION;
			} else if (!too_deep(g, &t)) {
				return block_or_loss(g, &t, &before);
			}
			break;
		default:
			confgram_unreadable(g, &t);
		}
	}
}

enum gram_event confgram_next(struct confgram *g)
{
	return g->depth ? next_option(g) : next_section(g);
}
