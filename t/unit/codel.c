/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A queue that stands loses frames at a growing pace, any other none.
 */
#include "tap.h"
#include "worker/codel.h"

enum { TARGET = 5000, INTERVAL = 100000, PACKET = 1500, STANDING = 100000 };

static const struct codel_config config = { TARGET, INTERVAL, PACKET };
static struct codel c;
static uint64_t now;

static int late(void)
{
	return codel_strikes(&c, &config, now, TARGET, STANDING);
}

static int in_time(void)
{
	return codel_strikes(&c, &config, now, TARGET - 1, STANDING);
}

/* us from now until the next strike, while a frame leaves each us and all are late. */
static uint64_t until_strike(void)
{
	uint64_t from = now;

	do
		now++;
	while (!late() && now < from + 1000000);
	return now - from;
}

/* The slowest square root: us between strikes n - 1 and n. */
static uint64_t pace(uint64_t n)
{
	uint64_t square = (uint64_t)INTERVAL * INTERVAL / n, root = 0;

	while ((root + 1) * (root + 1) <= square)
		root++;
	return root;
}

static void patience(void)
{
	int strikes = 0;

	c = (struct codel){};
	now = 1000;
	for (; now < 1000 + INTERVAL; now += 10)
		strikes += late();
	ok(strikes == 0, "frames may be late for an interval");
	ok(late(), "then one is struck");
	ok(!late(), "one");

	c = (struct codel){};
	for (strikes = 0, now = 1000; now < 100 * INTERVAL; now += 10)
		strikes += now % INTERVAL == 0 ? in_time() : late();
	ok(strikes == 0, "a queue that empties now and then loses nothing");
	for (strikes = 0; now < 200 * INTERVAL; now += 10)
		strikes += codel_strikes(&c, &config, now, 10 * INTERVAL, PACKET);
	ok(strikes == 0, "nor one that leaves no more than a packet behind, however late");
}

static void growing_pace(void)
{
	uint64_t n, right = 0;

	c = (struct codel){};
	now = 0;
	late();
	ok(until_strike() == INTERVAL, "the first strike comes after an interval");
	for (n = 1; n <= 200; n++)
		right += until_strike() == pace(n);
	ok(right == 200, "the nth follows after interval / sqrt(n)");
	ok(!in_time(), "a frame in time is not struck");
	now += 10 * INTERVAL;
	ok(!late() && !late(), "and ends it");
}

static void memory(void)
{
	int i;

	c = (struct codel){};
	now = 0;
	late();
	for (i = 0; i < 50; i++)
		until_strike();
	in_time();
	late();
	ok(until_strike() == INTERVAL && until_strike() == pace(49),
	   "a queue that stands again at once is struck at the old pace");
	in_time();
	now += 17 * INTERVAL;
	late();
	ok(until_strike() == INTERVAL && until_strike() == pace(1),
	   "one that stands again much later at the pace of a new one");
}

static void after_a_pause(void)
{
	int strikes = 0;

	c = (struct codel){};
	now = 1;
	late();
	until_strike();
	now += 10 * INTERVAL; /* the network stood still */
	while (strikes < 1000 && late())
		strikes++;
	ok(strikes > 20 && strikes < 40 && !late(), "what was missed is made up for, and no more");
}

int main(void)
{
	patience();
	growing_pace();
	memory();
	after_a_pause();
	return finish();
}
