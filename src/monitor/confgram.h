/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The grammar of vtund.conf: sections, blocks and options, one event at a time.  Whatever is wrong
 * is said and skipped, so that the rest of the file can still be read.
 */
#pragma once

#include "confdiag.h"
#include "confopts.h"
#include "conftok.h"

enum section_kind { SECTION_OPTIONS, SECTION_DEFAULT, SECTION_SESSION };

/* One option with its values, or the beginning of a nested block. */
struct statement {
	const struct option *option;
	enum block block; /* where it stands */
	struct token keyword;
	unsigned count;
	struct token values[OPTION_VALUES_MAX];
};

enum gram_event {
	GRAM_END,         /* of the file */
	GRAM_SECTION,     /* `kind`, `name` */
	GRAM_OPTION,      /* `statement`: a right number of values */
	GRAM_BLOCK,       /* `statement`: up { */
	GRAM_BLOCK_END,
	GRAM_SECTION_END, /* `broken`: something in the section was refused */
};

struct confgram {
	struct conftok tok;
	struct confdiag *file_diag;    /* hears what is wrong between sections */
	struct confdiag *section_diag; /* and within them */
	enum section_kind kind;
	struct token name;
	bool broken;
	struct statement statement;
	/* The grammar's own: */
	unsigned depth;         /* 0: between sections, 1: in one, 2: in a nested block */
	enum block block;
	struct token opener;    /* the keyword of the nested block */
	unsigned stray_braces;  /* opened where none may be, and not closed yet */
	bool astray;            /* between sections: has complained, waits for the next one */
};

/* Begins between sections.  Either diag may be NULL. */
void confgram_init(struct confgram *g, const struct conftok *start, struct confdiag *file_diag,
		   struct confdiag *section_diag);
enum gram_event confgram_next(struct confgram *g);

/* [A-Za-z0-9_][A-Za-z0-9._-]{0,62}, and not a string. */
bool confgram_is_name(const struct token *t);

/* ---- between confgram.c and confstatement.c, which reads single options */

#define FAULT(g, token, ...) \
	do { \
		(g)->broken = true; \
		confdiag_at((g)->depth ? (g)->section_diag : (g)->file_diag, DIAG_ERROR, token, \
			    __VA_ARGS__); \
	} while (0)

/* Says what one of the tokens that cannot be read is. */
void confgram_unreadable(struct confgram *g, const struct token *t);

/* The option that begins with this keyword, into g->statement.  False: it was refused and skipped. */
bool confgram_read_option(struct confgram *g, const struct token *keyword);

/* To the end of an option that was refused: its ";", or where the next one seems to begin; `line` is
 * the one that it was refused on. */
void confgram_skip_statement(struct confgram *g, unsigned line);
