/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each sequence number is accepted once, however packets are reordered and repeated.
 */
#include "tap.h"
#include "worker/window.h"

/* The model: every number that was ever marked, and the definition of the window. */
enum { NUMBERS = 1 << 23 };
static uint8_t marked[NUMBERS];
static uint32_t highest;

static bool model_is_new(uint32_t seq)
{
	return seq > highest || (seq > 0 && highest - seq < WINDOW_SIZE && !marked[seq]);
}

static struct window w;

static bool take(uint32_t seq)
{
	bool is_new = window_is_new(&w, seq);

	if (is_new)
		window_mark(&w, seq);
	return is_new;
}

static uint32_t next_random(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 32);
}

/* A number near the highest: ahead by one mostly, behind by all distances, at times far ahead. */
static uint32_t near(void)
{
	uint32_t r = next_random(), back;

	switch (r % 16) {
	case 0:
		return highest + next_random() % 40;
	case 1:
		return r % 65536 == 1 ? highest + next_random() % (3 * WINDOW_SIZE) : highest + 1;
	case 2:
	case 3:
		back = WINDOW_SIZE - 70 + next_random() % 140;
		break;
	case 4:
	case 5:
	case 6:
		back = next_random() % 130;
		break;
	case 7:
	case 8:
		back = next_random() % (2 * WINDOW_SIZE);
		break;
	default:
		return highest + 1;
	}
	return back < highest ? highest - back : 0;
}

static void like_the_model(void)
{
	unsigned wrong = 0, accepted = 0, refused = 0;
	uint32_t i;

	memset(&w, 0, sizeof(w));
	for (i = 0; i < 2000000; i++) {
		uint32_t seq = near();
		bool expected = model_is_new(seq);

		if (seq >= NUMBERS)
			break;
		wrong += take(seq) != expected;
		if (expected) {
			accepted++;
			marked[seq] = 1;
			highest = seq > highest ? seq : highest;
		} else {
			refused++;
		}
	}
	ok(wrong == 0 && accepted > 1000000 && refused > 300000,
	   "%u accepted and %u refused, as a list of all numbers does", accepted, refused);
}

/* Every state of the window: a highest number, and all that may be asked around it. */
static void every_distance(void)
{
	unsigned wrong = 0;
	uint32_t top, back;

	for (top = 3 * WINDOW_SIZE; top < 3 * WINDOW_SIZE + 130; top++) {
		memset(&w, 0, sizeof(w));
		take(top);
		for (back = 0; back < 2 * WINDOW_SIZE; back++)
			wrong += window_is_new(&w, top - back) != (back > 0 && back < WINDOW_SIZE);
	}
	ok(wrong == 0, "behind a lone packet exactly 8,191 numbers are open");
}

int main(void)
{
	memset(&w, 0, sizeof(w));
	ok(!take(0), "0 is never accepted");
	ok(take(1) && !take(1), "1 is accepted once");
	ok(take(3) && take(2) && !take(2) && !take(3), "so are two that come in the wrong order");
	ok(take(8195) && take(4) && !take(4), "8,191 behind is accepted once");
	ok(take(8197) && !take(5) && !take(1), "8,192 behind is not");
	ok(take(20000) && take(20000 - 8191) && !take(20000 - 8193), "nor 8,193");
	ok(!take(8197), "a number that was received before a jump stays received");
	ok(take(UINT32_MAX) && !take(UINT32_MAX) && take(UINT32_MAX - 8191) && !take(1),
	   "the last number of all is accepted once");
	every_distance();
	like_the_model();
	return finish();
}
