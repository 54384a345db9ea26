/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cpace.h"

#include <errno.h>
#include <string.h>

#include "common/secret.h"

#define DSI     "CPaceRistretto255"
#define DSI_ISK "CPaceRistretto255_ISK"
#define DSI_MAC "CPaceMac"

enum { SHA512_BLOCK_SIZE = 128 };

static size_t put_length(uint8_t *out, size_t length)
{
	size_t n = 0;

	for (; length > 0x7f; length >>= 7)
		out[n++] = (uint8_t)(length | 0x80);
	out[n++] = (uint8_t)length;
	return n;
}

size_t cpace_lv(uint8_t *out, const void *data, size_t size)
{
	size_t n = put_length(out, size);

	memcpy(out + n, data, size);
	return n + size;
}

/* Returns the bytes hashed, as cpace_lv() would have written them; the secret ones need no buffer
 * that would have to be wiped. */
static size_t hash_lv(crypto_hash_sha512_state *hash, const void *data, size_t size)
{
	uint8_t prefix[sizeof(size_t) * 2];
	size_t n = put_length(prefix, size);

	crypto_hash_sha512_update(hash, prefix, n);
	crypto_hash_sha512_update(hash, data, size);
	return n + size;
}

void cpace_generator(const void *prs, size_t prs_size, const void *ci, size_t ci_size,
		     const void *sid, size_t sid_size, uint8_t ret_g[static CPACE_POINT_SIZE])
{
	static const uint8_t zeros[SHA512_BLOCK_SIZE];
	uint8_t digest[crypto_hash_sha512_BYTES];
	crypto_hash_sha512_state hash;
	size_t used;

	crypto_hash_sha512_init(&hash);
	used = hash_lv(&hash, DSI, strlen(DSI));
	used += hash_lv(&hash, prs, prs_size);
	/* The padding fills the first block, its own length byte included: what comes behind it, the
	 * peer's words among it, never shares a block with a password of common length. */
	hash_lv(&hash, zeros, used + 1 < sizeof(zeros) ? sizeof(zeros) - 1 - used : 0);
	hash_lv(&hash, ci, ci_size);
	hash_lv(&hash, sid, sid_size);
	crypto_hash_sha512_final(&hash, digest); /* wipes the state */
	crypto_core_ristretto255_from_hash(ret_g, digest);
	secret_wipe(&digest);
}

int cpace_multiply(const uint8_t scalar[static CPACE_SCALAR_SIZE],
		   const uint8_t point[static CPACE_POINT_SIZE],
		   uint8_t ret_product[static CPACE_POINT_SIZE])
{
	uint8_t product[CPACE_POINT_SIZE];
	int r;

	/* libsodium 1.0.18 ignores bit 255; RFC 9496 section 4.3.1 does not. */
	if (point[CPACE_POINT_SIZE - 1] & 0x80)
		return -EPROTO;
	r = crypto_scalarmult_ristretto255(product, scalar, point);
	if (r == 0)
		memcpy(ret_product, product, sizeof(product));
	secret_wipe(&product);
	return r == 0 ? 0 : -EPROTO;
}

void cpace_isk(const void *sid, size_t sid_size, const uint8_t k[static CPACE_POINT_SIZE],
	       const void *transcript, size_t transcript_size,
	       uint8_t ret_isk[static CPACE_ISK_SIZE])
{
	crypto_hash_sha512_state hash;

	crypto_hash_sha512_init(&hash);
	hash_lv(&hash, DSI_ISK, strlen(DSI_ISK));
	hash_lv(&hash, sid, sid_size);
	hash_lv(&hash, k, CPACE_POINT_SIZE);
	crypto_hash_sha512_update(&hash, transcript, transcript_size);
	crypto_hash_sha512_final(&hash, ret_isk);
}

void cpace_mac_key(const void *sid, size_t sid_size, const uint8_t isk[static CPACE_ISK_SIZE],
		   uint8_t ret_key[static CPACE_MAC_SIZE])
{
	crypto_hash_sha512_state hash;

	crypto_hash_sha512_init(&hash);
	crypto_hash_sha512_update(&hash, (const uint8_t *)DSI_MAC, strlen(DSI_MAC));
	crypto_hash_sha512_update(&hash, sid, sid_size);
	crypto_hash_sha512_update(&hash, isk, CPACE_ISK_SIZE);
	crypto_hash_sha512_final(&hash, ret_key);
}

void cpace_mac(const uint8_t key[static CPACE_MAC_SIZE], const void *data, size_t size,
	       uint8_t ret_mac[static CPACE_MAC_SIZE])
{
	crypto_auth_hmacsha512_state hmac;

	crypto_auth_hmacsha512_init(&hmac, key, CPACE_MAC_SIZE);
	crypto_auth_hmacsha512_update(&hmac, data, size);
	crypto_auth_hmacsha512_final(&hmac, ret_mac);
	secret_wipe(&hmac);
}
