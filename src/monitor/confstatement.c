/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confgram.h"

void confgram_unreadable(struct confgram *g, const struct token *t)
{
	if (t->kind == TOKEN_OPEN_QUOTE)
		FAULT(g, t, "the quote is left open: a string ends with \" on the same line");
	else if (t->kind == TOKEN_LONG_LINE)
		FAULT(g, t, "the line is longer than %d bytes: break it", CONFTOK_LINE_MAX);
	else
		FAULT(g, t, "a quote inside a word: quote the whole value, or leave a space");
}

void confgram_skip_statement(struct confgram *g, unsigned line)
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
			confgram_unreadable(g, &t);
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
	confgram_skip_statement(g, t->line);
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
			__attribute__((fallthrough));
		case TOKEN_STRING:
			if (s->count == s->option->most) {
				surplus_value(g, &t);
				return false;
			}
			s->values[s->count++] = t;
			line = t.line;
			break;
		default:
			confgram_unreadable(g, &t);
			if (t.kind == TOKEN_INNER_QUOTE)
				confgram_skip_statement(g, t.line);
			return false;
		}
	}
}

bool confgram_read_option(struct confgram *g, const struct token *keyword)
{
	const struct option *o = option_find(g->block, keyword);

	if (!o || o->opens) {
		if (!o)
			unknown_option(g, keyword);
		else
			FAULT(g, keyword, "\"%s\" is a block: %s { ... }", o->name, o->name);
		confgram_skip_statement(g, keyword->line);
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
