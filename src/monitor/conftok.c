/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conftok.h"

#include <string.h>

void conftok_init(struct conftok *t, const char *text, size_t size)
{
	*t = (struct conftok){ .at = text, .end = text + size, .line = 1 };
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		t->at += 3;
	t->line_begin = t->at;
}

static const char *line_end(const struct conftok *t, const char *from)
{
	const char *nl = memchr(from, '\n', (size_t)(t->end - from));

	return nl ? nl : t->end;
}

static void next_line(struct conftok *t, const char *newline)
{
	t->at = t->line_begin = newline < t->end ? newline + 1 : t->end;
	t->line++;
}

void conftok_skip_line(struct conftok *t)
{
	next_line(t, line_end(t, t->at));
}

/* Whether the line, as far as `p`, is short enough. */
static bool fits(const struct conftok *t, const char *p)
{
	if (p > t->line_begin && p[-1] == '\r' && (p == t->end || *p == '\n'))
		p--;
	return p - t->line_begin <= CONFTOK_LINE_MAX;
}

/* False: the line is too long, and the reader still in it. */
static bool skip_space(struct conftok *t, bool comments)
{
	while (t->at < t->end) {
		switch (*t->at) {
		case ' ':
		case '\t':
		case '\r':
			t->at++;
			continue;
		case '#':
			if (!comments)
				return true;
			if (!fits(t, t->at))
				return false;
			conftok_skip_line(t);
			continue;
		case '\n':
			if (!fits(t, t->at))
				return false;
			next_line(t, t->at);
			continue;
		default:
			return true;
		}
	}
	return fits(t, t->at);
}

static struct token token_here(const struct conftok *t, enum token_kind kind)
{
	return (struct token){ .kind = kind, .at = t->at, .text = t->at, .line = t->line,
			       .column = (unsigned)(t->at - t->line_begin) + 1 };
}

static struct token long_line(struct conftok *t)
{
	struct token token = token_here(t, TOKEN_LONG_LINE);

	token.at = token.text = t->line_begin + CONFTOK_LINE_MAX;
	token.column = CONFTOK_LINE_MAX + 1;
	conftok_skip_line(t);
	return token;
}

static struct token string(struct conftok *t)
{
	struct token token = token_here(t, TOKEN_STRING);
	const char *eol = line_end(t, t->at);
	const char *quote = memchr(t->at + 1, '"', (size_t)(eol - t->at - 1));

	if (!quote) {
		token.kind = TOKEN_OPEN_QUOTE;
		next_line(t, eol);
		return token;
	}
	token.text = t->at + 1;
	token.size = (size_t)(quote - token.text);
	t->at = quote + 1;
	return token;
}

static const char *word_end(const struct conftok *t, bool quotes_too)
{
	static const bool ends_word[256] = { [' '] = true, ['\t'] = true, ['\r'] = true,
					     ['\n'] = true, [';'] = true, ['{'] = true,
					     ['}'] = true, ['"'] = true };
	const char *p = t->at;

	while (p < t->end && (!ends_word[(unsigned char)*p] || (quotes_too && *p == '"')))
		p++;
	return p;
}

static struct token word(struct conftok *t, bool comments)
{
	struct token token = token_here(t, TOKEN_WORD);
	const char *close;

	t->at = word_end(t, false);
	token.size = (size_t)(t->at - token.at);
	if (comments || t->at == t->end || *t->at != '"')
		return token;
	token.kind = TOKEN_INNER_QUOTE;
	close = memchr(t->at + 1, '"', (size_t)(line_end(t, t->at) - t->at - 1));
	t->at = close ? close + 1 : word_end(t, true);
	return token;
}

static struct token one_byte(struct conftok *t, enum token_kind kind)
{
	struct token token = token_here(t, kind);

	t->at++;
	token.size = 1;
	return token;
}

static struct token read_token(struct conftok *t, bool comments)
{
	switch (*t->at) {
	case '{':
		return one_byte(t, TOKEN_OPEN);
	case '}':
		return one_byte(t, TOKEN_CLOSE);
	case ';':
		return one_byte(t, TOKEN_SEMICOLON);
	case '"':
		return string(t);
	default:
		return word(t, comments);
	}
}

struct token conftok_next(struct conftok *t, bool comments)
{
	struct conftok before;
	struct token token;

	if (!skip_space(t, comments))
		return long_line(t);
	if (t->at == t->end)
		return token_here(t, TOKEN_END);
	before = *t;
	token = read_token(t, comments);
	if (t->line == before.line && t->at - t->line_begin > CONFTOK_LINE_MAX) {
		*t = before;
		return long_line(t);
	}
	return token;
}

bool conftok_brace_follows(const struct conftok *t)
{
	struct conftok ahead = *t;

	return skip_space(&ahead, true) && ahead.at < ahead.end && *ahead.at == '{';
}

bool token_is(const struct token *t, const char *word)
{
	return t->size == strlen(word) && memcmp(t->text, word, t->size) == 0;
}
