/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A peer that means ill: hostile ADDRESS PORT SOURCE CASE
 *
 * Does one thing to a vtund server that no client of ours does, and prints what came of it, in one
 * line: "ERROR 3" a frame, "alert 22" TLS's, "hung up" and how, and what the case itself counts.
 * The sessions are those of t/35-hostile.t; their password is "secret".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "common/secret.h"
#include "monitor/auth.h"
#include "worker/tlscred.h"
#include "worker/wire.h"

static const char *address, *port, *source;
static int fd;
static gnutls_session_t tls;
static uint8_t sid[AUTH_SID_SIZE];
static struct terms offer;
static uint8_t frame[70000]; /* the last one: header, payload */
static size_t frame_size;    /* of its payload */

__attribute__((noreturn)) static void give_up(const char *what)
{
	printf("cannot %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the connection */

static void dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	struct sockaddr_in from = { .sin_family = AF_INET };

	inet_pton(AF_INET, address, &to.sin_addr);
	inet_pton(AF_INET, source, &from.sin_addr);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		give_up("connect");
}

static void raw(const void *data, size_t size)
{
	if (send(fd, data, size, MSG_NOSIGNAL) < 0 && errno != ECONNRESET && errno != EPIPE)
		give_up("send");
}

/* What comes without TLS, up to the end. */
static void print_raw(void)
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

static gnutls_session_t new_tls(const char *priority, const char *alpn)
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

static int handshake(const char *priority, const char *alpn)
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

static void print_tls(int r)
{
	if (r == GNUTLS_E_FATAL_ALERT_RECEIVED)
		printf("alert %d ", (int)gnutls_alert_get(tls));
	printf("hung up%s\n", r == 0 ? " in good order" : "");
}

static void connect_tls(void)
{
	int r = handshake(NULL, "vtun/4");

	if (r < 0) {
		print_tls(r);
		exit(1);
	}
}

/* ---- frames */

static void put_raw(const void *data, size_t size)
{
	while (gnutls_record_send(tls, data, size) == GNUTLS_E_AGAIN)
		;
}

static void put(uint8_t type, const void *payload, size_t size)
{
	uint8_t out[20000];

	wire_put_header(out, type, size);
	memcpy(out + WIRE_HEADER, payload, size);
	put_raw(out, WIRE_HEADER + size);
}

static int get_bytes(uint8_t *to, size_t size)
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
static int get(void)
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
static void print_end(void)
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

static void must(int type)
{
	int r = get();

	if (r == type)
		return;
	printf("wanted %02x, got %d ", (unsigned)type, r);
	exit(1);
}

/* ---- sessions */

static uint8_t init[AUTH_INIT_SIZE], tag[AUTH_TAG_SIZE];

static void make_init(struct auth **a, const char *name, const char *password)
{
	if (auth_client_start(sid, name, password, strlen(password), a, init) < 0)
		give_up("log in");
}

static void say_init(const char *name, const char *password)
{
	struct auth *a;

	connect_tls();
	make_init(&a, name, password);
	put(FRAME_AUTH_INIT, init, sizeof(init));
	must(FRAME_AUTH_RESP);
	auth_client_answer(a, frame + WIRE_HEADER, tag);
	auth_free(a);
}

static void log_in(const char *name)
{
	uint16_t detail;

	say_init(name, "secret");
	put(FRAME_AUTH_CONF, tag, sizeof(tag));
	must(FRAME_AUTH_OK);
	must(FRAME_OFFER);
	if (wire_get_offer(frame + WIRE_HEADER, frame_size, &offer, &detail) < 0)
		give_up("read the offer");
}

static struct terms acceptable(void)
{
	struct terms t = offer;

	memset(t.suites + 1, 0, sizeof(t.suites) - 1);
	return t;
}

static void accept_terms(const struct terms *t)
{
	uint8_t tlvs[WIRE_TLVS_MOST];

	put(FRAME_ACCEPT, tlvs, wire_put_accept(t, tlvs));
}

static void run(const char *name)
{
	struct terms t;

	log_in(name);
	t = acceptable();
	accept_terms(&t);
	must(FRAME_START);
}

/* Frames that are taken and dropped: the session lives, and its last word is their number. */
static void leave(void)
{
	put(FRAME_CLOSE, "\0", 2);
	print_end();
}

/* ---- cases: before TLS */

static void silent(void)
{
	dial();
	print_raw();
}

static void one_byte(void)
{
	dial();
	raw("\x16", 1);
	print_raw();
}

static void http(void)
{
	dial();
	raw("GET / HTTP/1.0\r\n\r\n", 18);
	print_raw();
}

static void ssh(void)
{
	dial();
	raw("SSH-2.0-x\r\n", 11);
	print_raw();
}

static void legacy(void)
{
	dial();
	raw("HOST: wireless2\n", 16);
	print_raw();
}

static void long_record(void)
{
	dial();
	raw("\x16\x03\x01\xff\xff\x01", 6);
	print_raw();
}

/* A ClientHello that says it has 16 MiB, in records of 16 KiB. */
static void long_hello(void)
{
	static uint8_t record[5 + 16384] = { 0x16, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff, 3, 3 };
	int i;

	dial();
	for (i = 0; i < 1024 && send(fd, record, sizeof(record), MSG_NOSIGNAL) > 0; i++)
		memset(record + 5, 0, 6);
	printf("%s ", i < 1024 ? "cut off" : "heard to the end");
	print_raw();
}

static void slow_hello(void)
{
	static const uint8_t hello[] = { 0x16, 3, 1, 0x02, 0, 1, 0, 1, 0xfc, 3, 3 };
	size_t i;

	dial();
	for (i = 0; i < 60; i++) {
		if (send(fd, i < sizeof(hello) ? hello + i : hello + 7, 1, MSG_NOSIGNAL) < 0)
			break;
		if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 500) > 0)
			break;
	}
	print_raw();
}

/* After a good ClientHello, 20,000 records that mean nothing. */
static void many_ccs(void)
{
	int i;

	dial();
	fcntl(fd, F_SETFL, O_NONBLOCK);
	tls = new_tls(NULL, "vtun/4");
	gnutls_handshake(tls);
	fcntl(fd, F_SETFL, 0);
	for (i = 0; i < 20000 && send(fd, "\x14\x03\x03\0\1\1", 6, MSG_NOSIGNAL) > 0; i++)
		;
	printf("%s\n", poll(&(struct pollfd){ .fd = fd, .events = POLLRDHUP }, 1, 20000) == 1 ? "hung up" : "kept");
}

/* ---- cases: TLS */

static void tls12(void)
{
	print_tls(handshake("NORMAL:-VERS-ALL:+VERS-TLS1.2", "vtun/4"));
}

static void no_alpn(void)
{
	if (handshake(NULL, NULL) == 0)
		print_end();
}

static void other_alpn(void)
{
	int r = handshake(NULL, "h2");

	if (r == 0)
		print_end();
	else
		print_tls(r);
}

static void quiet(void)
{
	connect_tls();
	print_end();
}

static void half_closed(void)
{
	connect_tls();
	shutdown(fd, SHUT_WR);
	print_end();
}

static void second_hello(void)
{
	static const uint8_t hello[] = { 0x16, 3, 3, 0, 4, 1, 0, 0, 0 };

	connect_tls();
	raw(hello, sizeof(hello));
	print_end();
}

static void key_updates(void)
{
	int i;

	run("h");
	for (i = 0; i < 20; i++)
		gnutls_session_key_update(tls, 0);
	print_end();
}

/* One new key, and right behind it a question: the answer must not wait for more to come. */
static void after_update(void)
{
	uint8_t echo[WIRE_ECHO_SIZE] = { 0 };
	int on = 1, off = 0;
	uint64_t began;

	run("h");
	began = clock_ms();
	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
	gnutls_session_key_update(tls, 0);
	put(FRAME_ECHO_REQ, echo, sizeof(echo));
	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
	must(FRAME_ECHO_REP);
	/* Left lying, it would be found when the server asks for a sign of life, after 20 s. */
	printf("answered %s", clock_ms() - began < 10000 ? "" : "late ");
	leave();
}

/* ---- cases: login */

static void data_first(void)
{
	connect_tls();
	put(FRAME_DATA, "E", 1);
	print_end();
}

static void init_of(size_t size)
{
	uint8_t header[WIRE_HEADER];

	connect_tls();
	wire_put_header(header, FRAME_AUTH_INIT, size);
	put_raw(header, sizeof(header)); /* the header alone is enough */
	print_end();
}

static void init_99(void)
{
	init_of(99);
}

static void init_101(void)
{
	init_of(101);
}

static void init_16m(void)
{
	init_of(0xffffff);
}

/* AUTH_INIT = hdr4 || n | name[63] || Ya */
static void init_named(const char *name, unsigned n)
{
	struct auth *a;

	connect_tls();
	make_init(&a, "h", "secret");
	memset(init + 4, 0, 64);
	init[4] = (uint8_t)n;
	memcpy(init + 5, name, strlen(name));
	put(FRAME_AUTH_INIT, init, sizeof(init));
	print_end();
}

static void name_dots(void)
{
	init_named("../h", 4);
}

static void name_percent(void)
{
	init_named("%n", 2);
}

static void name_nul(void)
{
	init_named("h", 2);
}

static void name_high(void)
{
	init_named("\x80", 1);
}

static void name_none(void)
{
	init_named("", 0);
}

static void name_64(void)
{
	init_named("h", 64);
}

static void name_padding(void)
{
	init_named("hello", 1);
}

static void share(uint8_t first, uint8_t fill, uint8_t last)
{
	struct auth *a;

	connect_tls();
	make_init(&a, "h", "secret");
	memset(init + 68, fill, 32);
	init[68] = first;
	init[99] = last;
	put(FRAME_AUTH_INIT, init, sizeof(init));
	print_end();
}

static void share_zero(void)
{
	share(0, 0, 0);
}

static void share_ones(void)
{
	share(0xff, 0xff, 0xff);
}

static void share_high(void)
{
	share(2, 0, 0x80);
}

static void share_odd(void)
{
	share(1, 0, 0);
}

static void guess(const char *name, const char *password)
{
	say_init(name, password);
	printf("AUTH_RESP ");
	put(FRAME_AUTH_CONF, tag, sizeof(tag));
	print_end();
}

static void unknown_name(void)
{
	guess("nobody", "secret");
}

static void wrong_password(void)
{
	guess("h", "wrong");
}

static void broken_off(void)
{
	say_init("h", "wrong");
	close(fd);
	printf("gone\n");
}

static void init_twice(void)
{
	say_init("h", "secret");
	put(FRAME_AUTH_INIT, init, sizeof(init));
	print_end();
}

/* The proof of an earlier connection, with the key share that belonged to it. */
static void replay(void)
{
	uint8_t old_init[AUTH_INIT_SIZE], old_tag[AUTH_TAG_SIZE];

	log_in("h");
	memcpy(old_init, init, sizeof(init));
	memcpy(old_tag, tag, sizeof(tag));
	close(fd);
	connect_tls();
	put(FRAME_AUTH_INIT, old_init, sizeof(old_init));
	must(FRAME_AUTH_RESP);
	put(FRAME_AUTH_CONF, old_tag, sizeof(old_tag));
	print_end();
}

/* ---- cases: negotiation */

static void accept_other_type(void)
{
	struct terms t;

	log_in("h");
	t = acceptable();
	t.type = TUNNEL_ETHER;
	accept_terms(&t);
	print_end();
}

static void accept_larger(void)
{
	struct terms t;

	log_in("h");
	t = acceptable();
	t.mtu++;
	accept_terms(&t);
	print_end();
}

static void accept_suite(void)
{
	struct terms t;

	log_in("u");
	t = acceptable();
	t.suites[0] = SUITE_AES_128_GMAC;
	accept_terms(&t);
	print_end();
}

static void accept_spi(void)
{
	struct terms t;

	log_in("u");
	t = acceptable();
	t.spi = 0;
	accept_terms(&t);
	print_end();
}

/* An ACCEPT with these bytes after it. */
static void accept_and(const void *more, size_t size)
{
	uint8_t tlvs[WIRE_TLVS_MOST];
	struct terms t;
	size_t n;

	log_in("h");
	t = acceptable();
	n = wire_put_accept(&t, tlvs);
	memcpy(tlvs + n, more, size);
	put(FRAME_ACCEPT, tlvs, n + size);
	print_end();
}

static void accept_truncated(void)
{
	accept_and("\x7f\1\0", 3);
}

static void accept_twice(void)
{
	accept_and("\x80\1\0\1\1", 5);
}

static void accept_critical(void)
{
	accept_and("\xff\1\0\0", 4);
}

static void accept_65(void)
{
	uint8_t many[65 * 4] = { 0 };
	int i;

	for (i = 0; i < 65; i++)
		put_be16(many + 4 * i, (uint16_t)(0x7000 + i));
	accept_and(many, sizeof(many));
}

/* ---- cases: running */

/* Its header says 16 MiB, and more of it comes than fits into any buffer, all of it while the server
 * is busy with `up`: it finds the rest when it has hardly refused the header. */
static void data_16m(void)
{
	static uint8_t junk[16384];
	struct terms t;
	int i;

	log_in("s");
	t = acceptable();
	accept_terms(&t);
	wire_put_header(junk, FRAME_DATA, 0xffffff);
	for (i = 0; i < 60; i++)
		put_raw(junk, sizeof(junk));
	print_end();
}

/* With the virtio-net header that the terms have in front. */
static void data(const char *hex_header, const void *packet, size_t size)
{
	uint8_t out[2000];
	size_t carried = offer.caps & CAP_VNET_HDR ? 10 : 0, i;

	for (i = 0; i < carried; i++)
		sscanf(hex_header + 2 * i, "%2hhx", &out[i]);
	memcpy(out + carried, packet, size);
	put(FRAME_DATA, out, carried + size);
}

static const char plain[] = "00000000000000000000";

static void no_packets(void)
{
	run("h");
	data(plain, "\0", 1);                          /* version 0 */
	data(plain, "\x45\0\0\5\0", 5);                /* 5 bytes */
	data(plain, "\x45\0\xff\xff\0\0\0\0\1\1\0\0\1\1\1\1\2\2\2\2", 20); /* longer than it is */
	put(FRAME_DATA, "", 0);
	leave();
}

static void no_ethernet(void)
{
	run("e");
	data(plain, "0123456789abc", 13);
	leave();
}

static void vnet_lies(void)
{
	static const uint8_t tcp[60] = { 0x45, 0, 0, 60, 0, 0, 0, 0, 9, 6 };

	run("h");
	if (!(offer.caps & CAP_VNET_HDR))
		give_up("do this without virtio-net headers");
	data("00ff0000000000000000", tcp, 60); /* a type that does not exist */
	data("01010000000014001000", tcp, 60); /* segments of 0 bytes */
	data("01000000000060ea1000", tcp, 60); /* a checksum far outside */
	data("0001ffff280014001000", tcp, 60); /* a header longer than the frame */
	leave();
}

static void bomb(uint32_t says, const void *packed, size_t size)
{
	uint8_t out[100];

	run("z");
	put_be32(out, says);
	memcpy(out + 4, packed, size);
	put(FRAME_DATA_Z, out, 4 + size);
	print_end();
}

static void bomb_4g(void)
{
	bomb(0xffffffff, "\x63\x60\0\0", 4);
}

static void bomb_lie(void)
{
	bomb(60, "\x63\x60\0\0", 4);
}

static void echo_flood(void)
{
	uint64_t began = clock_ms();
	unsigned answers = 0, most;
	uint8_t echo[WIRE_ECHO_SIZE] = { 0 };
	int i, r;

	run("h");
	for (i = 0; i < 2000; i++)
		put(FRAME_ECHO_REQ, echo, sizeof(echo));
	put(FRAME_CLOSE, "\0", 2);
	while ((r = get()) >= 0)
		answers += r == FRAME_ECHO_REP;
	most = 10 * (unsigned)(2 + (clock_ms() - began) / 1000);
	printf("answers %s", answers > 0 && answers <= most ? "few " : "many ");
	print_tls(r == GNUTLS_E_SESSION_EOF ? 0 : r);
}

/* Asks for much, which the server's kernel answers through the tunnel, and reads nothing of it. */
static void never_reads(void)
{
	uint8_t ping[1400] = {
		0x45, 0, 1400 >> 8, 1400 & 255, 0, 0, 0, 0, 64, 1, 0, 0, 10, 77, 0, 2, 10, 77, 0, 1, 8,
	};
	uint32_t sum = 0;
	int i, small = 4096;

	run("n");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (i = 0; i < 20; i += 2)
		sum += get_be16(ping + i);
	sum = (sum & 0xffff) + (sum >> 16);
	put_be16(ping + 10, (uint16_t)~sum);
	put_be16(ping + 22, (uint16_t)~0x0800); /* all else is 0 */
	for (i = 0; i < 20000; i++) /* 28 MB */
		data(plain, ping, sizeof(ping));
	printf("poured in ");
	fflush(stdout);
	poll(NULL, 0, 6000);
	print_end();
}

static void ill_text(void)
{
	static const uint8_t text[] = "\0\011\0\0\034\033[2J\nauth failure from 9.9.9";

	run("h");
	put(FRAME_ERROR, text, sizeof(text) - 1);
	print_end();
}

static void fin(void)
{
	run("h");
	shutdown(fd, SHUT_WR);
	print_end();
}

static void rekey_skip(void)
{
	uint8_t req[WIRE_REKEY_SIZE] = { 7, 0, 0, 0, 1, 1, 1, 1 };
	struct terms t;

	log_in("u");
	t = acceptable();
	accept_terms(&t);
	must(FRAME_START);
	put(FRAME_REKEY_REQ, req, sizeof(req));
	print_end();
}

static void rekey_zero(void)
{
	uint8_t req[WIRE_REKEY_SIZE] = { 1, 0, 0, 0, 1, 1, 1, 1 };
	struct terms t;

	log_in("u");
	t = acceptable();
	accept_terms(&t);
	must(FRAME_START);
	put(FRAME_REKEY_REQ, req, sizeof(req));
	print_end();
}

#define CASE(name) { #name, name }
static const struct {
	const char *name;
	void (*act)(void);
} cases[] = {
	CASE(silent), CASE(one_byte), CASE(http), CASE(ssh), CASE(legacy), CASE(long_record),
	CASE(long_hello), CASE(slow_hello), CASE(many_ccs), CASE(tls12), CASE(no_alpn),
	CASE(other_alpn), CASE(quiet), CASE(half_closed), CASE(second_hello), CASE(key_updates), CASE(after_update),
	CASE(data_first), CASE(init_99), CASE(init_101), CASE(init_16m), CASE(name_dots),
	CASE(name_percent), CASE(name_nul), CASE(name_high), CASE(name_none), CASE(name_64),
	CASE(name_padding), CASE(share_zero), CASE(share_ones), CASE(share_high), CASE(share_odd),
	CASE(unknown_name), CASE(wrong_password), CASE(broken_off), CASE(init_twice), CASE(replay),
	CASE(accept_other_type), CASE(accept_larger), CASE(accept_suite), CASE(accept_spi),
	CASE(accept_truncated), CASE(accept_twice), CASE(accept_critical), CASE(accept_65),
	CASE(data_16m), CASE(no_packets), CASE(no_ethernet), CASE(vnet_lies), CASE(bomb_4g),
	CASE(bomb_lie), CASE(echo_flood), CASE(never_reads), CASE(ill_text), CASE(fin),
	CASE(rekey_skip), CASE(rekey_zero),
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 5 || sodium_init() < 0)
		return 64;
	address = argv[1];
	port = argv[2];
	source = argv[3];
	signal(SIGPIPE, SIG_IGN);
	alarm(40);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[4]) == 0) {
			cases[i].act();
			return 0;
		}
	}
	return 64;
}
