/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * `reliable` on the UDP path of a session: joins arq.h, in both directions, to what leaves
 * (outbox.h).  Times are in us.  doc/PROTOCOL.md, "Reliability".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arq.h"
#include "common/ipc.h"
#include "common/terms.h"
#include "outbox.h"

struct reliable;

/* For terms with CAP_ARQ.  The outbox is the caller's.  0 or -ENOMEM. */
int reliable_new(const struct terms *terms, struct outbox *out, struct reliable **ret);
void reliable_free(struct reliable *r);

/* What a frame of this size needs in front of it, for a path that is to carry it protected. */
static inline size_t reliable_overhead(size_t size)
{
	return size <= ARQ_FRAME_MOST ? ARQ_HEADER : 0;
}

/* ---- out */

/* How a payload of this size is to be sent now: ARQ_HEADER, behind so many bytes of room and by
 * reliable_send(); 0, by outbox_seal() as it is; -ENOBUFS, not at all. */
int reliable_room(struct reliable *r, uint64_t now, size_t size);

/* Answers of the peer should be taken before more is sent, as what finds the window full is not
 * protected, or with `ordered` not sent at all.  WAIT: until they come, as they come soon, or there is
 * no other way; PAUSE: those that are there. */
enum reliable_crowd { CROWD_NONE, CROWD_PAUSE, CROWD_WAIT };
enum reliable_crowd reliable_crowd(const struct reliable *r);

/* The payload lies in the datagram at ESP_HEADER + ARQ_HEADER.  0, or a negative errno: it has not
 * been sent, and will not be. */
int reliable_send(struct reliable *r, uint64_t now, uint8_t *datagram, size_t size,
		  enum esp_next next);

/* The path is down: what is not known to have arrived is not sent again, on no path. */
void reliable_forget(struct reliable *r);

/* ---- in */

/* The payload of an authentic packet with ESP_ARQ.  0: ask reliable_next(), until when it must stay
 * where it is; -EBADMSG: drop and count it. */
int reliable_take(struct reliable *r, uint64_t now, const struct esp_payload *p);

/* 1: *ret is the next frame for the device, and holds until the next reliable_take(); 0: none. */
int reliable_next(struct reliable *r, uint64_t now, struct esp_payload *ret);

/* A control payload of type ARQ_ACK; nonsense is ignored. */
void reliable_acked(struct reliable *r, uint64_t now, const struct esp_payload *p);

/* ---- time */

/* Sends what is due, acknowledgements and repetitions; after each batch that has been received, and
 * at reliable_deadline(), when reliable_next() is to be asked as well. */
void reliable_step(struct reliable *r, uint64_t now);
uint64_t reliable_deadline(const struct reliable *r);

void reliable_tally(const struct reliable *r, struct tally *t);
