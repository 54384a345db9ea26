/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The argument string of a command in up or down, made into an argument vector: %-sequences
 * replaced, words split.  Pure.  The rules are in man vtund.conf(5), "Commands".
 */
#pragma once

#include <stdbool.h>

/* What %LETTER stands for; NULL: nothing, then the sequence stays as it is written.  The value
 * goes into the word as it is: it is neither split nor looked at for quotes. */
typedef const char *argsplit_lookup(void *context, char letter);

/* The words of `head` (NULL ends it), then those of `text`: split at spaces and TABs, '...' groups
 * and may stay open to the end, \c is c.  With `shell` the text becomes one word instead, in which
 * nothing but the %-sequences and \% is touched.
 * *ret_argv ends with NULL and is one block, freed by free().  0 or -ENOMEM. */
int argsplit(const char *const *head, const char *text, bool shell,
	     argsplit_lookup *lookup, void *context, char ***ret_argv);
