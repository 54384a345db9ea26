/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shaper.h"

enum { BYTE = 8000, POLICER_MORE = 50 /* one part of so many */ };

/* More debt than any delay would ever pay back. */
static const int64_t debt_most = INT64_C(1) << 60;

static void init(struct shaper *s, uint32_t kbit_s, int64_t burst, uint64_t now)
{
	*s = (struct shaper){ .rate = kbit_s, .tokens = burst, .burst = burst, .at = now };
}

/* `rate` must not be 0. */
static int64_t tokens_at(const struct shaper *s, uint64_t now)
{
	int64_t most = s->idle ? (int64_t)s->rate * SHAPER_BURST_US : s->burst;
	uint64_t missing = (uint64_t)(most - s->tokens), took = now > s->at ? now - s->at : 0;

	/* The product may be too large after a long time. */
	if (took > missing / s->rate)
		return most;
	return s->tokens + (int64_t)(took * s->rate);
}

static void spend(struct shaper *s, uint64_t now, uint32_t bytes)
{
	s->tokens = tokens_at(s, now) - (int64_t)bytes * BYTE;
	s->idle = false;
	if (s->tokens < -debt_most)
		s->tokens = -debt_most;
	if (s->at < now)
		s->at = now;
}

void shaper_init(struct shaper *s, uint32_t kbit_s, uint64_t now)
{
	init(s, kbit_s, (int64_t)kbit_s * SHAPER_LATE_US, now);
	s->tokens = (int64_t)kbit_s * SHAPER_BURST_US;
	s->idle = true;
}

void shaper_idle(struct shaper *s, uint64_t now)
{
	int64_t most = (int64_t)s->rate * SHAPER_BURST_US, tokens;

	if (!s->rate || s->idle)
		return;
	tokens = tokens_at(s, now);
	s->tokens = tokens < most ? tokens : most;
	s->at = s->at < now ? now : s->at;
	s->idle = true;
}

uint64_t shaper_delay(const struct shaper *s, uint64_t now)
{
	int64_t tokens = s->rate ? tokens_at(s, now) : 0;

	return tokens < 0 ? ((uint64_t)-tokens + s->rate - 1) / s->rate : 0;
}

void shaper_spend(struct shaper *s, uint64_t now, uint32_t bytes)
{
	if (s->rate)
		spend(s, now, bytes);
}

void policer_init(struct shaper *s, uint32_t kbit_s, uint64_t now)
{
	uint64_t rate = (uint64_t)kbit_s + (kbit_s + POLICER_MORE - 1ull) / POLICER_MORE;
	int64_t least = (int64_t)POLICER_BURST_BYTES * BYTE, burst;

	if (rate > UINT32_MAX)
		rate = UINT32_MAX;
	burst = (int64_t)rate * POLICER_BURST_US;
	init(s, (uint32_t)rate, burst > least ? burst : least, now);
}

bool policer_pass(struct shaper *s, uint64_t now, uint32_t bytes)
{
	if (!s->rate)
		return true;
	if (tokens_at(s, now) < 0)
		return false;
	spend(s, now, bytes);
	return true;
}
