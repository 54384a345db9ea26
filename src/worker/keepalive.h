/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Is the peer alive?  Counted on the TLS connection alone, even while UDP is busy.  Pure: times are
 * passed in, in milliseconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct keepalive {
	uint64_t interval, misses; /* interval 0: off */
	uint64_t heard;            /* when the last frame came */
	uint64_t asked;            /* when we last asked, or heard */
	uint64_t answers_since;    /* the second in which answers are being counted */
	unsigned answers;
};

enum keepalive_verdict { KEEPALIVE_WAIT, KEEPALIVE_ASK, KEEPALIVE_DEAD };

void keepalive_init(struct keepalive *k, unsigned interval_s, unsigned misses, uint64_t now);
void keepalive_heard(struct keepalive *k, uint64_t now);

/* ASK: send an ECHO_REQ now.  DEAD: nothing came for interval * (misses + 1).  While `paused` (we do not
 * read, as our device takes nothing) the peer is asked, so that it hears us, but never dead. */
enum keepalive_verdict keepalive_check(struct keepalive *k, uint64_t now, bool paused);
uint64_t keepalive_deadline(const struct keepalive *k);

/* Whether one more ECHO_REQ of the peer may be answered: ten a second. */
bool keepalive_may_answer(struct keepalive *k, uint64_t now);
