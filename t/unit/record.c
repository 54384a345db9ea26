/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The records of TLS 1.3: those of RFC 8448, section 3, and what is none.
 */
#include "worker/record.h"

#include <errno.h>

#include "records.h"
#include "tap.h"

enum { SIZE = 50 }; /* of the data in RFC 8448 */

static const char client_record[] =
	"1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292"
	"a2977014bd1e3deae63aeebb21694915e4";

static struct record_key new_key(gnutls_cipher_algorithm_t cipher, const char *key_hex, const char *iv_hex,
				 uint64_t seq)
{
	struct record_key k = {};
	uint8_t key[32], iv[RECORD_NONCE];
	gnutls_datum_t key_datum = { key, (unsigned)unhex(key_hex, key, sizeof(key)) };
	gnutls_datum_t iv_datum = { iv, (unsigned)unhex(iv_hex, iv, sizeof(iv)) };

	if (record_key_set(&k, cipher, &key_datum, &iv_datum, seq) < 0)
		abort();
	return k;
}

/* That of the client's data. */
static struct record_key rfc_key(void)
{
	return new_key(GNUTLS_CIPHER_AES_128_GCM, "17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d9", 0);
}

static void test_vector(void)
{
	struct record_key k = rfc_key();
	uint8_t data[SIZE], record[SIZE + RECORD_OVERHEAD], out[SIZE + 1];
	size_t i, n = 0;

	for (i = 0; i < SIZE; i++)
		data[i] = (uint8_t)i;
	ok(record_seal(&k, data, SIZE, record) == sizeof(record), "RFC 8448: the client's data, sealed");
	ok(is_hex(record, sizeof(record), client_record), "... is the record that is there");
	ok(record_size(record) == sizeof(record), "... with its size");
	ok(k.seq == 1, "... and is counted");
	k.seq = 0;
	ok(record_open(&k, record, sizeof(record), out, &n) == RECORD_DATA && n == SIZE && memcmp(out, data, SIZE) == 0,
	   "... and opened");
	ok(k.seq == 1, "... and counted");
	ok(record_open(&k, record, sizeof(record), out, &n) == RECORD_BROKEN, "the same record again is none");
	ok(k.seq == 1, "... and not counted");
	record_key_free(&k);
	ok(!k.aead && is_hex(k.iv, sizeof(k.iv), "000000000000000000000000"), "the key is wiped");
}

/* What a bit more or less makes of a record. */
static void test_damage(void)
{
	struct record_key k = rfc_key();
	uint8_t record[SIZE + RECORD_OVERHEAD], out[SIZE + 1];
	unsigned bit, taken = 0;
	size_t n;

	unhex(client_record, record, sizeof(record));
	for (bit = 0; bit < 8 * sizeof(record); bit++) {
		record[bit / 8] ^= (uint8_t)(1 << bit % 8);
		taken += record_open(&k, record, sizeof(record), out, &n) != RECORD_BROKEN;
		record[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ok(taken == 0, "a record with one bit changed, any of %zu, is none", 8 * sizeof(record));
	for (taken = 0, bit = RECORD_OVERHEAD; bit < sizeof(record); bit++)
		taken += record_open(&k, record, bit, out, &n) != RECORD_BROKEN;
	ok(taken == 0, "... nor one that is shorter");
	ok(k.seq == 0 && record_open(&k, record, sizeof(record), out, &n) == RECORD_DATA, "... and then it is one");
	record_key_free(&k);
}

static void test_types(void)
{
	static const struct {
		const char *what;
		size_t size, content;
		uint8_t type, inner[4];
	} some[] = {
		{ "an alert", 3, 2, RECORD_ALERT, { 1, 0, 21 } },
		{ "a handshake message", 2, 1, RECORD_HANDSHAKE, { 24, 22 } },
		{ "data with padding", 4, 2, RECORD_DATA, { 1, 2, 23, 0 } },
		{ "data that is empty", 1, 0, RECORD_DATA, { 23 } },
		{ "data that is empty, with padding", 4, 0, RECORD_DATA, { 23, 0, 0, 0 } },
		{ "a type that nobody knows", 2, 1, 99, { 1, 99 } },
		{ "nothing but padding", 4, 9, RECORD_BROKEN, {} },
	};
	uint8_t record[64], out[64];
	size_t i;

	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct record_key k = rfc_key();
		size_t size = seal_inner(&k, some[i].inner, some[i].size, record), n = 9;
		uint8_t type = record_open(&k, record, size, out, &n);

		ok(type == some[i].type && n == some[i].content, "%s", some[i].what);
		ok(k.seq == (type == RECORD_DATA), "... is %scounted", type == RECORD_DATA ? "" : "not ");
		record_key_free(&k);
	}
}

static void test_headers(void)
{
	static const struct {
		const char *what, *header;
		size_t size;
	} some[] = {
		{ "the least record", "1703030011", RECORD_OVERHEAD },
		{ "a smaller one", "1703030010", 0 },
		{ "an empty one", "1703030000", 0 },
		{ "the largest", "1703034011", RECORD_MOST },
		{ "a larger one", "1703034012", 0 },
		{ "the largest number", "170303ffff", 0 },
		{ "another version", "1703010011", 0 },
		{ "... and another", "1702030011", 0 },
		{ "a handshake without encryption", "1603030011", 0 },
		{ "an alert without encryption", "1503030002", 0 },
		{ "ChangeCipherSpec", "1403030001", 0 },
	};
	uint8_t header[RECORD_HEADER];
	size_t i;

	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		unhex(some[i].header, header, sizeof(header));
		ok(record_size(header) == some[i].size, "%s: %zu bytes", some[i].what, some[i].size);
	}
}

/* The receiver has no limit: the sender has to have one. */
static void test_sizes(gnutls_cipher_algorithm_t cipher, const char *name, const char *key)
{
	static const size_t sizes[] = { 1, 2, 14, 15, 16, 17, 31, 32, 1000, 4095, 16367, 16383, RECORD_DATA_MOST };
	static uint8_t data[RECORD_DATA_MOST], record[RECORD_MOST], out[RECORD_DATA_MOST + 1];
	struct record_key sender = new_key(cipher, key, "0102030405060708090a0b0c", record_key_most - 100);
	struct record_key receiver = new_key(cipher, key, "0102030405060708090a0b0c", record_key_most - 100);
	size_t i, size, good = 0;

	memset(data, 0x5a, sizeof(data));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ssize_t n = record_seal(&sender, data, sizes[i], record);

		good += n == (ssize_t)(sizes[i] + RECORD_OVERHEAD) && record_size(record) == (size_t)n &&
			record_open(&receiver, record, (size_t)n, out, &size) == RECORD_DATA && size == sizes[i] &&
			memcmp(out, data, size) == 0;
	}
	ok(good == i, "%s: all sizes from 1 to %d", name, RECORD_DATA_MOST);
	sender.seq = receiver.seq = UINT64_C(0xfedcba9876543210);
	size = seal_inner(&sender, (const uint8_t *)"a\x17", 2, record);
	ok(record_open(&receiver, record, size, out, &size) == RECORD_DATA, "... and the largest numbers");
	record_key_free(&sender);
	record_key_free(&receiver);
}

static void test_worn(void)
{
	struct record_key k = rfc_key();
	uint8_t record[1 + RECORD_OVERHEAD];

	k.seq = record_key_most - 1;
	ok(record_seal(&k, "a", 1, record) > 0, "the last record under a key");
	ok(record_seal(&k, "a", 1, record) == -EKEYEXPIRED && k.seq == record_key_most, "... and no more after it");
	record_key_free(&k);
}

static void test_refused(void)
{
	struct record_key k = {};
	uint8_t bytes[32] = {};
	gnutls_datum_t key = { bytes, 16 }, iv = { bytes, 12 }, short_iv = { bytes, 8 }, short_key = { bytes, 15 };

	ok(record_key_set(&k, GNUTLS_CIPHER_AES_128_CCM, &key, &iv, 0) == -EOPNOTSUPP, "another cipher is refused");
	ok(record_key_set(&k, GNUTLS_CIPHER_AES_128_CBC, &key, &iv, 0) == -EOPNOTSUPP, "... one that proves nothing");
	ok(record_key_set(&k, GNUTLS_CIPHER_AES_128_GCM, &key, &short_iv, 0) == -EIO, "... and a short IV");
	ok(record_key_set(&k, GNUTLS_CIPHER_AES_128_GCM, &short_key, &iv, 0) == -EIO, "... and a short key");
	ok(!k.aead, "... and none of them is a key");
}

int main(void)
{
	test_vector();
	test_damage();
	test_types();
	test_headers();
	test_sizes(GNUTLS_CIPHER_AES_128_GCM, "AES-128-GCM", "000102030405060708090a0b0c0d0e0f");
	test_sizes(GNUTLS_CIPHER_AES_256_GCM, "AES-256-GCM",
		   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
	test_sizes(GNUTLS_CIPHER_CHACHA20_POLY1305, "ChaCha20-Poly1305",
		   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
	test_worn();
	test_refused();
	return finish();
}
