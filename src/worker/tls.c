/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "tlscred.h"

enum {
	READ_AHEAD = 128 * 1024,
	GATHER = 256 * 1024,        /* ciphertext that leaves in one send */
	RECORD_SPACE = TLS_RECORD_MOST + 256, /* one record with everything around it */
	FIRST_BYTES = 40,
};

struct tls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t cred;
	int role, fd;
	bool lifted;    /* no budget any more */
	bool over;      /* the budget is used up */
	bool foreign;
	int io_error;   /* of the last read or write that failed */
	bool more;      /* more records follow at once: they are gathered */
	size_t segment; /* what is sent leaves in none larger than this; 0: the kernel knows */
	bool ended;      /* the peer has closed the connection */
	bool drained;   /* the last read took all there was: ask poll() before the next one */
	uint64_t in, out;
	uint8_t first[FIRST_BYTES];
	size_t n_first;
	char error[200];
	size_t head, tail; /* of ahead[] */
	size_t sent, gathered; /* of gather[] */
	uint8_t ahead[READ_AHEAD];
	uint8_t gather[GATHER];
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
static bool is_foreign(struct tls *t, size_t n)
{
	size_t i;

	if (t->role != ROLE_CLIENT || t->in != n)
		return false;
	t->n_first = n < FIRST_BYTES ? n : FIRST_BYTES;
	memcpy(t->first, t->ahead, t->n_first);
	if (t->first[0] == 0x16 || t->first[0] == 0x15)
		return false;
	if (t->n_first >= 4 && memcmp(t->first, "VTUN", 4) == 0) {
		set_error(t, "the server speaks the old unencrypted VTun protocol, which is refused: "
			     "upgrade it to VTun 4");
		return true;
	}
	for (i = 0; i < t->n_first && t->first[i] >= 0x20 && t->first[i] < 0x7f; i++)
		;
	set_error(t, "the server does not speak TLS%s%.*s%s: is it VTun 4 on that port?",
		  i ? ", it says \"" : "", (int)i, (const char *)t->first, i ? "\"" : "");
	return true;
}

static ssize_t refill(struct tls *t)
{
	size_t room = sizeof(t->ahead);
	ssize_t n;

	if (!t->lifted) {
		if (t->in >= TLS_PREAUTH_MOST) {
			t->over = true;
			set_error(t, "more than %d bytes before authentication", TLS_PREAUTH_MOST);
			errno = ECONNABORTED;
			return -1;
		}
		room = TLS_PREAUTH_MOST - t->in;
	}
	n = recv(t->fd, t->ahead, room, 0);
	if (n <= 0) {
		t->io_error = n < 0 ? errno : 0;
		t->ended = n == 0;
		return n;
	}
	t->drained = (size_t)n < room;
	t->in += (size_t)n;
	t->head = 0;
	t->tail = (size_t)n;
	if (!t->foreign && is_foreign(t, (size_t)n)) {
		t->foreign = true;
		errno = EPROTO;
		return -1;
	}
	return n;
}

static ssize_t pull(gnutls_transport_ptr_t context, void *data, size_t size)
{
	struct tls *t = context;
	size_t n;

	if (t->foreign || t->over) {
		gnutls_transport_set_errno(t->session, EPROTO);
		return -1;
	}
	if (t->head == t->tail) {
		ssize_t r = -1;

		errno = EAGAIN;
		if (!t->drained)
			r = refill(t);
		if (r < 0)
			gnutls_transport_set_errno(t->session, errno);
		if (r <= 0)
			return r;
	}
	n = t->tail - t->head < size ? t->tail - t->head : size;
	memcpy(data, t->ahead + t->head, n);
	t->head += n;
	return (ssize_t)n;
}

static int pull_timeout(gnutls_transport_ptr_t context, unsigned ms)
{
	struct tls *t = context;
	struct pollfd p = { .fd = t->fd, .events = POLLIN };

	if (t->head != t->tail)
		return 1;
	return poll(&p, 1, ms == GNUTLS_INDEFINITE_TIMEOUT ? -1 : (int)ms);
}

/* What is sent next.  By MSG_EOR the kernel adds nothing to a segment, also when it sends it again. */
static ssize_t send_some(const struct tls *t)
{
	size_t left = t->gathered - t->sent, piece;

	if (!t->segment)
		return send(t->fd, t->gather + t->sent, left, MSG_NOSIGNAL);
	piece = t->segment - t->sent % t->segment;
	return send(t->fd, t->gather + t->sent, left < piece ? left : piece, MSG_NOSIGNAL | MSG_EOR);
}

/* Sends what was gathered.  0; -1 and errno: EAGAIN if not all of it could go. */
static int send_gathered(struct tls *t)
{
	while (t->sent < t->gathered) {
		ssize_t n = send_some(t);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			t->io_error = errno;
			return -1;
		}
		t->sent += (size_t)n;
		t->out += (size_t)n;
	}
	t->sent = t->gathered = 0;
	return 0;
}

/* A system call and a wake-up of the peer for each record cost more than the copy.  Only a full
 * buffer makes GnuTLS wait; what it has given away once is ours to send. */
static ssize_t push(gnutls_transport_ptr_t context, const giovec_t *iov, int n_iov)
{
	struct tls *t = context;
	size_t size = 0;
	int i;

	for (i = 0; i < n_iov; i++)
		size += iov[i].iov_len;
	if (size > sizeof(t->gather) - t->gathered) {
		if (send_gathered(t) < 0) {
			gnutls_transport_set_errno(t->session, errno);
			return -1;
		}
		if (size > sizeof(t->gather)) {
			gnutls_transport_set_errno(t->session, EMSGSIZE);
			return -1;
		}
	}
	for (i = 0; i < n_iov; i++) {
		memcpy(t->gather + t->gathered, iov[i].iov_base, iov[i].iov_len);
		t->gathered += iov[i].iov_len;
	}
	if (!t->more && send_gathered(t) < 0 && errno != EAGAIN) {
		gnutls_transport_set_errno(t->session, errno);
		return -1;
	}
	return (ssize_t)size;
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
	t->fd = fd;
	t->segment = TLS_SEGMENT_LEAST;
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
	if (t->in == 0)
		set_error(t, "closed before TLS (another service, too many attempts, or no configuration: "
			  "see the log over there)");
	else if (!t->ended && t->io_error)
		set_error(t, "%s", strerror(t->io_error));
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
		if (t->over)
			return TLS_FAILED;
		describe_loss(t);
		return TLS_LOST;
	case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
		/* The connection has ended within a record: the peer died while it sent. */
		if (t->ended) {
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

	if (send_gathered(t) < 0 && errno == EAGAIN)
		return TLS_WANT_WRITE;
	r = gnutls_handshake(t->session);
	if (r == 0)
		return check_profile(t);
	if (r == GNUTLS_E_WARNING_ALERT_RECEIVED)
		return TLS_WANT_READ;
	if (gnutls_error_is_fatal(r) && !t->foreign && !t->over && r != GNUTLS_E_PREMATURE_TERMINATION)
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
	t->lifted = true;
}

/* ---- data */

/* A record without data (KeyUpdate) makes GnuTLS say "again" as well, though more of them may lie in
 * ahead[], of which poll() knows nothing. */
static bool is_for_nothing(const struct tls *t, ssize_t r)
{
	return r == GNUTLS_E_INTERRUPTED || r == GNUTLS_E_WARNING_ALERT_RECEIVED ||
	       (r == GNUTLS_E_AGAIN && t->head != t->tail && !gnutls_record_get_direction(t->session));
}

enum tls_io tls_read(struct tls *t, void *data, size_t size, size_t *ret_size)
{
	ssize_t n;

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
	return outcome(t, (int)n);
}

static enum tls_io flush(struct tls *t)
{
	if (send_gathered(t) == 0)
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

		if (sizeof(t->gather) - t->gathered < RECORD_SPACE) {
			io = flush(t);
			continue;
		}
		t->more = true;
		n = gnutls_record_send(t->session, p + done, piece);
		t->more = false;
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
	t->segment = most;
}

void tls_readable(struct tls *t)
{
	t->drained = false;
}

bool tls_is_writable(const struct tls *t)
{
	struct pollfd p = { .fd = t->fd, .events = POLLOUT };

	return poll(&p, 1, 0) != 0;
}

enum tls_io tls_update_key(struct tls *t)
{
	int r = gnutls_session_key_update(t->session, 0);

	return r < 0 ? outcome(t, r) : TLS_OK;
}

void tls_close(struct tls *t)
{
	t->more = false;
	gnutls_bye(t->session, GNUTLS_SHUT_WR);
}

const char *tls_error(const struct tls *t)
{
	return t->error[0] ? t->error : "unknown error";
}

uint64_t tls_bytes_in(const struct tls *t)
{
	return t->in;
}

uint64_t tls_bytes_out(const struct tls *t)
{
	return t->out;
}
