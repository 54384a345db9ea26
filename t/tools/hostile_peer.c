/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostile.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/bytes.h"
#include "worker/tlscred.h"
#include "worker/wire.h"

const char *address, *port, *source;
int fd;
gnutls_session_t tls;
uint8_t sid[AUTH_SID_SIZE];
struct terms offer;
uint8_t frame[FRAME_ROOM];
size_t frame_size;
uint8_t init[AUTH_INIT_SIZE], tag[AUTH_TAG_SIZE], auth_secret[AUTH_SECRET_SIZE];
static struct auth *login;

__attribute__((noreturn)) void give_up(const char *what)
{
	printf("cannot %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the connection */

static struct addrinfo *place(const char *host, const char *service)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *a;

	if (getaddrinfo(host, service, &hints, &a) != 0)
		give_up("read an address");
	return a;
}

int try_dial(void)
{
	struct addrinfo *to = place(address, port), *from = place(source, "0");

	fd = socket(to->ai_family, SOCK_STREAM, 0);
	if (bind(fd, from->ai_addr, from->ai_addrlen) < 0)
		give_up("bind");
	return connect(fd, to->ai_addr, to->ai_addrlen);
}

void dial(void)
{
	if (try_dial() < 0)
		give_up("connect");
}

void raw(const void *data, size_t size)
{
	if (send(fd, data, size, MSG_NOSIGNAL) < 0 && errno != ECONNRESET && errno != EPIPE)
		give_up("send");
}

/* What comes without TLS, up to the end. */
void print_raw(void)
{
	uint8_t in[4096];
	size_t used = 0;
	ssize_t n;

	while (used < sizeof(in) && (n = recv(fd, in + used, sizeof(in) - used, 0)) > 0)
		used += (size_t)n;
	if (used > 4 && memcmp(in, "ERR:", 4) == 0)
		printf("says \"%.*s\" ", (int)strcspn((char *)in, "\n"), in);
	else if (used >= 7 && in[used - 7] == 0x15)
		printf("alert %d ", in[used - 1]);
	printf("hung up\n");
}

gnutls_session_t new_tls(const char *priority, const char *alpn)
{
	gnutls_datum_t name = { (unsigned char *)alpn, alpn ? (unsigned)strlen(alpn) : 0 };
	gnutls_certificate_credentials_t cred;
	gnutls_session_t s;

	tlscred_new(ROLE_CLIENT, &cred);
	gnutls_init(&s, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS | GNUTLS_ENABLE_RAWPK);
	if (priority)
		gnutls_priority_set_direct(s, priority, NULL);
	else
		tlscred_set_priority(s);
	gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred);
	if (alpn)
		gnutls_alpn_set_protocols(s, &name, 1, 0);
	gnutls_transport_set_int(s, fd);
	gnutls_handshake_set_timeout(s, 0);
	return s;
}

int handshake(const char *priority, const char *alpn)
{
	int r;

	dial();
	tls = new_tls(priority, alpn);
	do
		r = gnutls_handshake(tls);
	while (r < 0 && !gnutls_error_is_fatal(r));
	if (r == 0)
		gnutls_prf_rfc5705(tls, 22, "EXPERIMENTAL-vtun4-sid", 0, "", 32, (char *)sid);
	return r;
}

void print_tls(int r)
{
	if (r == GNUTLS_E_FATAL_ALERT_RECEIVED)
		printf("alert %d ", (int)gnutls_alert_get(tls));
	printf("hung up%s\n", r == 0 ? " in good order" : "");
}

void connect_tls(void)
{
	int r = handshake(NULL, "vtun/4");

	if (r < 0) {
		print_tls(r);
		exit(1);
	}
}

/* ---- frames */

void put_raw(const void *data, size_t size)
{
	const uint8_t *p = data;
	ssize_t n;

	while (size > 0) {
		n = gnutls_record_send(tls, p, size); /* a record at a time */
		if (n < 0 && n != GNUTLS_E_AGAIN)
			return;
		p += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

void put(uint8_t type, const void *payload, size_t size)
{
	static uint8_t out[FRAME_ROOM];

	wire_put_header(out, type, size);
	memcpy(out + WIRE_HEADER, payload, size);
	put_raw(out, WIRE_HEADER + size);
}

int get_bytes(uint8_t *to, size_t size)
{
	ssize_t n;

	for (; size > 0; to += n, size -= (size_t)n) {
		do
			n = gnutls_record_recv(tls, to, size);
		while (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED);
		if (n <= 0)
			return n < 0 ? (int)n : GNUTLS_E_SESSION_EOF;
	}
	return 0;
}

/* The next frame's type, or GnuTLS's error, GNUTLS_E_SESSION_EOF after a close_notify. */
int get(void)
{
	int r = get_bytes(frame, WIRE_HEADER);

	if (r < 0)
		return r;
	frame_size = get_be24(frame + 1);
	if (frame_size > sizeof(frame) - WIRE_HEADER)
		return GNUTLS_E_LARGE_PACKET;
	r = get_bytes(frame + WIRE_HEADER, frame_size);
	return r < 0 ? r : frame[0];
}

/* All that the server has to say until it is gone, as one line. */
void print_end(void)
{
	const uint8_t *p = frame + WIRE_HEADER;
	int r;

	while ((r = get()) >= 0) {
		if (r == FRAME_ERROR)
			printf("ERROR %u %x %s", get_be16(p), get_be16(p + 2), p[4] ? "(text) " : "");
		else if (r == FRAME_STATS)
			printf("drops %u ", (unsigned)get_be64(p + 32));
		else if (r != FRAME_ECHO_REQ && r != FRAME_DATA)
			printf("frame %02x of %zu ", r, frame_size);
	}
	print_tls(r == GNUTLS_E_SESSION_EOF ? 0 : r);
}

void must(int type)
{
	int r = get();

	if (r == type)
		return;
	printf("wanted %02x, got %d ", (unsigned)type, r);
	exit(1);
}

/* ---- sessions */

void make_init(struct auth **a, const char *name, const char *password)
{
	if (auth_client_start(sid, name, password, strlen(password), a, init) < 0)
		give_up("log in");
}

void say_init(const char *name, const char *password)
{
	connect_tls();
	make_init(&login, name, password);
	put(FRAME_AUTH_INIT, init, sizeof(init));
	must(FRAME_AUTH_RESP);
	auth_client_answer(login, frame + WIRE_HEADER, tag);
}

void log_in(const char *name)
{
	uint16_t detail;

	say_init(name, "secret");
	put(FRAME_AUTH_CONF, tag, sizeof(tag));
	must(FRAME_AUTH_OK);
	if (auth_client_confirm(login, frame + WIRE_HEADER, auth_secret) < 0)
		give_up("believe the server");
	must(FRAME_OFFER);
	if (wire_get_offer(frame + WIRE_HEADER, frame_size, &offer, &detail) < 0)
		give_up("read the offer");
}

struct terms acceptable(void)
{
	struct terms t = offer;

	memset(t.suites + 1, 0, sizeof(t.suites) - 1);
	return t;
}

void accept_terms(const struct terms *t)
{
	uint8_t tlvs[WIRE_TLVS_MOST];

	put(FRAME_ACCEPT, tlvs, wire_put_accept(t, tlvs));
}

void run(const char *name)
{
	struct terms t;

	log_in(name);
	t = acceptable();
	accept_terms(&t);
	must(FRAME_START);
}

/* Frames that are taken and dropped: the session lives, and its last word is their number. */
void leave(void)
{
	put(FRAME_CLOSE, "\0", 2);
	print_end();
}
