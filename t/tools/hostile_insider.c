/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Peers who know a password, from the terms on: over TCP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <zlib.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "hostile.h"
#include "worker/wire.h"

/* ---- negotiation */

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

/* ---- running */

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

static void unpack(uint32_t says, const void *packed, size_t size)
{
	static uint8_t out[FRAME_ROOM];

	run("z");
	put_be32(out, says);
	memcpy(out + 4, packed, size);
	put(FRAME_DATA_Z, out, 4 + size);
	print_end();
}

/* 64 MiB of zeros in 64 KiB, of which the largest frame is announced. */
static void bomb(void)
{
	static uint8_t zeros[1 << 20], packed[WIRE_DATA_MOST - 4];
	z_stream z = { .next_out = packed, .avail_out = sizeof(packed) };
	int i;

	deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
	for (i = 0; i < 60; i++) {
		z.next_in = zeros;
		z.avail_in = sizeof(zeros);
		deflate(&z, i < 59 ? Z_NO_FLUSH : Z_FINISH);
	}
	unpack(WIRE_DATA_MOST, packed, z.total_out);
}

static void bomb_4g(void)
{
	unpack(0xffffffff, "\x63\x60\0\0", 4);
}

static void bomb_lie(void)
{
	unpack(60, "\x63\x60\0\0", 4);
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

/* ---- TLS */

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

/* To a worker that is stopped meanwhile: more than it takes in one go, a question behind it, and a datagram,
 * which may be a stranger's. */
static void much_and_datagram(void)
{
	static const uint8_t junk[16000], echo[WIRE_ECHO_SIZE];
	struct sockaddr_in to = { .sin_family = AF_INET };
	int i, udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t began;

	run("u");
	to.sin_port = htons(offer.udp_port);
	inet_pton(AF_INET, address, &to.sin_addr);
	printf("ready\n");
	fflush(stdout);
	poll(NULL, 0, 1000);
	for (i = 0; i < 32; i++)
		put(FRAME_DATA, junk, sizeof(junk));
	put(FRAME_ECHO_REQ, echo, sizeof(echo));
	sendto(udp, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	began = clock_ms();
	must(FRAME_ECHO_REP);
	printf("answered %s", clock_ms() - began < 10000 ? "" : "late ");
	leave();
}

/* Says something each second, and reads nothing. */
static void deaf(const char *name)
{
	static const uint8_t echo[WIRE_ECHO_SIZE];
	int i, small = 4096;

	run(name);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (i = 0; i < 15; i++) {
		put(FRAME_ECHO_REQ, echo, sizeof(echo));
		poll(NULL, 0, 1000);
	}
}

static void deaf_to_speed(void)
{
	deaf("slow");
}

static void deaf_to_keys(void)
{
	deaf("fast");
}

const struct hostile_case insider_cases[] = {
	CASE(key_updates), CASE(after_update), CASE(accept_other_type), CASE(accept_larger),
	CASE(accept_suite), CASE(accept_spi), CASE(accept_truncated), CASE(accept_twice),
	CASE(accept_critical), CASE(accept_65), CASE(data_16m), CASE(no_packets), CASE(no_ethernet),
	CASE(vnet_lies), CASE(bomb), CASE(bomb_4g), CASE(bomb_lie), CASE(echo_flood), CASE(never_reads),
	CASE(ill_text), CASE(fin), CASE(rekey_skip), CASE(rekey_zero),
	CASE(much_and_datagram), CASE(deaf_to_speed), CASE(deaf_to_keys), { 0 },
};
