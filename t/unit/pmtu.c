/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The search for the path MTU finds what each path carries, and notices when it carries less.
 */
#include "common/clock.h"
#include "tap.h"
#include "worker/pmtu.h"

enum { RTT = 40 };
static const struct pmtu_times times = {
	.answer_ms = 1000, .confirm_ms = 5000, .raise_ms = 600000, .tries = 3,
};
static struct pmtu m;
static uint64_t now;
static unsigned probes, largest;

/* A path that carries datagrams of up to `limit` bytes, for so long; traffic if told so. */
static void run(uint16_t limit, uint64_t ms, bool traffic)
{
	uint64_t end = now + ms, answer = CLOCK_NEVER, next;
	bool is_new;
	uint16_t size;

	for (;;) {
		if (now >= answer) {
			pmtu_answered(&m, now);
			answer = CLOCK_NEVER;
		}
		if (traffic)
			pmtu_traffic(&m);
		while ((size = pmtu_next(&m, now, &is_new))) {
			probes++;
			largest = size > largest ? size : largest;
			if (size <= limit)
				answer = now + RTT;
		}
		next = pmtu_deadline(&m);
		next = answer < next ? answer : next;
		if (next > end)
			break;
		now = next > now ? next : now + 1;
	}
	now = end;
}

static uint16_t news(void)
{
	uint16_t size = 0;

	return pmtu_news(&m, &size) ? size : 0;
}

static void start(size_t most)
{
	now = 1000000;
	probes = largest = 0;
	pmtu_init(&m, &times, most);
	pmtu_start(&m, now);
}

/* The size that is found on a path of this limit. */
static uint16_t found(size_t most, uint16_t limit)
{
	start(most);
	run(limit, 20000, false);
	return news();
}

static void searches(void)
{
	unsigned limit, wrong = 0, below = 0, got;

	ok(found(1472, 65504) == 1472 && probes == 6, "a common link: six round trips to the top");
	ok(now == 1020000 && m.size == 1472 && news() == 0, "told once");
	ok(found(1472, 1471) == 1452, "a bit less than a common link");
	ok(found(1472, 1439) == 1432, "PPPoE");
	ok(found(1472, 1400) == 1400 && found(1472, 1399) == 1308, "what a step carries is found");
	ok(found(1472, 1231) == PMTU_LEAST, "below IPv6's least the size falls to that of 576");
	ok(found(1472, 0) == 0 && m.size == PMTU_SURE,
	   "where nothing passes at all nothing is found: that is the path's business");
	ok(found(1448, 65504) == 1448 && largest == 1448, "no more is looked for than is needed");
	ok(found(1000, 65504) == 1000 && found(100, 65504) == PMTU_LEAST, "nor a little");
	ok(found(8972, 65504) == 8972 && found(65504, 65504) == 65504, "jumbo frames");
	ok(found(65600, 65504) == 65504, "no datagram is larger than UDP's");

	for (limit = PMTU_LEAST; limit < 10000; limit += 4) {
		got = found(9000, (uint16_t)limit);
		wrong += got > limit;
		below += limit >= PMTU_BASE && limit < 1476 && got + 100 < limit;
		wrong += probes > 20;
	}
	ok(wrong == 0, "on no path is more found than it carries");
	ok(below == 0, "and on common ones less than 100 bytes are left lying");
}

static void while_searching(void)
{
	start(1472);
	ok(m.size == PMTU_BASE && news() == 0, "the base may be used while the search is on");
	run(1420, 300, false);
	ok(m.size == 1400 && news() == 0, "and what is proven at once");
	run(1420, 3000, false);
	ok(news() == 1400, "three lost probes end it");
	probes = 0;
	run(1420, 590000, false);
	ok(probes == 0, "without traffic there are no probes");
	run(65504, 20000, false);
	ok(news() == 1472, "larger ones are tried again after ten minutes");
	probes = 0;
	run(65504, 3600000, false);
	ok(probes == 0 && pmtu_deadline(&m) == CLOCK_NEVER, "at the top never again");
}

static void black_hole(void)
{
	start(1472);
	run(65504, 1000, true);
	ok(news() == 1472, "found");
	probes = 0;
	run(65504, 60000, true);
	ok(probes >= 10 && probes <= 13 && news() == 0, "with traffic it is confirmed every 5 s");
	run(1420, 8001, true);
	ok(m.size <= 1400, "after three lost probes it is no more relied on");
	run(1420, 5000, true);
	ok(news() == 1400, "and a new search tells what is left");
	run(1420, 3600000, true);
	ok(news() == 0 && m.size == 1400, "a search that finds the same tells nothing");
	run(1100, 20000, true);
	ok(news() == PMTU_LEAST, "it may fall below the base");
	run(65504, 700000, true);
	ok(news() == 1472, "and recover");
}

static void refused(void)
{
	bool is_new = false;

	start(1528);
	run(65504, RTT * 6 + 1, false);
	ok(m.target == 1528, "the last step is larger than the link");
	pmtu_refused(&m, now, 1528);
	ok(news() == 1472, "our own system's refusal ends the search at once");
	pmtu_refused(&m, now, 1528);
	ok(m.state == PMTU_SETTLED, "what is larger than the size in use is no news");
	pmtu_refused(&m, now, 1400);
	ok(m.state == PMTU_BASING && m.size == PMTU_BASE, "a datagram that used to pass is");
	ok(pmtu_next(&m, now, &is_new) == PMTU_BASE && is_new, "from the base on");
	pmtu_refused(&m, now, PMTU_BASE);
	ok(m.size == PMTU_LEAST, "which may be too large itself");
	pmtu_refused(&m, now, PMTU_LEAST);
	ok(m.size == PMTU_SURE && news() == 0 && pmtu_next(&m, now, &is_new) == 0 &&
	   pmtu_deadline(&m) > now, "but there it ends, and is tried again later");
	pmtu_stop(&m);
	pmtu_refused(&m, now, 700);
	pmtu_answered(&m, now);
	ok(!m.size && pmtu_next(&m, now, &is_new) == 0 && pmtu_deadline(&m) == CLOCK_NEVER,
	   "without a path there is nothing to search");
}

static void nonces(void)
{
	bool a = false, b = true, c = false;

	start(1472);
	pmtu_next(&m, now, &a);
	pmtu_next(&m, now + 1000, &b);
	ok(a && !b, "a repeated probe keeps its nonce, so that a late answer counts");
	pmtu_answered(&m, now + 1900);
	ok(pmtu_next(&m, now + 1900, &c) == 1308 && c, "another size has another");
}

int main(void)
{
	searches();
	while_searching();
	black_hole();
	refused();
	nonces();
	return finish();
}
