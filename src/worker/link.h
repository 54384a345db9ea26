/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frames over the TLS connection.  Both directions have one buffer each: a frame of the device is
 * read straight into the output behind its header, and leaves from there; what comes in is handed
 * out where it was decrypted to.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls.h"
#include "wire.h"

struct link;

/* Takes `tls` over: link_free() frees it too. */
int link_new(int role, struct tls *tls, struct link **ret);
void link_free(struct link *l);
struct tls *link_tls(struct link *l);

/* ---- out */

/* Room for the payload of one data frame, `size` bytes at least (at most WIRE_DATA_MOST): NULL if
 * there is none before link_flush(). */
uint8_t *link_room(struct link *l, size_t size);

/* Makes a frame of the first `size` bytes of the room that was handed out last. */
void link_commit(struct link *l, uint8_t type, size_t size);

/* A whole small frame (at most WIRE_TLVS_MOST bytes).  A part of the buffer is kept for these;
 * -ENOBUFS if a peer that does not read has let it fill up. */
int link_put(struct link *l, uint8_t type, const void *payload, size_t size);

/* Sends what is there.  OK: all of it left. */
enum tls_io link_flush(struct link *l);
size_t link_queued(const struct link *l); /* bytes */
bool link_is_flushed(const struct link *l);

/* ---- in */

struct frame {
	uint8_t type;
	size_t size;
	uint8_t *data;
};

/* Decrypts as much as there is and fits.  OK: something came; the buffer may be full. */
enum tls_io link_fill(struct link *l);

/* The next frame, where it lies.  1: *ret; 0: more bytes are needed; -EPROTO: a frame that must not
 * come in this state (refused on its header).  It stays the next one until link_release(). */
int link_next(struct link *l, enum wire_state state, struct frame *ret);
void link_release(struct link *l);

/* Throws away what has been decrypted and not been looked at. */
void link_discard(struct link *l);
