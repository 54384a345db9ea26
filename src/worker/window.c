/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "window.h"

static uint64_t *word_of(struct window *w, uint32_t seq)
{
	return &w->words[seq / 64 % WINDOW_WORDS];
}

bool window_is_new(const struct window *w, uint32_t seq)
{
	if (seq > w->highest)
		return true;
	if (seq == 0 || w->highest - seq >= WINDOW_SIZE)
		return false;
	return !(w->words[seq / 64 % WINDOW_WORDS] >> seq % 64 & 1);
}

void window_mark(struct window *w, uint32_t seq)
{
	if (seq > w->highest) {
		uint32_t i = w->highest / 64, n = seq / 64 - i;

		/* The words that the window moves over now stand for other numbers. */
		if (n > WINDOW_WORDS)
			n = WINDOW_WORDS;
		while (n--)
			*word_of(w, ++i * 64) = 0;
		w->highest = seq;
	}
	*word_of(w, seq) |= UINT64_C(1) << seq % 64;
}
