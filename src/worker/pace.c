/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pace.h"

#include <sodium.h>

#include "common/clock.h"

void pace_init(struct pace *p, enum tunnel_type type, bool carry_vnet, uint32_t mtu, uint32_t kbit_s,
	       uint64_t now_us)
{
	*p = (struct pace){
		.config = {
			.type = type,
			.carry_vnet = carry_vnet,
			/* Never 0, with which a turn would never come; who checks the terms has
			 * seen to that. */
			.quantum = mtu < MTU_LEAST ? MTU_LEAST : mtu,
			.rate = (uint64_t)kbit_s * 125,
			.target_us = QUEUE_TARGET_US,
			.interval_us = QUEUE_INTERVAL_US,
		},
		.is_stream = type == TUNNEL_TTY || type == TUNNEL_PIPE,
		.due_us = CLOCK_NEVER,
	};
	randombytes_buf(p->config.key, sizeof(p->config.key));
	shaper_init(&p->shaper, kbit_s, now_us);
}

void pace_free(struct pace *p)
{
	queue_free(p->queue);
	p->queue = NULL;
}

static void start_window(struct pace *p, uint64_t now_us, uint64_t sent)
{
	p->window_us = now_us;
	p->window_bytes = sent;
}

void pace_full(struct pace *p, uint64_t now_us, uint64_t sent)
{
	uint64_t elapsed = now_us - p->window_us;

	if (p->is_stream) /* which has no queue: it waits until there is room again */
		return;
	if (!p->window_us) {
		p->strikes = 0;
		start_window(p, now_us, sent);
		return;
	}
	if (elapsed < PACE_WINDOW_US)
		return;
	if ((sent - p->window_bytes) / elapsed >= PACE_SLOW_RATE)
		p->strikes = 0;
	else if (++p->strikes >= PACE_STRIKES)
		p->slow_until_us = now_us + PACE_SLOW_US;
	start_window(p, now_us, sent);
}

void pace_idle(struct pace *p)
{
	p->window_us = 0;
}

bool pace_is_slow(struct pace *p, uint64_t now_us)
{
	if (p->is_stream)
		return false;
	/* What waits goes first, or frames of one flow would overtake each other. */
	if (p->queue && queue_frames(p->queue) > 0)
		return true;
	if (!p->shaper.rate && now_us >= p->slow_until_us)
		return false;
	return p->queue || queue_new(&p->config, &p->queue) == 0;
}

uint32_t pace_piece(uint32_t kbit_s)
{
	uint64_t bytes = (uint64_t)kbit_s * 125 / PACE_PIECES_A_SECOND;

	if (!kbit_s || bytes > PACE_PIECE_MOST)
		return PACE_PIECE_MOST;
	return bytes < PACE_PIECE_LEAST ? PACE_PIECE_LEAST : (uint32_t)bytes;
}

bool pace_may_send(struct pace *p, uint64_t now_us)
{
	uint64_t delay = shaper_delay(&p->shaper, now_us);

	p->due_us = delay ? now_us + delay : CLOCK_NEVER;
	return delay == 0;
}

void pace_spend(struct pace *p, uint64_t now_us, size_t bytes)
{
	shaper_spend(&p->shaper, now_us, (uint32_t)bytes);
}

void pace_unused(struct pace *p, uint64_t now_us)
{
	shaper_idle(&p->shaper, now_us);
}

size_t pace_batch(const struct pace *p, uint64_t now_us)
{
	uint64_t bytes = queue_rate(p->queue, now_us) / 500;

	if (bytes > PACE_BATCH_MOST)
		return PACE_BATCH_MOST;
	return bytes < PACE_BATCH_LEAST ? PACE_BATCH_LEAST : (size_t)bytes;
}

uint64_t pace_deadline(const struct pace *p)
{
	return p->due_us == CLOCK_NEVER ? CLOCK_NEVER : (p->due_us + 999) / 1000;
}
