/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What strangers can make us compute: nothing.  Linked with --wrap=gnutls_aead_cipher_decrypt, so that
 * each use of the cipher is counted.
 */
#include "worker/rekey.h"

#include <gnutls/crypto.h>
#include <sodium.h>

#include "common/bytes.h"
#include "tap.h"

static int decryptions;

int __real_gnutls_aead_cipher_decrypt(gnutls_aead_cipher_hd_t handle, const void *nonce, size_t nonce_len,
				      const void *auth, size_t auth_len, size_t tag_size,
				      const void *ctext, size_t ctext_len, void *ptext, size_t *ptext_len);
int __wrap_gnutls_aead_cipher_decrypt(gnutls_aead_cipher_hd_t handle, const void *nonce, size_t nonce_len,
				      const void *auth, size_t auth_len, size_t tag_size,
				      const void *ctext, size_t ctext_len, void *ptext, size_t *ptext_len);

int __wrap_gnutls_aead_cipher_decrypt(gnutls_aead_cipher_hd_t handle, const void *nonce, size_t nonce_len,
				      const void *auth, size_t auth_len, size_t tag_size,
				      const void *ctext, size_t ctext_len, void *ptext, size_t *ptext_len)
{
	decryptions++;
	return __real_gnutls_aead_cipher_decrypt(handle, nonce, nonce_len, auth, auth_len, tag_size, ctext,
						 ctext_len, ptext, ptext_len);
}

static struct rekey *new_keys(int role)
{
	static const uint8_t exporter[32] = { 1 }, secret[AUTH_SECRET_SIZE] = { 2 };
	struct rekey_config c = {
		.role = role,
		.type = TUNNEL_TUN,
		.suite = SUITE_AES_128_GCM,
		.spi_in = role == ROLE_SERVER ? 1000 : 2000,
		.spi_out = role == ROLE_SERVER ? 2000 : 1000,
		.limits = rekey_limits(3600),
	};
	struct rekey *k;

	if (rekey_new(&c, exporter, secret, 0, &k) < 0)
		abort();
	return k;
}

/* How often the cipher was used for so many copies of a datagram; none of them may be taken. */
static int cost(struct rekey *k, const uint8_t *datagram, size_t size, int copies)
{
	int before = decryptions, i;
	struct esp_payload p;
	uint8_t d[200];

	for (i = 0; i < copies; i++) {
		memcpy(d, datagram, size);
		if (rekey_open(k, 0, d, size, &p) == 0)
			return -1;
	}
	return decryptions - before;
}

int main(void)
{
	struct rekey *server = new_keys(ROLE_SERVER), *client = new_keys(ROLE_CLIENT);
	uint8_t good[200] = { 0 }, d[200];
	struct esp_payload p;
	ssize_t n;

	randombytes_buf(d, sizeof(d));
	put_be32(d, 1001);
	ok(cost(server, d, sizeof(d), 1000) == 0, "U14: no AEAD is computed for a wrong SPI");
	put_be32(d, 2000);
	ok(cost(server, d, sizeof(d), 1000) == 0, "... nor for the one that we send under");
	put_be32(d, 1000);
	ok(cost(server, d, 27, 1000) == 0, "... nor for what is too short to be anything");
	ok(cost(server, d, sizeof(d), 10) == 10, "... but for the right one it would be noticed");

	good[8] = 0x45;
	n = rekey_seal(client, good, 40, ESP_IPV4);
	memcpy(d, good, sizeof(d));
	ok(n > 0 && rekey_open(server, 0, d, (size_t)n, &p) == 0 && cost(server, good, (size_t)n, 1000) == 0,
	   "U3: repetitions are known by their number, without the cipher");
	rekey_free(client);
	rekey_free(server);
	return finish();
}
