/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frames that wait between the device and a network that is full.  Flows take turns, and none may
 * keep a standing queue, so that a ping beside a full download does not wait behind it: FQ-CoDel
 * (RFC 8290), that is deficit round robin over CoDel (RFC 8289).  Pure: times are passed in, in us.
 *
 * What it can do ends where the next queue begins: whoever takes frames out should do so only as
 * fast as the network takes them, a few ms of it at a time (queue_rate()).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/terms.h"

enum {
	QUEUE_FRAMES_MOST = 256,
	QUEUE_BYTES_MOST = 512 * 1024,
	QUEUE_FLOWS = 256, /* as many as frames: a flow rarely shares its place with another one */
	QUEUE_KEY_SIZE = 16,
	QUEUE_TARGET_US = 5000,
	QUEUE_INTERVAL_US = 100000,
};

struct queue_config {
	enum tunnel_type type; /* TUNNEL_TUN or TUNNEL_ETHER */
	bool carry_vnet;       /* each frame begins with a virtio-net header */
	uint32_t quantum;      /* bytes that a flow may send in its turn: about one full packet */
	uint64_t rate;         /* bytes a second that the network takes at most; 0: unknown */
	uint32_t target_us;    /* a queue that never gets shorter than this... */
	uint32_t interval_us;  /* ...for so long is a standing one */
	uint8_t key[QUEUE_KEY_SIZE]; /* random: nobody outside can choose flows that collide */
};

struct queue_count {
	uint64_t dropped_late; /* by CoDel, of frames that cannot be marked */
	uint64_t dropped_full; /* by the bounds, or for want of memory */
	uint64_t marked;       /* "congestion experienced" (RFC 3168) instead of being dropped */
	uint64_t cut;          /* superframes that were taken apart */
};

struct queue;

/* 0 or -ENOMEM.  Memory for frames is allocated as they come, QUEUE_BYTES_MOST in all. */
int queue_new(const struct queue_config *config, struct queue **ret);
void queue_free(struct queue *q);

/*
 * Copies a frame (at most FRAME_MOST bytes) into the queue.  A superframe is cut into its packets
 * if the network would be busy with it for so long that the others would notice; each gets a
 * virtio-net header that says nothing.  Where there is no room, frames at the head of the longest
 * flow go.  0; -EBADMSG: not a frame, or the header does not describe it; -ENOMEM.
 */
int queue_put(struct queue *q, uint64_t now, const uint8_t *frame, size_t size);

/* The next frame to send, which may be changed and holds until the next queue_get().  NULL if and
 * only if the queue is empty. */
uint8_t *queue_get(struct queue *q, uint64_t now, size_t *ret_size);

size_t queue_bytes(const struct queue *q);
unsigned queue_frames(const struct queue *q);

/* What the network has been taking lately, in bytes a second; 0: unknown, as it was not full. */
uint64_t queue_rate(const struct queue *q, uint64_t now);
struct queue_count queue_count(const struct queue *q);
