/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The words of vtund.conf: text in, tokens with their places out.  Pure: no allocation, no
 * messages, nothing copied; a token points into the text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a line, without its end and without a comment. */
enum { CONFTOK_LINE_MAX = 4096 };

enum token_kind {
	TOKEN_END,         /* of the text; again and again */
	TOKEN_WORD,
	TOKEN_STRING,      /* "..." */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_SEMICOLON,
	/* What cannot be read.  After the first two, reading has resumed at the next line. */
	TOKEN_OPEN_QUOTE,
	TOKEN_LONG_LINE,
	TOKEN_INNER_QUOTE, /* a quote inside a value; reading goes on after it */
};

struct token {
	enum token_kind kind;
	const char *at;        /* where it begins */
	const char *text;      /* of a word or string, without the quotes; not ended by a NUL */
	size_t size;
	unsigned line, column; /* from 1; columns are bytes */
};

/* Where the reader stands.  May be copied, to look ahead or to come back later. */
struct conftok {
	const char *at, *end, *line_begin;
	unsigned line;
};

/* Skips a UTF-8 byte-order mark.  The text must outlive the tokens. */
void conftok_init(struct conftok *t, const char *text, size_t size);

/* `comments`: whether a # begins a comment here, as it does wherever a keyword, a name or a brace
 * may stand; else it is an ordinary character, and a quote may not follow a word directly. */
struct token conftok_next(struct conftok *t, bool comments);

/* Whether the next thing, behind white space and comments, is a "{". */
bool conftok_brace_follows(const struct conftok *t);

/* To the next line. */
void conftok_skip_line(struct conftok *t);

bool token_is(const struct token *t, const char *word);
