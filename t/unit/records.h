/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Records of TLS 1.3 that nobody should make.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "worker/record.h"

/* A record around `inner`, whose last byte that is not 0 is the type (RFC 8446 section 5.2); not counted.
 * Its size, which is size + RECORD_HEADER + RECORD_TAG. */
static inline size_t seal_inner(struct record_key *k, const uint8_t *inner, size_t size, uint8_t *record)
{
	uint8_t nonce[RECORD_NONCE];
	size_t sealed = size + RECORD_TAG;

	memcpy(nonce, k->iv, sizeof(nonce));
	put_be64(nonce + 4, get_be64(nonce + 4) ^ k->seq);
	record[0] = 23;
	put_be16(record + 1, 0x0303);
	put_be16(record + 3, (uint16_t)sealed);
	if (gnutls_aead_cipher_encrypt(k->aead, nonce, sizeof(nonce), record, RECORD_HEADER, RECORD_TAG, inner, size,
				       record + RECORD_HEADER, &sealed) < 0)
		abort();
	return RECORD_HEADER + sealed;
}
