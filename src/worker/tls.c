/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "tls_state.h"
#include "tlscred.h"

/* ---- transport */

/* What comes first from a server must be a TLS handshake or alert; "VTUN" and banners are told
 * apart before GnuTLS makes "unexpected packet" of them. */
static bool is_foreign(const struct tls *t)
{
	const uint8_t *first = t->transport.ahead;

	return t->role == ROLE_CLIENT && first[0] != 0x16 && first[0] != 0x15;
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

	errno = t->foreign ? EPROTO : EAGAIN;
	if (!t->foreign && t->may_read > 0)
		n = transport_read(&t->transport, data, size < t->may_read ? size : t->may_read);
	if (n > 0 && begins && is_foreign(t)) {
		tls_set_foreign(t);
		t->foreign = true;
		errno = EPROTO;
		n = -1;
	} else if (n > 0) {
		t->may_read -= (size_t)n;
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

	errno = EPROTO; /* out of turn: it could have a nonce that we have used */
	return answer(t, t->may_write ? transport_write(&t->transport, iov, n_iov) : -1);
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
	t->may_read = SIZE_MAX;
	t->may_write = true;
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
	record_key_free(&t->in);
	record_key_free(&t->out);
	free(t);
}

/* ---- handshake */

/* What GnuTLS does not insist on by itself: a peer with no ALPN at all passes its own check. */
static enum tls_io check_profile(struct tls *t)
{
	gnutls_datum_t alpn;
	unsigned n_certs = 0;

	if (gnutls_protocol_get_version(t->session) != GNUTLS_TLS1_3 ||
	    gnutls_session_is_resumed(t->session))
		tls_set_error(t, "not a fresh TLS 1.3 session");
	else if (gnutls_alpn_get_selected_protocol(t->session, &alpn) < 0 || alpn.size != 6 ||
		 memcmp(alpn.data, "vtun/4", 6) != 0)
		tls_set_stranger(t, "the peer speaks TLS but has no vtun/4");
	else if (gnutls_certificate_type_get2(t->session, GNUTLS_CTYPE_SERVER) != GNUTLS_CRT_RAWPK)
		tls_set_stranger(t, "the server shows a certificate where vtun/4 has a raw public key");
	else if (t->role == ROLE_CLIENT &&
		 (!gnutls_certificate_get_peers(t->session, &n_certs) || n_certs != 1))
		tls_set_error(t, "the server shows no key");
	return t->error[0] ? TLS_FAILED : TLS_OK;
}

enum tls_io tls_handshake(struct tls *t)
{
	int r;

	if (transport_flush(&t->transport) < 0 && errno == EAGAIN)
		return TLS_WANT_WRITE;
	r = gnutls_handshake(t->session);
	if (r == 0) {
		enum tls_io io = check_profile(t);

		return io == TLS_OK ? tls_end_turn(t) : io;
	}
	if (r == GNUTLS_E_WARNING_ALERT_RECEIVED)
		return TLS_WANT_READ;
	if (gnutls_error_is_fatal(r) && !t->foreign && !t->transport.over && r != GNUTLS_E_PREMATURE_TERMINATION)
		gnutls_alert_send_appropriate(t->session, r);
	return tls_outcome(t, r);
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
