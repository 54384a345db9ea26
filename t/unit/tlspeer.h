/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The peer of our TLS: GnuTLS alone.  What it writes lies in a buffer, and comes as the test lets it come.
 */
#pragma once

#include <gnutls/gnutls.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ipc.h"
#include "records.h"
#include "worker/tlscred.h"

static struct {
	gnutls_session_t session;
	int fd;      /* where it reads */
	size_t size; /* written, and not let come yet */
	uint8_t wire[1 << 20];
} peer;

static inline ssize_t peer_keeps(gnutls_transport_ptr_t context, const void *data, size_t size)
{
	(void)context;
	if (size > sizeof(peer.wire) - peer.size)
		abort();
	memcpy(peer.wire + peer.size, data, size);
	peer.size += size;
	return (ssize_t)size;
}

/* The first `size` bytes of what it has written are not its any more. */
static inline void peer_lets_go(size_t size)
{
	peer.size -= size;
	memmove(peer.wire, peer.wire + size, peer.size);
}

/* It writes a record around this, whatever GnuTLS would think of it. */
static inline void peer_writes(const void *inner, size_t size)
{
	struct record_key k = {};

	if (record_take(&k, peer.session, false) < 0 ||
	    size + RECORD_HEADER + RECORD_TAG > sizeof(peer.wire) - peer.size)
		abort();
	peer.size += seal_inner(&k, inner, size, peer.wire + peer.size);
	k.seq++;
	if (record_lend(&k, peer.session, false) < 0)
		abort();
	record_key_free(&k);
}

/* Until peer_end(). */
static inline void peer_begin(int role, const char *cipher)
{
	static const gnutls_datum_t alpn = { (unsigned char *)"vtun/4", 6 };
	static gnutls_certificate_credentials_t creds[ROLE_CLIENT + 1]; /* once for all sessions */
	char priority[200];

	snprintf(priority, sizeof(priority),
		 "NONE:+VERS-TLS1.3:+%s:+AEAD:+GROUP-X25519:+SIGN-EDDSA-ED25519:+CTYPE-SRV-RAWPK:+CTYPE-CLI-RAWPK",
		 cipher);
	if ((!creds[role] && tlscred_new(role, &creds[role]) < 0) ||
	    gnutls_init(&peer.session, GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS | GNUTLS_ENABLE_RAWPK |
				       (role == ROLE_SERVER ? GNUTLS_SERVER : GNUTLS_CLIENT)) < 0 ||
	    gnutls_priority_set_direct(peer.session, priority, NULL) < 0 ||
	    gnutls_credentials_set(peer.session, GNUTLS_CRD_CERTIFICATE, creds[role]) < 0 ||
	    gnutls_alpn_set_protocols(peer.session, &alpn, 1, 0) < 0)
		abort();
	gnutls_transport_set_int(peer.session, peer.fd);
	gnutls_transport_set_push_function(peer.session, peer_keeps);
	peer.size = 0;
}

static inline void peer_end(void)
{
	gnutls_deinit(peer.session);
}
