/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Who else can get at a file that we believe: vtund.conf says what root runs, and whoever knows a
 * password can be the peer.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/* All zero: nobody can. */
struct exposure {
	unsigned mode;
	uid_t owner, wanted; /* wanted: whom the file should be given to, if it is foreign */
	bool foreign;        /* it belongs neither to root nor to us */
	bool read, written;  /* group or others may do that */
};

/* As fstat(2) has it.  A character device (/dev/null, a terminal) is never exposed. */
void exposure_of(const struct stat *st, struct exposure *ret);

struct exposure_fault {
	char what[96]; /* "its mode 0640 lets others at it" */
	char step[24]; /* "chmod 600": the path of the file goes behind it */
};

/* Whether such a file may not be used; `secret`: nobody else may read it, either. */
bool exposure_is_fault(const struct exposure *e, bool secret, struct exposure_fault *ret);
