/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keys.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "common/bytes.h"
#include "common/secret.h"
#include "common/terms.h"

enum { HASH_SIZE = crypto_auth_hmacsha256_BYTES };

struct piece {
	const void *data;
	size_t size;
};

static void hmac(const uint8_t *key, size_t key_size, const struct piece *pieces, size_t n,
		 uint8_t out[static HASH_SIZE])
{
	crypto_auth_hmacsha256_state state;
	size_t i;

	crypto_auth_hmacsha256_init(&state, key, key_size);
	for (i = 0; i < n; i++)
		crypto_auth_hmacsha256_update(&state, pieces[i].data, pieces[i].size);
	crypto_auth_hmacsha256_final(&state, out);
	secret_wipe(&state);
}

size_t keys_suite_size(unsigned suite)
{
	switch (suite) {
	case SUITE_AES_128_GCM:
	case SUITE_AES_128_GMAC:
		return 16;
	case SUITE_AES_256_GCM:
	case SUITE_CHACHA20_POLY1305:
		return 32;
	default:
		return 0;
	}
}

/* HKDF-Extract is HMAC with the salt as its key. */
void keys_root(const uint8_t exporter[static 32], const uint8_t auth_secret[static 32],
	       uint8_t ret_root[static KEYS_ROOT_SIZE])
{
	hmac(exporter, 32, &(struct piece){ auth_secret, 32 }, 1, ret_root);
}

void keys_next_root(const uint8_t root[static KEYS_ROOT_SIZE],
		    const uint8_t dh[static KEYS_X25519_SIZE],
		    const uint8_t initiator[static KEYS_X25519_SIZE],
		    const uint8_t responder[static KEYS_X25519_SIZE],
		    uint8_t ret_root[static KEYS_ROOT_SIZE])
{
	const struct piece secrets[] = {
		{ dh, KEYS_X25519_SIZE },
		{ initiator, KEYS_X25519_SIZE },
		{ responder, KEYS_X25519_SIZE },
	};

	hmac(root, KEYS_ROOT_SIZE, secrets, 3, ret_root);
}

void keys_direction(const uint8_t root[static KEYS_ROOT_SIZE], bool to_server, uint8_t epoch,
		    uint8_t suite, uint32_t spi, uint8_t ret_key_salt[static KEYS_MOST])
{
	size_t want = keys_suite_size(suite) + KEYS_SALT_SIZE;
	uint8_t tail[6] = { epoch, suite }, counter = 1, block[2][HASH_SIZE];
	struct piece info[] = {
		{ block[0], 0 }, /* the block before, of which the first has none */
		{ "vtun4 udp ", 10 },
		{ to_server ? "c2s" : "s2c", 3 },
		{ tail, sizeof(tail) },
		{ &counter, 1 },
	};

	/* HKDF-Expand; two blocks are enough for the longest key. */
	_Static_assert(KEYS_MOST <= sizeof(block), "two blocks");
	put_be32(tail + 2, spi);
	hmac(root, KEYS_ROOT_SIZE, info, 5, block[0]);
	info[0].size = HASH_SIZE;
	counter = 2;
	hmac(root, KEYS_ROOT_SIZE, info, 5, block[1]);
	memcpy(ret_key_salt, block, want);
	secret_wipe(&block);
}

void keys_pair(uint8_t ret_secret[static KEYS_X25519_SIZE],
	       uint8_t ret_public[static KEYS_X25519_SIZE])
{
	randombytes_buf(ret_secret, KEYS_X25519_SIZE);
	crypto_scalarmult_curve25519_base(ret_public, ret_secret);
}

int keys_agree(const uint8_t secret[static KEYS_X25519_SIZE],
	       const uint8_t peer[static KEYS_X25519_SIZE],
	       uint8_t ret_dh[static KEYS_X25519_SIZE])
{
	uint8_t dh[KEYS_X25519_SIZE];
	int r = 0;

	/* Fails exactly when the result is all zero (RFC 7748 section 6.1). */
	if (crypto_scalarmult_curve25519(dh, secret, peer) < 0)
		r = -EKEYREJECTED;
	else
		memcpy(ret_dh, dh, sizeof(dh));
	secret_wipe(&dh);
	return r;
}
