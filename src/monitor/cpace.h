/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CPACE-RISTR255-SHA512 of draft-irtf-cfrg-cpace-21: a password becomes a generator of the group
 * ristretto255 (RFC 9496), on which two strangers do Diffie-Hellman; whoever does not know the
 * password gets one guess and learns nothing else.  The group's arithmetic is libsodium's; this file
 * is what the draft puts around it, and nothing of our protocol.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	CPACE_SCALAR_SIZE = 32,
	CPACE_POINT_SIZE = 32, /* encoded, RFC 9496 section 4.3.2 */
	CPACE_ISK_SIZE = 64,
	CPACE_MAC_SIZE = 64,
	CPACE_LV_OVERHEAD = 2, /* at most, for strings below 16,384 bytes */
};

/* Writes the string with its length (LEB128) before it; lv_cat() of the draft is a row of these.
 * `out` has room for size + CPACE_LV_OVERHEAD bytes, size < 16,384.  Returns the bytes written. */
size_t cpace_lv(uint8_t *out, const void *data, size_t size);

/* The generator that a password (PRS), a channel identifier (CI) and a session id stand for. */
void cpace_generator(const void *prs, size_t prs_size, const void *ci, size_t ci_size,
		     const void *sid, size_t sid_size, uint8_t ret_g[static CPACE_POINT_SIZE]);

/* scalar * point: a share (point is the generator) or the common point K (point is the peer's
 * share; G.scalar_mult_vfy of the draft).  0, or -EPROTO if `point` is not the canonical encoding of
 * a group element, or the product is the neutral element. */
int cpace_multiply(const uint8_t scalar[static CPACE_SCALAR_SIZE],
		   const uint8_t point[static CPACE_POINT_SIZE],
		   uint8_t ret_product[static CPACE_POINT_SIZE]);

/* The intermediate session key.  `transcript` is what both sides sent, in the draft's form
 * transcript_ir or transcript_oc. */
void cpace_isk(const void *sid, size_t sid_size, const uint8_t k[static CPACE_POINT_SIZE],
	       const void *transcript, size_t transcript_size,
	       uint8_t ret_isk[static CPACE_ISK_SIZE]);

/* Explicit key confirmation: the key of both tags, and HMAC-SHA-512 (RFC 2104). */
void cpace_mac_key(const void *sid, size_t sid_size, const uint8_t isk[static CPACE_ISK_SIZE],
		   uint8_t ret_key[static CPACE_MAC_SIZE]);
void cpace_mac(const uint8_t key[static CPACE_MAC_SIZE], const void *data, size_t size,
	       uint8_t ret_mac[static CPACE_MAC_SIZE]);
