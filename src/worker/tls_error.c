/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tls_state.h"

enum { BANNER_MOST = 40 /* of what is not TLS */ };

void tls_set_error(struct tls *t, const char *format, ...)
{
	va_list ap;

	if (t->error[0])
		return;
	va_start(ap, format);
	vsnprintf(t->error, sizeof(t->error), format, ap);
	va_end(ap);
}

void tls_set_foreign(struct tls *t)
{
	const uint8_t *first = t->transport.ahead;
	size_t n = t->transport.tail, i;

	if (n >= 4 && memcmp(first, "VTUN", 4) == 0) {
		tls_set_error(t, "the server speaks the old unencrypted VTun protocol, which is refused: "
				 "upgrade it to VTun 4");
		return;
	}
	for (i = 0; i < n && i < BANNER_MOST && first[i] >= 0x20 && first[i] < 0x7f; i++)
		;
	tls_set_error(t, "the server does not speak TLS%s%.*s%s: is it VTun 4 on that port?",
			      i ? ", it says \"" : "", (int)i, (const char *)first, i ? "\"" : "");
}

void tls_set_stranger(struct tls *t, const char *what)
{
	tls_set_error(t, "%s: %s", what,
			      t->role == ROLE_CLIENT ? "is it VTun 4 on that port?" : "it is no VTun 4");
}

static void describe_alert(struct tls *t, gnutls_alert_description_t a)
{
	const char *name = gnutls_alert_get_name(a);

	switch (a) {
	case GNUTLS_A_NO_APPLICATION_PROTOCOL:
		tls_set_stranger(t, "the peer speaks TLS but has no vtun/4 (alert 120)");
		break;
	case GNUTLS_A_HANDSHAKE_FAILURE:
		tls_set_stranger(t, "no common TLS 1.3 parameters (alert 40)");
		break;
	case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
		tls_set_stranger(t, "no raw public key there (alert 43)");
		break;
	case GNUTLS_A_PROTOCOL_VERSION:
		tls_set_stranger(t, "no TLS 1.3 there (alert 70)");
		break;
	default:
		tls_set_error(t, "the peer ended TLS with alert %d, %s", (int)a, name ? name : "unknown");
	}
}

static void describe(struct tls *t, int r)
{
	switch (r) {
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		describe_alert(t, gnutls_alert_get(t->session));
		break;
	case GNUTLS_E_NO_APPLICATION_PROTOCOL:
		tls_set_stranger(t, "the peer speaks TLS but has no vtun/4");
		break;
	case GNUTLS_E_NO_CIPHER_SUITES:
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
		tls_set_stranger(t, "no common TLS 1.3 parameters");
		break;
	default:
		tls_set_error(t, "TLS: %s", gnutls_strerror(r));
	}
}

static void describe_loss(struct tls *t)
{
	if (t->transport.in == 0)
		tls_set_error(t, "closed before TLS (another service, too many attempts, or no configuration: "
				 "see the log over there)");
	else if (!t->transport.ended && t->transport.error)
		tls_set_error(t, "%s", strerror(t->transport.error));
	else
		tls_set_error(t, "it ended without a close: vtund or its machine died, or something on the way "
				 "cut it");
}

enum tls_io tls_outcome(struct tls *t, int r)
{
	switch (r) {
	case GNUTLS_E_AGAIN:
	case GNUTLS_E_INTERRUPTED:
		return gnutls_record_get_direction(t->session) ? TLS_WANT_WRITE : TLS_WANT_READ;
	case GNUTLS_E_PREMATURE_TERMINATION:
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR:
		if (t->foreign)
			return TLS_FOREIGN;
		if (t->transport.over) {
			tls_set_error(t, "more than %d bytes before authentication", TRANSPORT_PREAUTH_MOST);
			return TLS_FAILED;
		}
		describe_loss(t);
		return TLS_LOST;
	case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
		/* The connection has ended within a record: the peer died while it sent. */
		if (t->transport.ended) {
			describe_loss(t);
			return TLS_LOST;
		}
		__attribute__((fallthrough));
	default:
		describe(t, r);
		return t->foreign ? TLS_FOREIGN : TLS_FAILED;
	}
}
