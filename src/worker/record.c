/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <errno.h>
#include <string.h>

#include "common/bytes.h"
#include "common/secret.h"

enum { LEGACY_VERSION = 0x0303 /* RFC 8446 section 5.1 */ };

int record_key_set(struct record_key *k, gnutls_cipher_algorithm_t cipher, const gnutls_datum_t *key,
		   const gnutls_datum_t *iv, uint64_t seq)
{
	gnutls_aead_cipher_hd_t aead;

	if (cipher != GNUTLS_CIPHER_AES_128_GCM && cipher != GNUTLS_CIPHER_AES_256_GCM &&
	    cipher != GNUTLS_CIPHER_CHACHA20_POLY1305)
		return -EOPNOTSUPP;
	if (iv->size != RECORD_NONCE || gnutls_aead_cipher_init(&aead, cipher, key) < 0)
		return -EIO;
	record_key_free(k);
	k->aead = aead;
	k->seq = seq;
	memcpy(k->iv, iv->data, RECORD_NONCE);
	return 0;
}

void record_key_free(struct record_key *k)
{
	if (k->aead)
		gnutls_aead_cipher_deinit(k->aead); /* wipes the key */
	secret_wipe(k);
}

/* ---- GnuTLS's state */

int record_take(struct record_key *k, gnutls_session_t session, bool reading)
{
	gnutls_datum_t mac, iv, key;
	uint8_t seq[8];

	if (gnutls_record_get_state(session, reading, &mac, &iv, &key, seq) < 0)
		return -EIO;
	return record_key_set(k, gnutls_cipher_get(session), &key, &iv, get_be64(seq));
}

int record_lend(const struct record_key *k, gnutls_session_t session, bool reading)
{
	uint8_t seq[8];

	put_be64(seq, k->seq);
	return gnutls_record_set_state(session, reading, seq) < 0 ? -EIO : 0;
}

/* ---- records */

/* RFC 8446 section 5.3 */
static void make_nonce(const struct record_key *k, uint8_t nonce[static RECORD_NONCE])
{
	memcpy(nonce, k->iv, RECORD_NONCE);
	put_be64(nonce + 4, get_be64(nonce + 4) ^ k->seq);
}

ssize_t record_seal(struct record_key *k, const void *data, size_t size, uint8_t *out)
{
	uint8_t type = RECORD_DATA, nonce[RECORD_NONCE];
	const giovec_t inner[] = { { (void *)data, size }, { &type, sizeof(type) } };
	const giovec_t header = { out, RECORD_HEADER };
	size_t sealed = size + 1 + RECORD_TAG;

	if (k->seq >= record_key_most)
		return -EKEYEXPIRED;
	out[0] = RECORD_DATA;
	put_be16(out + 1, LEGACY_VERSION);
	put_be16(out + 3, (uint16_t)sealed);
	make_nonce(k, nonce);
	if (gnutls_aead_cipher_encryptv(k->aead, nonce, sizeof(nonce), &header, 1, RECORD_TAG, inner, 2,
					out + RECORD_HEADER, &sealed) < 0)
		return -EIO;
	k->seq++;
	return (ssize_t)(RECORD_HEADER + sealed);
}

size_t record_size(const uint8_t header[static RECORD_HEADER])
{
	size_t size = RECORD_HEADER + (size_t)get_be16(header + 3);

	if (header[0] != RECORD_DATA || get_be16(header + 1) != LEGACY_VERSION)
		return 0;
	return size >= RECORD_OVERHEAD && size <= RECORD_MOST ? size : 0;
}

uint8_t record_open(struct record_key *k, const uint8_t *record, size_t size, uint8_t *out, size_t *ret_size)
{
	size_t n = size - RECORD_HEADER - RECORD_TAG;
	uint8_t nonce[RECORD_NONCE], type;

	make_nonce(k, nonce);
	if (gnutls_aead_cipher_decrypt(k->aead, nonce, sizeof(nonce), record, RECORD_HEADER, RECORD_TAG,
				       record + RECORD_HEADER, size - RECORD_HEADER, out, &n) < 0)
		return RECORD_BROKEN;
	while (n > 0 && out[n - 1] == 0)
		n--;
	if (n == 0)
		return RECORD_BROKEN;
	type = out[n - 1];
	if (type == RECORD_DATA)
		k->seq++;
	*ret_size = n - 1;
	return type;
}
