/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The UDP path of a session: frames of the device are cut, sealed and sent in batches, batches are
 * opened, merged and written to the device.  Owns the socket, the keys (rekey.h) and the state of
 * the path (path.h).  doc/PROTOCOL.md, "UDP data".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compress.h"
#include "device_io.h"
#include "path.h"
#include "rekey.h"
#include "shaper.h"

struct udp;

struct udp_config {
	int role;
	int fd;                         /* bound, non-blocking; taken over */
	const struct terms *terms;      /* agreed; `spi` is the peer's */
	uint32_t spi;                   /* ours */
	const struct device_io *device; /* the pump's */
	struct compress *compress;      /* the pump's, or NULL */
	struct shaper *policer;         /* the pump's */
	struct tally *tally;            /* the pump's: frames, bytes and drops are counted there */
	union endpoint peer;            /* client: the server's address on the TCP connection */
	const uint8_t *exporter, *auth_secret; /* 32 bytes each */
};

/* 0 or a negative errno; the descriptor is closed in either case when the time comes. */
int udp_new(const struct udp_config *config, uint64_t now, struct udp **ret);
void udp_free(struct udp *u);
int udp_fd(const struct udp *u);

/* ---- out */

/* Whether data goes over UDP now. */
bool udp_is_up(const struct udp *u);

/* Takes one frame as device_io_read() yields it, at most device_io_most() bytes; it is sent at the
 * latest by udp_flush().  0; -EMSGSIZE, -EKEYEXPIRED: the frame must go over TLS. */
int udp_send(struct udp *u, uint64_t now, uint8_t *frame, size_t size);
void udp_flush(struct udp *u, uint64_t now);

/* The peer's answers should be waited for: a moment, by udp_receive(), or for as long as this is so.
 * `reliable` alone. */
bool udp_should_pause(const struct udp *u);
bool udp_must_wait(const struct udp *u);

/* ---- in */

enum { UDP_BATCHES_MOST = 16 }; /* at a time, so that the other direction gets its turn */

/* Takes so many batches off the socket.  Whether there may be more. */
bool udp_receive(struct udp *u, uint64_t now, int most);

/* REKEY_* and PATH_STATE of the peer.  0; -EKEYREJECTED... as rekey_take(). */
int udp_on_frame(struct udp *u, uint64_t now, uint8_t type, const uint8_t *payload);

/* ---- time */

struct udp_news {
	bool up, down;       /* the path's state has changed */
	uint16_t mtu;        /* the device's MTU must not be larger than this; 0: nothing new */
	unsigned n_frames;   /* to be sent over TLS */
	struct rekey_frame frames[4];
};

/* Does what is due.  0; -ETIMEDOUT: as rekey_next(); *ret is written all the same. */
int udp_step(struct udp *u, uint64_t now, struct udp_news *ret);
uint64_t udp_deadline(const struct udp *u); /* ms */

/* Adds what the keys and the socket have counted to the tally. */
void udp_tally(const struct udp *u, struct tally *t);
const char *udp_peer_text(const struct udp *u, char text[static 64]);
