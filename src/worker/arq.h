/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * `reliable yes`: selective repeat for the UDP path, doc/PROTOCOL.md, "Reliability".  Each
 * direction has an arq_out at its beginning and an arq_in at its end; both are pure, times are
 * passed in, in us, and what is to be sent or delivered is yielded.
 *
 *     data (next header 254):     u16 number | u8 next header of the frame | u8 back | frame
 *     control (next header 253):  u8 3 | u8 0 | u16 cum | bitmap[32], or [64] if need be
 *
 * Numbers begin at 1.  All frames up to `cum` need not be sent again; bit i % 8 of byte i / 8
 * stands for number cum + 1 + i, which has come.  `back` is half the distance to the oldest frame
 * that the sender has not settled (seen acknowledged, or given up), rounded up; 255 also for 511.
 * So the receiver's window follows the sender's whatever is lost.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/terms.h"
#include "esp.h"

enum {
	ARQ_NEXT = ESP_ARQ,
	ARQ_FRAME_MOST = 1500, /* larger frames are not protected */
	ARQ_ACK = 3,           /* type of the control payload, beside those of path.h */
	ARQ_ACK_LEAST = 4 + 32,
	ARQ_ACK_MOST = 4 + ARQ_WINDOW_MOST / 8,
	ARQ_ACK_EVERY = 16,    /* frames */
	ARQ_LIFETIME_MOST_US = ARQ_LIFETIME_MOST_MS * 1000,
	ARQ_HOLD_MOST_US = 50000,
};

/* As negotiated: struct terms, arq_*. */
struct arq_config {
	enum tunnel_type type;
	uint16_t window;      /* 1 to ARQ_WINDOW_MOST frames */
	uint8_t retries;
	uint16_t lifetime_ms; /* a frame is not sent again after so long, or two round trips */
	bool ordered;
};

/* Round trips, the peer's delay of its acknowledgements included (RFC 6298). */
struct arq_rtt {
	uint32_t smoothed, variation; /* us; smoothed 0: not yet known */
};

/* Without an answer for so many us, a frame is lost: max(10 ms, 1.5 smoothed + 4 variation). */
uint64_t arq_patience(struct arq_rtt rtt);

struct arq_payload {
	uint8_t *data;
	size_t size;
	uint8_t next; /* ESP's next header for it */
};

/* ---- the sender */

struct arq_out;

struct arq_out_count {
	uint64_t sent, resent;
	uint64_t given_up; /* not known to have arrived */
	uint64_t no_room;
};

/* 0 or -ENOMEM.  Copies of frames are allocated as needed, at most `window` of them. */
int arq_out_new(const struct arq_config *config, struct arq_out **ret);
void arq_out_free(struct arq_out *a);

/* Whether a bare frame of this size would be taken now: 0; or -EMSGSIZE, -ENOBUFS (and counted). */
int arq_out_room(struct arq_out *a, uint64_t now, size_t size);

/* The packets of one more superframe may find the window full. */
bool arq_out_is_crowded(const struct arq_out *a);

/*
 * A frame is about to be sent.  The payload has ARQ_HEADER bytes of room at its beginning, which
 * this fills in; `size` includes them, `next` is ESP's next header for the bare frame.
 * 0: send it as ARQ_NEXT.  Or send the bare frame as `next`, unprotected: -EMSGSIZE, it is larger
 * than ARQ_FRAME_MOST; -ENOBUFS, the window is full (drop it if the session is ordered); -ENOMEM.
 */
int arq_out_send(struct arq_out *a, uint64_t now, uint8_t *payload, size_t size, uint8_t next);

/* The way is broken: gives up all that is not known to have arrived. */
void arq_out_forget(struct arq_out *a);

/* A control payload of type ARQ_ACK; nonsense is ignored.  Then ask arq_out_next(). */
void arq_out_acked(struct arq_out *a, uint64_t now, const uint8_t *payload, size_t size);

/* 1: send *ret, whose data hold until the next call of anything here, and call again; 0: nothing is
 * to be sent now.  To be called at arq_out_deadline() (us; CLOCK_NEVER: none). */
int arq_out_next(struct arq_out *a, uint64_t now, struct arq_payload *ret);
uint64_t arq_out_deadline(const struct arq_out *a);

struct arq_rtt arq_out_rtt(const struct arq_out *a);
struct arq_out_count arq_out_count(const struct arq_out *a);

/* ---- the receiver */

struct arq_in;

struct arq_in_count {
	uint64_t delivered;
	uint64_t again;    /* dropped: come before, or given up */
	uint64_t given_up; /* numbers that were never delivered */
};

/* 0 or -ENOMEM.  Only if ordered, frames are copied, at most ARQ_WINDOW_MOST of them. */
int arq_in_new(const struct arq_config *config, struct arq_in **ret);
void arq_in_free(struct arq_in *a);

/* What our own sender has measured, whenever it may have changed. */
void arq_in_rtt(struct arq_in *a, struct arq_rtt rtt);

/* The payload of an authentic packet with next header ARQ_NEXT.  0: ask arq_in_next(), until when
 * the payload must stay where it is; -EBADMSG: drop and count it. */
int arq_in_take(struct arq_in *a, uint64_t now, uint8_t *payload, size_t size);

/* 1: *ret is the next frame for the device, call again; 0: there is none now.  Its data are in the
 * payload that was taken, or hold until the next arq_in_take(). */
int arq_in_next(struct arq_in *a, uint64_t now, struct arq_payload *ret);

/* The acknowledgement to be sent now, as a control payload: its size; 0: none.  To be asked when
 * packets have been taken. */
size_t arq_in_ack(struct arq_in *a, uint64_t now, uint8_t ret[static ARQ_ACK_MOST]);

/* When arq_in_next() and arq_in_ack() are to be asked again, us; CLOCK_NEVER: not before there is
 * another packet. */
uint64_t arq_in_deadline(const struct arq_in *a);
struct arq_in_count arq_in_count(const struct arq_in *a);
