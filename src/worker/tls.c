/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "tlscred.h"
#include "transport.h"

enum {
	RECORD_SPACE = TLS_RECORD_MOST + 256, /* one record with everything around it */
	BANNER_MOST = 40,                     /* of what is not TLS */
};

struct tls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t cred;
	int role;
	bool foreign;
	bool dry; /* nothing to read until poll() says that there is: GnuTLS need not find out */
	char error[200];
	struct transport transport;
};

__attribute__((format(printf, 2, 3))) static void set_error(struct tls *t, const char *format, ...)
{
	va_list ap;

	if (t->error[0])
		return; /* the first cause is the one to tell */
	va_start(ap, format);
	vsnprintf(t->error, sizeof(t->error), format, ap);
	va_end(ap);
}

/* ---- transport */

/* What comes first from a server must be a TLS handshake or alert; "VTUN" and banners are told
 * apart before GnuTLS makes "unexpected packet" of them. */
static bool is_foreign(const struct tls *t)
{
	const uint8_t *first = t->transport.ahead;

	return t->role == ROLE_CLIENT && first[0] != 0x16 && first[0] != 0x15;
}

static void describe_foreign(struct tls *t)
{
	const uint8_t *first = t->transport.ahead;
	size_t n = t->transport.tail, i;

	if (n >= 4 && memcmp(first, "VTUN", 4) == 0) {
		set_error(t, "the server speaks the old unencrypted VTun protocol, which is refused: "
			     "upgrade it to VTun 4");
		return;
	}
	for (i = 0; i < n && i < BANNER_MOST && first[i] >= 0x20 && first[i] < 0x7f; i++)
		;
	set_error(t, "the server does not speak TLS%s%.*s%s: is it VTun 4 on that port?",
		  i ? ", it says \"" : "", (int)i, (const char *)first, i ? "\"" : "");
}

/* The result for GnuTLS, with the reason where it looks for it. */
static ssize_t answer(struct tls *t, ssize_t n)
{
	if (n < 0)
		gnutls_transport_set_errno(t->session, errno);
	return n;
}

static ssize_t pull(gnutls_transport_ptr_t context, void *data, size_t size)
{
	struct tls *t = context;
	bool begins = t->transport.in == 0;
	ssize_t n = -1;

	errno = EPROTO;
	if (!t->foreign && !t->transport.over)
		n = transport_read(&t->transport, data, size);
	if (n > 0 && begins && is_foreign(t)) {
		describe_foreign(t);
		t->foreign = true;
		errno = EPROTO;
		n = -1;
	} else if (t->transport.over) {
		set_error(t, "more than %d bytes before authentication", TRANSPORT_PREAUTH_MOST);
	}
	return answer(t, n);
}

static int pull_timeout(gnutls_transport_ptr_t context, unsigned ms)
{
	struct tls *t = context;

	return transport_wait(&t->transport, ms == GNUTLS_INDEFINITE_TIMEOUT ? -1 : (int)ms);
}

static ssize_t push(gnutls_transport_ptr_t context, const giovec_t *iov, int n_iov)
{
	struct tls *t = context;

	return answer(t, transport_write(&t->transport, iov, n_iov));
}

/* ---- life */

static int set_up(struct tls *t, const char *sni)
{
	static const gnutls_datum_t alpn = { (unsigned char *)"vtun/4", 6 };
	unsigned flags = GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS |
			 GNUTLS_ENABLE_RAWPK;
	int r = tlscred_new(t->role, &t->cred);

	if (r < 0)
		return r;
	r = gnutls_init(&t->session, flags | (t->role == ROLE_SERVER ? GNUTLS_SERVER : GNUTLS_CLIENT));
	if (r < 0)
		return r;
	r = tlscred_set_priority(t->session);
	if (r == 0)
		r = gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->cred);
	if (r == 0)
		r = gnutls_alpn_set_protocols(t->session, &alpn, 1, GNUTLS_ALPN_MANDATORY);
	if (r == 0 && sni[0])
		r = gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, sni, strlen(sni));
	if (r < 0)
		return r;
	if (t->role == ROLE_SERVER)
		gnutls_certificate_server_set_request(t->session, GNUTLS_CERT_IGNORE);
	gnutls_handshake_set_timeout(t->session, 0); /* deadlines are the monitor's */
	gnutls_transport_set_ptr(t->session, t);
	gnutls_transport_set_pull_function(t->session, pull);
	gnutls_transport_set_pull_timeout_function(t->session, pull_timeout);
	gnutls_transport_set_vec_push_function(t->session, push);
	return 0;
}

int tls_new(int role, int fd, const char *sni, struct tls **ret)
{
	struct tls *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return log_errno(LOG_ERR, ENOMEM, "TLS");
	t->role = role;
	transport_init(&t->transport, fd);
	r = set_up(t, sni);
	if (r < 0) {
		log_error("TLS cannot be set up: %s", gnutls_strerror(r));
		tls_free(t);
		return -EIO;
	}
	*ret = t;
	return 0;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	if (t->session)
		gnutls_deinit(t->session);
	if (t->cred)
		gnutls_certificate_free_credentials(t->cred);
	free(t);
}

/* ---- outcome */

/* Somebody with TLS who is none of us. */
static void describe_stranger(struct tls *t, const char *what)
{
	set_error(t, "%s: %s", what,
		  t->role == ROLE_CLIENT ? "is it VTun 4 on that port?" : "it is no VTun 4");
}

static void describe_alert(struct tls *t, gnutls_alert_description_t a)
{
	const char *name = gnutls_alert_get_name(a);

	switch (a) {
	case GNUTLS_A_NO_APPLICATION_PROTOCOL:
		describe_stranger(t, "the peer speaks TLS but has no vtun/4 (alert 120)");
		break;
	case GNUTLS_A_HANDSHAKE_FAILURE:
		describe_stranger(t, "no common TLS 1.3 parameters (alert 40)");
		break;
	case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
		describe_stranger(t, "no raw public key there (alert 43)");
		break;
	case GNUTLS_A_PROTOCOL_VERSION:
		describe_stranger(t, "no TLS 1.3 there (alert 70)");
		break;
	default:
		set_error(t, "the peer ended TLS with alert %d, %s", (int)a, name ? name : "unknown");
	}
}

static void describe(struct tls *t, int r)
{
	switch (r) {
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		describe_alert(t, gnutls_alert_get(t->session));
		break;
	case GNUTLS_E_NO_APPLICATION_PROTOCOL:
		describe_stranger(t, "the peer speaks TLS but has no vtun/4");
		break;
	case GNUTLS_E_NO_CIPHER_SUITES:
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
		describe_stranger(t, "no common TLS 1.3 parameters");
		break;
	default:
		set_error(t, "TLS: %s", gnutls_strerror(r));
	}
}

static void describe_loss(struct tls *t)
{
	if (t->transport.in == 0)
		set_error(t, "closed before TLS (another service, too many attempts, or no configuration: "
			  "see the log over there)");
	else if (!t->transport.ended && t->transport.error)
		set_error(t, "%s", strerror(t->transport.error));
	else
		set_error(t, "it ended without a close: vtund or its machine died, or something on the way "
			  "cut it");
}

static enum tls_io outcome(struct tls *t, int r)
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
		if (t->transport.over)
			return TLS_FAILED;
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

/* What GnuTLS does not insist on by itself: a peer with no ALPN at all passes its own check. */
static enum tls_io check_profile(struct tls *t)
{
	gnutls_datum_t alpn;
	unsigned n_certs = 0;

	if (gnutls_protocol_get_version(t->session) != GNUTLS_TLS1_3 ||
	    gnutls_session_is_resumed(t->session))
		set_error(t, "not a fresh TLS 1.3 session");
	else if (gnutls_alpn_get_selected_protocol(t->session, &alpn) < 0 || alpn.size != 6 ||
		 memcmp(alpn.data, "vtun/4", 6) != 0)
		describe_stranger(t, "the peer speaks TLS but has no vtun/4");
	else if (gnutls_certificate_type_get2(t->session, GNUTLS_CTYPE_SERVER) != GNUTLS_CRT_RAWPK)
		describe_stranger(t, "the server shows a certificate where vtun/4 has a raw public key");
	else if (t->role == ROLE_CLIENT &&
		 (!gnutls_certificate_get_peers(t->session, &n_certs) || n_certs != 1))
		set_error(t, "the server shows no key");
	return t->error[0] ? TLS_FAILED : TLS_OK;
}

enum tls_io tls_handshake(struct tls *t)
{
	int r;

	if (transport_flush(&t->transport) < 0 && errno == EAGAIN)
		return TLS_WANT_WRITE;
	r = gnutls_handshake(t->session);
	if (r == 0)
		return check_profile(t);
	if (r == GNUTLS_E_WARNING_ALERT_RECEIVED)
		return TLS_WANT_READ;
	if (gnutls_error_is_fatal(r) && !t->foreign && !t->transport.over && r != GNUTLS_E_PREMATURE_TERMINATION)
		gnutls_alert_send_appropriate(t->session, r);
	return outcome(t, r);
}

static int export_key(struct tls *t, const char *label, uint8_t ret[static 32])
{
	return gnutls_prf_rfc5705(t->session, strlen(label), label, 0, "", 32, (char *)ret) < 0 ? -EIO : 0;
}

int tls_export_sid(struct tls *t, uint8_t ret[static 32])
{
	return export_key(t, "EXPERIMENTAL-vtun4-sid", ret);
}

int tls_export_udp(struct tls *t, uint8_t ret[static 32])
{
	return export_key(t, "EXPERIMENTAL-vtun4-udp", ret);
}

void tls_lift_budget(struct tls *t)
{
	t->transport.lifted = true;
}

/* ---- data */

/* A record without data (KeyUpdate) makes GnuTLS say "again" as well, though more of them may lie in
 * ahead[], of which poll() knows nothing. */
static bool is_for_nothing(const struct tls *t, ssize_t r)
{
	return r == GNUTLS_E_INTERRUPTED || r == GNUTLS_E_WARNING_ALERT_RECEIVED ||
	       (r == GNUTLS_E_AGAIN && transport_holds(&t->transport) && !gnutls_record_get_direction(t->session));
}

enum tls_io tls_read(struct tls *t, void *data, size_t size, size_t *ret_size)
{
	enum tls_io io;
	ssize_t n;

	if (t->dry)
		return TLS_WANT_READ;
	do
		n = gnutls_record_recv(t->session, data, size);
	while (is_for_nothing(t, n));
	if (n > 0) {
		*ret_size = (size_t)n;
		return TLS_OK;
	}
	if (n == 0) {
		/* Without a close_notify GnuTLS says PREMATURE_TERMINATION, not 0. */
		set_error(t, "closed by the peer");
		return TLS_CLOSED;
	}
	io = outcome(t, (int)n);
	t->dry = io == TLS_WANT_READ && !transport_holds(&t->transport);
	return io;
}

static enum tls_io flush(struct tls *t)
{
	if (transport_flush(&t->transport) == 0)
		return TLS_OK;
	return errno == EAGAIN ? TLS_WANT_WRITE : outcome(t, GNUTLS_E_PUSH_ERROR);
}

enum tls_io tls_write(struct tls *t, const void *data, size_t size, size_t *ret_size)
{
	const uint8_t *p = data;
	enum tls_io io = TLS_OK;
	size_t done = 0;

	while (done < size && io == TLS_OK) {
		size_t piece = size - done < TLS_RECORD_MOST ? size - done : TLS_RECORD_MOST;
		ssize_t n;

		if (transport_room(&t->transport) < RECORD_SPACE) {
			io = flush(t);
			continue;
		}
		t->transport.more = true;
		n = gnutls_record_send(t->session, p + done, piece);
		t->transport.more = false;
		if (n < 0)
			io = outcome(t, (int)n);
		else
			done += (size_t)n;
	}
	*ret_size = done;
	return io == TLS_OK ? flush(t) : io;
}

void tls_limit_segments(struct tls *t, size_t most)
{
	t->transport.segment = most;
}

void tls_readable(struct tls *t)
{
	t->transport.drained = t->dry = false;
}

bool tls_is_writable(const struct tls *t)
{
	return transport_is_writable(&t->transport);
}

enum tls_io tls_update_key(struct tls *t)
{
	int r = gnutls_session_key_update(t->session, 0);

	return r < 0 ? outcome(t, r) : TLS_OK;
}

void tls_close(struct tls *t)
{
	t->transport.more = false;
	gnutls_bye(t->session, GNUTLS_SHUT_WR);
}

const char *tls_error(const struct tls *t)
{
	return t->error[0] ? t->error : "unknown error";
}

uint64_t tls_bytes_in(const struct tls *t)
{
	return t->transport.in;
}

uint64_t tls_bytes_out(const struct tls *t)
{
	return t->transport.out;
}
