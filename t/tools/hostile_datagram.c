/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Peers who know a password, and what they and others can do to the UDP path: each case logs in to the
 * session that has its name, u1 to u20 of doc/PROTOCOL.md, "Abuse cases".  Datagrams of strangers come
 * from a socket of their own, so that an answer to them would be noticed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "hostile.h"
#include "worker/esp.h"
#include "worker/keys.h"
#include "worker/path.h"
#include "worker/wire.h"

enum { PROBE = 1, ACK = 2, DATAGRAM_ROOM = 2048 };
enum { SPI = 0x01020304 };

static int own, other;        /* sockets: the peer's, and a stranger's on the same machine */
static uint8_t root[KEYS_ROOT_SIZE];
static uint8_t epoch, suite;
static uint32_t spi_out, spi_in = SPI, seq;
static gnutls_aead_cipher_hd_t cipher;
static uint8_t nonce[12];
static struct esp_in *in;

/* ---- the path */

static int new_socket(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(offer.udp_port) };
	struct sockaddr_in from = { .sin_family = AF_INET };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, address, &to.sin_addr);
	inet_pton(AF_INET, source, &from.sin_addr);
	if (bind(s, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    connect(s, (struct sockaddr *)&to, sizeof(to)) < 0)
		give_up("use UDP");
	return s;
}

static void install_keys(void)
{
	uint8_t key_salt[KEYS_MOST];
	gnutls_datum_t key = { key_salt, 16 };

	keys_direction(root, true, epoch, suite, spi_out, key_salt);
	memcpy(nonce, key_salt + 16, KEYS_SALT_SIZE);
	if (gnutls_aead_cipher_init(&cipher, GNUTLS_CIPHER_AES_128_GCM, &key) < 0)
		give_up("make a key");
	keys_direction(root, false, epoch, suite, spi_in, key_salt);
	if (esp_in_new(suite, spi_in, key_salt, TUNNEL_TUN, &in) < 0)
		give_up("make a key");
	seq = 0;
}

static void begin(const char *name)
{
	uint8_t exporter[32];
	struct terms t;

	log_in(name);
	t = acceptable();
	spi_out = offer.spi;
	suite = t.suites[0] = SUITE_AES_128_GCM;
	t.spi = spi_in;
	accept_terms(&t);
	must(FRAME_START);
	gnutls_prf_rfc5705(tls, 22, "EXPERIMENTAL-vtun4-udp", 0, "", 32, (char *)exporter);
	keys_root(exporter, auth_secret, root);
	install_keys();
	own = new_socket();
	other = new_socket();
}

/* ---- out */

static void send_to(int s, const void *datagram, size_t size)
{
	if (send(s, datagram, size, 0) < 0 && errno != ECONNREFUSED)
		give_up("send a datagram");
}

/* A datagram of exactly this plaintext, trailer included.  Its size. */
static size_t seal(uint8_t *out, const void *text, size_t size)
{
	size_t room = size + ESP_TAG;

	put_be32(out, spi_out);
	put_be32(out + 4, ++seq);
	memcpy(nonce + 8, out + 4, 4);
	if (gnutls_aead_cipher_encrypt(cipher, nonce, 12, out, ESP_HEADER, ESP_TAG, text, size,
				       out + ESP_HEADER, &room) < 0)
		give_up("encrypt");
	return ESP_HEADER + room;
}

static size_t seal_payload(uint8_t *out, const void *payload, size_t size, unsigned padlen, unsigned next)
{
	uint8_t text[DATAGRAM_ROOM];

	memcpy(text, payload, size);
	text[size] = (uint8_t)padlen;
	text[size + 1] = (uint8_t)next;
	return seal(out, text, size + 2);
}

static size_t control(uint8_t *out, uint8_t type, uint64_t about)
{
	uint8_t payload[PATH_CONTROL_SIZE] = { type, 0, 0, 40 };

	put_be64(payload + 4, about);
	return seal_payload(out, payload, sizeof(payload), 0, ESP_CONTROL);
}

static void say(uint8_t type, uint64_t about)
{
	uint8_t d[DATAGRAM_ROOM];

	send_to(own, d, control(d, type, about));
}

/* ---- in */

static struct esp_payload heard;

/* Whether a datagram that opens came there within that time. */
static bool hear(int s, int ms)
{
	static uint8_t d[65536];
	enum esp_bad bad;
	ssize_t n;

	if (poll(&(struct pollfd){ .fd = s, .events = POLLIN }, 1, ms) <= 0)
		return false;
	n = recv(s, d, sizeof(d), 0);
	return n > 0 && esp_open(in, d, (size_t)n, &heard, &bad) == 0;
}

/* Control messages of the server: everything else is none of theirs. */
static bool hear_control(uint8_t type, uint64_t *ret_about)
{
	uint64_t end = clock_ms() + 5000;

	while (clock_ms() < end) {
		if (!hear(own, 100) || heard.next != ESP_CONTROL || heard.data[0] != type)
			continue;
		*ret_about = get_be64(heard.data + 4);
		return true;
	}
	return false;
}

/* Whether the server answers to a new PROBE: at most ten a second. */
static bool is_alive(void)
{
	uint64_t mine = randombytes_random(), got = 0, end = clock_ms() + 5000;

	while (clock_ms() < end) {
		say(PROBE, mine);
		if (hear_control(ACK, &got) && got == mine)
			return true;
	}
	return false;
}

/* The path is up for both. */
static void bring_up(void)
{
	uint64_t got;

	say(PROBE, 1);
	if (!hear_control(PROBE, &got)) {
		printf("no PROBE comes ");
		return;
	}
	say(ACK, got);
}

static int came_back(void)
{
	uint8_t d[DATAGRAM_ROOM];
	int n = 0;

	while (poll(&(struct pollfd){ .fd = other, .events = POLLIN }, 1, 200) > 0 &&
	       recv(other, d, sizeof(d), 0) >= 0)
		n++;
	return n;
}

static void finish_case(void)
{
	printf("%d answers, ", came_back());
	printf("%s ", is_alive() ? "alive" : "dead");
	leave();
}

/* ---- what everybody can send */

static void u1(void)
{
	uint8_t d[100];
	int i;

	begin("u1");
	for (i = 0; i < 20; i++) {
		randombytes_buf(d, sizeof(d));
		if (i % 2)
			put_be32(d, spi_out);
		send_to(other, d, sizeof(d));
	}
	bring_up();
	finish_case();
}

static void u2(void)
{
	uint8_t d[104];
	int i;

	begin("u2");
	bring_up();
	for (i = 0; i < 50; i++) {
		randombytes_buf(d, sizeof(d));
		put_be32(d, spi_out);
		send_to(other, d, sizeof(d));
	}
	finish_case();
}

static void u3(void)
{
	uint8_t d[DATAGRAM_ROOM];
	size_t size;
	int i;

	begin("u3");
	bring_up();
	size = seal_payload(d, "\1\2", 2, 2, ESP_DUMMY);
	send_to(own, d, size);
	for (i = 0; i < 10; i++)
		send_to(other, d, size);
	finish_case();
}

/* The window is 8,192: of what is 8,193 behind nothing is known any more; 8,191 is still in it. */
static void u4(void)
{
	uint8_t d[3][DATAGRAM_ROOM];
	size_t size[3];

	begin("u4");
	bring_up();
	seq = 19999 - 8193;
	size[0] = control(d[0], PROBE, 4);
	seq = 19999 - 8191;
	size[1] = control(d[1], PROBE, 5);
	seq = 19999;
	size[2] = seal_payload(d[2], "\1\2", 2, 2, ESP_DUMMY);
	send_to(own, d[2], size[2]);
	send_to(other, d[0], size[0]);
	poll(NULL, 0, 200);
	printf("%d too old, ", came_back());
	send_to(other, d[1], size[1]);
	finish_case();
}

static void u5(void)
{
	uint8_t d[27];
	size_t size;

	begin("u5");
	bring_up();
	memset(d, 0, sizeof(d));
	put_be32(d, spi_out);
	for (size = 0; size <= sizeof(d); size++)
		send_to(other, d, size);
	finish_case();
}

static void u6(void)
{
	static uint8_t d[65507];
	int i;

	begin("u6");
	bring_up();
	randombytes_buf(d, sizeof(d));
	put_be32(d, spi_out);
	for (i = 0; i < 5; i++)
		send_to(other, d, sizeof(d));
	finish_case();
}

static void u7(void)
{
	uint8_t d[DATAGRAM_ROOM];
	size_t size;

	begin("u7");
	bring_up();
	size = control(d, PROBE, 7);
	send_to(other, d, size - 1);
	put_be32(d + size, 0);
	send_to(other, d, size + 1);
	finish_case();
}

static void u8(void)
{
	uint8_t d[DATAGRAM_ROOM];
	size_t size, i;

	begin("u8");
	bring_up();
	size = control(d, PROBE, 8); /* 4 SPI, 4 seq, 12 payload, 2 trailer, 16 tag */
	for (i = 0; i < size; i++) {
		d[i] ^= 0x10;
		send_to(other, d, size);
		d[i] ^= 0x10;
	}
	printf("%zu bytes, ", size);
	finish_case();
}

/* What the server sent comes back to it. */
static void u9(void)
{
	uint8_t d[DATAGRAM_ROOM];
	ssize_t n;
	int i;

	begin("u9");
	say(PROBE, 1);
	n = recv(own, d, sizeof(d), 0);
	for (i = 0; i < 10; i++)
		send_to(other, d, (size_t)n);
	put_be32(d, spi_out); /* also under the SPI that it listens to */
	for (i = 0; i < 10; i++)
		send_to(other, d, (size_t)n);
	finish_case();
}

/* ---- what only a peer can: authentic, and not what it should be */

static void u10(void)
{
	uint8_t d[DATAGRAM_ROOM];

	begin("u10");
	bring_up();
	send_to(own, d, seal_payload(d, "\x45\0\0\x14\0\0\0\0", 8, 9, ESP_IPV4));
	send_to(own, d, seal_payload(d, "\x45\0\0\x14\0\0\0\0", 8, 255, ESP_IPV4));
	finish_case();
}

static void u11(void)
{
	static const unsigned next[] = { 0, 6, 50, ESP_ETHERNET, 254, 255 };
	static const uint8_t packet[20] = { 0x45, 0, 0, 20 };
	uint8_t d[DATAGRAM_ROOM];
	size_t i;

	begin("u11");
	bring_up();
	for (i = 0; i < sizeof(next) / sizeof(next[0]); i++)
		send_to(own, d, seal_payload(d, packet, sizeof(packet), 0, next[i]));
	finish_case();
}

static void u12(void)
{
	static const uint8_t v4[40] = { 0x45, 0, 0, 40 }, v6[40] = { 0x60 };
	uint8_t d[DATAGRAM_ROOM];

	begin("u12");
	bring_up();
	send_to(own, d, seal_payload(d, v4, sizeof(v4), 0, ESP_IPV6));
	send_to(own, d, seal_payload(d, v6, sizeof(v6), 0, ESP_IPV4));
	send_to(own, d, seal_payload(d, v4, 19, 0, ESP_IPV4));
	finish_case();
}

/* The peer's newest datagram comes from elsewhere first, ten times: asked there, once a second, and
 * nothing else goes there. */
static void u13(void)
{
	uint8_t d[DATAGRAM_ROOM];
	int i, asked = 0;

	begin("u13");
	bring_up();
	poll(NULL, 0, 1100); /* the server asks once a second, and has just done so */
	is_alive();
	for (i = 0; i < 10; i++)
		send_to(other, d, seal_payload(d, "\1\2", 2, 2, ESP_DUMMY));
	while (hear(other, 300))
		asked += heard.next == ESP_CONTROL && heard.data[0] == PROBE ? 1 : 100;
	printf("asked there %d, ", asked);
	finish_case();
}

/* ---- floods */

/* For three seconds as fast as this machine can. */
static void u14(void)
{
	enum { BATCH = 64, MS = 3000 };
	static uint8_t d[100];
	struct mmsghdr m[BATCH];
	struct iovec iov = { d, sizeof(d) };
	uint64_t sent = 0, end;
	int i, n;

	begin("u14");
	bring_up();
	randombytes_buf(d, sizeof(d));
	put_be32(d, ~spi_out);
	memset(m, 0, sizeof(m));
	for (i = 0; i < BATCH; i++) {
		m[i].msg_hdr.msg_iov = &iov;
		m[i].msg_hdr.msg_iovlen = 1;
	}
	for (end = clock_ms() + MS; clock_ms() < end; sent += n > 0 ? (uint64_t)n : 0)
		n = sendmmsg(other, m, BATCH, 0);
	fprintf(stderr, "%llu datagrams a second\n", (unsigned long long)sent * 1000 / MS);
	finish_case();
}

static void u20(void)
{
	uint8_t d[DATAGRAM_ROOM];
	uint64_t began = clock_ms();
	unsigned answers = 0, i;

	begin("u20");
	bring_up();
	for (i = 0; i < 1000; i++)
		send_to(own, d, control(d, PROBE, i));
	while (hear(own, 300))
		answers += heard.next == ESP_CONTROL && heard.data[0] == ACK;
	printf("answers %s ", answers > 0 && answers <= 10 * (2 + (clock_ms() - began) / 1000) ? "few" : "many");
	poll(NULL, 0, 1000);
	finish_case();
}

/* ---- keys */

static void await(int type)
{
	int r;

	while ((r = get()) >= 0)
		if (r == type)
			return;
	give_up("get a frame");
}

static void u16(void)
{
	uint8_t secret[32], req[WIRE_REKEY_SIZE] = { 1 }, dh[32], d[2][DATAGRAM_ROOM];
	size_t size[2];

	begin("u16");
	bring_up();
	size[0] = control(d[0], PROBE, 161);
	size[1] = control(d[1], PROBE, 162);
	put_be32(req + 4, SPI + 1);
	keys_pair(secret, req + 8);
	put(FRAME_REKEY_REQ, req, sizeof(req));
	await(FRAME_REKEY_RESP);
	if (keys_agree(secret, frame + WIRE_HEADER + 8, dh) < 0)
		give_up("agree");
	keys_next_root(root, dh, req + 8, frame + WIRE_HEADER + 8, root);
	epoch = 1;
	spi_in = SPI + 1;
	spi_out = get_be32(frame + WIRE_HEADER + 4);
	install_keys();
	put(FRAME_REKEY_DONE, "\0\0\0\1", 4);
	printf("%s under the new key, ", is_alive() ? "alive" : "dead");
	send_to(other, d[0], size[0]);
	printf("old key: %d ", came_back());
	poll(NULL, 0, 1500); /* the worker in a hurry forgets it after 1 s, the true one after 60 */
	send_to(other, d[1], size[1]);
	printf("then %d; ", came_back());
	finish_case();
}

/* Asks the server's kernel through the tunnel, which answers as long as the key lasts, and then over
 * TLS.  Numbers are those of the server's worker: 100 packets under one key. */
static void ping(uint8_t n)
{
	uint8_t d[DATAGRAM_ROOM], p[28] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 10, 78, 0, 2, 10, 78, 0, 1, 8 };
	uint32_t sum = 0;
	int i;

	for (i = 0; i < 20; i += 2)
		sum += get_be16(p + i);
	sum = (sum & 0xffff) + (sum >> 16);
	put_be16(p + 10, (uint16_t)~sum);
	p[27] = n;
	put_be16(p + 22, (uint16_t)~(0x0800 + n));
	send_to(own, d, seal_payload(d, p, sizeof(p), 0, ESP_IPV4));
}

static bool is_reply(const uint8_t *packet, size_t size)
{
	return size >= 28 && packet[0] == 0x45 && packet[9] == 1 && packet[20] == 0;
}

static void u17(void)
{
	unsigned over_udp = 0, over_tls = 0, i;
	size_t carried;
	int r;

	begin("u17");
	carried = offer.caps & CAP_VNET_HDR ? 10 : 0;
	bring_up();
	is_alive();
	for (i = 0; i < 200; i++) {
		bool replied = false;

		ping((uint8_t)i);
		while (!replied && hear(own, 20))
			replied = heard.next == ESP_IPV4 && is_reply(heard.data, heard.size);
		over_udp += replied;
	}
	/* On a busy machine the last ones are late, and a CLOSE would overtake them. */
	while (hear(own, 200))
		over_udp += heard.next == ESP_IPV4 && is_reply(heard.data, heard.size);
	while (over_udp + over_tls < 200 && (r = get()) >= 0)
		if (r == FRAME_DATA && frame_size > carried)
			over_tls += is_reply(frame + WIRE_HEADER + carried, frame_size - carried);
	put(FRAME_CLOSE, "\0", 2);
	while ((r = get()) >= 0)
		;
	fprintf(stderr, "%u over UDP, %u over TLS\n", over_udp, over_tls);
	/* The few behind 100 are probes and their answers. */
	printf("data until %s, UDP %s, all %s ",
	       esp_in_count(in).highest >= 100 && esp_in_count(in).highest < 150 ? "100" : "other",
	       over_udp > 50 && over_udp < 100 ? "first" : "wrong", over_udp + over_tls == 200 ? "there" : "not");
	print_tls(r == GNUTLS_E_SESSION_EOF ? 0 : r);
}

/* ---- the path */

/* Only the right answer makes the server send data here.  It then looks for the MTU. */
static bool is_up(void)
{
	uint64_t end = clock_ms() + 1000;

	while (clock_ms() < end)
		if (hear(own, 100) && heard.next == ESP_CONTROL && heard.data[0] == PROBE &&
		    get_be16(heard.data + 2) > 100)
			return true;
	return false;
}

static void u19(void)
{
	uint64_t about;

	begin("u19");
	say(PROBE, 1);
	if (!hear_control(PROBE, &about))
		give_up("get a PROBE");
	say(ACK, about ^ 1);
	say(ACK, 0);
	printf("%s after a wrong answer, ", is_up() ? "up" : "not up");
	say(ACK, about);
	printf("%s after the right one, ", is_up() ? "up" : "not up");
	finish_case();
}

const struct hostile_case datagram_cases[] = {
	CASE(u1), CASE(u2), CASE(u3), CASE(u4), CASE(u5), CASE(u6), CASE(u7), CASE(u8), CASE(u9),
	CASE(u10), CASE(u11), CASE(u12), CASE(u13), CASE(u14), CASE(u16), CASE(u17),
	CASE(u19), CASE(u20), { 0 },
};
