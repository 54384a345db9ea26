/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The records of TLS 1.3 (RFC 8446 sections 5.1 to 5.3), sealed and opened where they have to be anyway: what a
 * kernel's TLS does for others.  GnuTLS has made the keys, and keeps what is not data: handshake, KeyUpdate,
 * alerts.  Who of the two is at it counts: record_take() and record_lend() pass the sequence numbers on, so that
 * no nonce is used twice.
 */
#pragma once

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	RECORD_HEADER = 5,
	RECORD_TAG = 16,
	RECORD_NONCE = 12,
	RECORD_DATA_MOST = 16384,
	RECORD_OVERHEAD = RECORD_HEADER + 1 + RECORD_TAG, /* u8 content type behind the data */
	RECORD_MOST = RECORD_DATA_MOST + RECORD_OVERHEAD, /* padding included */
};

enum record_type {
	RECORD_BROKEN = 0,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_DATA = 23,
};

/* The data behind one key after which it is worn out: RFC 8446 section 5.5 has 2^24.5 records of AES-GCM. */
extern const uint64_t record_key_most;

/* All 0: none. */
struct record_key {
	gnutls_aead_cipher_hd_t aead;
	uint8_t iv[RECORD_NONCE];
	uint64_t seq; /* of the next record */
};

/* The cipher of the session with this key; in place of the one before.  0, -EOPNOTSUPP: not one of the three
 * of RFC 8446 that we speak; -EIO: GnuTLS refuses it. */
int record_key_set(struct record_key *k, gnutls_cipher_algorithm_t cipher, const gnutls_datum_t *key,
		   const gnutls_datum_t *iv, uint64_t seq);
void record_key_free(struct record_key *k); /* wiped */

/* Key and sequence number from GnuTLS, of what is read or written there now; as record_key_set().
 * And the number back to it, for the records that are its own: 0 or -EIO. */
int record_take(struct record_key *k, gnutls_session_t session, bool reading);
int record_lend(const struct record_key *k, gnutls_session_t session, bool reading);

/* Makes the record of these 1 to RECORD_DATA_MOST bytes; `out`, which does not overlap them, has room for
 * size + RECORD_OVERHEAD.  Returns that, or -EKEYEXPIRED: record_key_most has been reached; or -EIO. */
ssize_t record_seal(struct record_key *k, const void *data, size_t size, uint8_t *out);

/* The size of the record that has this header, RECORD_OVERHEAD to RECORD_MOST; 0: none that is encrypted has it,
 * and no other may come after the handshake. */
size_t record_size(const uint8_t header[static RECORD_HEADER]);

/* Opens a record of record_size() bytes.  `out`, which does not overlap it, has room for `size` -
 * RECORD_HEADER - RECORD_TAG, padding included; *ret_size bytes are the content, which may be none.  Returns the
 * type, one of enum record_type or any other; after RECORD_BROKEN what is in `out` is worth nothing.  Only data is
 * counted: what else it is, GnuTLS has to open again. */
uint8_t record_open(struct record_key *k, const uint8_t *record, size_t size, uint8_t *out, size_t *ret_size);
