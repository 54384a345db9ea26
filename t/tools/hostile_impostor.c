/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A server that means ill: listens on SOURCE, takes one client there, and prints what the client has
 * to say to it.  ADDRESS is the true server.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bytes.h"
#include "hostile.h"
#include "worker/tlscred.h"
#include "worker/wire.h"

/* ---- up to the client's proof */

static void await_client(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, source, &at.sin_addr);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(listener, 1) < 0)
		give_up("listen");
	fd = accept(listener, NULL, NULL);
	close(listener);
}

static void accept_tls(void)
{
	gnutls_datum_t name = { (unsigned char *)"vtun/4", 6 };
	gnutls_certificate_credentials_t cred;
	int r;

	await_client();
	tlscred_new(ROLE_SERVER, &cred);
	gnutls_init(&tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS | GNUTLS_ENABLE_RAWPK);
	tlscred_set_priority(tls);
	gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_certificate_server_set_request(tls, GNUTLS_CERT_IGNORE);
	gnutls_alpn_set_protocols(tls, &name, 1, 0);
	gnutls_transport_set_int(tls, fd);
	do
		r = gnutls_handshake(tls);
	while (r < 0 && !gnutls_error_is_fatal(r));
	if (r < 0)
		give_up(gnutls_strerror(r));
	gnutls_prf_rfc5705(tls, 22, "EXPERIMENTAL-vtun4-sid", 0, "", 32, (char *)sid);
}

static void hear_init(void)
{
	accept_tls();
	must(FRAME_AUTH_INIT);
	memcpy(init, frame + WIRE_HEADER, sizeof(init));
}

/* As a server does it that knows this password; `tag` is its proof, or junk if it is not the one. */
static void hear_proof(const char *password)
{
	static const uint8_t boot_secret[32];
	uint8_t resp[AUTH_RESP_SIZE];
	struct auth *a;

	hear_init();
	if (auth_server_answer(sid, init, password, strlen(password), boot_secret, &a, resp) < 0)
		give_up("answer");
	put(FRAME_AUTH_RESP, resp, sizeof(resp));
	must(FRAME_AUTH_CONF);
	auth_server_confirm(a, frame + WIRE_HEADER, tag, auth_secret);
	auth_free(a);
}

static struct terms good_terms(void)
{
	return (struct terms){
		.type = TUNNEL_TUN, .proto = PROTO_TCP, .encrypt = 1, .mtu = 1500,
		.keepalive_s = 30, .keepalive_misses = 4,
	};
}

/* A login in good order, and an offer of these bytes at its end. */
static void offer_and(struct terms t, const void *more, size_t size)
{
	uint8_t tlvs[WIRE_TLVS_MOST];
	size_t n;

	hear_proof("secret");
	put(FRAME_AUTH_OK, tag, sizeof(tag));
	n = wire_put_offer(&t, tlvs);
	memcpy(tlvs + n, more, size);
	put(FRAME_OFFER, tlvs, n + size);
}

static void offer_more(const void *more, size_t size)
{
	offer_and(good_terms(), more, size);
	print_end();
}

/* ---- proofs that are none */

static void reflect_share(void)
{
	uint8_t resp[AUTH_RESP_SIZE] = { 1 };

	hear_init();
	memcpy(resp + 4, init + 68, 32);
	put(FRAME_AUTH_RESP, resp, sizeof(resp));
	print_end();
}

static void reflect_tag(void)
{
	hear_proof("secret");
	put(FRAME_AUTH_OK, frame + WIRE_HEADER, AUTH_TAG_SIZE);
	print_end();
}

static void no_password(void)
{
	hear_proof("a guess");
	memset(tag, 0x5a, sizeof(tag));
	put(FRAME_AUTH_OK, tag, sizeof(tag));
	put(FRAME_OFFER, "", 0);
	print_end();
}

static void empty_proof(void)
{
	hear_proof("secret");
	put(FRAME_AUTH_OK, "", 0);
	print_end();
}

static void option_first(void)
{
	hear_init();
	put(FRAME_ERROR, "\0\6\x12\x34\0", 5);
	print_end();
}

/* It has had its guess, and does not say how it went. */
static void gone_with_proof(void)
{
	hear_proof("a guess");
	shutdown(fd, SHUT_RDWR);
	printf("gone\n");
}

static void offer_first(void)
{
	struct terms t = good_terms();
	uint8_t tlvs[WIRE_TLVS_MOST];

	hear_proof("secret");
	put(FRAME_OFFER, tlvs, wire_put_offer(&t, tlvs));
	print_end();
}

/* Between a client and its true server, who see two TLS connections. */
static void relay(void)
{
	gnutls_session_t to_client, to_server;
	uint8_t passed[AUTH_INIT_SIZE];

	hear_init();
	to_client = tls;
	memcpy(passed, frame + WIRE_HEADER, AUTH_INIT_SIZE);
	connect_tls();
	to_server = tls;
	put(FRAME_AUTH_INIT, passed, AUTH_INIT_SIZE);
	must(FRAME_AUTH_RESP);
	tls = to_client;
	put(FRAME_AUTH_RESP, frame + WIRE_HEADER, AUTH_RESP_SIZE);
	must(FRAME_AUTH_CONF);
	memcpy(passed, frame + WIRE_HEADER, AUTH_TAG_SIZE);
	tls = to_server;
	put(FRAME_AUTH_CONF, passed, AUTH_TAG_SIZE);
	print_end();
	tls = to_client;
	put(FRAME_ERROR, "\0\1\0\0", 5);
	print_end();
}

/* ---- offers that are none */

static void offer_twice(void)
{
	offer_more("\x80\1\0\1\1", 5);
}

static void offer_truncated(void)
{
	offer_more("\x7f\1\0", 3);
}

static void offer_65(void)
{
	uint8_t many[65 * 4] = { 0 };
	int i;

	for (i = 0; i < 65; i++)
		put_be16(many + 4 * i, (uint16_t)(0x7000 + i));
	offer_more(many, sizeof(many));
}

static void offer_critical(void)
{
	offer_more("\xff\1\0\0", 4);
}

static void offer_mtu_0(void)
{
	struct terms t = good_terms();

	t.mtu = 0;
	offer_and(t, "", 0);
	print_end();
}

/* ---- what comes after a good offer */

static void let_in(void)
{
	offer_and(good_terms(), "", 0);
	must(FRAME_ACCEPT);
	put(FRAME_START, "\0\0\0", 4);
}

static void no_packets_for_client(void)
{
	let_in();
	put(FRAME_DATA, "\0", 1);
	put(FRAME_DATA, "\x45\0\0\5\0", 5);
	leave();
}

static void long_data_for_client(void)
{
	uint8_t header[WIRE_HEADER];

	let_in();
	wire_put_header(header, FRAME_DATA, 0xffffff);
	put_raw(header, sizeof(header));
	print_end();
}

static void ill_text_for_client(void)
{
	static const uint8_t text[] = "\0\011\0\0\034\033[2J\nauth failure from 9.9.9";

	let_in();
	put(FRAME_ERROR, text, sizeof(text) - 1);
	print_end();
}

const struct hostile_case impostor_cases[] = {
	CASE(reflect_share), CASE(reflect_tag), CASE(no_password), CASE(empty_proof),
	CASE(option_first), CASE(gone_with_proof), CASE(offer_first), CASE(relay), CASE(offer_twice), CASE(offer_truncated), CASE(offer_65),
	CASE(offer_critical), CASE(offer_mtu_0), CASE(no_packets_for_client),
	CASE(long_data_for_client), CASE(ill_text_for_client), { 0 },
};
