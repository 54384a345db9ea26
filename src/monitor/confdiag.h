/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is said about vtund.conf: a place, a sentence, and the line without its password.
 */
#pragma once

#include "config.h"
#include "conftok.h"

/* Where remarks go, and how many there were.  A pointer to one may be NULL: silence. */
struct confdiag {
	const char *file;
	const char *text, *end; /* the text that the places are in */
	diag_sink *sink;        /* NULL: only counts */
	void *context;
	unsigned errors;
};

/* One remark at a token; `at` NULL: about the file as a whole.  The sentence is cut at 500 bytes
 * and holds no control characters. */
void confdiag_at(struct confdiag *d, enum diag_level level, const struct token *at,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* For "%.*s": a word of the file as messages show it, cut to what a person can read. */
#define CONFDIAG_SHOW(token) ((int)((token)->size < 40 ? (token)->size : 40)), (token)->text
