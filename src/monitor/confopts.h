/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every option of vtund.conf: its name, where it may stand, how many values it takes, and what
 * makes something of them.  One table for each kind of block; all else follows from it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conftok.h"

enum block { BLOCK_OPTIONS, BLOCK_SESSION, BLOCK_COMMANDS, BLOCK_SRCADDR, BLOCK_BINDADDR,
	     BLOCK_COUNT };

enum { OPTION_VALUES_MAX = 3 };

struct confargs;
struct conftarget;
struct option;

/* Takes the values of one option; what is wrong is said, and marks the target as broken. */
typedef void option_set(struct conftarget *target, const struct option *o,
			const struct confargs *args);

/* A word and the number that it stands for; a list ends with a NULL. */
struct option_word {
	const char *word;
	int number;
};

struct option {
	const char *name;
	const char *alias_of;  /* another name for that one of the same block */
	bool is_new;           /* not known before 4: never abbreviated */
	bool secret;           /* its value goes through no buffer that is not wiped */
	bool repeats;          /* may stand several times, and adds up */
	enum block opens;      /* the block that it opens, BLOCK_OPTIONS (0): none */
	uint8_t least, most;   /* values */
	option_set *set;
	size_t offset, width;  /* the member to be filled in, of the block's structure */
	size_t flag;           /* offset of the bool that says that it was set, 0: none */
	unsigned low, high;    /* numbers: the range; commands: the kind */
	const char *unit;
	const struct option_word *words;
};

/* The option of that name in a kind of block: exact, or by a unique prefix of four or more
 * characters among the classic ones.  Aliases are resolved.  NULL: none. */
const struct option *option_find(enum block block, const struct token *keyword);

/* Only exactly. */
const struct option *option_named(enum block block, const struct token *keyword);

/* The options of a kind of block, aliases included; ends with a NULL name. */
const struct option *option_list(enum block block);

/* "options { }", "a session"...: for messages. */
const char *option_block_text(enum block block);

/* What may have been meant: the nearest name in the block (`opens`: of those that open one), or
 * NULL. */
const char *option_nearest(enum block block, const struct token *keyword, bool opens);

/* The nearest of the words, or NULL. */
const char *option_nearest_word(const struct option_word *words, const char *text);

/* The text of another kind of block that has an option of exactly that name, or NULL. */
const char *option_elsewhere(enum block block, const struct token *keyword);
