/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tlscred.h"

#include <gnutls/abstract.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/cpu.h"
#include "common/ipc.h"

/* A key of our own for this connection; P-256 where Ed25519 is refused (FIPS mode). */
static int make_key(gnutls_privkey_t *ret)
{
	gnutls_privkey_t key;
	int r = gnutls_privkey_init(&key);

	if (r < 0)
		return r;
	r = gnutls_privkey_generate2(key, GNUTLS_PK_EDDSA_ED25519, 0, 0, NULL, 0);
	if (r < 0)
		r = gnutls_privkey_generate2(key, GNUTLS_PK_ECDSA,
					     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0,
					     NULL, 0);
	if (r < 0)
		gnutls_privkey_deinit(key);
	else
		*ret = key;
	return r;
}

/* The credentials take the key over, also when this fails. */
static int set_key(gnutls_certificate_credentials_t cred, gnutls_privkey_t key)
{
	gnutls_pcert_st pcert = {};
	gnutls_pubkey_t public = NULL;
	int r = gnutls_pubkey_init(&public);

	if (r == 0)
		r = gnutls_pubkey_import_privkey(public, key, GNUTLS_KEY_DIGITAL_SIGNATURE, 0);
	if (r == 0) {
		r = gnutls_pcert_import_rawpk(&pcert, public, 0); /* takes `public` */
		if (r == 0)
			public = NULL;
	}
	if (r == 0) {
		r = gnutls_certificate_set_key(cred, NULL, 0, &pcert, 1, key);
		if (r >= 0)
			return 0; /* what pcert refers to, and the key, are the credentials' now */
		gnutls_pcert_deinit(&pcert);
	}
	if (public)
		gnutls_pubkey_deinit(public);
	gnutls_privkey_deinit(key);
	return r;
}

int tlscred_new(int role, gnutls_certificate_credentials_t *ret)
{
	gnutls_certificate_credentials_t cred;
	gnutls_privkey_t key;
	int r = gnutls_certificate_allocate_credentials(&cred);

	if (r < 0)
		return r;
	if (role == ROLE_SERVER) {
		r = make_key(&key);
		if (r == 0)
			r = set_key(cred, key);
	}
	if (r < 0)
		gnutls_certificate_free_credentials(cred);
	else
		*ret = cred;
	return r;
}

int tlscred_set_priority(gnutls_session_t session)
{
	static const char *const groups[] = { "+GROUP-X25519-MLKEM768:", "" };
	const char *ciphers = cpu_has_aes() ? "+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"
					    : "+CHACHA20-POLY1305:+AES-128-GCM:+AES-256-GCM";
	char text[512];
	size_t i;
	int r = GNUTLS_E_INVALID_REQUEST;

	for (i = 0; i < ARRAY_SIZE(groups) && r < 0; i++) {
		snprintf(text, sizeof(text),
			 "NONE:+VERS-TLS1.3:%s:+AEAD:%s+GROUP-X25519:+GROUP-SECP256R1:"
			 "+SIGN-EDDSA-ED25519:+SIGN-ECDSA-SECP256R1-SHA256:"
			 "+CTYPE-SRV-RAWPK:+CTYPE-CLI-RAWPK", ciphers, groups[i]);
		r = gnutls_priority_set_direct(session, text, NULL);
	}
	return r;
}
