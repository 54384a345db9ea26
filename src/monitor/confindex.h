/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which sections a file has, and where.  Pure; reads every word once, and makes nothing of them.
 */
#pragma once

#include "confgram.h"

struct conf_section {
	struct conftok start; /* at its name */
	struct token name;
	enum section_kind kind;
	bool broken;          /* by its grammar; its values have not been looked at */
};

struct confindex {
	struct conf_section *sections;
	size_t count, room;
	bool has_password;
};

/* `diag` hears what is wrong between sections; within them nothing is said yet. */
void confindex_build(struct confindex *index, const char *text, size_t size,
		     struct confdiag *diag);
void confindex_clear(struct confindex *index);

/* The last session of that name, NULL: none. */
const struct conf_section *confindex_find(const struct confindex *index, const char *name);
