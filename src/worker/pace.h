/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * When the network, or `speed`, takes less than the device gives.  On a fast network nothing of this
 * is in the way: frames go from the device to where they leave from.  A network that is full and
 * takes less than PACE_SLOW_RATE is a slow one; from then on frames wait in a short queue (queue.h),
 * where a ping overtakes a download, and leave a few at a time.  Pure but for the queue's memory
 * and key.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/terms.h"
#include "queue.h"
#include "shaper.h"

enum {
	PACE_WINDOW_US = 10000, /* over which the network's rate is measured */
	PACE_STRIKES = 2,       /* so many windows in a row: one may be our own lack of CPU */
	PACE_SLOW_RATE = 12,    /* bytes a us: 96 Mbit/s; 16 KiB take longer than 1 ms there */
	PACE_SLOW_US = 1000000, /* for so long a network then counts as slow */
	PACE_BATCH_MOST = 65536,
	PACE_BATCH_LEAST = 2048,
	PACE_PIECES_A_SECOND = 50,
	PACE_PIECE_LEAST = 1024,
	PACE_PIECE_MOST = 16384,
};

struct pace {
	struct queue *queue;     /* NULL: a stream, or never slow yet */
	struct queue_config config;
	struct shaper shaper;
	bool is_stream;
	uint64_t window_us;      /* when it began; 0: the network has not been full */
	uint64_t window_bytes;   /* that had been sent by then */
	unsigned strikes;
	uint64_t slow_until_us;
	uint64_t due_us;         /* the shaper lets the next frame go; CLOCK_NEVER: nothing waits for it */
};

/* kbit_s as in `speed`; 0: no limit. */
void pace_init(struct pace *p, enum tunnel_type type, bool carry_vnet, uint32_t mtu, uint32_t kbit_s,
	       uint64_t now_us);
void pace_free(struct pace *p);

/* The network takes nothing more; so many bytes it has taken in all. */
void pace_full(struct pace *p, uint64_t now_us, uint64_t sent);

/* Nothing is left to be sent: what the network could take is not known. */
void pace_idle(struct pace *p);

/* Whether frames are to go through the queue now.  Makes the queue when it is first needed; without
 * memory for one there is none. */
bool pace_is_slow(struct pace *p, uint64_t now_us);

/* A stream is cut into pieces of so many bytes at most, so that at low rates none takes long. */
uint32_t pace_piece(uint32_t kbit_s);

/* Whether `speed` lets a frame go now; if not, pace_deadline() will be when it does. */
bool pace_may_send(struct pace *p, uint64_t now_us);
void pace_spend(struct pace *p, uint64_t now_us, size_t bytes);

/* It might, but there is none. */
void pace_unused(struct pace *p, uint64_t now_us);

/* So many bytes leave in one go: what the network takes in about 2 ms. */
size_t pace_batch(const struct pace *p, uint64_t now_us);

/* ms; CLOCK_NEVER: nothing is waiting for time to pass. */
uint64_t pace_deadline(const struct pace *p);
