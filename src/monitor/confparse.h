/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One section through libconfuse.  The only file that knows libconfuse is confparse.c.
 */
#pragma once

#include "confgram.h"
#include "confvalue.h"

/* Reads the section that begins at `start` into `t`, and says all that is wrong with it.
 * t->broken tells whether it may be used; what t holds must be freed in either case. */
void confparse_section(const struct conftok *start, struct conftarget *t);

/* How many sections were handed to libconfuse by this process: for the test that a connection does
 * not read the whole file. */
unsigned confparse_count(void);
