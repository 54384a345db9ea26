/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two ends rekey while packets flow: nothing that arrives is lost, nothing old is taken for long,
 * and a peer that does not keep to the rules ends the session.
 */
#include <errno.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "tap.h"
#include "worker/rekey.h"

enum { C, S };
static struct rekey *end[2];
static uint64_t now;
static struct rekey_frame frame;
static uint8_t packet[200], other[200];

static struct rekey *make(int role, const struct rekey_limits *limits)
{
	struct rekey_config config = {
		.role = role, .type = TUNNEL_TUN, .suite = SUITE_AES_128_GCM,
		.spi_in = role == ROLE_SERVER ? 0xa1b2c3d4 : 0x01020304,
		.spi_out = role == ROLE_SERVER ? 0x01020304 : 0xa1b2c3d4,
		.limits = *limits,
	};
	uint8_t exporter[32], auth_secret[32];
	struct rekey *r = NULL;

	unhex("404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f", exporter, 32);
	unhex("94e9a6648693fb167073e83a1045e43f2c74e0f301ffce025d6017dab6aa7044", auth_secret, 32);
	if (rekey_new(&config, exporter, auth_secret, now, &r) < 0)
		abort();
	return r;
}

static void meet(const struct rekey_limits *client, const struct rekey_limits *server)
{
	rekey_free(end[C]);
	rekey_free(end[S]);
	now = 1000000;
	end[C] = make(ROLE_CLIENT, client);
	end[S] = make(ROLE_SERVER, server);
}

static size_t seal(int from, uint8_t *p)
{
	ssize_t n;

	unhex("4500001c00004000401100000a0000010a0000020007000700080000", p + ESP_HEADER, 28);
	n = rekey_seal(end[from], p, 28, ESP_IPV4);
	return n < 0 ? 0 : (size_t)n;
}

static int opens(int at, const uint8_t *p, size_t n)
{
	struct esp_payload payload;
	uint8_t copy[200];

	memcpy(copy, p, n);
	return n > 0 && rekey_open(end[at], now, copy, n, &payload) == 0;
}

/* A packet of `from` sealed now is taken by the other end. */
static int flows(int from)
{
	size_t n = seal(from, packet);

	return opens(!from, packet, n);
}

static int both_flow(void)
{
	return flows(C) & flows(S);
}

/* The next frame of this end: its type, 0 for none, or a negative errno. */
static int says(int from)
{
	int r = rekey_next(end[from], now, &frame);

	return r == 1 ? frame.type : r;
}

/* ... taken to the other end: 0, or a negative errno. */
static int taken(int from)
{
	return rekey_take(end[!from], now, frame.type, frame.payload);
}

/* Frames go to and fro until there are none. */
static int settle(void)
{
	int frames = 0, from;

	for (from = C; from <= S; from++)
		while (says(from) > 0) {
			if (taken(from) < 0)
				return -1;
			frames++;
			from = C;
		}
	return frames;
}

static uint64_t rekeys(int at)
{
	struct tally t = {};

	rekey_tally(end[at], &t);
	return t.rekeys;
}

static struct rekey_limits hour(void)
{
	return rekey_limits(3600);
}

static void first_epoch(void)
{
	struct rekey_limits l = hour();
	size_t n;

	ok(l.interval_ms == 3600000 && l.answer_ms == 30000 && l.old_ms == 60000 &&
	   l.packets == 1u << 27 && l.bytes == UINT64_C(1) << 38 && !l.hard,
	   "the limits are the document's");
	meet(&l, &l);
	n = seal(C, packet);
	ok(n == 56 && is_hex(packet, 56, "a1b2c3d40000000144640391c61d07ef47f2fd169764d8d2ae6051"
		"2ba0c9441e8c3bcc8a5c6c3c5332b624abffbdca970b345c9ca836ec7b"),
	   "the client's first packet is the document's");
	ok(opens(S, packet, n) && !opens(S, packet, n), "the server takes it, once");
	ok(!opens(C, packet, n), "the client does not take its own");
	ok(both_flow() && settle() == 0, "packets flow, and nobody speaks of keys");
	ok(rekey_deadline(end[C]) == now + 3600000 && rekey_deadline(end[S]) == now + 3630000,
	   "the client will in an hour, the server would half a minute later");
}

/* One rekey, step by step, with packets of both ends at each step. */
static void step_by_step(void)
{
	struct rekey_limits l = hour();
	size_t early, n;

	meet(&l, &l);
	now += 3600000;
	ok(says(S) == 0 && says(C) == FRAME_REKEY_REQ, "after an hour the client asks");
	ok(frame.size == 40 && frame.payload[0] == 1 && frame.payload[1] == 0 &&
	   get_be16(frame.payload + 2) == 0 && get_be32(frame.payload + 4) >= 256,
	   "for epoch 1 under a new SPI");
	ok(says(C) == 0, "once");
	ok(both_flow(), "packets flow before the answer");
	ok(taken(C) == 0 && both_flow(), "and when the server has taken it");
	ok(says(S) == FRAME_REKEY_RESP && frame.size == 40 && frame.payload[0] == 1,
	   "the server answers");
	early = seal(C, other); /* under the old key, still on its way */
	ok(both_flow() && rekeys(S) == 0, "still under the old key");
	ok(taken(S) == 0 && rekeys(C) == 1, "the client changes over");
	ok(flows(S), "the server's old packets are taken");
	n = seal(C, packet);
	ok(get_be32(packet) != 0xa1b2c3d4 && get_be32(packet + 4) == 1,
	   "the client sends under the new SPI, from number 1");
	ok(opens(S, packet, n) && rekeys(S) == 1, "its first packet makes the server change over");
	n = seal(S, packet);
	ok(get_be32(packet) != 0x01020304 && opens(C, packet, n), "which sends under its new one");
	ok(opens(S, other, early), "a packet that was overtaken by all this is taken");
	ok(says(C) == FRAME_REKEY_DONE && frame.size == 4 && get_be32(frame.payload) == 1 &&
	   taken(C) == 0 && says(S) == 0, "DONE confirms it");
	ok(both_flow() && rekeys(C) == 1 && rekeys(S) == 1, "once on either side");
	ok(rekey_deadline(end[C]) == now + 60000, "the old key is due to be forgotten");
}

static void by_done(void)
{
	struct rekey_limits l = hour();

	meet(&l, &l);
	now += 3600000;
	ok(settle() == 3 && rekeys(S) == 1 && both_flow(),
	   "without any packet DONE makes the server change over");
}

static void old_packets(void)
{
	struct rekey_limits l = hour();
	size_t a, b;

	meet(&l, &l); /* U16 */
	a = seal(C, packet);
	b = seal(C, other);
	now += 3600000;
	settle();
	now += 59999;
	ok(opens(S, packet, a), "a packet under the old key is taken for a minute");
	now += 2;
	ok(!opens(S, other, b) && rekey_bad(end[S], ESP_BAD_SPI) == 1, "and not after it");
	ok(both_flow() && settle() == 0, "which harms nothing");
}

static void server_asks(void)
{
	struct rekey_limits l = hour(), small = l;
	int i;

	small.packets = 50;
	meet(&l, &small);
	for (i = 0; i < 50; i++)
		flows(S);
	ok(says(C) == 0 && says(S) == FRAME_REKEY_REQ && frame.size == 40 && says(S) == 0 &&
	   is_hex(frame.payload, 8, "0101000000000000"),
	   "the server asks to be asked when its own limit is reached");
	ok(taken(S) == 0 && settle() == 3 && rekeys(C) == 1 && rekeys(S) == 1 && both_flow(),
	   "and the client asks");
}

static void simultaneous(void)
{
	struct rekey_limits l = hour();
	struct rekey_frame of_server;

	l.packets = 50;
	meet(&l, &l);
	for (int i = 0; i < 50; i++)
		both_flow();
	ok(says(S) == FRAME_REKEY_REQ, "both think of it at the same time");
	of_server = frame;
	ok(says(C) == FRAME_REKEY_REQ && taken(C) == 0, "the server takes the client's request");
	frame = of_server;
	ok(taken(S) == 0 && says(C) == 0, "the client needs no asking any more");
	ok(both_flow() && settle() == 2 && both_flow() && rekeys(C) == 1 && rekeys(S) == 1,
	   "and both have one new key");

	for (int i = 0; i < 50; i++)
		both_flow();
	ok(says(C) == FRAME_REKEY_REQ && taken(C) == 0 && settle() == 2 && rekeys(C) == 2 &&
	   rekeys(S) == 2, "nor does the next time suffer from it");
}

static void limits(void)
{
	struct rekey_limits l = hour(), plain = l;
	struct esp_payload p;
	uint8_t copy[200];
	size_t n = 0, i;

	l.packets = 10;
	meet(&l, &plain);
	for (i = 0; i < 10; i++)
		n += seal(S, packet) > 0 && opens(C, packet, 56);
	ok(rekey_deadline(end[C]) == 0, "a key that has been used enough is due at once");
	ok(n == 10 && says(C) == FRAME_REKEY_REQ && rekey_deadline(end[C]) > now,
	   "packets of the peer count for the client");
	l = plain;
	l.bytes = 56 * 5;
	meet(&l, &plain);
	for (i = 0; i < 4; i++)
		flows(C);
	ok(says(C) == 0 && flows(C) && says(C) == FRAME_REKEY_REQ, "bytes sent are a limit");
	meet(&l, &plain);
	for (i = 0; i < 4; i++)
		flows(S);
	ok(says(C) == 0 && flows(S) && says(C) == FRAME_REKEY_REQ, "bytes received too");

	l = plain;
	l.failures = 3;
	meet(&l, &plain);
	for (i = 0; i < 3; i++) {
		n = seal(S, copy);
		copy[20] ^= 1;
		rekey_open(end[C], now, copy, n, &p);
	}
	ok(rekey_bad(end[C], ESP_BAD_TAG) == 3 && says(C) == FRAME_REKEY_REQ, "forgeries too");

	l = plain;
	l.hard = 20;
	meet(&l, &l); /* U17 */
	for (i = n = 0; i < 25; i++)
		n += (size_t)flows(C);
	memset(packet, 0x5a, sizeof(packet));
	ok(n == 20 && rekey_seal(end[C], packet, 28, ESP_IPV4) == -EKEYEXPIRED &&
	   packet[ESP_HEADER] == 0x5a, "at the hard limit sending ends, the packet is untouched");
	now += 3600000;
	ok(settle() == 3 && flows(C), "until there is a new key");
}

static void silence(void)
{
	struct rekey_limits l = hour();

	meet(&l, &l);
	now += 3600000;
	says(C);
	ok(rekey_deadline(end[C]) == now + 30000, "an answer is awaited for half a minute");
	now += 29999;
	ok(says(C) == 0, "so long all is well");
	now++;
	ok(says(C) == -ETIMEDOUT && says(C) == 0 && rekey_deadline(end[C]) == now + 30000,
	   "then it is overdue, which is said every half minute");
	ok(rekey_left(end[C]) == 0 && flows(C), "no data goes under the old key, though a probe may");
	ok(taken(C) == 0 && says(S) == FRAME_REKEY_RESP && taken(S) == 0 && rekey_left(end[C]) > 0,
	   "until the answer comes after all");
	meet(&l, &l);
	now += 3600000;
	says(C);
	taken(C);
	says(S);
	now += 30000;
	ok(says(S) == -ETIMEDOUT && rekey_left(end[S]) == 0, "the server misses DONE");
	ok(flows(C) && rekey_left(end[S]) == 0, "... also when the client uses the new key");
	meet(&l, &l);
	now += 3629999;
	ok(says(S) == 0, "the server leaves the client its time");
	now++;
	ok(says(S) == FRAME_REKEY_REQ, "but not for ever");
	now += 30000;
	ok(says(S) == -ETIMEDOUT && rekey_left(end[S]) == 0, "nor uses the key for ever");
	ok(says(C) == FRAME_REKEY_REQ && taken(C) == 0 && rekey_left(end[S]) == 0,
	   "a late question does not make it younger");
}

/* A good REQ of the client, one byte changed: what the server says to it. */
static int req_with(size_t at, uint8_t value)
{
	struct rekey_limits l = hour();

	meet(&l, &l);
	now += 3600000;
	says(C);
	frame.payload[at] = value;
	return taken(C);
}

static void violations(void)
{
	struct rekey_limits l = hour();
	uint8_t done[4] = {};

	ok(req_with(0, 2) == -EKEYREJECTED, "an epoch that is skipped is refused"); /* T35 */
	ok(req_with(0, 0) == -EKEYREJECTED, "the same epoch too");
	ok(req_with(2, 1) == -EKEYREJECTED && req_with(3, 1) == -EKEYREJECTED,
	   "reserved bits too");
	ok(req_with(1, 0xff) == 0, "unknown flags are not");
	meet(&l, &l);
	now += 3600000;
	says(C);
	memset(frame.payload + 8, 0, 32);
	ok(taken(C) == -EKEYREJECTED, "a public key of zero is refused"); /* T35 */
	meet(&l, &l);
	now += 3600000;
	says(C);
	put_be32(frame.payload + 4, 255);
	ok(taken(C) == -EKEYREJECTED, "a reserved SPI too");
	put_be32(frame.payload + 4, UINT32_MAX);
	ok(taken(C) == -EKEYREJECTED, "and the highest");
	ok(both_flow(), "nothing of this touches the key of now");

	meet(&l, &l);
	ok(rekey_take(end[C], now, FRAME_REKEY_RESP, frame.payload) == -EKEYREJECTED,
	   "an answer without a question is refused");
	frame.payload[0] = 1;
	frame.payload[1] = 0;
	ok(rekey_take(end[C], now, FRAME_REKEY_REQ, frame.payload) == -EKEYREJECTED,
	   "a request of the server's own too");
	frame.payload[0] = 2;
	frame.payload[1] = 1;
	ok(rekey_take(end[C], now, FRAME_REKEY_REQ, frame.payload) == -EKEYREJECTED &&
	   says(C) == 0, "one for an epoch that is not the next too");
	ok(rekey_take(end[S], now, FRAME_REKEY_DONE, done) == -EKEYREJECTED, "a DONE too");
	ok(rekey_take(end[S], now, FRAME_STATS, done) == -EKEYREJECTED, "another frame too");
	now += 3600000;
	says(C);
	taken(C);
	frame.payload[0] = 2;
	ok(taken(C) == -EKEYREJECTED, "a second REQ before DONE too");
	done[3] = 2;
	ok(rekey_take(end[S], now, FRAME_REKEY_DONE, done) == -EKEYREJECTED,
	   "a DONE of another epoch too");
	done[3] = 1;
	ok(rekey_take(end[S], now, FRAME_REKEY_DONE, done) == 0, "the right one is taken");
	ok(rekey_take(end[S], now, FRAME_REKEY_DONE, done) == -EKEYREJECTED, "once");

	meet(&l, &l);
	now += 3600000;
	says(C);
	taken(C);
	says(S);
	frame.payload[0] = 0;
	ok(taken(S) == -EKEYREJECTED, "an answer for another epoch is refused");
	frame.payload[0] = 1;
	memset(frame.payload + 8, 0, 32);
	ok(taken(S) == -EKEYREJECTED, "an answer with a key of zero too");
}

static void many(void)
{
	struct rekey_limits l = hour();
	int i, good = 0;

	meet(&l, &l);
	for (i = 0; i < 300; i++) {
		now += 3600000;
		good += settle() == 3 && both_flow();
	}
	ok(good == 300 && rekeys(C) == 300, "300 rekeys: the epoch's byte goes round");
}

/* A chance world: packets are lost and late, frames are late but in order, both ends reach their
 * limits at any moment.  What was not lost is taken, as long as it comes within the minute. */
enum { FLIGHT = 64 };
static struct flying {
	int to;
	size_t size;
	uint64_t lands;
	uint8_t bytes[100];
} flying[FLIGHT];
static struct frames {
	struct rekey_frame f[16];
	uint64_t lands[16];
	unsigned first, n;
} frames[2];
static unsigned long sent, arrived, refused_packets, errors;

static uint32_t chance(uint32_t n)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 32) % n;
}

static void launch(int from)
{
	struct flying *f = &flying[chance(FLIGHT)];

	if (f->size)
		return;
	f->size = seal(from, f->bytes);
	f->to = !from;
	f->lands = now + chance(2000);
	sent += f->size > 0;
	if (chance(10) == 0)
		f->size = 0;
}

static void land(void)
{
	size_t i;

	for (i = 0; i < FLIGHT; i++) {
		struct flying *f = &flying[i];

		if (!f->size || f->lands > now)
			continue;
		if (opens(f->to, f->bytes, f->size))
			arrived++;
		else
			refused_packets++;
		f->size = 0;
	}
}

static void speak(int from)
{
	struct frames *q = &frames[!from];

	while (says(from) > 0) {
		q->f[(q->first + q->n) % 16] = frame;
		q->lands[(q->first + q->n) % 16] = now + chance(3000);
		q->n++;
	}
	q = &frames[from];
	while (q->n && q->lands[q->first] <= now) {
		errors += rekey_take(end[from], now, q->f[q->first].type,
				     q->f[q->first].payload) < 0;
		q->first = (q->first + 1) % 16;
		q->n--;
	}
}

static void world(void)
{
	struct rekey_limits l = hour();
	unsigned long i;

	l.packets = 200;
	l.interval_ms = 100000;
	meet(&l, &l);
	for (i = 0; i < 200000; i++) {
		now += chance(30);
		launch((int)chance(2));
		land();
		speak(C);
		speak(S);
	}
	ok(errors == 0 && rekeys(C) > 100 && rekeys(C) - rekeys(S) + 1 <= 2,
	   "in a world of chance both ends rekey %llu times", (unsigned long long)rekeys(C));
	ok(refused_packets == 0 && arrived > sent / 2,
	   "and of %lu packets all %lu that arrive are taken", sent, arrived);
}

static void tally(void)
{
	struct rekey_limits l = hour();
	struct tally t = {};
	size_t n, m;

	meet(&l, &l);
	seal(C, packet);
	n = seal(C, packet);
	m = seal(C, other);
	opens(S, other, m);
	opens(S, packet, n);
	opens(S, packet, n);
	opens(S, packet, 27);
	now += 3600000;
	settle();
	now += 60001;
	flows(C);
	rekey_tally(end[S], &t);
	ok(t.udp_lost == 1 && t.udp_reordered == 1 && t.udp_duplicated == 1 && t.udp_bad == 1 &&
	   t.rekeys == 1, "what was lost, late, doubled and bad is counted beyond the key's life");
}

int main(void)
{
	first_epoch();
	step_by_step();
	by_done();
	old_packets();
	server_asks();
	simultaneous();
	limits();
	silence();
	violations();
	many();
	world();
	tally();
	rekey_free(end[C]);
	rekey_free(end[S]);
	rekey_free(NULL);
	return finish();
}
