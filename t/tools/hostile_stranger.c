/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Strangers: who has no password, or does not wait until he has been asked for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/bytes.h"
#include "hostile.h"
#include "worker/wire.h"

/* ---- before TLS */

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

/* ---- TLS */

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

/* Application data behind the ClientHello, as if there were a key for it. */
static void early_data(void)
{
	dial();
	fcntl(fd, F_SETFL, O_NONBLOCK);
	tls = new_tls(NULL, "vtun/4");
	gnutls_handshake(tls);
	fcntl(fd, F_SETFL, 0);
	raw("\x17\x03\x03\0\x20" "0123456789abcdef0123456789abcdef", 37);
	print_raw();
}

/* ---- login */

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

static void reset(void)
{
	static const struct linger none = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
	printf("reset\n");
}

/* The proof goes before the answer can have come, and the connection is cut at once.  Without Nagle, which would
 * keep it back. */
static void cut_blind(void)
{
	static const uint8_t no_proof[AUTH_TAG_SIZE] = { 1 };
	struct auth *a;
	int on = 1;

	connect_tls();
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	make_init(&a, "h", "wrong");
	put(FRAME_AUTH_INIT, init, sizeof(init));
	put(FRAME_AUTH_CONF, no_proof, sizeof(no_proof));
	usleep(20000);
	reset();
}

static void cut_proof(void)
{
	say_init("h", "wrong");
	put_raw("\x05\0\0\x40??", 6);
	usleep(20000);
	reset();
}

static void garbled_proof(void)
{
	say_init("h", "wrong");
	raw("\x17\x03\x03\0\x20????????????????????????????????", 37);
	print_end();
}

/* A child's exit code; 1 is give_up()'s. */
enum { TURNED_AWAY = 10, REFUSED, STRANGE };

/* From the i-th address of its network. */
static int guess_from(int i)
{
	static char from[64];
	struct auth *a;

	snprintf(from, sizeof(from), "%s%x", source, i + 1);
	source = from;
	alarm(30);
	if (try_dial() < 0)
		return TURNED_AWAY;
	tls = new_tls(NULL, "vtun/4");
	if (gnutls_handshake(tls) < 0)
		return TURNED_AWAY;
	gnutls_prf_rfc5705(tls, 22, "EXPERIMENTAL-vtun4-sid", 0, "", 32, (char *)sid);
	make_init(&a, "h", "wrong");
	put(FRAME_AUTH_INIT, init, sizeof(init));
	if (get() != FRAME_AUTH_RESP)
		return STRANGE;
	put(FRAME_AUTH_CONF, frame + WIRE_HEADER, 64);
	return get() == FRAME_ERROR && get_be16(frame + WIRE_HEADER) == 1 ? REFUSED : STRANGE;
}

/* 1,000 at once.  SOURCE is the beginning of their addresses. */
static void crowd(void)
{
	unsigned away = 0, refused = 0;
	int i, status;

	for (i = 0; i < 1000; i++)
		if (fork() == 0)
			_exit(guess_from(i));
	while (wait(&status) > 0) {
		away += WIFEXITED(status) && WEXITSTATUS(status) == TURNED_AWAY;
		refused += WIFEXITED(status) && WEXITSTATUS(status) == REFUSED;
	}
	printf("%u turned away, %u refused\n", away, refused);
}

/* An end with a text, before anybody has asked who it is. */
static void early_text(void)
{
	static const uint8_t text[] = "\0\005\0\0\031auth failure from 8.8.8.8";

	connect_tls();
	put(FRAME_ERROR, text, sizeof(text) - 1);
	print_end();
}

/* OPTION, which is ours to make of a file that does not fit: exit status 78. */
static void early_option(void)
{
	connect_tls();
	put(FRAME_ERROR, "\0\6\x12\x34\0", 5);
	print_end();
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

const struct hostile_case stranger_cases[] = {
	CASE(silent), CASE(one_byte), CASE(http), CASE(ssh), CASE(legacy), CASE(long_record),
	CASE(long_hello), CASE(slow_hello), CASE(many_ccs), CASE(tls12), CASE(no_alpn),
	CASE(other_alpn), CASE(quiet), CASE(half_closed), CASE(second_hello), CASE(early_data), CASE(data_first),
	CASE(init_99), CASE(init_101), CASE(init_16m), CASE(name_dots), CASE(name_percent),
	CASE(name_nul), CASE(name_high), CASE(name_none), CASE(name_64), CASE(name_padding),
	CASE(share_zero), CASE(share_ones), CASE(share_high), CASE(share_odd), CASE(unknown_name),
	CASE(wrong_password), CASE(broken_off), CASE(cut_blind), CASE(cut_proof),
	CASE(garbled_proof), CASE(early_text), CASE(early_option),
	CASE(init_twice), CASE(crowd), CASE(replay), { 0 },
};
