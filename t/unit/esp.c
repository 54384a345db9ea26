/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ESP: the document's packet, and that nothing but an authentic packet, once, comes out.
 */
#include <errno.h>
#include <gnutls/crypto.h>

#include "tap.h"
#include "worker/esp.h"
#include "worker/keys.h"

static const uint8_t suites[] = {
	SUITE_AES_128_GCM, SUITE_AES_256_GCM, SUITE_CHACHA20_POLY1305, SUITE_AES_128_GMAC,
};
static const char *const names[] = { "AES-128-GCM", "AES-256-GCM", "ChaCha20", "AES-128-GMAC" };
enum { SPI = 0xa1b2c3d4 };

static uint8_t key_salt[KEYS_MOST];
static uint8_t buffer[70000], copy[70000];
static struct esp_out *out;
static struct esp_in *in;
static struct esp_payload p;
static enum esp_bad bad;

/* A fresh pair of SAs with one key. */
static void pair(unsigned suite, enum tunnel_type type, uint32_t limit)
{
	esp_out_free(out);
	esp_in_free(in);
	out = NULL;
	in = NULL;
	if (esp_out_new(suite, SPI, key_salt, limit, &out) < 0 ||
	    esp_in_new(suite, SPI, key_salt, type, &in) < 0)
		abort();
}

/* An IPv4 packet of n bytes, not with the right length field: ESP does not read it. */
static void fill(uint8_t *packet, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		packet[ESP_HEADER + i] = (uint8_t)(i * 7 + n);
	packet[ESP_HEADER] = 0x45;
}

static size_t sealed(size_t n)
{
	ssize_t r;

	fill(buffer, n);
	r = esp_seal(out, buffer, n, ESP_IPV4);
	if (r < 0)
		abort();
	return (size_t)r;
}

/* Opens a copy of buffer[0..n): 0, or the reason plus 1. */
static unsigned verdict(size_t n)
{
	memcpy(copy, buffer, n);
	return esp_open(in, copy, n, &p, &bad) == 0 ? 0 : bad + 1u;
}

static void known_answers(void)
{
	static const char inner[] =
		"4500001c00004000401100000a0000010a0000020007000700080000";
	static const struct {
		unsigned suite;
		const char *key_salt, *packet;
	} v[] = {
		{ SUITE_AES_128_GCM, "c29ae3617c8222489bc71031042650f57612edce",
		  "a1b2c3d40000000144640391c61d07ef47f2fd169764d8d2ae60512ba0c9441e"
		  "8c3bcc8a5c6c3c5332b624abffbdca970b345c9ca836ec7b" },
		{ SUITE_AES_256_GCM,
		  "bbc3f1aa7ecd5d961c0d902427c571049be4819000b0ec6d915c7ee0a73f5d42c7cfff36",
		  "a1b2c3d4000000012f5c6c3a6dfdd0a91f9fa11c77e54d300afc72011819e363"
		  "49a7cd4362c89a9c7af76f5071d2c9a2c2d5fceef268f512" },
		{ SUITE_CHACHA20_POLY1305,
		  "29955d7a3a81ce932a446b3151eca67a376af191987b79daf15eb916f4aff0c829d2f200",
		  "a1b2c3d4000000011a531449985a7dfe4ffe07692f3eeddb192b528dcc8dac4d"
		  "47dc6272a38162afe1e0b45396367a8692690983fb4bb43e" },
		{ SUITE_AES_128_GMAC, "320dbd863f46aeaf1980b2ac7d1aba7db61e46d7",
		  "a1b2c3d4000000014500001c00004000401100000a0000010a00000200070007"
		  "0008000001020204e561a3d77832adfc19d052ce5ec4f04e" },
	};
	size_t i, n;

	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		unhex(v[i].key_salt, key_salt, sizeof(key_salt));
		pair(v[i].suite, TUNNEL_TUN, 0);
		n = unhex(inner, buffer + ESP_HEADER, 1000);
		ok(esp_seal(out, buffer, n, ESP_IPV4) == 56 && is_hex(buffer, 56, v[i].packet),
		   "%s: the document's packet is made", names[i]);
		ok(verdict(56) == 0 && p.size == n && p.next == ESP_IPV4 && p.newest &&
		   is_hex(p.data, n, inner), "%s: and opened", names[i]);
	}
}

/* The same by GnuTLS's call that is made for working in place: ours must give the same bytes. */
static int same_as_v2(unsigned suite, size_t n)
{
	static const gnutls_cipher_algorithm_t ciphers[] = {
		[SUITE_AES_128_GCM] = GNUTLS_CIPHER_AES_128_GCM,
		[SUITE_AES_256_GCM] = GNUTLS_CIPHER_AES_256_GCM,
		[SUITE_CHACHA20_POLY1305] = GNUTLS_CIPHER_CHACHA20_POLY1305,
	};
	size_t key_size = keys_suite_size(suite), size = esp_size(n), text = size - 24, tag = 16;
	gnutls_datum_t key = { key_salt, (unsigned)key_size };
	gnutls_aead_cipher_hd_t aead;
	uint8_t nonce[12] = {};
	giovec_t clear = { copy, ESP_HEADER }, hidden = { copy + ESP_HEADER, text };

	memcpy(copy, buffer, size);
	memcpy(nonce, key_salt + key_size, 4);
	fill(copy, n);
	for (uint8_t pad = 0; pad < text - 2 - n; pad++)
		copy[ESP_HEADER + n + pad] = (uint8_t)(pad + 1);
	copy[ESP_HEADER + text - 2] = (uint8_t)(text - 2 - n);
	copy[ESP_HEADER + text - 1] = ESP_IPV4;
	memcpy(nonce + 8, copy + 4, 4);
	if (gnutls_aead_cipher_init(&aead, ciphers[suite], &key) < 0 ||
	    gnutls_aead_cipher_encryptv2(aead, nonce, 12, &clear, 1, &hidden, 1,
					 copy + ESP_HEADER + text, &tag) < 0)
		abort();
	gnutls_aead_cipher_deinit(aead);
	return !memcmp(buffer, copy, size);
}

static void round_trips(void)
{
	size_t i, n, wrong, other;

	for (i = 0; i < sizeof(suites); i++) {
		pair(suites[i], TUNNEL_TUN, 0);
		for (n = 20, wrong = other = 0; n < 65000; n += n < 1600 ? 1 : 997) {
			size_t size;

			memset(buffer, 0x55, n + 64);
			size = sealed(n);
			wrong += size != esp_size(n) || size % 4 || buffer[size] != 0x55;
			if (suites[i] != SUITE_AES_128_GMAC)
				other += !same_as_v2(suites[i], n);
			wrong += verdict(size) || p.size != n || p.next != ESP_IPV4;
			fill(buffer, n);
			wrong += memcmp(buffer + ESP_HEADER, p.data, n) != 0;
		}
		ok(wrong == 0, "%s: packets of all sizes come back, and nothing is written beyond",
		   names[i]);
		ok(other == 0, "%s: in place the same bytes come out as of GnuTLS's other call",
		   names[i]);
	}
}

static void visible(void)
{
	pair(SUITE_AES_128_GMAC, TUNNEL_TUN, 0);
	memset(buffer + ESP_HEADER, 'A', 30);
	buffer[ESP_HEADER] = 0x45;
	esp_seal(out, buffer, 30, ESP_IPV4);
	ok(buffer[ESP_HEADER] == 0x45 && buffer[ESP_HEADER + 29] == 'A',
	   "integrity alone leaves the payload readable");
	pair(SUITE_AES_128_GCM, TUNNEL_TUN, 0);
	memset(buffer + ESP_HEADER, 'A', 3000);
	esp_seal(out, buffer, 3000, ESP_IPV4);
	ok(!memmem(buffer, 3100, "AAAA", 4), "encryption does not");
}

/* U8: no bit of a packet may change, in any suite. */
static void bit_flips(void)
{
	size_t i, bit, size, accepted, by_tag;

	for (i = 0; i < sizeof(suites); i++) {
		pair(suites[i], TUNNEL_TUN, 0);
		size = sealed(41);
		for (bit = accepted = by_tag = 0; bit < size * 8; bit++) {
			unsigned v;

			buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
			v = verdict(size);
			accepted += v == 0;
			by_tag += v == ESP_BAD_TAG + 1;
			buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		/* The SPI's bits are seen without the cipher, and so is number 0. */
		ok(accepted == 0 && by_tag == size * 8 - 33, "%s: each flipped bit is noticed",
		   names[i]);
		ok(verdict(size) == 0, "%s: and harmed nothing: the packet itself is taken", names[i]);
	}
}

static void datagrams(void)
{
	size_t n, size, i, wrong;
	unsigned v;

	pair(SUITE_AES_128_GCM, TUNNEL_TUN, 0);
	memset(buffer, 0x3c, sizeof(buffer));
	for (n = wrong = 0; n < 28; n++)
		wrong += verdict(n) != ESP_BAD_SHORT + 1;
	ok(wrong == 0, "0 to 27 bytes are too short"); /* U5 */
	ok(verdict(1000) == ESP_BAD_SPI + 1, "a stranger's SPI is none of ours"); /* U1 */
	ok(verdict(65507) == ESP_BAD_SPI + 1, "nor in the largest datagram"); /* U6 */
	memcpy(buffer, "\xa1\xb2\xc3\xd4", 4);
	ok(verdict(1000) == ESP_BAD_TAG + 1 && verdict(65507) == ESP_BAD_TAG + 1 &&
	   esp_in_count(in).failures == 2, "our SPI alone opens nothing, and is counted"); /* U2 */

	size = sealed(100);
	for (n = ESP_LEAST, wrong = 0; n < size; n++)
		wrong += verdict(n) != ESP_BAD_TAG + 1;
	ok(wrong == 0, "a truncated packet is not authentic"); /* U7 */
	buffer[size] = 0;
	ok(verdict(size + 1) == ESP_BAD_TAG + 1, "nor one with a byte behind it");
	ok(verdict(size) == 0, "the packet is");
	ok(verdict(size) == ESP_BAD_REPLAY + 1, "but only once"); /* U3 */
	ok(esp_in_count(in).taken == 1, "and counted once");

	sealed(100);
	memcpy(copy + 1000, buffer, size);
	for (i = v = 0; i < 8193; i++) {
		sealed(20);
		v += verdict(esp_size(20));
	}
	memcpy(buffer, copy + 1000, size);
	ok(v == 0 && verdict(size) == ESP_BAD_REPLAY + 1, "8,193 behind is too old"); /* U4 */
}

/* U9: what we sent comes back to us.  The other direction has another SPI and another key. */
static void reflected(void)
{
	struct esp_in *back = NULL;
	uint8_t other[KEYS_MOST];
	size_t size;

	pair(SUITE_AES_128_GCM, TUNNEL_TUN, 0);
	unhex("fa4354c2a0cca0b54ff38ff52973f98a7582e082", other, sizeof(other));
	esp_in_new(SUITE_AES_128_GCM, 0x01020304, other, TUNNEL_TUN, &back);
	size = sealed(60);
	memcpy(copy, buffer, size);
	ok(esp_open(back, copy, size, &p, &bad) == -EBADMSG && bad == ESP_BAD_SPI,
	   "our own packet, reflected, is not ours to receive");
	memcpy(copy, "\1\2\3\4", 4);
	ok(esp_open(back, copy, size, &p, &bad) == -EBADMSG && bad == ESP_BAD_TAG,
	   "not even with our SPI on it");
	esp_in_free(back);
}

/* An authentic datagram with exactly this text inside, trailer and all. */
static size_t authentic(const uint8_t *text, size_t n)
{
	static uint32_t seq = 1000;
	gnutls_datum_t key = { key_salt, 16 };
	gnutls_aead_cipher_hd_t aead;
	uint8_t nonce[12] = {};
	size_t room = n + ESP_TAG;

	memcpy(buffer, "\xa1\xb2\xc3\xd4\0\0", 6);
	buffer[6] = (uint8_t)(++seq >> 8);
	buffer[7] = (uint8_t)seq;
	memcpy(nonce, key_salt + 16, 4);
	memcpy(nonce + 8, buffer + 4, 4);
	if (gnutls_aead_cipher_init(&aead, GNUTLS_CIPHER_AES_128_GCM, &key) < 0 ||
	    gnutls_aead_cipher_encrypt(aead, nonce, 12, buffer, 8, 16, text, n, buffer + 8, &room) < 0)
		abort();
	gnutls_aead_cipher_deinit(aead);
	return 8 + n + 16;
}

static unsigned text_verdict(const uint8_t *text, size_t n)
{
	return verdict(authentic(text, n));
}

static void trailers(void)
{
	uint8_t text[300] = { 0x45 };
	unsigned pad, wrong;

	pair(SUITE_AES_128_GCM, TUNNEL_TUN, 0);
	text[99] = ESP_IPV4;
	for (pad = wrong = 0; pad < 256; pad++) {
		unsigned v, expected = 0;

		if (pad > 78)
			expected = (pad > 98 ? ESP_BAD_PADDING : ESP_BAD_INNER) + 1u;
		text[98] = (uint8_t)pad;
		v = text_verdict(text, 100);
		wrong += v != expected || (!v && p.size != 98 - pad);
	}
	ok(wrong == 0, "padding up to the packet's size is taken off, more is refused"); /* U10 */
	text[298] = 255;
	text[299] = ESP_IPV4;
	ok(text_verdict(text, 300) == 0 && p.size == 43, "255 bytes of padding are not too many");
	ok(text_verdict((const uint8_t *)"\0\0\0\73", 4) == 0 && p.size == 2 && p.next == ESP_DUMMY,
	   "a dummy is authentic, and nothing else");
	ok(text_verdict((const uint8_t *)"\1\2\2\73", 4) == 0 && p.size == 0, "it may be empty");
	ok(text_verdict((const uint8_t *)"\1\2\3\73", 4) == ESP_BAD_PADDING + 1,
	   "but not less than empty");
}

/* What the tunnel of this type makes of `size` bytes that begin so, under this next header. */
static unsigned inside(enum tunnel_type type, uint8_t next, uint8_t first, size_t size)
{
	uint8_t text[300] = { first };

	pair(SUITE_AES_128_GCM, type, 0);
	text[size + 1] = next;
	return text_verdict(text, size + 2);
}

static void next_headers(void)
{
	unsigned next, taken_tun = 0, taken_ether = 0;

	for (next = 0; next < 256; next++) {
		taken_tun += inside(TUNNEL_TUN, (uint8_t)next, 0x45, 60) != ESP_BAD_NEXT + 1;
		taken_ether += inside(TUNNEL_ETHER, (uint8_t)next, 0x45, 60) != ESP_BAD_NEXT + 1;
	}
	ok(taken_tun == 6 && taken_ether == 5, "unknown next headers are refused"); /* U11 */
	ok(inside(TUNNEL_TUN, 6, 0x45, 60) == ESP_BAD_NEXT + 1, "TCP without IP is refused");
	ok(inside(TUNNEL_TUN, ESP_ETHERNET, 0x45, 60) == ESP_BAD_NEXT + 1, "Ethernet in a tun too");
	ok(inside(TUNNEL_ETHER, ESP_IPV4, 0x45, 60) == ESP_BAD_NEXT + 1, "IP in an ether too");
	ok(inside(TUNNEL_TUN, ESP_IPV6, 0x45, 60) == ESP_BAD_INNER + 1, "IPv4 as IPv6 too"); /* U12 */
	ok(inside(TUNNEL_TUN, ESP_IPV4, 0x60, 60) == ESP_BAD_INNER + 1, "IPv6 as IPv4 too");
	ok(inside(TUNNEL_TUN, ESP_IPV4, 0x45, 19) == ESP_BAD_INNER + 1 &&
	   inside(TUNNEL_TUN, ESP_IPV6, 0x60, 39) == ESP_BAD_INNER + 1 &&
	   inside(TUNNEL_ETHER, ESP_ETHERNET, 0x45, 13) == ESP_BAD_INNER + 1 &&
	   inside(TUNNEL_TUN, ESP_IPV4, 0x45, 2) == ESP_BAD_INNER + 1, "half a header too");
	ok(inside(TUNNEL_TUN, ESP_IPV4, 0x45, 20) == 0 &&
	   inside(TUNNEL_TUN, ESP_IPV6, 0x60, 40) == 0 &&
	   inside(TUNNEL_ETHER, ESP_ETHERNET, 0, 14) == 0 &&
	   inside(TUNNEL_ETHER, ESP_CONTROL, 0, 2) == 0,
	   "whole ones are taken");
}

static void limits(void)
{
	ssize_t last = 0;
	int i;

	pair(SUITE_AES_128_GCM, TUNNEL_TUN, 1000); /* U17 */
	for (i = 0; i < 1000; i++)
		last = (ssize_t)sealed(20);
	ok(last == (ssize_t)esp_size(20) && esp_out_count(out) == 1000, "packets up to the limit");
	memcpy(copy, buffer, 100);
	fill(buffer, 20);
	ok(esp_seal(out, buffer, 20, ESP_IPV4) == -EKEYEXPIRED &&
	   esp_seal(out, buffer, 20, ESP_IPV4) == -EKEYEXPIRED && esp_out_count(out) == 1000,
	   "then never again, and no number is used");
	fill(copy, 20);
	ok(!memcmp(buffer + 8, copy + 8, 20), "nor is the packet touched, so that TLS may carry it");
}

static void contiguous(void)
{
	size_t i, size = esp_size(1446), at, wrong = 0;

	pair(SUITE_AES_128_GCM, TUNNEL_TUN, 0);
	for (i = at = 0; i < 44; i++, at += size)
		fill(buffer + at, 1446 - (i == 43));
	for (i = at = 0; i < 44; i++, at += size)
		wrong += esp_seal(out, buffer + at, 1446 - (i == 43), ESP_IPV4) != (ssize_t)size;
	for (i = at = 0; i < 44; i++, at += size)
		wrong += esp_open(in, buffer + at, size, &p, &bad) || p.size != 1446 - (i == 43) ||
			 p.data != buffer + at + ESP_HEADER || !p.newest;
	ok(size == 1472 && at == 64768 && wrong == 0,
	   "44 packets of a full link, one behind the other, are sealed and opened where they lie");
}

static void counts(void)
{
	uint8_t first[200];
	size_t size;
	struct esp_in_count c;

	pair(SUITE_AES_128_GCM, TUNNEL_TUN, 0);
	size = sealed(50);
	memcpy(first, buffer, size);
	sealed(50);
	sealed(50);
	verdict(size);
	memcpy(buffer, first, size);
	ok(verdict(size) == 0 && !p.newest, "one that was overtaken is not the newest");
	c = esp_in_count(in);
	ok(c.taken == 2 && c.reordered == 1 && c.highest == 3, "two of three came, one of them late");
}

static void refused(void)
{
	struct esp_out *o = NULL;
	struct esp_in *i = NULL;
	size_t size, most, wrong = 0;

	ok(esp_out_new(0, SPI, key_salt, 0, &o) == -EINVAL &&
	   esp_out_new(17, SPI, key_salt, 0, &o) == -EINVAL &&
	   esp_in_new(255, SPI, key_salt, TUNNEL_TUN, &i) == -EINVAL, "an unknown suite is refused");
	ok(esp_out_new(1, 255, key_salt, 0, &o) == -EINVAL && !o &&
	   esp_in_new(1, UINT32_MAX, key_salt, TUNNEL_TUN, &i) == -EINVAL && !i,
	   "a reserved SPI is refused");
	for (size = 0; size < 66000; size++) {
		most = esp_payload_most(size);
		wrong += size < 28 ? most != 0 : esp_size(most) > size || esp_size(most + 1) <= size;
	}
	ok(wrong == 0, "the largest payload of a datagram is the largest");
	ok(esp_payload_most(1472) == 1446 && esp_payload_most(1452) == 1426,
	   "a 1,500 byte link carries 1,446 over IPv4 and 1,426 over IPv6");
	for (unsigned b = wrong = 0; b < ESP_BAD_COUNT; b++)
		wrong += strlen(esp_bad_name((enum esp_bad)b)) < 3;
	ok(wrong == 0 && !strcmp(esp_bad_name(ESP_BAD_COUNT), "?"), "every reason has a name");
}

int main(void)
{
	known_answers();
	round_trips();
	visible();
	bit_flips();
	datagrams();
	reflected();
	trailers();
	next_headers();
	limits();
	contiguous();
	counts();
	refused();
	esp_out_free(out);
	esp_in_free(in);
	return finish();
}
