/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codel.h"

/* A queue that stands again after so many intervals or fewer is the same one: strikes go on at the
 * pace that had brought it down (RFC 8289, section 5.6). */
enum { SAME_QUEUE_INTERVALS = 16 };

/* The largest number whose square is not more than x. */
static uint64_t square_root(uint64_t x)
{
	uint64_t root = 0, bit = UINT64_C(1) << 62;

	while (bit > x)
		bit >>= 2;
	for (; bit; bit >>= 2) {
		if (x >= root + bit) {
			x -= root + bit;
			root = root / 2 + bit;
		} else {
			root /= 2;
		}
	}
	return root;
}

/* interval / sqrt(count): TCP's throughput goes with one over the square root of its losses, so
 * that this makes it fall evenly. */
static uint64_t pause_of(const struct codel *c, const struct codel_config *config)
{
	return square_root(config->interval * config->interval / c->count);
}

/* Whether the queue has been above the target for a whole interval. */
static bool stands(struct codel *c, const struct codel_config *config, uint64_t now,
		   uint64_t waited, size_t left)
{
	if (waited < config->target || left <= config->packet)
		c->late_at = 0;
	else if (!c->late_at)
		c->late_at = now + config->interval;
	return c->late_at && now >= c->late_at;
}

static void begin(struct codel *c, const struct codel_config *config, uint64_t now)
{
	uint32_t gained = c->count - c->before;
	bool same = now < c->strike_at + SAME_QUEUE_INTERVALS * config->interval;

	c->count = same && gained > 1 ? gained : 1;
	c->before = c->count;
	c->striking = true;
	c->strike_at = now + pause_of(c, config);
}

bool codel_strikes(struct codel *c, const struct codel_config *config, uint64_t now,
		   uint64_t waited, size_t left)
{
	if (!stands(c, config, now, waited, left)) {
		c->striking = false;
		return false;
	}
	if (!c->striking) {
		begin(c, config, now);
		return true;
	}
	if (now < c->strike_at)
		return false;
	c->count++;
	c->strike_at += pause_of(c, config);
	return true;
}
