/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confdiag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "confopts.h"

enum { TEXT_MAX = 500 };

/* Nothing that moves a cursor; one byte for one, so that columns stay true. */
static void make_printable(char *s, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		unsigned char c = (unsigned char)s[i];

		/* U+0080..9F are control characters too; in UTF-8 (RFC 3629) behind 0xc2. */
		if ((c < 0x20 && c != '\t') || c == 0x7f ||
		    (i > 0 && (c & 0xe0) == 0x80 && (unsigned char)s[i - 1] == 0xc2))
			s[i] = '?';
	}
}

static bool is_secret(const struct token *keyword)
{
	const struct option *o = option_find(BLOCK_SESSION, keyword);

	return o && o->secret;
}

/* Whether the line before ends with a bare "passwd": then the password is on this one. */
static bool secret_goes_on(const struct confdiag *d, const char *line)
{
	struct token last = {};
	const char *p = line;

	while (p > d->text && strchr(" \t\r\n", p[-1]))
		p--;
	for (last.text = p; last.text > d->text && !strchr(" \t\r\n;{}", last.text[-1]);)
		last.text--;
	last.size = (size_t)(p - last.text);
	return is_secret(&last);
}

/* People paste these lines into reports: passwords become asterisks. */
static void mask_secrets(const struct confdiag *d, const char *line, char *copy, size_t size)
{
	struct conftok t = { .at = line, .end = line + size, .line_begin = line, .line = 1 };
	bool secret = secret_goes_on(d, line);

	for (;;) {
		struct token token = conftok_next(&t, false);
		size_t from = (size_t)(token.at - line);

		switch (token.kind) {
		case TOKEN_END:
			return;
		case TOKEN_SEMICOLON:
		case TOKEN_OPEN:
		case TOKEN_CLOSE:
			secret = false;
			continue;
		case TOKEN_OPEN_QUOTE:
			if (!secret)
				t.at = token.at + 1; /* who knows what it has swallowed */
			break;
		default:
			break;
		}
		if (!secret) {
			secret = is_secret(&token);
			from += token.size;
		}
		if (secret)
			memset(copy + from, '*', (size_t)(t.at - line) - from);
	}
}

static void emit(struct confdiag *d, enum diag_level level, const struct token *at,
		 const char *text)
{
	char copy[CONFTOK_LINE_MAX + 1] = "";
	struct diag diag = { .level = level, .file = d->file, .text = text };

	if (at) {
		const char *line = at->at - (at->column - 1);
		const char *eol = memchr(line, '\n', (size_t)(d->end - line));
		size_t size = (size_t)((eol ? eol : d->end) - line);

		if (size > 0 && line[size - 1] == '\r')
			size--;
		if (size > CONFTOK_LINE_MAX)
			size = CONFTOK_LINE_MAX;
		memcpy(copy, line, size);
		mask_secrets(d, line, copy, size);
		make_printable(copy, size);
		diag.line = at->line;
		diag.column = at->column;
		diag.line_text = copy;
	}
	d->sink(d->context, &diag);
}

void confdiag_at(struct confdiag *d, enum diag_level level, const struct token *at,
		 const char *format, ...)
{
	char text[TEXT_MAX + 1];
	va_list ap;

	if (!d)
		return;
	d->errors += level == DIAG_ERROR;
	if (!d->sink)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	make_printable(text, strlen(text));
	emit(d, level, at, text);
}
