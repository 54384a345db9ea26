/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rekey.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "common/secret.h"
#include "keys.h"

enum { PLEASE_ASK = 1 }; /* flag of the server's REKEY_REQ, in which nothing else is filled in */

enum state {
	QUIET,
	WAIT_REQ,  /* server: it has asked to be asked */
	WAIT_RESP, /* client */
	WAIT_DONE, /* server */
};

struct rekey {
	struct rekey_config config;
	uint8_t root[KEYS_ROOT_SIZE];
	uint32_t epoch;
	uint64_t keyed; /* when the key of now came into use */
	struct esp_out *out;
	struct esp_out *out_next; /* server: in use once the client has shown that it is ready */
	struct esp_in *in;
	struct esp_in *in_old;
	uint32_t spi_in, spi_old;
	uint64_t old_until;
	uint64_t bytes_out, bytes_in;

	enum state state;
	bool asked; /* client: by the server */
	uint64_t answer_by;
	uint8_t secret[KEYS_X25519_SIZE]; /* WAIT_RESP: ours, and what we have said */
	struct rekey_frame said;
	struct rekey_frame frame; /* to be sent, if its size is not 0 */

	uint64_t bad[ESP_BAD_COUNT];
	uint64_t lost, reordered; /* under keys that are no more */
	uint64_t rekeys;
};

struct rekey_limits rekey_limits(uint32_t rekey_s)
{
	return (struct rekey_limits){
		.interval_ms = (uint64_t)rekey_s * 1000,
		.answer_ms = 30000,
		.old_ms = 60000,
		.packets = 1u << 27,
		.bytes = UINT64_C(1) << 38,
		.failures = UINT64_C(1) << 36,
	};
}

/* ---- security associations */

static int make_in(const struct rekey *r, uint32_t spi, struct esp_in **ret)
{
	uint8_t key_salt[KEYS_MOST];
	int e;

	keys_direction(r->root, r->config.role == ROLE_SERVER, (uint8_t)r->epoch, r->config.suite,
		       spi, key_salt);
	e = esp_in_new(r->config.suite, spi, key_salt, r->config.type, ret);
	secret_wipe(&key_salt);
	return e;
}

static int make_out(const struct rekey *r, uint32_t spi, struct esp_out **ret)
{
	uint8_t key_salt[KEYS_MOST];
	int e;

	keys_direction(r->root, r->config.role == ROLE_CLIENT, (uint8_t)r->epoch, r->config.suite,
		       spi, key_salt);
	e = esp_out_new(r->config.suite, spi, key_salt, r->config.limits.hard, ret);
	secret_wipe(&key_salt);
	return e;
}

static uint64_t lost_of(const struct esp_in_count *c)
{
	return c->highest > c->taken ? c->highest - c->taken : 0;
}

static void retire_old(struct rekey *r)
{
	struct esp_in_count c;

	if (!r->in_old)
		return;
	c = esp_in_count(r->in_old);
	r->reordered += c.reordered;
	r->lost += lost_of(&c);
	esp_in_free(r->in_old);
	r->in_old = NULL;
	r->old_until = CLOCK_NEVER;
}

static void expire(struct rekey *r, uint64_t now)
{
	if (now >= r->old_until)
		retire_old(r);
}

/* From now on we send under the new key; the peer's old packets are still on their way. */
static void switch_out(struct rekey *r, uint64_t now)
{
	esp_out_free(r->out);
	r->out = r->out_next;
	r->out_next = NULL;
	r->bytes_out = r->bytes_in = 0;
	r->keyed = now;
	r->old_until = now + r->config.limits.old_ms;
	r->rekeys++;
}

/* Receives under a new key, and has the one for sending ready. */
static int install(struct rekey *r, uint32_t spi_in, uint32_t spi_out)
{
	struct esp_in *in = NULL;
	int e;

	e = make_in(r, spi_in, &in);
	if (e < 0)
		return e;
	e = make_out(r, spi_out, &r->out_next);
	if (e < 0) {
		esp_in_free(in);
		return e;
	}
	retire_old(r);
	r->in_old = r->in;
	r->spi_old = r->spi_in;
	r->in = in;
	r->spi_in = spi_in;
	return 0;
}

int rekey_new(const struct rekey_config *config, const uint8_t exporter[static 32],
	      const uint8_t auth_secret[static AUTH_SECRET_SIZE], uint64_t now, struct rekey **ret)
{
	struct rekey *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return -ENOMEM;
	r->config = *config;
	r->keyed = now;
	r->spi_in = config->spi_in;
	r->old_until = CLOCK_NEVER;
	keys_root(exporter, auth_secret, r->root);
	e = make_in(r, config->spi_in, &r->in);
	if (e == 0)
		e = make_out(r, config->spi_out, &r->out);
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
	esp_in_free(r->in);
	esp_in_free(r->in_old);
	esp_out_free(r->out);
	esp_out_free(r->out_next);
	secret_wipe(r);
	free(r);
}

/* ---- packets */

ssize_t rekey_seal(struct rekey *r, uint8_t *packet, size_t payload, enum esp_next next)
{
	ssize_t n = esp_seal(r->out, packet, payload, next);

	if (n > 0)
		r->bytes_out += (uint64_t)n;
	return n;
}

static struct esp_in *in_of(const struct rekey *r, const uint8_t *datagram, size_t size)
{
	uint32_t spi = size >= ESP_LEAST ? esp_spi(datagram) : 0;

	if (spi == r->spi_in)
		return r->in;
	return r->in_old && spi == r->spi_old ? r->in_old : NULL;
}

int rekey_open(struct rekey *r, uint64_t now, uint8_t *datagram, size_t size,
	       struct esp_payload *ret)
{
	enum esp_bad bad = size < ESP_LEAST ? ESP_BAD_SHORT : ESP_BAD_SPI;
	struct esp_in *in;

	expire(r, now);
	in = in_of(r, datagram, size);
	if (!in || esp_open(in, datagram, size, ret, &bad) < 0) {
		r->bad[bad]++;
		return -EBADMSG;
	}
	r->bytes_in += size;
	if (in == r->in && r->out_next)
		switch_out(r, now);
	return 0;
}

/* ---- the exchange */

static uint32_t new_spi(const struct rekey *r)
{
	uint32_t spi;

	do
		spi = ESP_SPI_LEAST + randombytes_uniform(UINT32_MAX - ESP_SPI_LEAST);
	while (spi == r->spi_in || spi == r->spi_old);
	return spi;
}

/* REKEY_REQ and REKEY_RESP: u8 epoch | u8 flags | u16 0 | u32 SPI | X25519[32]. */
static struct rekey_frame new_key(struct rekey *r, uint8_t type)
{
	struct rekey_frame f = { .type = type, .size = WIRE_REKEY_SIZE };

	f.payload[0] = (uint8_t)(r->epoch + 1);
	put_be32(f.payload + 4, new_spi(r));
	keys_pair(r->secret, f.payload + 8);
	return f;
}

static int check_key(const struct rekey *r, const uint8_t *payload)
{
	uint32_t spi = get_be32(payload + 4);

	return payload[0] == (uint8_t)(r->epoch + 1) && get_be16(payload + 2) == 0 &&
	       spi >= ESP_SPI_LEAST && spi != UINT32_MAX ? 0 : -EKEYREJECTED;
}

/* Both public keys are there: the next root, and both SAs of it. */
static int agree(struct rekey *r, const uint8_t *client, const uint8_t *server)
{
	bool is_client = r->config.role == ROLE_CLIENT;
	const uint8_t *ours = is_client ? client : server, *theirs = is_client ? server : client;
	uint8_t dh[KEYS_X25519_SIZE];
	int e;

	e = keys_agree(r->secret, theirs + 8, dh);
	secret_wipe(&r->secret);
	if (e < 0)
		return e;
	keys_next_root(r->root, dh, client + 8, server + 8, r->root);
	secret_wipe(&dh);
	r->epoch++;
	return install(r, get_be32(ours + 4), get_be32(theirs + 4));
}

/* The client is asked to ask.  If it has just done so, both have thought of it at once. */
static int take_please(struct rekey *r, const uint8_t *payload)
{
	if (payload[0] != (uint8_t)(r->epoch + 1) || !(payload[1] & PLEASE_ASK))
		return -EKEYREJECTED;
	r->asked = r->state == QUIET;
	return 0;
}

static int take_req(struct rekey *r, uint64_t now, const uint8_t *payload)
{
	int e;

	if (check_key(r, payload) < 0 || r->state == WAIT_DONE)
		return -EKEYREJECTED;
	r->frame = new_key(r, FRAME_REKEY_RESP);
	e = agree(r, payload, r->frame.payload);
	if (e < 0)
		return e;
	r->state = WAIT_DONE;
	r->answer_by = now + r->config.limits.answer_ms;
	return 0;
}

static int take_resp(struct rekey *r, uint64_t now, const uint8_t *payload)
{
	int e;

	if (r->state != WAIT_RESP || check_key(r, payload) < 0)
		return -EKEYREJECTED;
	e = agree(r, r->said.payload, payload);
	if (e < 0)
		return e;
	switch_out(r, now);
	r->state = QUIET;
	r->frame = (struct rekey_frame){ .type = FRAME_REKEY_DONE, .size = 4 };
	put_be32(r->frame.payload, r->epoch);
	return 0;
}

static int take_done(struct rekey *r, uint64_t now, const uint8_t *payload)
{
	if (r->state != WAIT_DONE || get_be32(payload) != r->epoch)
		return -EKEYREJECTED;
	if (r->out_next)
		switch_out(r, now);
	r->state = QUIET;
	return 0;
}

int rekey_take(struct rekey *r, uint64_t now, uint8_t type, const uint8_t *payload)
{
	switch (type) {
	case FRAME_REKEY_REQ:
		return r->config.role == ROLE_CLIENT ? take_please(r, payload)
						     : take_req(r, now, payload);
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
	const struct rekey_limits *l = &r->config.limits;

	return r->keyed + l->interval_ms + (r->config.role == ROLE_SERVER ? l->answer_ms : 0);
}

static int is_due(const struct rekey *r, uint64_t now)
{
	const struct rekey_limits *l = &r->config.limits;
	struct esp_in_count in = esp_in_count(r->in);

	return now >= due_at(r) || esp_out_count(r->out) >= l->packets ||
	       in.highest >= l->packets || r->bytes_out >= l->bytes || r->bytes_in >= l->bytes ||
	       in.failures >= l->failures;
}

static void ask(struct rekey *r, uint64_t now)
{
	r->answer_by = now + r->config.limits.answer_ms;
	if (r->config.role == ROLE_CLIENT) {
		r->frame = r->said = new_key(r, FRAME_REKEY_REQ);
		r->state = WAIT_RESP;
		r->asked = false;
	} else {
		r->frame = (struct rekey_frame){
			.type = FRAME_REKEY_REQ,
			.size = WIRE_REKEY_SIZE,
			.payload = { (uint8_t)(r->epoch + 1), PLEASE_ASK },
		};
		r->state = WAIT_REQ;
	}
}

int rekey_next(struct rekey *r, uint64_t now, struct rekey_frame *ret)
{
	expire(r, now);
	if (r->state != QUIET && now >= r->answer_by)
		return -ETIMEDOUT;
	if (r->state == QUIET && !r->frame.size && (r->asked || is_due(r, now)))
		ask(r, now);
	if (!r->frame.size)
		return 0;
	*ret = r->frame;
	r->frame.size = 0;
	return 1;
}

uint64_t rekey_deadline(const struct rekey *r)
{
	uint64_t next = r->state == QUIET ? due_at(r) : r->answer_by;

	return r->old_until < next ? r->old_until : next;
}

/* ---- counters */

uint64_t rekey_bad(const struct rekey *r, enum esp_bad bad)
{
	return r->bad[bad];
}

void rekey_tally(const struct rekey *r, struct tally *t)
{
	struct esp_in_count in = esp_in_count(r->in), old = {};
	unsigned i;

	if (r->in_old)
		old = esp_in_count(r->in_old);
	t->udp_lost = r->lost + lost_of(&in) + lost_of(&old);
	t->udp_reordered = r->reordered + in.reordered + old.reordered;
	t->udp_duplicated = r->bad[ESP_BAD_REPLAY];
	t->udp_bad = 0;
	for (i = 0; i < ESP_BAD_COUNT; i++)
		if (i != ESP_BAD_REPLAY)
			t->udp_bad += r->bad[i];
	t->rekeys = r->rekeys;
}
