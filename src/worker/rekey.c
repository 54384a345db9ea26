/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rekey.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/bytes.h"
#include "common/secret.h"
#include "keyring.h"
#include "keys.h"

enum { PLEASE_ASK = 1 }; /* flag of the server's REKEY_REQ, in which nothing else is filled in */
enum { SPI_AT = 4, KEY_AT = 8 }; /* in REKEY_REQ and REKEY_RESP */

enum state {
	QUIET,
	WAIT_REQ,  /* server: it has asked to be asked */
	WAIT_RESP, /* client */
	WAIT_DONE, /* server */
};

struct rekey {
	struct keyring *keys;
	struct rekey_limits limits;
	bool is_client;
	enum state state;
	bool asked; /* client: by the server */
	bool overdue; /* the answer is: the key may not become older */
	uint64_t answer_by;
	uint8_t secret[KEYS_X25519_SIZE]; /* WAIT_RESP: ours, and what we have said */
	struct rekey_frame said;
	struct rekey_frame frame; /* to be sent, if its size is not 0 */
};

int rekey_new(const struct rekey_config *config, const uint8_t exporter[static 32],
	      const uint8_t auth_secret[static AUTH_SECRET_SIZE], uint64_t now, struct rekey **ret)
{
	struct keyring_config ring = {
		.role = config->role,
		.type = config->type,
		.suite = config->suite,
		.spi_in = config->spi_in,
		.spi_out = config->spi_out,
		.old_ms = config->limits.old_ms,
		.hard = config->limits.hard,
	};
	struct rekey *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return -ENOMEM;
	r->limits = config->limits;
	r->is_client = config->role == ROLE_CLIENT;
	e = keyring_new(&ring, exporter, auth_secret, now, &r->keys);
	if (e < 0) {
		rekey_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

void rekey_free(struct rekey *r)
{
	if (!r)
		return;
	keyring_free(r->keys);
	secret_wipe(r);
	free(r);
}

/* ---- packets: the keyring's affair */

ssize_t rekey_seal(struct rekey *r, uint8_t *packet, size_t payload, enum esp_next next)
{
	return keyring_seal(r->keys, packet, payload, next);
}

uint32_t rekey_left(const struct rekey *r)
{
	return r->overdue ? 0 : keyring_left(r->keys);
}

int rekey_open(struct rekey *r, uint64_t now, uint8_t *datagram, size_t size,
	       struct esp_payload *ret)
{
	return keyring_open(r->keys, now, datagram, size, ret);
}

uint64_t rekey_bad(const struct rekey *r, enum esp_bad bad)
{
	return keyring_bad(r->keys, bad);
}

void rekey_tally(const struct rekey *r, struct tally *t)
{
	keyring_tally(r->keys, t);
}

/* ---- the exchange */

static uint8_t next_epoch(const struct rekey *r)
{
	return (uint8_t)(keyring_epoch(r->keys) + 1);
}

/* REKEY_REQ and REKEY_RESP: u8 epoch | u8 flags | u16 0 | u32 SPI | X25519[32]. */
static struct rekey_frame new_key(struct rekey *r, uint8_t type)
{
	struct rekey_frame f = { .type = type, .size = WIRE_REKEY_SIZE };

	f.payload[0] = next_epoch(r);
	put_be32(f.payload + SPI_AT, keyring_new_spi(r->keys));
	keys_pair(r->secret, f.payload + KEY_AT);
	return f;
}

static bool is_next_key(const struct rekey *r, const uint8_t *payload)
{
	uint32_t spi = get_be32(payload + SPI_AT);

	return payload[0] == next_epoch(r) && get_be16(payload + 2) == 0 && spi >= ESP_SPI_LEAST &&
	       spi != UINT32_MAX;
}

static void await(struct rekey *r, uint64_t now, enum state answer)
{
	r->state = answer;
	r->answer_by = now + r->limits.answer_ms;
}

static void switch_key(struct rekey *r, uint64_t now)
{
	keyring_switch(r->keys, now);
	r->state = QUIET;
	r->overdue = false;
}

/* Both have said what they had to say. */
static int advance(struct rekey *r, const uint8_t *ours, const uint8_t *theirs)
{
	struct keyring_next next = {
		.secret = r->secret,
		.client = (r->is_client ? ours : theirs) + KEY_AT,
		.server = (r->is_client ? theirs : ours) + KEY_AT,
		.spi_in = get_be32(ours + SPI_AT),
		.spi_out = get_be32(theirs + SPI_AT),
	};
	int e = keyring_advance(r->keys, &next);

	secret_wipe(&r->secret);
	return e;
}

/* The client is asked to ask.  If it has just done so, both have thought of it at once. */
static int take_please(struct rekey *r, const uint8_t *payload)
{
	if (payload[0] != next_epoch(r) || !(payload[1] & PLEASE_ASK))
		return -EKEYREJECTED;
	r->asked = r->state == QUIET;
	return 0;
}

static int take_req(struct rekey *r, uint64_t now, const uint8_t *payload)
{
	int e;

	if (r->state == WAIT_DONE || !is_next_key(r, payload))
		return -EKEYREJECTED;
	r->frame = new_key(r, FRAME_REKEY_RESP);
	e = advance(r, r->frame.payload, payload);
	if (e < 0)
		return e;
	await(r, now, WAIT_DONE);
	return 0;
}

static int take_resp(struct rekey *r, uint64_t now, const uint8_t *payload)
{
	int e;

	if (r->state != WAIT_RESP || !is_next_key(r, payload))
		return -EKEYREJECTED;
	e = advance(r, r->said.payload, payload);
	if (e < 0)
		return e;
	switch_key(r, now);
	r->frame = (struct rekey_frame){ .type = FRAME_REKEY_DONE, .size = 4 };
	put_be32(r->frame.payload, keyring_epoch(r->keys));
	return 0;
}

static int take_done(struct rekey *r, uint64_t now, const uint8_t *payload)
{
	if (r->state != WAIT_DONE || get_be32(payload) != keyring_epoch(r->keys))
		return -EKEYREJECTED;
	switch_key(r, now);
	return 0;
}

int rekey_take(struct rekey *r, uint64_t now, uint8_t type, const uint8_t *payload)
{
	switch (type) {
	case FRAME_REKEY_REQ:
		return r->is_client ? take_please(r, payload) : take_req(r, now, payload);
	case FRAME_REKEY_RESP:
		return take_resp(r, now, payload);
	case FRAME_REKEY_DONE:
		return take_done(r, now, payload);
	default:
		return -EKEYREJECTED;
	}
}

/* ---- time */

static uint64_t due_at(const struct rekey *r)
{
	struct keyring_use use = keyring_use(r->keys);

	if (use.packets >= r->limits.packets || use.bytes >= r->limits.bytes ||
	    use.failures >= r->limits.failures)
		return 0;
	return use.since + r->limits.interval_ms + (r->is_client ? 0 : r->limits.answer_ms);
}

static void ask(struct rekey *r, uint64_t now)
{
	await(r, now, r->is_client ? WAIT_RESP : WAIT_REQ);
	if (r->is_client) {
		r->frame = r->said = new_key(r, FRAME_REKEY_REQ);
		r->asked = false;
	} else {
		r->frame = (struct rekey_frame){
			.type = FRAME_REKEY_REQ,
			.size = WIRE_REKEY_SIZE,
			.payload = { next_epoch(r), PLEASE_ASK },
		};
	}
}

int rekey_next(struct rekey *r, uint64_t now, struct rekey_frame *ret)
{
	keyring_expire(r->keys, now);
	if (r->state != QUIET && now >= r->answer_by) {
		r->overdue = true;
		r->answer_by = now + r->limits.answer_ms;
		return -ETIMEDOUT;
	}
	if (r->state == QUIET && !r->frame.size && (r->asked || now >= due_at(r)))
		ask(r, now);
	if (!r->frame.size)
		return 0;
	*ret = r->frame;
	r->frame.size = 0;
	return 1;
}

uint64_t rekey_deadline(const struct rekey *r)
{
	uint64_t old = keyring_old_until(r->keys);
	uint64_t next = r->state == QUIET ? due_at(r) : r->answer_by;

	return old < next ? old : next;
}
