/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 what | bytes: as a datagram of a stranger they open nothing; as the inside of an authentic one
 * they yield a payload within it, or nothing; as control payloads in time they move no path out of
 * its states.
 */
#include <errno.h>
#include <gnutls/crypto.h>

#include "common/bytes.h"
#include "common/ipc.h"
#include "fuzz.h"
#include "worker/esp.h"
#include "worker/path.h"

enum { SPI = 0x01020304, MOST = 4096 };
static const uint8_t key_salt[20] = { 1, 2, 3 };

static void must_lie_within(const struct esp_payload *p, const uint8_t *datagram, size_t size)
{
	must(p->data == datagram + ESP_HEADER && p->size + ESP_OVERHEAD <= size);
	must(p->next != ESP_IPV4 || (p->size >= 20 && p->data[0] >> 4 == 4));
	must(p->next != ESP_IPV6 || (p->size >= 40 && p->data[0] >> 4 == 6));
	must(p->next != ESP_ETHERNET || p->size >= 14);
}

static void stranger(struct esp_in *in, const uint8_t *data, size_t size)
{
	uint8_t *datagram = exact_copy(data, size);
	enum esp_bad bad = ESP_BAD_COUNT;
	struct esp_payload p;

	must(esp_open(in, datagram, size, &p, &bad) == -EBADMSG && bad < ESP_BAD_COUNT);
	must(size >= ESP_LEAST || bad == ESP_BAD_SHORT);
	free(datagram);
}

/* Bytes as text and trailer of a datagram that has the right key. */
static void inside(struct esp_in *in, const uint8_t *data, size_t size)
{
	gnutls_datum_t key = { (unsigned char *)key_salt, 16 };
	size_t whole = ESP_HEADER + size + ESP_TAG, room = size + ESP_TAG;
	uint8_t *datagram = malloc(whole), nonce[12] = { key_salt[16] };
	enum esp_bad bad = ESP_BAD_COUNT;
	gnutls_aead_cipher_hd_t aead;
	struct esp_payload p;

	must(datagram);
	put_be32(datagram, SPI);
	put_be32(datagram + 4, 1);
	nonce[11] = 1;
	must(gnutls_aead_cipher_init(&aead, GNUTLS_CIPHER_AES_128_GCM, &key) == 0);
	must(gnutls_aead_cipher_encrypt(aead, nonce, sizeof(nonce), datagram, ESP_HEADER, ESP_TAG,
					data, size, datagram + ESP_HEADER, &room) == 0);
	gnutls_aead_cipher_deinit(aead);
	if (esp_open(in, datagram, whole, &p, &bad) == 0)
		must_lie_within(&p, datagram, whole);
	else
		must(bad == ESP_BAD_PADDING || bad == ESP_BAD_NEXT || bad == ESP_BAD_INNER ||
		     (bad == ESP_BAD_SHORT && size < 4));
	free(datagram);
}

static uint64_t count;

/* Small, so that the input can guess it. */
static uint64_t counting(void)
{
	return ++count & 7;
}

static void do_all(struct path *p, uint64_t now)
{
	struct path_action a;
	unsigned n = 0;

	while (path_next(p, now, &a)) {
		must(++n < 100);
		must(a.act != PATH_SEND || (a.size >= 40 && a.size <= PMTU_MOST));
	}
	must(path_most(p) <= PMTU_MOST && path_deadline(p) > now);
}

/* Each 18 bytes: u8 event | u8 address | u16 time | u8 type | u8 0 | u16 size | ... | u8 nonce. */
static void life(int role, const uint8_t *data, size_t size)
{
	struct path_config config = {
		.role = role, .roam = true, .most = 1472, .random = counting,
		.peer.v4 = { .sin_family = AF_INET, .sin_port = 0 }, .times = path_times(),
	};
	union endpoint from = config.peer;
	uint64_t now = 1000;
	struct path p;

	count = 0;
	path_init(&p, &config, now);
	for (; size >= 18; data += 18, size -= 18) {
		now += get_be16(data + 2);
		from.v4.sin_port = data[1] & 3;
		path_heard(&p, now, &from, data[1] & 4);
		if (data[0] & 1)
			path_control(&p, now, &from, data + 4, size - 4);
		if (data[0] & 2)
			path_sent(&p, now);
		if (data[0] & 4)
			path_refused(&p, now, get_be16(data + 6));
		if (data[0] & 8)
			path_peer_down(&p, now);
		do_all(&p, now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct esp_in *in = NULL;

	if (size < 1 || size > MOST)
		return 0;
	must(esp_in_new(SUITE_AES_128_GCM, SPI, key_salt, data[0] & 4 ? TUNNEL_ETHER : TUNNEL_TUN,
			&in) == 0);
	switch (data[0] & 3) {
	case 0:
		stranger(in, data + 1, size - 1);
		break;
	case 1:
		inside(in, data + 1, size - 1);
		break;
	default:
		life(data[0] & 1 ? ROLE_SERVER : ROLE_CLIENT, data + 1, size - 1);
	}
	esp_in_free(in);
	return 0;
}
