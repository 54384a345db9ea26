/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "esp.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/cleanup.h"
#include "common/secret.h"
#include "keys.h"
#include "window.h"

enum { NONCE_SIZE = 12, TRAILER = 2 };
enum { GOOD = -1 }; /* beside enum esp_bad */

/* Packets under one key.  GCM: 2^28 of at most 2^11 bytes keep an attacker's advantage below 2^-57
 * (RFC 9001, appendix B.1.1).  ChaCha20-Poly1305 would bear more than there are numbers. */
static const struct suite {
	gnutls_cipher_algorithm_t cipher;
	uint32_t limit;
	bool auth_only;
} suites[] = {
	[SUITE_AES_128_GCM] = { GNUTLS_CIPHER_AES_128_GCM, 1u << 28, false },
	[SUITE_AES_256_GCM] = { GNUTLS_CIPHER_AES_256_GCM, 1u << 28, false },
	[SUITE_CHACHA20_POLY1305] = { GNUTLS_CIPHER_CHACHA20_POLY1305, 1u << 31, false },
	[SUITE_AES_128_GMAC] = { GNUTLS_CIPHER_AES_128_GCM, 1u << 28, true },
};

/* What both directions have. */
struct cipher {
	gnutls_aead_cipher_hd_t aead;
	uint32_t spi;
	bool auth_only;
	uint8_t nonce[NONCE_SIZE]; /* salt || 0 || seq */
};

struct esp_out {
	struct cipher cipher;
	uint32_t seq, limit;
};

struct esp_in {
	struct cipher cipher;
	enum tunnel_type type;
	struct window window;
	struct esp_in_count count;
};

const char *esp_bad_name(enum esp_bad bad)
{
	static const char *const names[ESP_BAD_COUNT] = {
		[ESP_BAD_SHORT] = "too short",
		[ESP_BAD_SPI] = "unknown SPI",
		[ESP_BAD_REPLAY] = "replayed or too old",
		[ESP_BAD_TAG] = "not authentic",
		[ESP_BAD_PADDING] = "bad padding",
		[ESP_BAD_NEXT] = "unexpected next header",
		[ESP_BAD_INNER] = "not the packet that its next header says",
	};

	return (unsigned)bad < ARRAY_SIZE(names) ? names[bad] : "?";
}

static int cipher_init(struct cipher *c, unsigned suite, uint32_t spi, const uint8_t *key_salt)
{
	size_t size = keys_suite_size(suite);
	gnutls_datum_t key = { (unsigned char *)key_salt, (unsigned)size };

	if (!size || spi < ESP_SPI_LEAST || spi == UINT32_MAX)
		return -EINVAL;
	if (gnutls_aead_cipher_init(&c->aead, suites[suite].cipher, &key) < 0)
		return -EOPNOTSUPP;
	c->spi = spi;
	c->auth_only = suites[suite].auth_only;
	memcpy(c->nonce, key_salt + size, KEYS_SALT_SIZE);
	return 0;
}

static void cipher_end(struct cipher *c)
{
	if (c->aead)
		gnutls_aead_cipher_deinit(c->aead); /* wipes the key */
	secret_wipe(c);
}

int esp_out_new(unsigned suite, uint32_t spi, const uint8_t *key_salt, uint32_t limit,
		struct esp_out **ret)
{
	struct esp_out *sa = calloc(1, sizeof(*sa));
	int r;

	if (!sa)
		return -ENOMEM;
	r = cipher_init(&sa->cipher, suite, spi, key_salt);
	if (r < 0) {
		esp_out_free(sa);
		return r;
	}
	sa->limit = limit && limit < suites[suite].limit ? limit : suites[suite].limit;
	*ret = sa;
	return 0;
}

void esp_out_free(struct esp_out *sa)
{
	if (!sa)
		return;
	cipher_end(&sa->cipher);
	free(sa);
}

int esp_in_new(unsigned suite, uint32_t spi, const uint8_t *key_salt, enum tunnel_type type,
	       struct esp_in **ret)
{
	struct esp_in *sa = calloc(1, sizeof(*sa));
	int r;

	if (!sa)
		return -ENOMEM;
	r = cipher_init(&sa->cipher, suite, spi, key_salt);
	if (r < 0) {
		esp_in_free(sa);
		return r;
	}
	sa->type = type;
	*ret = sa;
	return 0;
}

void esp_in_free(struct esp_in *sa)
{
	if (!sa)
		return;
	cipher_end(&sa->cipher);
	free(sa);
}

uint32_t esp_out_count(const struct esp_out *sa)
{
	return sa->seq;
}

uint32_t esp_out_left(const struct esp_out *sa)
{
	return sa->limit - sa->seq;
}

struct esp_in_count esp_in_count(const struct esp_in *sa)
{
	struct esp_in_count count = sa->count;

	count.highest = sa->window.highest;
	return count;
}

/* ---- out */

/* Text and tag in place: of GnuTLS's calls the fastest, and t/unit/esp holds it to be safe. */
static int encrypt(struct cipher *c, uint8_t *packet, size_t text)
{
	size_t hidden = c->auth_only ? 0 : text, clear = ESP_HEADER + text - hidden;
	uint8_t *p = packet + clear;
	size_t room = hidden + ESP_TAG;

	memcpy(c->nonce + NONCE_SIZE - 4, packet + 4, 4);
	return gnutls_aead_cipher_encrypt(c->aead, c->nonce, NONCE_SIZE, packet, clear, ESP_TAG,
					  p, hidden, p, &room);
}

ssize_t esp_seal(struct esp_out *sa, uint8_t *packet, size_t payload, enum esp_next next)
{
	size_t size = esp_size(payload), text = size - ESP_HEADER - ESP_TAG;
	uint8_t pad = (uint8_t)(text - TRAILER - payload), *p = packet + ESP_HEADER + payload, i;

	if (sa->seq >= sa->limit)
		return -EKEYEXPIRED;
	for (i = 1; i <= pad; i++)
		*p++ = i;
	p[0] = pad;
	p[1] = (uint8_t)next;
	put_be32(packet, sa->cipher.spi);
	/* Counted before it is used: whatever goes wrong, no number is used twice. */
	put_be32(packet + 4, ++sa->seq);
	return encrypt(&sa->cipher, packet, text) < 0 ? -EIO : (ssize_t)size;
}

/* ---- in */

uint32_t esp_spi(const uint8_t *datagram)
{
	return get_be32(datagram);
}

static int decrypt(struct cipher *c, uint8_t *datagram, size_t text)
{
	size_t hidden = c->auth_only ? 0 : text, clear = ESP_HEADER + text - hidden;
	uint8_t *p = datagram + clear;
	size_t room = hidden;

	memcpy(c->nonce + NONCE_SIZE - 4, datagram + 4, 4);
	return gnutls_aead_cipher_decrypt(c->aead, c->nonce, NONCE_SIZE, datagram, clear, ESP_TAG,
					  p, hidden + ESP_TAG, p, &room);
}

/* GOOD if a packet of this kind may come, and is one; or what is wrong. */
static int look_inside(enum tunnel_type type, const struct esp_payload *p)
{
	switch (p->next) {
	case ESP_IPV4:
		if (type != TUNNEL_TUN)
			return ESP_BAD_NEXT;
		return p->size >= 20 && p->data[0] >> 4 == 4 ? GOOD : ESP_BAD_INNER;
	case ESP_IPV6:
		if (type != TUNNEL_TUN)
			return ESP_BAD_NEXT;
		return p->size >= 40 && p->data[0] >> 4 == 6 ? GOOD : ESP_BAD_INNER;
	case ESP_ETHERNET:
		if (type != TUNNEL_ETHER)
			return ESP_BAD_NEXT;
		return p->size >= 14 ? GOOD : ESP_BAD_INNER;
	case ESP_DUMMY:
	case ESP_PACKED: /* judged when it is unpacked */
	case ESP_CONTROL:
	case ESP_ARQ:    /* judged when its frame is taken out */
		return GOOD;
	}
	return ESP_BAD_NEXT;
}

/* Takes the trailer off.  The bytes of the padding are not looked at: the tag vouches for them. */
static int unwrap(enum tunnel_type type, uint8_t *text, size_t size, struct esp_payload *p)
{
	size_t pad = text[size - TRAILER];

	if (pad + TRAILER > size)
		return ESP_BAD_PADDING;
	p->data = text;
	p->size = size - TRAILER - pad;
	p->next = text[size - 1];
	return look_inside(type, p);
}

/* GOOD and *p, or what is wrong. */
static int take(struct esp_in *sa, uint8_t *datagram, size_t size, struct esp_payload *p)
{
	uint32_t seq;

	if (size < ESP_LEAST)
		return ESP_BAD_SHORT;
	if (esp_spi(datagram) != sa->cipher.spi)
		return ESP_BAD_SPI;
	seq = get_be32(datagram + 4);
	if (!window_is_new(&sa->window, seq))
		return ESP_BAD_REPLAY;
	if (decrypt(&sa->cipher, datagram, size - ESP_HEADER - ESP_TAG) < 0) {
		sa->count.failures++;
		return ESP_BAD_TAG;
	}
	p->newest = seq > sa->window.highest;
	window_mark(&sa->window, seq);
	sa->count.taken++;
	sa->count.reordered += !p->newest;
	return unwrap(sa->type, datagram + ESP_HEADER, size - ESP_HEADER - ESP_TAG, p);
}

int esp_open(struct esp_in *sa, uint8_t *datagram, size_t size, struct esp_payload *ret,
	     enum esp_bad *ret_bad)
{
	struct esp_payload p = {};
	int bad = take(sa, datagram, size, &p);

	if (bad != GOOD) {
		*ret_bad = (enum esp_bad)bad;
		return -EBADMSG;
	}
	*ret = p;
	return 0;
}
