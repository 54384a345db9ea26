/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AES where both machines have it in hardware, ChaCha20 where one has not: on the UDP path and in TLS.
 */
#include "monitor/suites.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "common/bytes.h"
#include "tap.h"
#include "worker/tlscred.h"

/* This machine's real answer, under another name, and the one that a test wants. */
bool real_cpu_has_aes(void);
#define cpu_has_aes real_cpu_has_aes
#include "../../src/common/cpu.c"
#undef cpu_has_aes

bool cpu_has_aes(void);
static bool aes;

bool cpu_has_aes(void)
{
	return aes;
}

/* ---- the UDP path */

static unsigned agreed(bool server_has_aes, bool client_has_aes, bool encrypt)
{
	uint8_t offered[SUITES_MAX];

	aes = server_has_aes;
	suites_offered(encrypt, offered);
	aes = client_has_aes;
	return suites_choose(offered, encrypt);
}

static void test_udp(void)
{
	static const uint8_t unknown[SUITES_MAX] = { 77, SUITE_AES_256_GCM };
	static const uint8_t gmac[SUITES_MAX] = { SUITE_AES_128_GMAC };
	uint8_t offered[SUITES_MAX];

	ok(agreed(true, true, true) == SUITE_AES_128_GCM, "both have AES: AES");
	ok(agreed(false, true, true) == SUITE_CHACHA20_POLY1305, "the server has none: ChaCha20");
	ok(agreed(true, false, true) == SUITE_CHACHA20_POLY1305, "the client has none: ChaCha20");
	ok(agreed(false, false, true) == SUITE_CHACHA20_POLY1305, "neither has: ChaCha20");
	ok(agreed(true, true, false) == SUITE_AES_128_GMAC &&
	   agreed(false, false, false) == SUITE_AES_128_GMAC, "without encryption: GMAC");
	suites_offered(true, offered);
	ok(memchr(offered, SUITE_AES_128_GCM, SUITES_MAX) &&
	   memchr(offered, SUITE_AES_256_GCM, SUITES_MAX) &&
	   memchr(offered, SUITE_CHACHA20_POLY1305, SUITES_MAX) &&
	   !memchr(offered, SUITE_AES_128_GMAC, SUITES_MAX),
	   "a server offers all that encrypt, and no other, whatever the machine");
	aes = true;
	ok(suites_choose(gmac, true) == 0, "a client that encrypts takes none that does not");
	ok(suites_choose(unknown, true) == 77, "the server's order is kept");
	aes = false;
	ok(suites_choose(unknown, true) == 77, "a client without AES takes what there is");
}

/* ---- TLS */

static uint8_t hello[4096];

static ssize_t keep(gnutls_transport_ptr_t to, const void *data, size_t size)
{
	(void)to;
	memcpy(hello, data, size < sizeof(hello) ? size : sizeof(hello));
	return (ssize_t)size;
}

static ssize_t nothing(gnutls_transport_ptr_t from, void *data, size_t size)
{
	(void)from, (void)data, (void)size;
	errno = EAGAIN;
	return -1;
}

/* The cipher suite that a client names first; RFC 8446, section 4.1.2. */
static unsigned first_of_hello(bool has_aes)
{
	gnutls_certificate_credentials_t cred;
	gnutls_session_t session;
	const uint8_t *at = hello + 5 + 4 + 2 + 32; /* record, handshake, version, random */

	aes = has_aes;
	gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
	gnutls_certificate_allocate_credentials(&cred);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_transport_set_push_function(session, keep);
	gnutls_transport_set_pull_function(session, nothing);
	if (tlscred_set_priority(session) < 0 || gnutls_handshake(session) != GNUTLS_E_AGAIN)
		return 0;
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(cred);
	return get_be16(at + 1 + at[0] + 2);
}

/* ---- this machine */

static int machine_says(const char *word)
{
	char line[8192], key[40];
	FILE *f = fopen("/proc/cpuinfo", "r");
	int says = 0;

	snprintf(key, sizeof(key), " %s ", word);
	while (f && !says && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = ' ';
		says = (!strncmp(line, "flags", 5) || !strncmp(line, "Features", 8)) &&
		       strstr(line, key);
	}
	if (f)
		fclose(f);
	return says;
}

int main(void)
{
	test_udp();
	ok(first_of_hello(true) == 0x1301, "TLS on a machine with AES: TLS_AES_128_GCM_SHA256 first");
	ok(first_of_hello(false) == 0x1303,
	   "on one without: TLS_CHACHA20_POLY1305_SHA256 first");
	ok(real_cpu_has_aes() == (machine_says("aes") &&
				  (machine_says("pclmulqdq") || machine_says("pmull"))),
	   "this machine %s", real_cpu_has_aes() ? "has AES, as Linux says" :
	   "has no AES, as Linux says");
	return finish();
}
