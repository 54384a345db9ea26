/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the keys of the UDP path come from: HKDF-SHA256 (RFC 5869) and X25519 (RFC 7748) in the
 * order of doc/PROTOCOL.md, "UDP data" and "Rekey and limits".  Pure but for the random key pair.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KEYS_ROOT_SIZE = 32,
	KEYS_SALT_SIZE = 4,
	KEYS_MOST = 32 + KEYS_SALT_SIZE, /* key || salt of the longest suite */
	KEYS_X25519_SIZE = 32,
};

/* Bytes of an ESP suite's key without its salt; 0 for a suite that we do not know. */
size_t keys_suite_size(unsigned suite);

/* root_0, from the exporter of TLS and from what the login left to both sides. */
void keys_root(const uint8_t exporter[static 32], const uint8_t auth_secret[static 32],
	       uint8_t ret_root[static KEYS_ROOT_SIZE]);

/* root_n+1.  `initiator` and `responder` are the public keys.  ret_root may be `root`. */
void keys_next_root(const uint8_t root[static KEYS_ROOT_SIZE],
		    const uint8_t dh[static KEYS_X25519_SIZE],
		    const uint8_t initiator[static KEYS_X25519_SIZE],
		    const uint8_t responder[static KEYS_X25519_SIZE],
		    uint8_t ret_root[static KEYS_ROOT_SIZE]);

/* key || salt of one direction, keys_suite_size() + KEYS_SALT_SIZE bytes, under the
 * receiver's SPI. */
void keys_direction(const uint8_t root[static KEYS_ROOT_SIZE], bool to_server, uint8_t epoch,
		    uint8_t suite, uint32_t spi, uint8_t ret_key_salt[static KEYS_MOST]);

/* A fresh pair for one exchange. */
void keys_pair(uint8_t ret_secret[static KEYS_X25519_SIZE],
	       uint8_t ret_public[static KEYS_X25519_SIZE]);

/* The shared secret; -EKEYREJECTED if it would be all zero, which a peer can force. */
int keys_agree(const uint8_t secret[static KEYS_X25519_SIZE],
	       const uint8_t peer[static KEYS_X25519_SIZE],
	       uint8_t ret_dh[static KEYS_X25519_SIZE]);
