/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The agreed speed is kept to the byte, at any rate and for any frames; and honest senders never
 * meet the policer.  In virtual time, as a machine that has other work cannot tell.
 */
#include "frames.h"
#include "tap.h"
#include "worker/shaper.h"

static struct shaper s, police;

static const uint32_t rates[] = {
	64, 100, 1000, 8192, 10000, 100000, 1000000, 10000000, 100000000, UINT32_MAX,
};
enum { RATES = sizeof(rates) / sizeof(rates[0]), FRAMES_MOST = 200000 };

/* 0: any. */
static const uint32_t sizes[] = { 64, 1500, 9018, FRAME_MOST, 0 };
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static uint32_t size_of(uint32_t size)
{
	return size ? size : 64 + below(FRAME_MOST - 63);
}

/* Sends as much as it may for 10 s, or for FRAMES_MOST frames; it is up to `late` us late each time
 * that it has to wait.  Whether the bytes are what they should be. */
static int is_exact(uint32_t rate, uint32_t size, uint32_t late)
{
	uint64_t start = 1000000, now = start, sent = 0, most, least, frames, wait;
	uint32_t frame = 0;

	shaper_init(&s, rate, now);
	for (frames = 0; frames < FRAMES_MOST; frames++) {
		while ((wait = shaper_delay(&s, now))) {
			if (now >= start + 10000000)
				break;
			now += wait + (late ? below(late) : 0);
			if (shaper_delay(&s, now))
				return 0;
		}
		if (wait)
			break;
		frame = size_of(size);
		shaper_spend(&s, now, frame);
		sent += frame;
	}
	/* The last frame has left, but its time has not passed yet. */
	most = (uint64_t)rate * (now - start + SHAPER_BURST_US) / 8000 + frame;
	least = (uint64_t)rate * (now - start) / 8000;
	if (frames == FRAMES_MOST) /* in the middle of what it makes up for */
		least -= (uint64_t)rate * late / 8000;
	return sent <= most && (int64_t)sent >= (int64_t)least;
}

static void exact(void)
{
	unsigned i, j, right[2] = {};

	for (i = 0; i < RATES; i++)
		for (j = 0; j < SIZES; j++) {
			right[0] += (unsigned)is_exact(rates[i], sizes[j], 0);
			right[1] += (unsigned)is_exact(rates[i], sizes[j], SHAPER_LATE_US);
		}
	ok(right[0] == RATES * SIZES,
	   "from 64 kbit/s up, after 10 s no more than 4 ms and one frame are amiss");
	ok(right[1] == RATES * SIZES, "though the sender may always come up to 100 ms late");
}

static void low_rate(void)
{
	shaper_init(&s, 64, 5000);
	ok(shaper_delay(&s, 5000) == 0, "the first frame may leave at once");
	shaper_spend(&s, 5000, 1500);
	ok(shaper_delay(&s, 5000) == 187500 - SHAPER_BURST_US,
	   "at 64 kbit/s the next one waits for it, but for the burst");
	ok(shaper_delay(&s, 5001) == 187499 - SHAPER_BURST_US &&
	   shaper_delay(&s, 5000 + 187500 - SHAPER_BURST_US) == 0, "as long as it takes");
	shaper_spend(&s, 5000 + 187500 - SHAPER_BURST_US, FRAME_MOST);
	ok(shaper_delay(&s, 5000 + 187500 - SHAPER_BURST_US) == (FRAME_MOST * 8000 + 63) / 64,
	   "a large one may leave too, and is paid for afterwards");
}

/* Frames of 1000 bytes that may leave at once. */
static unsigned sends(uint64_t now)
{
	unsigned n;

	for (n = 0; !shaper_delay(&s, now); n++)
		shaper_spend(&s, now, 1000);
	return n;
}

static void burst(void)
{
	uint64_t now = 1000000;
	unsigned n;

	shaper_init(&s, 100000, now);
	now += 3600000000; /* an hour of silence */
	n = sends(now);
	ok(n == 51, "what was not used for an hour is not made up for: 4 ms, and one frame");
	now += 3600000000;
	n = sends(now);
	ok(n == 1251, "but 100 ms, if there was something to send");
	now += 3600000000;
	shaper_idle(&s, now);
	n = sends(now);
	ok(n == 51, "and not if there was not");
	shaper_idle(&s, now);
	ok(shaper_delay(&s, now) == 80, "a pause does not pay what is owed");
	now += 3600000000;
	n = sends(now);
	ok(n == 51, "nor is it made up for");
}

static void no_limit(void)
{
	unsigned i, free = 0;

	shaper_init(&s, 0, 0);
	policer_init(&police, 0, 0);
	for (i = 0; i < 1000; i++) {
		shaper_spend(&s, 0, UINT32_MAX);
		free += shaper_delay(&s, 0) == 0 && policer_pass(&police, 0, UINT32_MAX);
	}
	ok(free == 1000, "0 is no limit");
}

static void extremes(void)
{
	unsigned i;

	shaper_init(&s, UINT32_MAX, 0);
	for (i = 0; i < 1000000; i++)
		shaper_spend(&s, UINT64_MAX, UINT32_MAX);
	ok(shaper_delay(&s, UINT64_MAX) > 1000000, "a sender who does not ask falls into debt");
	shaper_init(&s, 1, UINT64_MAX);
	for (i = 0; i < 1000000; i++)
		shaper_spend(&s, UINT64_MAX, UINT32_MAX);
	ok(shaper_delay(&s, UINT64_MAX) >= UINT64_C(1) << 60, "however deep, it does not overflow");
	shaper_init(&s, 1000, 1000000);
	shaper_spend(&s, 1000000, 1500);
	ok(shaper_delay(&s, 0) == 12000 - SHAPER_BURST_US, "a clock that goes back gives nothing");
	shaper_spend(&s, 0, 1500);
	ok(shaper_delay(&s, 1000000) == 24000 - SHAPER_BURST_US, "nor twice");
}

/* ---- the policer */

/* Frames of a shaped sender whose clock is `fast` ppm ahead come up to `jitter` us late, in order,
 * for ten minutes.  How many are dropped. */
static unsigned drops(uint32_t rate, uint32_t size, uint32_t fast, uint32_t jitter)
{
	uint64_t now = 1000000, sent_at, comes = 0;
	unsigned dropped = 0, n;

	shaper_init(&s, rate, now);
	policer_init(&police, rate, now);
	for (n = 0; n < FRAMES_MOST && now < 600000000; n++) {
		uint32_t frame = size_of(size);

		now += shaper_delay(&s, now);
		shaper_spend(&s, now, frame);
		sent_at = now - now * fast / 1000000 + below(jitter);
		comes = sent_at > comes ? sent_at : comes;
		dropped += !policer_pass(&police, comes, frame);
	}
	return dropped;
}

static void honest(void)
{
	unsigned i, j, dropped = 0;

	for (i = 0; i < RATES; i++)
		for (j = 0; j < SIZES; j++)
			dropped += drops(rates[i], sizes[j], 10000, 1500000);
	ok(dropped == 0, "an honest sender loses nothing, by a clock 1 %% fast and 1.5 s of jitter");
}

static void cheating(void)
{
	unsigned i, right = 0;

	for (i = 0; i < RATES - 1; i++) {
		uint64_t now = 1000000, passed = 0, rate = rates[i] + (rates[i] + 49) / 50;
		uint64_t most, burst_bytes = rate * POLICER_BURST_US / 8000;
		unsigned n;

		policer_init(&police, rates[i], now);
		for (n = 0; n < FRAMES_MOST; n++) {
			now += 1 + 1500 * 8000 / rates[i] / 3; /* thrice the rate */
			if (policer_pass(&police, now, 1500))
				passed += 1500;
		}
		if (burst_bytes < POLICER_BURST_BYTES)
			burst_bytes = POLICER_BURST_BYTES;
		most = rate * (now - 1000000) / 8000 + burst_bytes + 1500;
		right += passed <= most && (passed >= most - 3000 || passed == 1500ull * FRAMES_MOST);
	}
	ok(right == RATES - 1, "whoever sends thrice as much gets the agreed speed and the burst");

	policer_init(&police, 1000, 0);
	for (i = 0; policer_pass(&police, 0, 1500); i++)
		;
	ok(i == POLICER_BURST_BYTES / 1500 + 1, "the burst is bounded");
	for (i = 0; i < 1000; i++)
		policer_pass(&police, 0, 1500);
	ok(policer_pass(&police, 20000, 1500), "and what is dropped is not paid for");
}

int main(void)
{
	exact();
	low_rate();
	burst();
	no_limit();
	extremes();
	honest();
	cheating();
	return finish();
}
