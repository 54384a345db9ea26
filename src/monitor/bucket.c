/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bucket.h"

enum { DROP_FROM = 32, DROP_FIRST = 30, DROP_ALL = 128 };

/* How much is missing to a full bucket, in time.  More than the span can only be a damaged file, or
 * one of an earlier boot; it must not lock anybody out for centuries. */
static uint64_t missing_ms(const struct bucket_rate *rate, uint64_t full_at, uint64_t now)
{
	if (full_at <= now || full_at - now > bucket_span_ms(rate))
		return 0;
	return full_at - now;
}

bool bucket_empty(const struct bucket_rate *rate, uint64_t full_at, uint64_t now)
{
	return missing_ms(rate, full_at, now) + rate->refill_ms > bucket_span_ms(rate);
}

bool bucket_take(const struct bucket_rate *rate, uint64_t *full_at, uint64_t now)
{
	if (bucket_empty(rate, *full_at, now))
		return false;
	*full_at = now + missing_ms(rate, *full_at, now) + rate->refill_ms;
	return true;
}

void bucket_refund(const struct bucket_rate *rate, uint64_t *full_at, uint64_t now)
{
	uint64_t missing = missing_ms(rate, *full_at, now);

	*full_at = missing > rate->refill_ms ? now + missing - rate->refill_ms : now;
}

unsigned bucket_drop_percent(unsigned waiting)
{
	if (waiting < DROP_FROM)
		return 0;
	if (waiting >= DROP_ALL)
		return 100;
	return DROP_FIRST + (100 - DROP_FIRST) * (waiting - DROP_FROM) / (DROP_ALL - DROP_FROM);
}
