/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two ends and a bad network between them: what can arrive does, once, soon, and in order if that
 * was agreed; and no peer can do any harm by what it says.
 */
#include <errno.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "tap.h"
#include "worker/arq.h"
#include "worker/esp.h"

enum { FRAME = 60 };

static uint64_t state; /* of below() */

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % n;
}

static struct arq_config config(void)
{
	return (struct arq_config){
		.type = TUNNEL_TUN, .window = 512, .retries = 2, .lifetime_ms = 100,
	};
}

/* Frame n: an IPv4 packet, as far as anybody looks. */
static void write_frame(uint32_t n, uint8_t *payload)
{
	memset(payload, 0, ARQ_HEADER);
	memset(payload + ARQ_HEADER, (int)(n % 251), FRAME);
	payload[ARQ_HEADER] = 0x45;
	put_be32(payload + ARQ_HEADER + 4, n);
}

/* ---- the network */

struct world {
	/* given */
	const char *name;
	uint32_t loss, ack_loss;   /* of 1,000 datagrams with frames, with acknowledgements */
	uint32_t again;            /* of 1,000 that come twice */
	uint64_t delay, jitter;    /* us, one way */
	uint64_t slower;           /* us: so much more from half time on */
	uint64_t apart;            /* us between two frames */
	uint32_t frames;
	uint64_t cut_from, cut_to; /* us: when nothing gets through, as times since the beginning */
	bool without;              /* no ARQ, for comparison */
	struct arq_config config;
	uint64_t seed;
	/* found */
	uint32_t delivered, twice, damaged, disordered, unprotected;
	uint64_t median, p99, most; /* delay, us */
	uint64_t longest_gap;       /* us without any frame */
	struct arq_out_count out;
	struct arq_in_count in;
	struct arq_rtt rtt;
};

enum { FLYING = 1 << 14, FRAMES_MOST = 1 << 20 };

static struct datagram {
	uint64_t lands;
	bool is_ack;
	uint16_t size;
	uint8_t bytes[ARQ_ACK_MOST];
} flying[FLYING];
static unsigned n_flying;
static uint64_t now, start, next_frame, last_delivered, sent_at[FRAMES_MOST], delays[FRAMES_MOST];
static uint8_t seen[FRAMES_MOST];
static uint32_t n_sent, last_number;
static struct arq_out *out;
static struct arq_in *in;

static void fly(struct world *w, const uint8_t *bytes, size_t size, bool is_ack)
{
	struct datagram *d;
	uint64_t t = now - start;
	int copies = 1 + (below(1000) < w->again);

	while (copies--) {
		uint64_t slower = n_sent > w->frames / 2 ? w->slower : 0;

		if (below(1000) < (is_ack ? w->ack_loss : w->loss) ||
		    (t >= w->cut_from && t < w->cut_to))
			continue;
		if (n_flying == FLYING)
			abort();
		d = &flying[n_flying++];
		d->lands = now + w->delay + slower + (w->jitter ? below((uint32_t)w->jitter) : 0);
		d->is_ack = is_ack;
		d->size = (uint16_t)size;
		memcpy(d->bytes, bytes, size);
	}
}

static void deliver(struct world *w, const uint8_t *frame, size_t size)
{
	uint8_t wanted[ARQ_HEADER + FRAME];
	uint32_t n = get_be32(frame + 4);

	if (size != FRAME || n >= n_sent) {
		w->damaged++;
		return;
	}
	write_frame(n, wanted);
	w->damaged += memcmp(frame, wanted + ARQ_HEADER, FRAME) != 0;
	w->twice += seen[n];
	seen[n] = 1;
	w->disordered += w->delivered && n < last_number;
	last_number = n;
	delays[w->delivered++] = now - sent_at[n];
	if (now - last_delivered > w->longest_gap)
		w->longest_gap = now - last_delivered;
	last_delivered = now;
}

static void send_frame(struct world *w)
{
	uint8_t bytes[ARQ_HEADER + FRAME];

	write_frame(n_sent, bytes);
	sent_at[n_sent++] = now;
	next_frame += w->apart;
	if (w->without)
		fly(w, bytes + ARQ_HEADER, FRAME, false);
	else if (arq_out_send(out, now, bytes, sizeof(bytes), ESP_IPV4) == 0)
		fly(w, bytes, sizeof(bytes), false);
	else if (!w->config.ordered) {
		w->unprotected++;
		fly(w, bytes + ARQ_HEADER, FRAME, false);
	}
}

static void land(struct world *w, unsigned i)
{
	static struct datagram d; /* stays until what is in it has been handed out */

	d = flying[i];
	flying[i] = flying[--n_flying];
	if (d.is_ack) {
		arq_out_acked(out, now, d.bytes, d.size);
		arq_in_rtt(in, arq_out_rtt(out)); /* the same in both directions */
	} else if (d.size == FRAME) {
		deliver(w, d.bytes, FRAME);
	} else {
		w->damaged += arq_in_take(in, now, d.bytes, d.size) < 0;
	}
}

static void work(struct world *w)
{
	uint8_t ack[ARQ_ACK_MOST];
	struct arq_payload p;
	size_t size;

	while (arq_in_next(in, now, &p))
		deliver(w, p.data, p.size);
	size = arq_in_ack(in, now, ack);
	if (size)
		fly(w, ack, size, true);
	while (arq_out_next(out, now, &p))
		fly(w, p.data, p.size, false);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void restart(const struct arq_config *c)
{
	arq_out_free(out);
	arq_in_free(in);
	if (arq_out_new(c, &out) < 0 || arq_in_new(c, &in) < 0)
		abort();
	now = 1000000;
}

/* The first datagram to land, if it does so until *until, which becomes that time; or FLYING. */
static unsigned first_to_land(uint64_t *until)
{
	unsigned i, first = FLYING;

	for (i = 0; i < n_flying; i++)
		if (flying[i].lands <= *until) {
			first = i;
			*until = flying[i].lands;
		}
	return first;
}

static void summarize(struct world *w)
{
	w->out = arq_out_count(out);
	w->in = arq_in_count(in);
	w->rtt = arq_out_rtt(out);
	qsort(delays, w->delivered, sizeof(delays[0]), by_value);
	w->median = delays[w->delivered / 2];
	w->p99 = delays[(uint64_t)w->delivered * 99 / 100];
	w->most = delays[w->delivered - 1];
	printf("# %s, seed %llu: %u of %u; delay %llu us (median), %llu (99 %%), %llu (most); "
	       "resent %llu, no room for %llu; srtt %u, var %u\n",
	       w->name, (unsigned long long)w->seed, w->delivered, w->frames,
	       (unsigned long long)w->median, (unsigned long long)w->p99,
	       (unsigned long long)w->most, (unsigned long long)w->out.resent,
	       (unsigned long long)w->out.no_room, w->rtt.smoothed, w->rtt.variation);
}

static void run(struct world *w)
{
	restart(&w->config);
	memset(seen, 0, sizeof(seen));
	n_flying = n_sent = last_number = 0;
	state = w->seed;
	start = next_frame = last_delivered = now;
	for (;;) {
		uint64_t next = n_sent < w->frames ? next_frame : CLOCK_NEVER;
		unsigned first;

		next = earlier(next, earlier(arq_in_deadline(in), arq_out_deadline(out)));
		first = first_to_land(&next);
		if (next == CLOCK_NEVER)
			break;
		now = next > now ? next : now;
		if (first < FLYING)
			land(w, first);
		else if (n_sent < w->frames && next_frame <= now)
			send_frame(w);
		work(w);
	}
	summarize(w);
}

/* No frame twice, none damaged, and in order if that was agreed. */
static int is_sound(const struct world *w)
{
	return w->twice == 0 && w->damaged == 0 && !(w->config.ordered && w->disordered);
}

/* Lost of 20,000 frames, with and without; and the delay of 99 %. */
static const struct lossy {
	uint32_t loss;
	uint64_t delay, apart;
	uint32_t lost_most, lost_most_ordered;
	uint64_t p99_most;
} lossy[] = {
	{ 10, 100, 100, 2, 2, 11000 },
	{ 10, 5000, 1000, 2, 10, 30000 },
	{ 10, 20000, 1000, 2, 20, 80000 },
	{ 50, 100, 100, 10, 10, 11000 },
	{ 50, 5000, 1000, 10, 100, 30000 },
	{ 50, 20000, 1000, 20, 200, 80000 },
	{ 200, 100, 100, 240, 240, 21000 },
	{ 200, 5000, 1000, 240, 900, 45000 },
	{ 200, 20000, 1000, 400, 1500, 125000 },
};

static struct world world_of(const struct lossy *l, uint64_t seed)
{
	return (struct world){
		.loss = l->loss, .ack_loss = l->loss, .delay = l->delay, .jitter = l->delay / 10,
		.apart = l->apart, .frames = 20000, .config = config(), .seed = seed,
	};
}

static void losses(void)
{
	unsigned i, seed;

	for (i = 0; i < sizeof(lossy) / sizeof(lossy[0]); i++) {
		const struct lossy *l = &lossy[i];
		int sound = 1, fine = 1, soon = 1, ordered = 1, bare = 1;
		char name[100];

		snprintf(name, sizeof(name), "%u %% loss, %u us", l->loss / 10, (unsigned)l->delay);
		for (seed = 1; seed <= 3; seed++) {
			struct world w = world_of(l, seed * 7919), o = w, without = w;

			w.name = o.name = without.name = name;
			o.config.ordered = true;
			without.without = true;
			run(&without);
			run(&w);
			run(&o);
			bare &= without.frames - without.delivered > 20 * l->loss * 8 / 10;
			sound &= is_sound(&w) && is_sound(&o);
			fine &= w.frames - w.delivered <= l->lost_most;
			ordered &= o.frames - o.delivered <= l->lost_most_ordered;
			soon &= w.p99 <= l->p99_most && w.most <= 600000 && w.median < 2 * l->delay;
		}
		ok(bare && fine, "%s: of 20,000 frames at most %u are lost, not %u", name,
		   l->lost_most, 20 * l->loss);
		ok(ordered,
		   "%s: in order at most %u, as late ones are", name, l->lost_most_ordered);
		ok(soon, "%s: most frames are not delayed, 99 %% come within %u us", name,
		   (unsigned)l->p99_most);
		ok(sound, "%s: none comes twice, or damaged, or out of order", name);
	}
}

/* The same network once more, in order. */
static void run_both(struct world *w, struct world *o)
{
	*o = *w;
	o->config.ordered = true;
	run(w);
	run(o);
}

static void bad_networks(void)
{
	struct world o, w = {
		.name = "reordered", .delay = 5000, .jitter = 5000, .apart = 200, .again = 100,
		.frames = 20000, .config = config(), .seed = 1,
	};

	run_both(&w, &o);
	ok(is_sound(&w) && w.delivered == w.frames, "what was overtaken or doubled comes once");
	ok(is_sound(&o) && o.delivered == o.frames, "in order if it was agreed");

	w = (struct world){ .name = "slower", .delay = 5000, .slower = 70000, .apart = 1000,
			    .frames = 20000, .config = config(), .seed = 1 };
	run(&w);
	ok(w.delivered == w.frames && w.rtt.smoothed > 150000 && w.out.resent < 600,
	   "when round trips become 15 times as long, a few frames are sent again in vain");

	w = (struct world){ .name = "no acknowledgement", .ack_loss = 1000, .delay = 5000,
			    .apart = 500, .frames = 20000, .config = config(), .seed = 1 };
	run_both(&w, &o);
	ok(is_sound(&w) && w.delivered == w.frames && w.out.resent <= 2 * w.out.sent,
	   "without any acknowledgement all frames pass, some unprotected");
	ok(is_sound(&o) && o.delivered >= 5000 && o.longest_gap <= 1000000,
	   "or fewer in order, but the window does not stall for ever");
}

static void outage(void)
{
	struct world o, w = {
		.name = "outage", .delay = 5000, .jitter = 500, .apart = 500, .frames = 40000,
		.cut_from = 5000000, .cut_to = 9000000, .config = config(), .seed = 1,
	};

	run_both(&w, &o);
	ok(is_sound(&w) && w.longest_gap < 4100000 && w.delivered > 31900,
	   "after an outage of 4 s frames come again at once");
	ok(is_sound(&o) && o.longest_gap < 4100000 && o.delivered > 31900, "in order too");

	w = (struct world){ .name = "three rounds of the numbers", .loss = 50, .ack_loss = 50,
			    .delay = 1000, .jitter = 100, .apart = 100, .frames = 200000,
			    .config = config(), .seed = 3 };
	run(&w);
	ok(is_sound(&w) && w.frames - w.delivered < 60, "numbers go round and round");
	ok(w.out.given_up < 60, "and acknowledgements follow");
}

/* ---- the sender by itself */

static uint8_t payload[ARQ_HEADER + 65536];
static struct arq_payload got;

static int send_one(void)
{
	static uint32_t n;

	write_frame(n++, payload);
	return arq_out_send(out, now, payload, ARQ_HEADER + FRAME, ESP_IPV4);
}

/* Acknowledges all up to cum, and the numbers that follow. */
static void acked(uint16_t cum, int n, const uint16_t *numbers)
{
	uint8_t ack[ARQ_ACK_LEAST] = { ARQ_ACK };

	put_be16(ack + 2, cum);
	for (; n > 0; n--, numbers++) {
		uint16_t i = (uint16_t)(*numbers - cum - 1);

		ack[4 + i / 8] |= (uint8_t)(1 << i % 8);
	}
	arq_out_acked(out, now, ack, sizeof(ack));
}

/* The number of the frame that is to be sent again now; -1: none. */
static int again(void)
{
	return arq_out_next(out, now, &got) ? get_be16(got.data) : -1;
}

static void send_many(int n)
{
	while (n--)
		send_one();
}

/* One frame and its acknowledgement, to have a round trip of 20 ms. */
static void measured(uint16_t number)
{
	send_one();
	now += 20000;
	acked(number, 0, NULL);
	again();
}

static void wire(void)
{
	struct arq_config c = config();

	restart(&c);
	send_one();
	ok(is_hex(payload, 5, "0001040045"), "numbers begin at 1");
	send_one();
	send_one();
	ok(is_hex(payload, 4, "00030401"), "back is half the distance to the oldest unsettled one");
	send_one();
	ok(is_hex(payload, 4, "00040402"), "rounded up");
	send_many(507);
	send_one();
	ok(is_hex(payload, 4, "020004ff"), "and fits into its byte");
	acked(512, 0, NULL);
	send_one();
	ok(is_hex(payload, 4, "02010400"), "it follows acknowledgements");
}

static void refusals(void)
{
	struct arq_config c = config();
	uint8_t before[20];
	int i, n = 0;

	c.window = 20;
	restart(&c);
	memset(payload, 0x45, sizeof(payload));
	memcpy(before, payload, sizeof(before));
	ok(arq_out_send(out, now, payload, ARQ_HEADER + ARQ_FRAME_MOST + 1, ESP_IPV4) == -EMSGSIZE &&
	   !memcmp(before, payload, sizeof(before)),
	   "a frame of more than 1,500 bytes is left alone");
	ok(arq_out_send(out, now, payload, ARQ_HEADER + 1500, ESP_IPV4) == 0,
	   "one of 1,500 is not");
	ok(arq_out_deadline(out) == now + 100000,
	   "it will be missed in 100 ms, as nothing is known");
	for (i = 0; i < 100; i++)
		n += send_one() == 0;
	ok(n == 19 && send_one() == -ENOBUFS, "the window is as wide as agreed");
	ok(arq_out_count(out).no_room == 82 && arq_out_count(out).sent == 20,
	   "and that is counted");
	acked(1, 0, NULL);
	ok(send_one() == 0 && send_one() == -ENOBUFS,
	   "one acknowledged makes room for another one");
}

/* The path goes down and comes back. */
static void forgotten(void)
{
	struct arq_config c = config();

	restart(&c);
	measured(1);
	send_many(100);
	acked(1, 1, (uint16_t[]){ 50 });
	arq_out_forget(out);
	now += 1000000;
	ok(again() == -1 && arq_out_deadline(out) == CLOCK_NEVER,
	   "what is forgotten is not sent again");
	ok(arq_out_count(out).given_up == 99, "and counts as given up, but for what has arrived");
	send_one();
	ok(is_hex(payload, 4, "00660400"), "the next frame tells the peer not to wait for it");
	ok(arq_out_room(out, now, ARQ_FRAME_MOST) == 0 &&
	   arq_out_room(out, now, ARQ_FRAME_MOST + 1) == -EMSGSIZE, "and the window is open again");
	ok(!arq_out_is_crowded(out), "nor is it crowded");
	send_many(447);
	ok(arq_out_is_crowded(out) && arq_out_room(out, now, FRAME) == 0,
	   "before it is full it is crowded: a superframe might not fit any more");
	send_many(64);
	ok(arq_out_room(out, now, FRAME) == -ENOBUFS, "until it is full");
}

/* A peer that makes us work: each answer proves everything lost that it can. */
static void busy_peer(void)
{
	struct arq_config c = config();
	unsigned i, resent = 0, rounds = 0;
	uint16_t base = 1;

	restart(&c);
	for (i = 0; i < 200; i++) {
		send_many(512);
		for (rounds = 0; rounds < 100; rounds++) {
			acked((uint16_t)(base - 1), 3, (uint16_t[]){ (uint16_t)(base + 200),
			      (uint16_t)(base + 201), (uint16_t)(base + 202) });
			while (again() >= 0)
				resent++;
		}
		arq_out_forget(out);
		base += 512;
	}
	ok(arq_out_count(out).sent == 200 * 512 && resent <= 2 * 200 * 512u,
	   "a flood of answers that prove losses: no frame goes out more than thrice");
}

static void fast_resend(void)
{
	static const uint16_t newer[] = { 3, 4, 5, 6, 7, 8, 9, 10, 11 };
	struct arq_config c = config();

	restart(&c);
	measured(1);
	send_many(4); /* 2 to 5 */
	now += 1000;
	acked(1, 2, newer);
	ok(again() == -1, "two later ones that have come do not prove a loss");
	acked(1, 3, newer);
	acked(1, 0, NULL); /* an older answer that comes late */
	ok(again() == 2 && got.next == ARQ_NEXT && got.size == ARQ_HEADER + FRAME &&
	   got.data[ARQ_HEADER] == 0x45 && got.data[2] == ESP_IPV4, "three do: it is sent again");
	ok(again() == -1, "once");
	send_many(3); /* 6 to 8 */
	acked(1, 5, newer);
	ok(again() == -1, "those that were on their way before prove nothing of it");
	acked(1, 6, newer);
	ok(again() == 2, "three later ones do again");
	send_many(3);
	acked(1, 9, newer);
	ok(again() == -1 && arq_out_count(out).given_up == 1, "after two retries it is given up");
	ok(arq_out_deadline(out) == CLOCK_NEVER, "and nothing is left to wait for");
	send_one();
	ok(is_hex(payload, 4, "000c0400"), "which the next frame tells the peer");
}

static void slow_resend(void)
{
	struct arq_config c = config();
	uint64_t sent;

	restart(&c);
	measured(1);
	ok(arq_out_rtt(out).smoothed == 20000 && arq_out_rtt(out).variation == 10000,
	   "the first round trip is taken as it is (RFC 6298)");
	ok(arq_patience(arq_out_rtt(out)) == 70000, "patience is 1.5 of it, and 4 variations");
	sent = now;
	send_one();
	now += 5000;
	send_one();
	ok(arq_out_deadline(out) == sent + 70000, "so long the first one is awaited");
	now = sent + 69999;
	ok(again() == -1, "not sent again before that");
	now++;
	ok(again() == 2 && again() == -1, "but then");
	now += 5000;
	ok(again() == 3, "the second one in its own time, though patience has doubled");
	now = sent + 100000;
	ok(again() == -1, "a frame's second time would be later");
	now = sent + 70000 + 140000;
	ok(again() == -1 && arq_out_count(out).given_up == 1, "after its lifetime it is given up");
}

static void lifetimes(void)
{
	static const uint16_t newer[] = { 3, 4, 5, 7, 8, 9 };
	struct arq_config c = config();
	unsigned i;

	restart(&c);
	send_one();
	now += 99999;
	ok(again() == -1, "before the first answer nothing is known");
	now++;
	ok(again() == 1, "then a frame is sent again after 100 ms, though that is its lifetime");

	restart(&c);
	send_one();
	now += 80000;
	acked(1, 0, NULL);
	send_many(4);
	now += 159999;
	acked(1, 3, newer);
	ok(again() == 2, "a frame lives for two round trips if that is longer");
	now++;
	acked(5, 0, NULL);
	send_many(4);
	now += 400000; /* which is a round trip, and makes the average 130 ms */
	acked(5, 3, newer + 3);
	ok(again() == -1, "and no longer");

	restart(&c);
	measured(1);
	for (i = 0; i < 40000; i++, now += 10000) {
		send_one();
		while (again() >= 0)
			;
	}
	now += 2000000;
	again();
	send_one();
	ok(again() == -1,
	   "after 40,000 frames without an answer, the next one has its time as well");
	now += 30000;
	acked(get_be16(payload), 0, NULL);
	ok(arq_out_rtt(out).smoothed == 21250, "and its answer counts");
}

/* Without any answer: how often each frame is sent again, and when last. */
static void silence(void)
{
	struct arq_config c = config();
	unsigned times[600] = {}, most = 0, n = 0, i;
	uint64_t sent, last = 0;
	int number;

	restart(&c);
	measured(1);
	sent = now;
	c.lifetime_ms = 500;
	send_many(100);
	while (arq_out_deadline(out) != CLOCK_NEVER && n++ < 10000) {
		now = arq_out_deadline(out);
		while ((number = again()) >= 0) {
			times[number]++;
			last = now;
		}
	}
	for (i = 0; i < 600; i++)
		most = times[i] > most ? times[i] : most;
	ok(most == 1 && last - sent < 100000, "nothing is sent again after its lifetime");
	ok(n < 10000 && arq_out_count(out).given_up == 100, "all is given up in the end");

	c.retries = 5;
	restart(&c);
	measured(1);
	send_many(100);
	memset(times, 0, sizeof(times));
	while (arq_out_deadline(out) != CLOCK_NEVER) {
		now = arq_out_deadline(out);
		while ((number = again()) >= 0)
			times[number]++;
	}
	ok(times[50] == 3, "with a longer one, patience doubles: after 70, 140 and 280 ms");
	c.retries = 0;
	restart(&c);
	send_many(100);
	now += 1000000;
	ok(again() == -1 && arq_out_count(out).given_up == 100,
	   "without retries nothing is sent again");
}

static void karn(void)
{
	struct arq_config c = config();
	struct arq_rtt before;

	restart(&c);
	measured(1);
	before = arq_out_rtt(out);
	send_one();
	now += 70000;
	ok(again() == 2, "a frame is sent again");
	now += 1000;
	acked(2, 0, NULL);
	again();
	ok(arq_out_rtt(out).smoothed == before.smoothed, "its answer, to whichever, is no sample");
	send_one();
	now += 28000;
	acked(3, 0, NULL);
	ok(arq_out_rtt(out).smoothed == 21000 && arq_out_rtt(out).variation == 9500,
	   "the next one's is");
	send_many(2);
	now += 20000;
	acked(3, 1, (uint16_t[]){ 5 });
	before = arq_out_rtt(out);
	now += 20000;
	acked(5, 0, NULL);
	ok(arq_out_rtt(out).smoothed == before.smoothed, "that of one before the newest is not");
}

static void hostile_acks(void)
{
	struct arq_config c = config();
	uint8_t ack[ARQ_ACK_MOST + 8] = { ARQ_ACK };
	unsigned i, j, resent = 0, sent;

	restart(&c);
	send_many(100);
	acked(100, 0, NULL);
	again();
	send_many(100); /* 101 to 200 */
	memset(ack + 4, 0xff, sizeof(ack) - 4);
	for (i = 200; i < 200 + 32768; i++) {
		put_be16(ack + 2, (uint16_t)(i + 1));
		arq_out_acked(out, now, ack, ARQ_ACK_MOST);
	}
	ok(send_one() == 0 && is_hex(payload + 3, 1, "32"),
	   "who acknowledges what was never sent is ignored");
	for (i = 0; i < ARQ_ACK_LEAST; i++) {
		put_be16(ack + 2, 150);
		arq_out_acked(out, now, ack, i);
	}
	arq_out_acked(out, now, ack, ARQ_ACK_MOST + 1);
	ack[0] = 1;
	arq_out_acked(out, now, ack, ARQ_ACK_LEAST);
	send_one();
	ok(is_hex(payload + 3, 1, "33"),
	   "what is too short or long or something else is no acknowledgement");
	acked(100, 1, (uint16_t[]){ 340 });
	send_one();
	ok(is_hex(payload + 3, 1, "33"), "nor are bits beyond what was sent");
	acked((uint16_t)(100 - 30000), 0, NULL);
	send_one();
	ok(is_hex(payload + 3, 1, "34"), "what is long settled does no harm");

	restart(&c);
	state = 99;
	for (i = 0; i < 300000; i++) {
		now += below(200);
		send_one();
		for (j = 0; j < ARQ_ACK_MOST; j++)
			ack[j] = (uint8_t)(below(256) & below(256));
		ack[0] = ARQ_ACK;
		put_be16(ack + 2, (uint16_t)(get_be16(payload) - below(below(2) ? 600 : 65536)));
		arq_out_acked(out, now, ack, below(2) ? ARQ_ACK_LEAST : ARQ_ACK_MOST);
		while (arq_out_next(out, now, &got))
			resent++;
	}
	sent = (unsigned)arq_out_count(out).sent;
	ok(resent > 1000 && resent <= 2 * sent, "nonsense makes nothing be sent more than thrice");
	now += 10000000;
	again();
	ok(arq_out_deadline(out) == CLOCK_NEVER && send_one() == 0, "and does not last");
}

/* ---- the receiver by itself */

static int take(uint16_t number, uint8_t back)
{
	write_frame(number, payload);
	put_be16(payload, number);
	payload[2] = ESP_IPV4;
	payload[3] = back;
	return arq_in_take(in, now, payload, ARQ_HEADER + FRAME);
}

/* The number of the next frame that is handed out; -1: none. */
static int next(void)
{
	struct arq_payload p;

	if (!arq_in_next(in, now, &p))
		return -1;
	if (p.size != FRAME || p.next != ESP_IPV4 || p.data[0] != 0x45)
		abort();
	return (int)get_be32(p.data + 4);
}

/* Takes one; what is handed out, and no more than that. */
static int takes(uint16_t number, uint8_t back)
{
	int first;

	take(number, back);
	first = next();
	return next() < 0 ? first : -2;
}

static void strangers(void)
{
	struct arq_config c = config();

	restart(&c);
	take(1, 0);
	next();
	ok(arq_in_take(in, now, payload, 3) == -EBADMSG &&
	   arq_in_take(in, now, payload, ARQ_HEADER) == -EBADMSG &&
	   arq_in_take(in, now, payload, ARQ_HEADER + 19) == -EBADMSG,
	   "a piece of a packet is refused");
	memset(payload, 0x45, sizeof(payload));
	payload[2] = ESP_IPV4;
	ok(arq_in_take(in, now, payload, ARQ_HEADER + ARQ_FRAME_MOST + 1) == -EBADMSG,
	   "what nobody protects too");
	payload[2] = ESP_IPV6;
	ok(arq_in_take(in, now, payload, ARQ_HEADER + 60) == -EBADMSG,
	   "IPv4 that says it is IPv6 too");
	payload[2] = ESP_ETHERNET;
	ok(arq_in_take(in, now, payload, ARQ_HEADER + 60) == -EBADMSG, "Ethernet in a tun too");
	payload[2] = ESP_CONTROL;
	ok(arq_in_take(in, now, payload, ARQ_HEADER + 60) == -EBADMSG, "control too");
	payload[2] = ARQ_NEXT;
	ok(arq_in_take(in, now, payload, ARQ_HEADER + 60) == -EBADMSG && next() == -1,
	   "ARQ in ARQ too");
	payload[2] = ESP_PACKED;
	ok(arq_in_take(in, now, payload, ARQ_HEADER + 1) == 0,
	   "what is packed is judged when it is not");
	c.type = TUNNEL_ETHER;
	restart(&c);
	payload[2] = ESP_IPV4;
	ok(arq_in_take(in, now, payload, ARQ_HEADER + 60) == -EBADMSG, "a packet in an ether too");
	payload[2] = ESP_ETHERNET;
	ok(arq_in_take(in, now, payload, ARQ_HEADER + 13) == -EBADMSG &&
	   arq_in_take(in, now, payload, ARQ_HEADER + 14) == 0, "Ethernet there is fine");
}

static void unordered(void)
{
	struct arq_config c = config();

	restart(&c);
	ok(takes(1, 0) == 1 && takes(3, 1) == 3 && takes(2, 0) == 2,
	   "frames are handed out as they come");
	ok(takes(1, 0) == -1 && takes(2, 0) == -1 && takes(3, 0) == -1, "and none twice");
	ok(takes(5, 1) == 5 && takes(5, 1) == -1, "behind a gap neither");
	ok(takes(7, 0) == 7 && takes(4, 0) == -1,
	   "what the sender has given up is not taken any more");
	ok(arq_in_count(in).delivered == 5 && arq_in_count(in).again == 5 &&
	   arq_in_count(in).given_up == 2, "which is counted");
	ok(takes(40000, 200) == 40000 && takes(39800, 100) == 39800 && takes(39598, 0) == -1,
	   "numbers may leap, if the path was broken for long");
	ok(takes((uint16_t)(40001 - 16384), 0) == -1 && takes(40001, 0) == 40001, "but not back");
}

static void ordered(void)
{
	struct arq_config c = config();
	uint8_t ack[ARQ_ACK_MOST];
	uint64_t missed;

	c.ordered = true;
	restart(&c);
	arq_in_rtt(in, (struct arq_rtt){ 10000, 1000 });
	ok(takes(1, 0) == 1 && takes(3, 1) == -1 && takes(4, 1) == -1,
	   "what is behind a gap waits");
	missed = now;
	take(2, 0);
	ok(next() == 2 && next() == 3 && next() == 4 && next() == -1, "until it is closed");
	now += 100000;
	ok(takes(6, 1) == -1, "behind another one too");
	missed = now;
	now += 5000;
	ok(takes(8, 2) == -1, "(here is a third)");
	now = missed + 23999;
	ok(next() == -1, "as long as the sender's patience and 5 ms");
	now++;
	ok(next() == 6 && next() == -1, "then it goes without");
	ok(takes(5, 0) == -1, "and the late one is dropped");
	ok(arq_in_ack(in, now, ack) == ARQ_ACK_LEAST && is_hex(ack, 5, "0300000602"),
	   "which the sender is told, so that it need not send it again");
	now = missed + 5000 + 24000;
	ok(next() == 8, "each gap has its own time");
	arq_in_rtt(in, (struct arq_rtt){ 400000, 1000 });
	takes(10, 1);
	missed = now;
	now += 49999;
	ok(next() == -1, "however long round trips are...");
	now++;
	ok(next() == 10 && next() == -1, "... never more than 50 ms");
	takes(12, 1);
	take(13, 0);
	ok(next() == 12 && next() == 13 && next() == -1,
	   "nor longer than until the sender has given the gap up");
}

static void leaps_in_order(void)
{
	struct arq_config c = config();
	unsigned i, right = 0;

	c.ordered = true;
	restart(&c);
	for (i = 2; i < 513; i++)
		right += takes((uint16_t)i, 255) == -1;
	ok(right == 511, "a whole window is held");
	take(30000, 255);
	for (i = 2, right = 0; i < 513; i++)
		right += next() == (int)i;
	ok(right == 511 && next() == -1, "and handed out before what comes after a leap");
	take(30001, 0);
	ok(next() == 30000 && next() == 30001 && next() == -1, "which waits in its turn");
	take(60000, 0);
	ok(next() == 60000 && next() == -1, "or not, if all before it is settled");
}

static size_t ack_now(uint8_t ack[static ARQ_ACK_MOST])
{
	return arq_in_ack(in, now, ack);
}

static void answers(void)
{
	struct arq_config c = config();
	uint8_t ack[ARQ_ACK_MOST];
	unsigned i, early = 0;

	restart(&c);
	ok(ack_now(ack) == 0 && arq_in_deadline(in) == CLOCK_NEVER,
	   "nothing is acknowledged unasked");
	takes(1, 0);
	ok(ack_now(ack) == 0 && arq_in_deadline(in) == now + 5000, "a frame is, within 5 ms");
	now += 5000;
	ok(ack_now(ack) == 36 && is_hex(ack, 8, "0300000100000000"), "all up to 1 have come");
	ok(ack_now(ack) == 0 && arq_in_deadline(in) == CLOCK_NEVER, "which is said once");
	arq_in_rtt(in, (struct arq_rtt){ 8000, 1000 });
	takes(2, 0);
	ok(arq_in_deadline(in) == now + 2000, "sooner if a quarter of a round trip is less");
	arq_in_rtt(in, (struct arq_rtt){ 200, 10 });
	now += 2000;
	ack_now(ack);
	takes(3, 0);
	ok(arq_in_deadline(in) == now + 1000, "but not below 1 ms");
	for (i = 4; i < 18; i++) {
		takes((uint16_t)i, 0);
		early += ack_now(ack) != 0;
	}
	takes(18, 0);
	ok(early == 0 && ack_now(ack) == 36 && is_hex(ack, 5, "0300001200"),
	   "every 16 frames at once");

	takes(20, 1);
	takes(21, 1);
	ok(ack_now(ack) == 0, "a gap may be nothing but disorder");
	takes(22, 2);
	ok(ack_now(ack) == 36 && is_hex(ack, 6, "030000120e00"),
	   "the third one behind it is told at once");
	takes(22, 2);
	now += 1000;
	ok(ack_now(ack) == 36, "one that came twice is answered, as the answer may have been lost");
	takes(19 + 255, 128);
	now += 1000;
	ok(ack_now(ack) == 36 && ack[4] == 0x0e && ack[35] == 0x80,
	   "bit 255 is in the last byte of 32");
	takes(19 + 256, 128);
	now += 1000;
	ok(ack_now(ack) == 68 && ack[36] == 1 && ack[35] == 0x80, "what is behind has 32 more");
	takes(19 + 511, 255);
	now += 1000;
	ok(ack_now(ack) == 68 && ack[67] == 0x80 && ack[4] == 0x0e && is_hex(ack, 4, "03000012"),
	   "which is all of the window");
}

/* Random numbers and leaps: what is handed out has been taken, once. */
static void hostile_frames(void)
{
	struct arq_config c = config();
	unsigned o, i, taken, out_again;
	uint8_t ack[ARQ_ACK_MOST];

	for (o = 0; o < 2; o++) {
		unsigned held = 0, most = 0;

		c.ordered = o;
		restart(&c);
		state = 5 + o;
		for (i = taken = out_again = 0; i < 300000; i++) {
			uint16_t number = (uint16_t)(below(3) ? i / 2 + below(700) : below(65536));

			now += below(50);
			taken += take(number, (uint8_t)below(256)) == 0;
			held++;
			while (next() >= 0) {
				out_again++;
				held--;
			}
			most = held - (unsigned)arq_in_count(in).again;
			if (most > ARQ_WINDOW_MOST)
				break;
			ack_now(ack);
		}
		ok(i == 300000 && taken == i, "random numbers%s: a window of them is held at most",
		   o ? " in order" : "");
		ok(out_again > 1000 && out_again + arq_in_count(in).again <= taken,
		   "and handed out at most once");
	}
}

int main(void)
{
	losses();
	bad_networks();
	outage();
	wire();
	refusals();
	forgotten();
	busy_peer();
	fast_resend();
	slow_resend();
	lifetimes();
	silence();
	karn();
	hostile_acks();
	strangers();
	unordered();
	ordered();
	leaps_in_order();
	answers();
	hostile_frames();
	arq_out_free(out);
	arq_in_free(in);
	arq_out_free(NULL);
	arq_in_free(NULL);
	return finish();
}
