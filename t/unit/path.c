/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two ends and a network between them that loses, delays, renames and shortens: when data goes over
 * UDP, when it does not, and to whom.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "common/ipc.h"
#include "tap.h"
#include "worker/esp.h"
#include "worker/path.h"

enum { C, S };
enum { DATA = 0, DATA_SIZE = 1472 };

static struct path end[2];
static uint64_t now;

/* The network. */
static struct {
	bool lose[2];      /* all that this end sends */
	unsigned delay;    /* ms, one way */
	size_t limit;      /* larger datagrams are lost */
	size_t link;       /* larger ones are refused by the sender's system */
	union endpoint as[2]; /* where datagrams of this end seem to come from */
} net;

static struct flight {
	bool used;
	int to;
	uint64_t lands;
	union endpoint from;
	size_t size, control; /* of the datagram, and of the control payload in it */
	uint8_t payload[PATH_CONTROL_SIZE];
} flights[256];

/* What each end did. */
static struct {
	unsigned up, down, told, probes, answers, datagrams;
	size_t found;
	union endpoint at; /* of the last `up` */
	uint64_t when;     /* of the last `down` */
} did[2];

static union endpoint at(const char *address, uint16_t port)
{
	union endpoint e;

	memset(&e, 0, sizeof(e));
	if (strchr(address, ':')) {
		e.v6.sin6_family = AF_INET6;
		e.v6.sin6_port = htons(port);
		inet_pton(AF_INET6, address, &e.v6.sin6_addr);
	} else {
		e.v4.sin_family = AF_INET;
		e.v4.sin_port = htons(port);
		inet_pton(AF_INET, address, &e.v4.sin_addr);
	}
	return e;
}

static uint64_t counting(void)
{
	static uint64_t n = 0x1000;

	return ++n;
}

/* Where an endpoint leads: C, S, or nobody. */
static int who(const union endpoint *e)
{
	return endpoint_equal(e, &net.as[C]) ? C : endpoint_equal(e, &net.as[S]) ? S : -1;
}

static void fly(int from, const union endpoint *to, const uint8_t *payload, size_t control,
		size_t size)
{
	size_t i;

	did[from].datagrams++;
	if (net.lose[from] || size > net.limit || who(to) != !from)
		return;
	for (i = 0; i < 256 && flights[i].used; i++)
		;
	if (i == 256)
		abort();
	flights[i] = (struct flight){
		.used = true, .to = !from, .lands = now + net.delay, .from = net.as[from],
		.control = control, .size = size,
	};
	memcpy(flights[i].payload, payload, PATH_CONTROL_SIZE);
}

static void act(int e, const struct path_action *a)
{
	switch (a->act) {
	case PATH_SEND:
		did[e].probes += a->payload[0] == 1;
		did[e].answers += a->payload[0] == 2;
		if (a->size > net.link)
			path_refused(&end[e], now, a->size);
		else
			fly(e, &a->to, a->payload, esp_payload_most(a->size), a->size);
		break;
	case PATH_IS_UP:
		did[e].up++;
		did[e].at = a->to;
		break;
	case PATH_IS_DOWN:
		did[e].down++;
		did[e].when = now;
		did[e].told += a->tell_peer;
		if (a->tell_peer) /* TLS is reliable */
			path_peer_down(&end[!e], now);
		break;
	case PATH_FOUND:
		did[e].found = a->size;
		break;
	}
}

static void turn(int e)
{
	struct path_action a;
	unsigned n = 0;

	while (path_next(&end[e], now, &a)) {
		if (++n > 100 || a.size % 4 || (a.act == PATH_SEND &&
		    esp_payload_most(a.size) < PATH_CONTROL_SIZE))
			abort();
		act(e, &a);
	}
}

static void land(struct flight *f)
{
	f->used = false;
	path_heard(&end[f->to], now, &f->from, true);
	if (f->control)
		path_control(&end[f->to], now, &f->from, f->payload, f->control);
	turn(f->to);
}

/* One data packet of this end, over UDP if the path says so: 1 if it was. */
static int data(int e)
{
	static const uint8_t nothing[PATH_CONTROL_SIZE];

	if (path_most(&end[e]) < 100)
		return 0;
	fly(e, &end[e].peer, nothing, DATA, 100);
	path_sent(&end[e], now);
	return 1;
}

/* Time passes; every `each` ms this end sends data (0: nobody does). */
static void pass(uint64_t ms, int sender, unsigned each)
{
	uint64_t until = now + ms, next_data = each ? now : CLOCK_NEVER, next;
	size_t i;
	int e;

	for (;;) {
		if (now >= next_data) {
			data(sender);
			next_data = now + each;
		}
		for (e = C; e <= S; e++)
			turn(e);
		for (i = 0; i < 256; i++)
			if (flights[i].used && flights[i].lands <= now)
				land(&flights[i]);
		next = next_data;
		for (e = C; e <= S; e++)
			if (path_deadline(&end[e]) < next)
				next = path_deadline(&end[e]);
		for (i = 0; i < 256; i++)
			if (flights[i].used && flights[i].lands < next)
				next = flights[i].lands;
		if (next > until)
			break;
		if (next > now)
			now = next;
	}
	now = until;
}

static void begin(bool roam)
{
	struct path_config config = {
		.role = ROLE_CLIENT, .roam = roam, .most = DATA_SIZE, .random = counting,
		.times = path_times(),
	};

	memset(&net, 0, sizeof(net));
	memset(flights, 0, sizeof(flights));
	memset(did, 0, sizeof(did));
	now = 5000000;
	net.delay = 20;
	net.limit = net.link = 65535;
	net.as[C] = at("192.0.2.1", 4000);
	net.as[S] = at("198.51.100.1", 5001);
	config.peer = net.as[S];
	path_init(&end[C], &config, now);
	config.role = ROLE_SERVER;
	config.peer = (union endpoint){};
	path_init(&end[S], &config, now);
}

static void endpoints(void)
{
	union endpoint a = at("192.0.2.1", 1), b = at("2001:db8::1", 1), x;

	ok(endpoint_equal(&a, &a) && endpoint_equal(&b, &b) && !endpoint_equal(&a, &b),
	   "an address is equal to itself");
	x = at("192.0.2.1", 2);
	ok(!endpoint_equal(&a, &x), "another port is another endpoint");
	x = at("192.0.2.2", 1);
	ok(!endpoint_equal(&a, &x), "another host too");
	x = at("2001:db8::2", 1);
	ok(!endpoint_equal(&b, &x), "in IPv6 too");
	x = b;
	x.v6.sin6_scope_id = 3;
	ok(!endpoint_equal(&b, &x), "another link too");
	x = b;
	x.v6.sin6_flowinfo = 7;
	ok(endpoint_equal(&b, &x), "another flow label is not");
}

static void comes_up(void)
{
	begin(true);
	ok(path_most(&end[C]) == 0 && path_most(&end[S]) == 0, "at first data goes over TLS");
	pass(39, C, 0);
	ok(!did[C].up && !did[S].up, "and before there is an answer");
	pass(2, C, 0);
	ok(did[C].up == 1 && path_most(&end[C]) == PMTU_BASE,
	   "the client's path is up after one round trip");
	pass(20, C, 0);
	ok(did[S].up == 1 && endpoint_equal(&did[S].at, &net.as[C]), "the server's after two");
	pass(1000, C, 0);
	ok(did[C].found == 1472 && did[S].found == 1472 && path_most(&end[C]) == 1472,
	   "each finds its path MTU");
	ok(did[C].up == 1 && did[S].up == 1 && !did[C].down && !did[S].down, "nothing flaps");
}

static void first_attempt(void)
{
	uint64_t start;

	begin(true);
	start = now;
	net.lose[C] = true;
	pass(2000, C, 0);
	ok(did[C].probes == 5 && !did[C].down, "five probes in the first two seconds");
	pass(1001, C, 0);
	ok(did[C].down == 1 && did[C].when == start + 3000 && !did[C].told,
	   "a second later it is known that UDP does not work, and nobody needs to be told");
	pass(59997, C, 0);
	ok(did[C].probes == 5, "a minute of peace");
	pass(3, C, 0);
	ok(did[C].probes == 6, "then it is tried again");
	pass(122998, C, 0);
	ok(did[C].probes == 10, "next after two minutes");
	pass(2 + 243000 + 483000 + 603000 + 603000, C, 0);
	ok(did[C].probes == 31 && did[C].down == 1, "at last every ten, and it is told only once");
	net.lose[C] = false;
	pass(610000, C, 0);
	ok(did[C].up == 1 && did[S].up == 1, "and when UDP works it is found");
}

/* U15 */
static void blackhole(void)
{
	uint64_t start;

	begin(true);
	pass(1000, C, 10);
	ok(did[C].up == 1 && did[S].up == 1, "up, with traffic");
	net.lose[C] = net.lose[S] = true;
	start = now;
	pass(4000, C, 10);
	ok(did[C].down == 1 && did[C].when - start < 4000 && did[C].told == 1,
	   "a black hole is noticed within 4 s of traffic");
	ok(did[S].down == 1 && did[S].told == 0, "the peer is told by TLS, and tells nobody");
	ok(path_most(&end[C]) == 0 && path_most(&end[S]) == 0, "data goes over TLS on both sides");
	net.lose[C] = net.lose[S] = false;
	pass(61000, C, 10);
	ok(did[C].up == 2 && did[S].up == 2, "a minute later UDP is back");

	begin(true);
	pass(1000, C, 0);
	net.lose[C] = true;
	pass(4000, S, 10);
	ok(did[S].down == 1 && did[C].down == 1, "half a path is none: the server notices as well");

	begin(true);
	pass(1000, C, 0);
	net.lose[S] = true;
	pass(19000, C, 0);
	ok(did[S].down + did[C].down == 2, "without traffic a dead path is noticed in 20 s");
}

static void idles(void)
{
	unsigned before;

	begin(true);
	pass(5000, C, 0);
	before = did[C].datagrams + did[S].datagrams;
	pass(3600000, C, 0);
	ok(did[C].datagrams + did[S].datagrams - before <= 2 * 3600 / 15 + 2 &&
	   did[C].datagrams + did[S].datagrams - before >= 2 * 3600 / 16,
	   "an hour of silence costs a probe and its answer every 15 s");
	ok(!did[C].down && !did[S].down, "and keeps the path");
	before = did[C].probes + did[S].probes;
	pass(60000, C, 5);
	ok(did[C].probes + did[S].probes - before < 110,
	   "traffic in one direction alone is asked after once a second at most");
	ok(!did[C].down && !did[S].down, "and keeps the path too");
}

/* One control payload to this end, from anywhere. */
static void inject(int e, const union endpoint *from, uint8_t type, uint64_t nonce)
{
	uint8_t payload[PATH_CONTROL_SIZE] = { type, 0, 0, 40 };

	put_be64(payload + 4, nonce);
	path_heard(&end[e], now, from, true);
	path_control(&end[e], now, from, payload, sizeof(payload));
}

/* U19 */
static void wrong_answers(void)
{
	union endpoint other = at("203.0.113.9", 5001);

	begin(true);
	net.lose[S] = true;
	turn(C);
	inject(C, &net.as[S], 2, end[C].nonce + 1);
	turn(C);
	ok(!did[C].up, "an answer with a wrong nonce is ignored");
	inject(C, &other, 2, end[C].nonce);
	turn(C);
	ok(!did[C].up, "one from another address too");
	path_control(&end[C], now, &net.as[S], (const uint8_t *)"\2\0\0\50", 4);
	turn(C);
	ok(!did[C].up, "a short one too");
	inject(C, &net.as[S], 3, end[C].nonce);
	inject(C, &net.as[S], 0, end[C].nonce);
	turn(C);
	ok(!did[C].up && !did[C].answers, "unknown control payloads too");
	inject(C, &net.as[S], 2, end[C].nonce);
	turn(C);
	ok(did[C].up == 1, "the right one is not");

	begin(true);
	inject(S, &net.as[C], 2, 0);
	path_heard(&end[S], now, &net.as[C], true);
	turn(S);
	ok(!did[S].up && !did[S].datagrams, "data and answers alone take no server's path up");
	inject(S, &net.as[C], 1, 77);
	turn(S);
	ok(!did[S].up && did[S].answers == 1 && did[S].probes == 1,
	   "a client's probe is answered, and asked back");
	inject(S, &net.as[C], 2, end[S].candidate_nonce);
	turn(S);
	ok(did[S].up == 1, "the answer to that does");
}

/* U20 */
static void flood(void)
{
	unsigned i;

	begin(true);
	pass(1000, C, 0);
	memset(did, 0, sizeof(did));
	for (i = 0; i < 10000; i++) {
		inject(S, &net.as[C], 1, i);
		turn(S);
		if (i % 100 == 99)
			now += 10;
	}
	ok(did[S].answers >= 10 && did[S].answers <= 20,
	   "10,000 probes in a second get 10 answers each second");
	ok(end[S].state == PATH_UP, "and harm nothing else");
}

static void roams(void)
{
	union endpoint old;

	begin(true);
	pass(1000, C, 50);
	net.as[C] = at("192.0.2.1", 4001);
	pass(200, C, 50);
	ok(did[S].up == 2 && endpoint_equal(&did[S].at, &net.as[C]) &&
	   endpoint_equal(&end[S].peer, &net.as[C]), "a client that moved is followed");
	ok(!did[C].down && !did[S].down, "without a break");
	net.as[C] = at("2001:db8::7", 4001);
	pass(1500, C, 50);
	ok(endpoint_equal(&end[S].peer, &net.as[C]), "to another family too");
	pass(3000, C, 50);
	ok(did[S].up == 3 && did[S].found == 1472, "and the path MTU searched anew");

	begin(true);
	pass(1000, C, 50);
	net.as[C] = at("192.0.2.1", 4001);
	pass(16000, C, 0);
	pass(1000, C, 0);
	ok(endpoint_equal(&end[S].peer, &net.as[C]) && !did[S].down,
	   "an idle client that moved is followed from its next probe on");

	begin(false);
	pass(1000, C, 50);
	old = net.as[C];
	net.as[C] = at("192.0.2.1", 4001);
	pass(3000, C, 50);
	ok(endpoint_equal(&end[S].peer, &old), "where roaming is not agreed on nobody is followed");
	pass(5000, S, 50);
	ok(did[C].down == 1 && did[S].down == 1, "and data goes over TLS");
	pass(61000, C, 50);
	ok(endpoint_equal(&end[S].peer, &net.as[C]) && end[S].state == PATH_UP,
	   "until the next attempt, from the new address");
}

/* U13: a packet of the client's, sent again by somebody else and first. */
static void races(void)
{
	union endpoint thief = at("203.0.113.66", 9);
	unsigned probes, i;

	begin(true);
	pass(2000, C, 50);
	probes = did[S].probes;
	path_heard(&end[S], now, &thief, true);
	turn(S);
	ok(did[S].probes == probes + 1 && endpoint_equal(&end[S].peer, &net.as[C]),
	   "a packet from elsewhere: elsewhere is asked, and the path stays");
	for (i = 0; i < 1000; i++) {
		now++;
		path_heard(&end[S], now, &thief, true);
		turn(S);
	}
	ok(did[S].probes <= probes + 3, "once a second");
	path_heard(&end[S], now, &thief, false);
	inject(S, &net.as[C], 2, end[S].candidate_nonce);
	ok(endpoint_equal(&end[S].peer, &net.as[C]), "an answer from the old address moves nothing");
	inject(S, &thief, 2, 4711);
	turn(S);
	ok(endpoint_equal(&end[S].peer, &net.as[C]), "nor one without the nonce");
	pass(2000, C, 50);
	ok(!did[C].down && !did[S].down && did[S].up == 1, "the tunnel does not notice");

	begin(true);
	pass(3000, C, 50);
	probes = did[S].probes;
	path_heard(&end[S], now, &thief, false);
	turn(S);
	ok(did[S].probes == probes, "a late packet from elsewhere is no reason to ask");
}

static void sizes(void)
{
	begin(true);
	net.limit = 1420;
	pass(10000, C, 0);
	ok(did[C].found == 1400 && did[S].found == 1400, "a narrow path is found");
	net.limit = 1300;
	pass(20000, C, 50);
	ok(did[C].found == 1232 && !did[C].down, "one that becomes narrower too, while it stays up");
	begin(true);
	net.link = 1452;
	pass(1000, C, 0);
	ok(did[C].found == 1452, "a link's own refusal is understood at once");
	path_refused(&end[C], now, 1400);
	net.link = 1399;
	pass(1000, C, 0);
	ok(did[C].found == 1308, "also later");
	path_refused(&end[C], now, 100000);
	ok(path_most(&end[C]) == 1308, "nonsense is not");
}

static uint32_t chance(uint32_t n)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 32) % n;
}

/* Whatever the network did, once it is well again both ends find to each other. */
static void weather(void)
{
	unsigned world, recovered = 0;

	for (world = 0; world < 100; world++) {
		unsigned i;

		begin(chance(4) > 0);
		for (i = 0; i < 40; i++) {
			net.lose[C] = chance(4) == 0;
			net.lose[S] = chance(4) == 0;
			net.delay = chance(300);
			net.limit = chance(3) ? 65535 : 200 + chance(1400);
			if (chance(8) == 0)
				net.as[C] = at("192.0.2.1", (uint16_t)(4000 + i));
			pass(chance(chance(2) ? 3000 : 100000), (int)chance(2), chance(2) * 40);
		}
		net.lose[C] = net.lose[S] = false;
		net.limit = 65535;
		net.delay = 20;
		pass(1300000, C, 500);
		recovered += end[C].state == PATH_UP && end[S].state == PATH_UP &&
			     path_most(&end[C]) == 1472 && path_most(&end[S]) == 1472 &&
			     endpoint_equal(&end[S].peer, &net.as[C]);
	}
	ok(recovered == 100, "after any weather both ends are up, at full size, in %u of 100 worlds",
	   recovered);
}

static void noise(void)
{
	unsigned i, j;

	begin(true);
	net.lose[S] = true;
	for (i = 0; i < 200000; i++) {
		union endpoint from = chance(2) ? net.as[C] : at("203.0.113.66", (uint16_t)chance(4));
		uint8_t payload[40];

		for (j = 0; j < sizeof(payload); j++)
			payload[j] = (uint8_t)chance(256);
		payload[0] = (uint8_t)chance(4);
		path_heard(&end[S], now, &from, chance(2));
		path_control(&end[S], now, &from, payload, chance(sizeof(payload)));
		turn(S);
		now += chance(3);
	}
	ok(!did[S].up && end[S].state == PATH_WAITING, "no noise takes a path up");
	ok(did[S].probes < 250 && did[S].answers < 2600, "nor makes it talk more than it may");
}

int main(void)
{
	endpoints();
	comes_up();
	first_attempt();
	blackhole();
	idles();
	wrong_answers();
	flood();
	roams();
	races();
	sizes();
	weather();
	noise();
	return finish();
}
