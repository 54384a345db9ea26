/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The known answers of doc/PROTOCOL.md for the keys of the UDP path.
 */
#include <errno.h>

#include "common/terms.h"
#include "tap.h"
#include "worker/keys.h"

static uint8_t exporter[32], auth_secret[32], root[KEYS_ROOT_SIZE], key_salt[KEYS_MOST];

static void the_session(void)
{
	unhex("404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f", exporter, 32);
	unhex("94e9a6648693fb167073e83a1045e43f2c74e0f301ffce025d6017dab6aa7044", auth_secret, 32);
	keys_root(exporter, auth_secret, root);
	ok(is_hex(root, 32, "16743e83d0f1124c17f04fb0f0b377a662499ce05b94945d50d413eb209b749c"),
	   "root_0");
	keys_direction(root, true, 0, SUITE_AES_128_GCM, 0xa1b2c3d4, key_salt);
	ok(is_hex(key_salt, 20, "c29ae3617c8222489bc71031042650f57612edce"),
	   "key and salt to the server");
	keys_direction(root, false, 0, SUITE_AES_128_GCM, 0x01020304, key_salt);
	ok(is_hex(key_salt, 20, "fa4354c2a0cca0b54ff38ff52973f98a7582e082"),
	   "key and salt to the client");
}

/* The document's keys of the other suites, to the server. */
static void other_suites(void)
{
	static const struct {
		uint8_t suite;
		const char *key_salt;
	} v[] = {
		{ SUITE_AES_256_GCM,
		  "bbc3f1aa7ecd5d961c0d902427c571049be4819000b0ec6d915c7ee0a73f5d42c7cfff36" },
		{ SUITE_CHACHA20_POLY1305,
		  "29955d7a3a81ce932a446b3151eca67a376af191987b79daf15eb916f4aff0c829d2f200" },
		{ SUITE_AES_128_GMAC, "320dbd863f46aeaf1980b2ac7d1aba7db61e46d7" },
	};
	size_t i;

	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		keys_direction(root, true, 0, v[i].suite, 0xa1b2c3d4, key_salt);
		ok(is_hex(key_salt, strlen(v[i].key_salt) / 2, v[i].key_salt),
		   "suite %u: key and salt to the server", v[i].suite);
	}
}

static void next_root(void)
{
	uint8_t secret_i[32], secret_r[32], public_i[32], public_r[32], dh[32], dh_r[32], i;

	for (i = 0; i < 32; i++) {
		secret_i[i] = (uint8_t)(0x01 + i);
		secret_r[i] = (uint8_t)(0x65 + i);
	}
	unhex("07a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c", public_i, 32);
	unhex("5714769d116bf76436ae74bc793d2c30ad1903c59ac5273805c7e2698b410c36", public_r, 32);
	ok(keys_agree(secret_i, public_r, dh) == 0 && keys_agree(secret_r, public_i, dh_r) == 0 &&
	   !memcmp(dh, dh_r, 32), "both sides agree");
	ok(is_hex(dh, 32, "c9ea6a3f79a000b60b076d4afc990b272f3f0b5aaa3f0b8713c209273e363863"),
	   "on the shared secret of the document");
	keys_next_root(root, dh, public_i, public_r, root);
	ok(is_hex(root, 32, "1f6f2c83ad4613b5e5c1994a32d1b38c5c01213b2a2f04516d5001087af29849"),
	   "root_1");
}

/* Every part of the derivation counts: one that differs, and the key differs. */
static void separation(void)
{
	static const struct {
		bool to_server;
		uint8_t epoch, suite;
		uint32_t spi;
	} v[] = {
		{ true, 0, SUITE_AES_256_GCM, 256 },
		{ false, 0, SUITE_AES_256_GCM, 256 },
		{ true, 1, SUITE_AES_256_GCM, 256 },
		{ true, 0, SUITE_CHACHA20_POLY1305, 256 },
		{ true, 0, SUITE_AES_256_GCM, 257 },
		{ true, 0, SUITE_AES_256_GCM, 0x01000100 },
	};
	uint8_t keys[sizeof(v) / sizeof(v[0])][KEYS_MOST];
	size_t i, j, same = 0;

	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		keys_direction(root, v[i].to_server, v[i].epoch, v[i].suite, v[i].spi, keys[i]);
		for (j = 0; j < i; j++)
			same += !memcmp(keys[i], keys[j], 8) || !memcmp(keys[i] + 8, keys[j] + 8, 8) ||
				!memcmp(keys[i] + 28, keys[j] + 28, 8);
	}
	ok(same == 0, "direction, epoch, suite and SPI each make another key");
}

static void pairs(void)
{
	static const char *const small[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	uint8_t s1[32], p1[32], s2[32], p2[32], dh1[32], dh2[32], peer[32];
	size_t i, refused = 0;

	keys_pair(s1, p1);
	keys_pair(s2, p2);
	ok(memcmp(s1, s2, 32) && memcmp(p1, p2, 32), "each pair is another");
	ok(keys_agree(s1, p2, dh1) == 0 && keys_agree(s2, p1, dh2) == 0 && !memcmp(dh1, dh2, 32),
	   "and fits every other");
	memset(dh1, 0x55, 32);
	for (i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		unhex(small[i], peer, 32);
		refused += keys_agree(s1, peer, dh1) == -EKEYREJECTED;
	}
	ok(refused == sizeof(small) / sizeof(small[0]),
	   "a public key of small order, which makes the secret zero, is refused");
	for (i = 0; i < 32 && dh1[i] == 0x55; i++)
		;
	ok(i == 32, "and nothing is written");
}

int main(void)
{
	the_session();
	other_suites();
	next_root();
	separation();
	pairs();
	ok(keys_suite_size(SUITE_AES_128_GMAC) == 16 && keys_suite_size(SUITE_AES_256_GCM) == 32 &&
	   keys_suite_size(0) == 0 && keys_suite_size(17) == 0, "a suite that is unknown has no key");
	return finish();
}
