/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keyring.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/secret.h"

struct keyring {
	struct keyring_config config;
	uint8_t root[KEYS_ROOT_SIZE];
	uint32_t epoch;
	uint64_t since;
	struct esp_out *out;
	struct esp_out *out_next; /* of the new epoch, until the switch */
	struct esp_in *in;
	struct esp_in *in_old; /* of the epoch before */
	uint32_t spi_in, spi_old;
	uint64_t old_until;
	uint64_t bytes_out, bytes_in;

	uint64_t bad[ESP_BAD_COUNT];
	uint64_t lost, reordered; /* in epochs that are no more */
	uint64_t switches;
};

/* ---- security associations */

static int make_in(const struct keyring *k, uint32_t spi, struct esp_in **ret)
{
	uint8_t key_salt[KEYS_MOST];
	int e;

	keys_direction(k->root, k->config.role == ROLE_SERVER, (uint8_t)k->epoch, k->config.suite,
		       spi, key_salt);
	e = esp_in_new(k->config.suite, spi, key_salt, k->config.type, ret);
	secret_wipe(&key_salt);
	return e;
}

static int make_out(const struct keyring *k, uint32_t spi, struct esp_out **ret)
{
	uint8_t key_salt[KEYS_MOST];
	int e;

	keys_direction(k->root, k->config.role == ROLE_CLIENT, (uint8_t)k->epoch, k->config.suite,
		       spi, key_salt);
	e = esp_out_new(k->config.suite, spi, key_salt, k->config.hard, ret);
	secret_wipe(&key_salt);
	return e;
}

int keyring_new(const struct keyring_config *config, const uint8_t exporter[static 32],
		const uint8_t auth_secret[static AUTH_SECRET_SIZE], uint64_t now,
		struct keyring **ret)
{
	struct keyring *k = calloc(1, sizeof(*k));
	int e;

	if (!k)
		return -ENOMEM;
	k->config = *config;
	k->since = now;
	k->spi_in = config->spi_in;
	k->old_until = CLOCK_NEVER;
	keys_root(exporter, auth_secret, k->root);
	e = make_in(k, config->spi_in, &k->in);
	if (e == 0)
		e = make_out(k, config->spi_out, &k->out);
	if (e < 0) {
		keyring_free(k);
		return e;
	}
	*ret = k;
	return 0;
}

void keyring_free(struct keyring *k)
{
	if (!k)
		return;
	esp_in_free(k->in);
	esp_in_free(k->in_old);
	esp_out_free(k->out);
	esp_out_free(k->out_next);
	secret_wipe(k);
	free(k);
}

static uint64_t lost_of(const struct esp_in_count *c)
{
	return c->highest > c->taken ? c->highest - c->taken : 0;
}

static void retire_old(struct keyring *k)
{
	struct esp_in_count c;

	if (!k->in_old)
		return;
	c = esp_in_count(k->in_old);
	k->reordered += c.reordered;
	k->lost += lost_of(&c);
	esp_in_free(k->in_old);
	k->in_old = NULL;
	k->old_until = CLOCK_NEVER;
}

void keyring_expire(struct keyring *k, uint64_t now)
{
	if (now >= k->old_until)
		retire_old(k);
}

uint64_t keyring_old_until(const struct keyring *k)
{
	return k->old_until;
}

/* ---- epochs */

uint32_t keyring_epoch(const struct keyring *k)
{
	return k->epoch;
}

uint32_t keyring_new_spi(const struct keyring *k)
{
	uint32_t spi;

	do
		spi = ESP_SPI_LEAST + randombytes_uniform(UINT32_MAX - ESP_SPI_LEAST);
	while (spi == k->spi_in || spi == k->spi_old);
	return spi;
}

static int install(struct keyring *k, uint32_t spi_in, uint32_t spi_out)
{
	struct esp_in *in = NULL;
	int e;

	e = make_in(k, spi_in, &in);
	if (e < 0)
		return e;
	e = make_out(k, spi_out, &k->out_next);
	if (e < 0) {
		esp_in_free(in);
		return e;
	}
	retire_old(k);
	k->in_old = k->in;
	k->spi_old = k->spi_in;
	k->in = in;
	k->spi_in = spi_in;
	return 0;
}

int keyring_advance(struct keyring *k, const struct keyring_next *next)
{
	bool is_client = k->config.role == ROLE_CLIENT;
	uint8_t dh[KEYS_X25519_SIZE];
	int e;

	e = keys_agree(next->secret, is_client ? next->server : next->client, dh);
	if (e < 0)
		return e;
	keys_next_root(k->root, dh, next->client, next->server, k->root);
	secret_wipe(&dh);
	k->epoch++;
	return install(k, next->spi_in, next->spi_out);
}

void keyring_switch(struct keyring *k, uint64_t now)
{
	if (!k->out_next)
		return;
	esp_out_free(k->out);
	k->out = k->out_next;
	k->out_next = NULL;
	k->bytes_out = k->bytes_in = 0;
	k->since = now;
	k->old_until = now + k->config.old_ms;
	k->switches++;
}

/* ---- packets */

ssize_t keyring_seal(struct keyring *k, uint8_t *packet, size_t payload, enum esp_next next)
{
	ssize_t n = esp_seal(k->out, packet, payload, next);

	if (n > 0)
		k->bytes_out += (uint64_t)n;
	return n;
}

uint32_t keyring_left(const struct keyring *k)
{
	return esp_out_left(k->out);
}

static struct esp_in *in_of(const struct keyring *k, const uint8_t *datagram)
{
	uint32_t spi = esp_spi(datagram);

	if (spi == k->spi_in)
		return k->in;
	return k->in_old && spi == k->spi_old ? k->in_old : NULL;
}

int keyring_open(struct keyring *k, uint64_t now, uint8_t *datagram, size_t size,
		 struct esp_payload *ret)
{
	enum esp_bad bad = size < ESP_LEAST ? ESP_BAD_SHORT : ESP_BAD_SPI;
	struct esp_in *in = NULL;

	keyring_expire(k, now);
	if (size >= ESP_LEAST)
		in = in_of(k, datagram);
	if (!in || esp_open(in, datagram, size, ret, &bad) < 0) {
		k->bad[bad]++;
		return -EBADMSG;
	}
	k->bytes_in += size;
	if (in == k->in)
		keyring_switch(k, now);
	return 0;
}

/* ---- counters */

struct keyring_use keyring_use(const struct keyring *k)
{
	struct esp_in_count in = esp_in_count(k->in);
	uint32_t out = esp_out_count(k->out);

	return (struct keyring_use){
		.since = k->since,
		.packets = in.highest > out ? in.highest : out,
		.bytes = k->bytes_in > k->bytes_out ? k->bytes_in : k->bytes_out,
		.failures = in.failures,
	};
}

uint64_t keyring_bad(const struct keyring *k, enum esp_bad bad)
{
	return k->bad[bad];
}

void keyring_tally(const struct keyring *k, struct tally *t)
{
	struct esp_in_count in = esp_in_count(k->in), old = {};
	unsigned i;

	if (k->in_old)
		old = esp_in_count(k->in_old);
	t->udp_lost = k->lost + lost_of(&in) + lost_of(&old);
	t->udp_reordered = k->reordered + in.reordered + old.reordered;
	t->udp_duplicated = k->bad[ESP_BAD_REPLAY];
	t->udp_bad = 0;
	for (i = 0; i < ESP_BAD_COUNT; i++)
		if (i != ESP_BAD_REPLAY)
			t->udp_bad += k->bad[i];
	t->rekeys = k->switches;
}
