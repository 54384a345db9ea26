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

#define FAULT(g, token, ...) \
	do { \
		(g)->broken = true; \
		confdiag_at((g)->depth ? (g)->section_diag : (g)->file_diag, DIAG_ERROR, token, \
			    __VA_ARGS__); \
	} while (0)

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

/* Says what cannot be read; false if it can. */
static bool unreadable(struct confgram *g, const struct token *t)
{
	switch (t->kind) {
	case TOKEN_OPEN_QUOTE:
		FAULT(g, t, "the quote is left open: a string ends with \" on the same line");
		return true;
	case TOKEN_LONG_LINE:
		FAULT(g, t, "the line is longer than %d bytes: break it", CONFTOK_LINE_MAX);
		return true;
	case TOKEN_INNER_QUOTE:
		FAULT(g, t, "a quote inside a word: quote the whole value, or leave a space");
		return true;
	default:
		return false;
	}
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
			/* fall through */
		case TOKEN_OPEN:
			begin_section(g, &t);
			return GRAM_SECTION;
		default:
			unreadable(g, &t);
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

/* To the end of an option that was refused: its ";", or where the next one seems to begin. */
static void skip_statement(struct confgram *g, unsigned line)
{
	for (;;) {
		struct conftok before = g->tok;
		struct token t = conftok_next(&g->tok, false);

		switch (t.kind) {
		case TOKEN_SEMICOLON:
			return;
		case TOKEN_CLOSE:
		case TOKEN_OPEN:
		case TOKEN_END:
			g->tok = before;
			return;
		case TOKEN_OPEN_QUOTE:
		case TOKEN_LONG_LINE:
			unreadable(g, &t);
			return;
		default:
			if (t.line == line)
				break;
			line = t.line;
			if (t.kind == TOKEN_WORD &&
			    (option_find(g->block, &t) || conftok_brace_follows(&g->tok))) {
				g->tok = before;
				return;
			}
		}
	}
}

static void unknown_option(struct confgram *g, const struct token *t)
{
	const char *near = option_nearest(g->block, t, false);
	const char *elsewhere = option_elsewhere(g->block, t);

	if (elsewhere)
		FAULT(g, t, "\"%.*s\" is an option of %s, not of %s", CONFDIAG_SHOW(t), elsewhere,
		      option_block_text(g->block));
	else if (near)
		FAULT(g, t, "unknown option \"%.*s\": did you mean \"%s\"?", CONFDIAG_SHOW(t),
		      near);
	else
		FAULT(g, t, "unknown option \"%.*s\"", CONFDIAG_SHOW(t));
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

/* Whether a word behind an option's values is the keyword of the next, the ";" being forgotten. */
static bool begins_next(const struct confgram *g, const struct token *t, unsigned line)
{
	const struct statement *s = &g->statement;
	const struct option *o = option_find(g->block, t);

	if (conftok_brace_follows(&g->tok))
		return s->count >= s->option->least || t->line != line || (o && o->opens);
	return o && s->count >= (t->line == line ? s->option->most : s->option->least);
}

static bool is_hash(const struct token *t)
{
	return t->kind == TOKEN_WORD && *t->text == '#';
}

static void surplus_value(struct confgram *g, const struct token *t)
{
	static const char *const most[] = { "no value", "one value", "at most two values",
					    "at most three values" };
	const struct statement *s = &g->statement;
	bool hash = is_hash(t);
	unsigned i;

	for (i = 0; i < s->count; i++)
		hash = hash || is_hash(&s->values[i]);
	FAULT(g, t, "\"%s\" takes %s%s", s->option->name, most[s->option->most],
	      hash ? "; a # behind a value is a value too: put the ; before the comment" :
	      ": a ; is missing, or quotes around a value with spaces");
	if (hash)
		conftok_skip_line(&g->tok);
	skip_statement(g, t->line);
}

/* The values of g->statement.  False: what is there is no option, and has been skipped. */
static bool read_values(struct confgram *g)
{
	struct statement *s = &g->statement;
	unsigned line = s->keyword.line;

	for (;;) {
		struct conftok before = g->tok;
		struct token t = conftok_next(&g->tok, false);

		switch (t.kind) {
		case TOKEN_SEMICOLON:
			return true;
		case TOKEN_CLOSE:
		case TOKEN_END:
			g->tok = before;
			return true;
		case TOKEN_OPEN:
			FAULT(g, &t, "a { cannot stand behind a value");
			g->stray_braces++;
			return false;
		case TOKEN_WORD:
			if (begins_next(g, &t, line)) {
				FAULT(g, &t, "a ; is missing before this, behind \"%.*s\" of line %u",
				      CONFDIAG_SHOW(&s->keyword), s->keyword.line);
				g->tok = before;
				return true;
			}
			/* fall through */
		case TOKEN_STRING:
			if (s->count == s->option->most) {
				surplus_value(g, &t);
				return false;
			}
			s->values[s->count++] = t;
			line = t.line;
			break;
		default:
			unreadable(g, &t);
			if (t.kind == TOKEN_INNER_QUOTE)
				skip_statement(g, t.line);
			return false;
		}
	}
}

static bool read_option(struct confgram *g, const struct token *keyword)
{
	const struct option *o = option_find(g->block, keyword);

	if (!o || o->opens) {
		if (!o)
			unknown_option(g, keyword);
		else
			FAULT(g, keyword, "\"%s\" is a block: %s { ... }", o->name, o->name);
		skip_statement(g, keyword->line);
		return false;
	}
	g->statement = (struct statement){ .option = o, .block = g->block, .keyword = *keyword };
	if (!read_values(g))
		return false;
	if (g->statement.count < o->least) {
		FAULT(g, keyword, "\"%s\" needs a value", o->name);
		return false;
	}
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
			skip_statement(g, t.line);
			break;
		case TOKEN_WORD:
			if (!conftok_brace_follows(&g->tok)) {
				if (read_option(g, &t))
					return GRAM_OPTION;
			} else if (!too_deep(g, &t)) {
				return block_or_loss(g, &t, &before);
			}
			break;
		default:
			unreadable(g, &t);
		}
	}
}

enum gram_event confgram_next(struct confgram *g)
{
	return g->depth ? next_option(g) : next_section(g);
}
