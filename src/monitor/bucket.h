/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Token buckets as arithmetic: time is passed in, nothing is kept.
 *
 * A bucket is one number, the time at which it will be full again (the virtual scheduling form of
 * the generic cell rate algorithm, ITU-T I.371).  So an idle bucket is any time in the past, zero
 * among them, and needs no sweeping.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bucket_rate {
	uint32_t burst;     /* tokens in a full bucket */
	uint32_t refill_ms; /* one more token each time */
};

/* The longest that a bucket of this rate takes to fill. */
static inline uint64_t bucket_span_ms(const struct bucket_rate *rate)
{
	return (uint64_t)rate->burst * rate->refill_ms;
}

/* Whether no token is left. */
bool bucket_empty(const struct bucket_rate *rate, uint64_t full_at, uint64_t now);

/* Takes a token: true, or false if there is none, and nothing changes. */
bool bucket_take(const struct bucket_rate *rate, uint64_t *full_at, uint64_t now);

/* Puts one back that was taken. */
void bucket_refund(const struct bucket_rate *rate, uint64_t *full_at, uint64_t now);

/* Early random drop: of a hundred newcomers, how many to turn away while `waiting` others have not
 * logged in yet (sshd's MaxStartups 32:30:128): none below 32, then 30, rising to all at 128. */
unsigned bucket_drop_percent(unsigned waiting);
