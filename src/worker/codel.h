/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CoDel (RFC 8289): when the queue of one flow has to lose a frame, judged by nothing but how long
 * frames have waited.  Pure: times are passed in, in us.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct codel_config {
	uint64_t target, interval; /* us */
	size_t packet;             /* bytes: so little waiting is no queue */
};

struct codel { /* all zero: an empty queue */
	uint64_t late_at;   /* it stands if it is still above the target then; 0: it is not */
	uint64_t strike_at; /* while striking: the next time */
	uint32_t count;     /* strikes since it began to stand, which set their pace... */
	uint32_t before;    /* ...and what that was to begin with */
	bool striking;
};

/* A frame that has waited for so long leaves, so many bytes stay behind it.  True: drop or mark it,
 * and if it was dropped, ask again for the next one. */
bool codel_strikes(struct codel *c, const struct codel_config *config, uint64_t now,
		   uint64_t waited, size_t left);
