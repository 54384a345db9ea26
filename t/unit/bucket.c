/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A bucket gives its burst, then its rate, and nothing else makes it give more.
 */
#include "monitor/bucket.h"
#include "tap.h"

static const struct bucket_rate rate = { .burst = 10, .refill_ms = 6000 };

static unsigned drain(uint64_t *full_at, uint64_t now)
{
	unsigned n = 0;

	while (n < 1000 && bucket_take(&rate, full_at, now))
		n++;
	return n;
}

static void takes(uint64_t now)
{
	uint64_t b = 0, before;

	ok(!bucket_empty(&rate, b, now) && drain(&b, now) == 10, "a fresh bucket has its burst");
	before = b;
	ok(bucket_empty(&rate, b, now) && !bucket_take(&rate, &b, now) && b == before,
	   "then it is empty, and asking costs nothing");
	ok(drain(&b, now + 5999) == 0, "nothing before the refill time");
	ok(drain(&b, now + 6000) == 1, "one token at the refill time");
	ok(drain(&b, now + 6000 + 3 * 6000) == 3, "three after three times");
	ok(drain(&b, now + 24000 + 60000) == 10, "full again after the span");
	ok(drain(&b, now + 84000 + 3600000) == 10, "and never fuller");
}

static void refunds(uint64_t now)
{
	uint64_t b = 0;

	drain(&b, now);
	bucket_refund(&rate, &b, now);
	ok(drain(&b, now) == 1, "what is put back can be taken again, once");
	b = 0;
	bucket_take(&rate, &b, now);
	bucket_refund(&rate, &b, now);
	bucket_refund(&rate, &b, now);
	ok(drain(&b, now) == 10, "a bucket is never overfilled");
	bucket_refund(&rate, &b, now + 120000);
	ok(drain(&b, now + 120000) == 10, "neither by a refund that comes late");
}

static void nonsense(uint64_t now)
{
	uint64_t b = UINT64_MAX;

	ok(!bucket_empty(&rate, b, now) && drain(&b, now) == 10,
	   "a time that cannot be locks nobody out");
	b = now + bucket_span_ms(&rate) + 1;
	ok(drain(&b, now) == 10, "neither does one just beyond the span");
	b = now + bucket_span_ms(&rate);
	ok(drain(&b, now) == 0, "the span itself is an empty bucket");
}

static void drops(void)
{
	unsigned n, last = 0, falls = 0;

	ok(bucket_drop_percent(0) == 0 && bucket_drop_percent(31) == 0, "nobody is dropped below 32");
	ok(bucket_drop_percent(32) == 30, "30 in a hundred at 32");
	ok(bucket_drop_percent(80) == 65, "65 half-way");
	ok(bucket_drop_percent(127) < 100 && bucket_drop_percent(128) == 100 &&
	   bucket_drop_percent(~0u) == 100, "all at 128 and above");
	for (n = 0; n < 200; n++) {
		falls += bucket_drop_percent(n) < last;
		last = bucket_drop_percent(n);
	}
	ok(falls == 0, "ever more in between");
}

int main(void)
{
	takes(0);
	takes(1000000);
	refunds(1000000);
	nonsense(1000000);
	drops();
	return finish();
}
