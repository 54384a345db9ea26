/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One live session per name: `multi no` and `multi killold`.  A claim is a locked file in
 * RUNDIR/claim; the lock dies with its process, so no stale claim locks anybody out.
 */
#pragma once

#include "config.h"

/* Takes the claim of `name` according to `multi`; `peer` is written down for the next one to be
 * told.  0 and *ret_fd (close it to release; -1 for MULTI_YES); -EBUSY if somebody else has it and
 * keeps it, with a sentence in ret_holder ("in use since 12:03 by 192.0.2.7"); or a negative
 * errno.  MULTI_KILLOLD sends SIGTERM to the old monitor and waits at most 10 s for it; of one that does
 * not end, and of a holder that is no vtund (which root does not touch), the log says what to do. */
int claim_take(const char *name, enum multi multi, const char *peer,
	       int *ret_fd, char ret_holder[static 128]);
