/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The security associations of a UDP path, of this epoch and of the one before, and the root from
 * which those of the next are made.  Keys stay in here.  What makes the epochs follow each other is
 * rekey.c, behind whose face this one is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/ipc.h"
#include "esp.h"
#include "keys.h"

struct keyring_config {
	int role; /* enum ipc_role */
	enum tunnel_type type;
	uint8_t suite;
	uint32_t spi_in, spi_out; /* ours, and the peer's, of epoch 0 */
	uint64_t old_ms;          /* how long packets of the epoch before are taken */
	uint32_t hard;            /* as `limit` of esp_out_new() */
};

struct keyring;

int keyring_new(const struct keyring_config *config, const uint8_t exporter[static 32],
		const uint8_t auth_secret[static AUTH_SECRET_SIZE], uint64_t now,
		struct keyring **ret);
void keyring_free(struct keyring *k);

/* As rekey_seal() and rekey_open().  The first packet of a new epoch that is opened switches
 * sending to it, if that has still to come. */
ssize_t keyring_seal(struct keyring *k, uint8_t *packet, size_t payload, enum esp_next next);
uint32_t keyring_left(const struct keyring *k);
int keyring_open(struct keyring *k, uint64_t now, uint8_t *datagram, size_t size,
		 struct esp_payload *ret);

/* Forgets the epoch before when its time has come, which is keyring_old_until() (CLOCK_NEVER: there
 * is none, or it is still in use). */
void keyring_expire(struct keyring *k, uint64_t now);
uint64_t keyring_old_until(const struct keyring *k);

uint32_t keyring_epoch(const struct keyring *k);

/* A random SPI that is not in use. */
uint32_t keyring_new_spi(const struct keyring *k);

/* The next epoch: receives under it from now on, sends under it after keyring_switch().
 * -EKEYREJECTED: the shared secret is zero; or another negative errno: it is lost for good. */
struct keyring_next {
	const uint8_t *secret;          /* ours, X25519 */
	const uint8_t *client, *server; /* the public keys */
	uint32_t spi_in, spi_out;
};
int keyring_advance(struct keyring *k, const struct keyring_next *next);
void keyring_switch(struct keyring *k, uint64_t now); /* nothing happens if it is done already */

/* How much this epoch has been used. */
struct keyring_use {
	uint64_t since; /* when sending was switched to it */
	uint64_t packets, bytes; /* of the direction that has more of them */
	uint64_t failures;
};
struct keyring_use keyring_use(const struct keyring *k);

uint64_t keyring_bad(const struct keyring *k, enum esp_bad bad);
void keyring_tally(const struct keyring *k, struct tally *t);
