/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Anti-replay: which of the last 8,192 sequence numbers have been received (RFC 4303 section 3.4.3;
 * the ring of words that is never shifted is RFC 6479's).  Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	WINDOW_SIZE = 8192,
	WINDOW_WORDS = WINDOW_SIZE / 64 + 1, /* one more: the newest word is never full */
};

struct window { /* all zero: nothing received yet */
	uint32_t highest;
	uint64_t words[WINDOW_WORDS];
};

/* Whether this number may still be accepted: neither 0, nor received before, nor WINDOW_SIZE or
 * more behind the highest.  Asked before the packet is authenticated... */
bool window_is_new(const struct window *w, uint32_t seq);

/* ...and, only if it is authentic, marked after it.  The number must be new. */
void window_mark(struct window *w, uint32_t seq);
