/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The keys of one UDP path through time: doc/PROTOCOL.md, "Rekeying".  Time is passed in; frames
 * are yielded, not sent.
 *
 *     client                                       server
 *                                  <- - - - - - -  REKEY_REQ with flag 1: please ask
 *     REKEY_REQ, new SPI, X25519   ------------->  installs its new SA for receiving
 *     installs both new SAs        <-------------  REKEY_RESP, new SPI, X25519
 *     sends under the new key
 *     REKEY_DONE                   ------------->  sends under the new key, at the latest now
 *
 * Both go on receiving under the old key for a minute.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/ipc.h"
#include "esp.h"
#include "wire.h"

/* When a key has done its work.  Times in ms. */
struct rekey_limits {
	uint64_t interval_ms; /* the age of a key; a server gives its client answer_ms more */
	uint64_t answer_ms;   /* an answer that takes longer is overdue */
	uint64_t old_ms;      /* how long packets under the old key are still taken */
	uint32_t packets;     /* in either direction */
	uint64_t bytes;       /* likewise */
	uint64_t failures;    /* forged packets */
	uint32_t hard;        /* packets after which nothing is sent under a key; 0: the suite's */
};

/* The document's, with a key's age in seconds (struct terms, rekey_s). */
struct rekey_limits rekey_limits(uint32_t rekey_s);

struct rekey_config {
	int role; /* enum ipc_role */
	enum tunnel_type type;
	uint8_t suite;
	uint32_t spi_in, spi_out; /* ours, and the peer's, of epoch 0 */
	struct rekey_limits limits;
};

struct rekey;

/* Epoch 0 from the TLS exporter and what the login left.  0, or an error as of esp_out_new(). */
int rekey_new(const struct rekey_config *config, const uint8_t exporter[static 32],
	      const uint8_t auth_secret[static AUTH_SECRET_SIZE], uint64_t now, struct rekey **ret);
void rekey_free(struct rekey *r);

/* esp_seal() under the key of now; after -EKEYEXPIRED the payload goes over TLS. */
ssize_t rekey_seal(struct rekey *r, uint8_t *packet, size_t payload, enum esp_next next);
uint32_t rekey_left(const struct rekey *r); /* packets of data that may go under it */

/* esp_open() under the key that the datagram names.  -EBADMSG: counted, drop it. */
int rekey_open(struct rekey *r, uint64_t now, uint8_t *datagram, size_t size,
	       struct esp_payload *ret);

/* A REKEY_REQ, REKEY_RESP or REKEY_DONE of the peer, whose length wire_admit() has seen.
 * 0; -EKEYREJECTED: out of turn, or not a key: end the session with REASON_REKEY; or -errno. */
int rekey_take(struct rekey *r, uint64_t now, uint8_t type, const uint8_t *payload);

struct rekey_frame {
	uint8_t type; /* enum frame_type */
	size_t size;
	uint8_t payload[WIRE_REKEY_SIZE];
};

/* Call it after rekey_take(), at rekey_deadline(), and now and then while packets flow.
 * 1: send *ret, and call again; 0: nothing to do; -ETIMEDOUT, every answer_ms: the answer is overdue,
 * and until it comes rekey_left() is 0.  If the peer has the question, end the session with
 * REASON_REKEY. */
int rekey_next(struct rekey *r, uint64_t now, struct rekey_frame *ret);
uint64_t rekey_deadline(const struct rekey *r); /* ms; CLOCK_NEVER: none */

/* Datagrams dropped for this reason; and t->udp_*, t->rekeys. */
uint64_t rekey_bad(const struct rekey *r, enum esp_bad bad);
void rekey_tally(const struct rekey *r, struct tally *t);
