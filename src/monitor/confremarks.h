/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Remarks kept until all are there, and told in the order of the file: grammar, values and machine
 * are looked at one after the other, but a person reads from top to bottom.
 */
#pragma once

#include "config.h"

struct confremarks {
	struct remark *list;
	size_t count, room;
};

diag_sink confremarks_keep; /* the context is a struct confremarks */

/* Tells them, and frees them. */
void confremarks_tell(struct confremarks *r, diag_sink *sink, void *context);
