/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * `speed`: a token bucket, exact to the bit, that says when the next frame may leave; and the same
 * for the receiving side, which says what is more than the peer was allowed.  Pure: times are
 * passed in, in us.
 *
 * Both ends must count the same bytes: those of each frame as it is on the wire, without what TLS,
 * ESP and the layers below add.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	/* What a shaper lets go at once after a pause. */
	SHAPER_BURST_US = 4000,
	/* What it makes up for when its owner had something to send all the time, and came late: on a
	 * busy machine that may be so long, and nothing of it waits anywhere on the way meanwhile. */
	SHAPER_LATE_US = 100000,
	/* What a policer lets pass at once: when TCP has lost a packet, all that came after it
	 * arrives in one piece.  Whichever is more. */
	POLICER_BURST_US = 2000000,
	POLICER_BURST_BYTES = 256 * 1024,
};

struct shaper {
	uint32_t rate;  /* kbit/s, which is tokens a us if a byte costs 8,000; 0: no limit */
	int64_t tokens; /* negative: in debt, for a frame that left when there were too few */
	int64_t burst;  /* the most tokens */
	uint64_t at;    /* when there were so many */
	bool idle;      /* the most is SHAPER_BURST_US */
};

/* kbit_s: 1,000 bits a second, 0: no limit. */
void shaper_init(struct shaper *s, uint32_t kbit_s, uint64_t now);

/* us until a frame may leave, whatever its size; 0: now. */
uint64_t shaper_delay(const struct shaper *s, uint64_t now);

/* There is nothing to send just now, until the next frame leaves. */
void shaper_idle(struct shaper *s, uint64_t now);

/* A frame leaves; the next one waits as long as this one takes. */
void shaper_spend(struct shaper *s, uint64_t now, uint32_t bytes);

/* For the receiver of a sender that was told this rate.  It allows 2 % more, as no two clocks run
 * alike. */
void policer_init(struct shaper *s, uint32_t kbit_s, uint64_t now);

/* A frame has come.  True: it may pass; false: drop it. */
bool policer_pass(struct shaper *s, uint64_t now, uint32_t bytes);
