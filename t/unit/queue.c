/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Flows take turns, none keeps a standing queue, memory is bounded, and what comes out is what went
 * in, but for a mark.
 */
#include <errno.h>

#include "frames.h"
#include "tap.h"
#include "worker/queue.h"

enum { QUANTUM = 1514 };
#define FOREVER UINT32_MAX

static struct queue *q;
static uint64_t now;
static uint8_t frame[FRAME_ROOM], wanted[FRAME_ROOM];

static struct queue_config config(void)
{
	return (struct queue_config){
		.type = TUNNEL_TUN,
		.quantum = QUANTUM,
		.target_us = QUEUE_TARGET_US,
		.interval_us = QUEUE_INTERVAL_US,
		.key = "sixteen bytes  ",
	};
}

static void open_queue(const struct queue_config *c)
{
	queue_free(q);
	q = NULL;
	if (queue_new(c, &q) < 0)
		abort();
	now = 1000000;
}

/* One that never loses a frame for being late. */
static void open_patient(void)
{
	struct queue_config c = config();

	c.target_us = FOREVER;
	open_queue(&c);
}

/* Packet n of a flow of UDP over IPv4, `size` bytes in all; all its bytes depend on n. */
static size_t packet(uint32_t flow, uint32_t n, size_t size, uint8_t *out)
{
	struct shape s = {
		.type = TUNNEL_TUN, .family = 4, .proto = IPPROTO_UDP, .host = flow,
		.ttl = 64, .id = (uint16_t)n,
	};

	write_ip4(&s, 0, (uint32_t)size, out);
	put_be32(out + 20, flow << 16 | 443);
	put_be16(out + 24, (uint16_t)(size - 20));
	memset(out + 26, (uint8_t)n, size - 26);
	put_be32(out + size - 4, n);
	return size;
}

static int put(uint32_t flow, uint32_t n, size_t size)
{
	return queue_put(q, now, frame, packet(flow, n, size, frame));
}

struct got {
	uint32_t flow, n;
	size_t size;
	int intact;
};

/* The next frame of the queue, and whether it is, byte for byte, what was put. */
static int get(struct got *g)
{
	uint8_t *p = queue_get(q, now, &g->size);

	if (!p)
		return 0;
	g->flow = get_be16(p + 14);
	g->n = get_be32(p + g->size - 4);
	packet(g->flow, g->n, g->size, wanted);
	g->intact = !memcmp(p, wanted, g->size);
	return 1;
}

static void first_in_first_out(void)
{
	struct got g;
	uint32_t i, right = 0;

	open_patient();
	ok(!get(&g) && queue_frames(q) == 0 && queue_bytes(q) == 0, "an empty queue has nothing");
	for (i = 0; i < 200; i++)
		put(7, i, 100 + i);
	ok(queue_frames(q) == 200 && queue_bytes(q) == 200 * 100 + 199 * 200 / 2,
	   "frames and bytes are counted");
	for (i = 0; get(&g); i++)
		right += g.intact && g.n == i && g.size == 100 + i;
	ok(i == 200 && right == 200, "one flow comes out as it went in");
	ok(queue_frames(q) == 0 && queue_bytes(q) == 0, "and nothing is left");
}

static void strangers(void)
{
	struct queue_config c = config();

	open_patient();
	memset(frame, 0, sizeof(frame));
	ok(queue_put(q, now, frame, 100) == -EBADMSG && queue_put(q, now, frame, 0) == -EBADMSG,
	   "what is not a packet is refused");
	ok(queue_put(q, now, frame, FRAME_MOST + 1) == -EBADMSG, "a frame that is too long too");
	c.carry_vnet = true;
	open_queue(&c);
	ok(queue_put(q, now, frame, VNET_HDR_SIZE - 1) == -EBADMSG &&
	   queue_put(q, now, frame, VNET_HDR_SIZE) == -EBADMSG, "a virtio-net header alone too");
	c.type = TUNNEL_ETHER;
	c.carry_vnet = false;
	open_queue(&c);
	ok(queue_put(q, now, frame, 13) == -EBADMSG && queue_put(q, now, frame, 14) == 0,
	   "an Ethernet frame need not be IP");
	ok(queue_frames(q) == 1, "nothing of this is kept but the good one");
}

/* ---- turns */

/* Frames that leave before the one frame of this flow does. */
static uint32_t ahead_of(uint32_t flow)
{
	struct got g;
	uint32_t n;

	for (n = 0; get(&g) && g.flow != flow; n++)
		;
	return n;
}

static void sparse_flow(void)
{
	uint32_t i, n, most = 0;
	struct got g;

	open_patient();
	for (i = 0; i < 200; i++)
		put(i % 3, i, 1400);
	for (i = 0; i < 6; i++)
		get(&g);
	put(9, 0, 84);
	ok(ahead_of(9) == 0, "a ping overtakes downloads that wait");
	for (i = 0; i < 20; i++) {
		put(9, i, 84);
		n = ahead_of(9);
		most = n > most ? n : most;
	}
	ok(most <= 6, "without a pause, it waits for one turn of each");
	for (i = 0; i < 6; i++)
		get(&g);
	put(9, 0, 84);
	ok(ahead_of(9) == 0, "and overtakes them again after one");
}

/* Bytes that each of two flows with frames of these sizes gets of 1 MB, both always waiting. */
static void share(size_t size_a, size_t size_b, uint64_t bytes[2])
{
	const size_t size[2] = { size_a, size_b };
	struct got g;
	uint32_t n[2] = { 4, 4 }, i;

	open_patient();
	bytes[0] = bytes[1] = 0;
	for (i = 0; i < 8; i++)
		put(i % 2, i / 2, size[i % 2]);
	while (bytes[0] + bytes[1] < 1000000 && get(&g)) {
		bytes[g.flow] += g.size;
		put(g.flow, n[g.flow]++, size[g.flow]);
	}
}

static void fairness(void)
{
	static const size_t sizes[][2] = {
		{ 1500, 1500 }, { 1500, 64 }, { 1500, 577 }, { 65535, 1500 }, { 65535, 64 },
	};
	uint64_t b[2], apart;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		share(sizes[i][0], sizes[i][1], b);
		apart = b[0] > b[1] ? b[0] - b[1] : b[1] - b[0];
		ok(apart <= QUANTUM + sizes[i][0], "flows of %zu and %zu bytes a frame share evenly",
		   sizes[i][0], sizes[i][1]);
	}
}

/* Which packets are one flow: two are if the second one, put behind many of the first kind, does
 * not overtake them. */
static int same_flow(const struct shape *a, const struct shape *b)
{
	struct queue_config c = config();
	struct shape ping = *b;
	size_t i, size;
	uint8_t *p;

	c.type = a->type;
	c.target_us = FOREVER;
	open_queue(&c);
	for (i = 0; i < 9; i++)
		queue_put(q, now, frame, write_packet(a, 0, 0, 1000, 0, 0, frame));
	queue_put(q, now, frame, write_packet(&ping, 0, 0, 50, 0, 0, frame));
	for (i = 0; (p = queue_get(q, now, &size)); i++)
		if (size < 1000)
			return i == 9;
	abort();
}

static void classification(void)
{
	struct shape a = any_shape(), b;
	unsigned i, same = 0, other[4] = {};

	for (i = 0; i < 200; i++) {
		a = any_shape();
		a.frag = IP4_DF;
		b = a;
		b.seq++;
		b.ttl--;
		b.traffic_class ^= 4;
		same += (unsigned)same_flow(&a, &b);
		b.port ^= 1;
		other[0] += (unsigned)same_flow(&a, &b);
		b = a;
		b.host ^= 1;
		other[1] += (unsigned)same_flow(&a, &b);
		b = a;
		b.proto = a.proto == IPPROTO_UDP ? IPPROTO_TCP : IPPROTO_UDP;
		other[2] += (unsigned)same_flow(&a, &b);
		if (a.family == 4) {
			a.frag = 0x2000; /* more fragments */
			b = a;
			b.frag = 100;
			b.port ^= 1;
			other[3] += !same_flow(&a, &b);
		}
	}
	ok(same == 200, "the flow of a packet does not depend on what differs within it");
	ok(other[0] < 5 && other[1] < 5 && other[2] < 5,
	   "but on port, address and protocol, on IPv4, IPv6 and Ethernet, save for rare collisions");
	ok(other[3] == 0, "fragments, whose ports cannot be seen, stay together");
}

static void keyed(void)
{
	struct queue_config c = config();
	uint32_t flow, i, collided[2] = {};
	struct got g;

	c.target_us = FOREVER;
	for (i = 0; i < 2; i++) {
		c.key[0] = (uint8_t)i;
		for (flow = 1; flow < 1000; flow++) {
			open_queue(&c);
			put(0, 0, QUANTUM);
			put(0, 1, 60);
			put(flow, 0, 60);
			get(&g);
			get(&g);
			if (g.flow == 0 && !collided[i])
				collided[i] = flow;
		}
	}
	ok(collided[0] && collided[1] && collided[0] != collided[1],
	   "which flows collide depends on the key");
}

/* ---- bounds */

static void bounds(void)
{
	struct got g;
	uint32_t i, n[3] = {}, least = UINT32_MAX;

	open_patient();
	put(2, 0, 84);
	for (i = 0; i < 1000; i++)
		put(1, i, 100);
	ok(queue_frames(q) == QUEUE_FRAMES_MOST, "there are never more than 256 frames");
	while (get(&g)) {
		n[g.flow]++;
		if (g.flow == 1 && g.n < least)
			least = g.n;
	}
	ok(n[2] == 1 && n[1] == 255 && queue_count(q).dropped_full == 1001 - 256,
	   "the longest flow is the one that loses, and each loss is counted");
	ok(least == 1000 - 255, "its oldest frames go");

	open_patient();
	put(2, 0, 84);
	for (i = 0; i < 20; i++)
		put(1, i, 65535);
	ok(queue_bytes(q) <= QUEUE_BYTES_MOST && queue_bytes(q) > QUEUE_BYTES_MOST - 65536 &&
	   queue_frames(q) == 8, "there are never more than 512 KiB");
	get(&g);
	ok(g.flow == 2, "the short flow loses nothing");
}

/* The same on sorted lists of a dozen flows: RFC 8290 by its letter, without CoDel. */
enum { FLOWS = 12 };
static struct model {
	struct got waits[FLOWS][QUEUE_FRAMES_MOST + 1];
	unsigned n[FLOWS], frames;
	size_t bytes[FLOWS], all;
	int64_t deficit[FLOWS];
	unsigned fresh[FLOWS], old[FLOWS], n_fresh, n_old;
	unsigned ties; /* two longest flows: which one has to lose is open */
} m;

static void remove_first(unsigned *list, unsigned *n)
{
	memmove(list, list + 1, --*n * sizeof(*list));
}

static void model_take(unsigned f, struct got *g)
{
	*g = m.waits[f][0];
	memmove(m.waits[f], m.waits[f] + 1, --m.n[f] * sizeof(*g));
	m.frames--;
	m.bytes[f] -= g->size;
	m.all -= g->size;
}

static void model_put(uint32_t f, uint32_t n, size_t size)
{
	unsigned i, fat = f, listed = 0;
	struct got g;

	m.waits[f][m.n[f]++] = (struct got){ f, n, size, 1 };
	m.frames++;
	m.bytes[f] += size;
	m.all += size;
	for (i = 0; i < m.n_fresh; i++)
		listed |= m.fresh[i] == f;
	for (i = 0; i < m.n_old; i++)
		listed |= m.old[i] == f;
	if (!listed) {
		m.fresh[m.n_fresh++] = f;
		m.deficit[f] = QUANTUM;
	}
	while (m.frames > QUEUE_FRAMES_MOST || m.all > QUEUE_BYTES_MOST) {
		for (i = 0; i < FLOWS; i++)
			if (m.bytes[i] > m.bytes[fat])
				fat = i;
		for (i = 0; i < FLOWS; i++)
			m.ties += i != fat && m.bytes[i] == m.bytes[fat];
		model_take(fat, &g);
	}
}

static int model_get(struct got *g)
{
	while (m.n_fresh || m.n_old) {
		int is_fresh = m.n_fresh > 0;
		unsigned f = is_fresh ? m.fresh[0] : m.old[0];

		if (m.deficit[f] > 0 && m.n[f]) {
			model_take(f, g);
			m.deficit[f] -= (int64_t)g->size;
			return 1;
		}
		remove_first(is_fresh ? m.fresh : m.old, is_fresh ? &m.n_fresh : &m.n_old);
		if (m.deficit[f] <= 0)
			m.deficit[f] += QUANTUM;
		else if (!is_fresh || !m.n_old)
			continue;
		m.old[m.n_old++] = f;
	}
	return 0;
}

static void against_model(void)
{
	uint32_t n = 0, i, same = 0, out = 0, within = 0, steps = 100000;
	struct got g, want;
	int filling = 1;

	rnd_state = 7; /* a run without ties */
	open_patient();
	memset(&m, 0, sizeof(m));
	for (i = 0; i < steps; i++) {
		if (below(500) == 0)
			filling = !filling;
		if (below(3) ? filling : !filling) {
			uint32_t f = below(FLOWS);
			size_t size = 40 + below(below(10) ? 2000 : 40000);

			put(f, n, size);
			model_put(f, n++, size);
		} else {
			int there = model_get(&want);

			same += there == get(&g) &&
				(!there || (g.intact && g.flow == want.flow && g.n == want.n));
			out++;
		}
		within += queue_frames(q) == m.frames && queue_bytes(q) == m.all &&
			  m.frames <= QUEUE_FRAMES_MOST && m.all <= QUEUE_BYTES_MOST;
	}
	ok(m.ties == 0 && same == out && out > 40000,
	   "%u frames come in the order of RFC 8290, unharmed", out);
	ok(within == steps && queue_count(q).dropped_full > 3000,
	   "%u frames in, the bounds hold at each step", n);
}

static void random_load(void)
{
	uint32_t n = 0, i, last[40] = {}, good = 1, out = 0;
	struct queue_config c = config();
	struct queue_count count;
	struct got g;

	open_queue(&c);
	for (i = 0; i < 100000; i++) {
		now += below(500);
		if (below(i / 20000 % 2 ? 3 : 2)) {
			good &= put(below(4) ? below(3) : below(40), ++n, 40 + below(1400)) == 0;
		} else {
			unsigned before = queue_frames(q);

			good &= get(&g) == (before > 0);
			if (before) {
				good &= g.intact && g.n > last[g.flow];
				last[g.flow] = g.n;
				out++;
			}
		}
		good &= queue_frames(q) <= QUEUE_FRAMES_MOST && queue_bytes(q) <= QUEUE_BYTES_MOST;
	}
	count = queue_count(q);
	ok(good, "under random load no flow is reordered, only an empty queue has nothing to give");
	ok(count.dropped_late > 1000 && count.dropped_full > 1000 &&
	   n == out + count.dropped_late + count.dropped_full + queue_frames(q),
	   "of %u frames in, %u came out, and every other one is accounted for", n, out);
}

/* ---- a network, and a TCP that fills it */

struct tcp {
	double window;                         /* packets */
	uint32_t next, acked, recover;         /* acked: all up to here has come or is lost */
	struct ack {
		uint64_t at;
		uint32_t n;
		int ce;
	} acks[4096];
	unsigned first, n_acks;
};

struct run {
	/* given */
	uint64_t bits;   /* a second */
	uint64_t rtt;    /* us, beside the queue */
	uint32_t size;   /* of packets */
	uint32_t burst;  /* packets of a superframe, at the most */
	uint64_t seconds;
	uint8_t ecn;
	bool superframes;
	/* found, from half time on */
	double busy;     /* part of the time */
	uint64_t wait_median, wait_most; /* us that a packet waits */
	uint64_t ping_p99, ping_most;
	struct queue_count count;
};

static uint64_t come_at[1 << 20]; /* when each packet was put, by its number */

/* TCP numbers bytes; from packet n on, as one frame. */
static void send_frame(const struct run *r, uint32_t n, uint32_t packets)
{
	struct shape s = {
		.type = TUNNEL_TUN, .family = 4, .proto = IPPROTO_TCP, .host = 1, .port = 1,
		.ttl = 64, .traffic_class = r->ecn, .seq = n * (r->size - 40), .tcp_flags = 0x10,
		.gso_size = r->size - 40, .payload = packets * (r->size - 40),
	};
	static uint8_t plain[2000];
	struct vnet_hdr h = {};

	if (r->superframes) {
		write_superframe(&s, &h, frame + VNET_HDR_SIZE);
		vnet_put(&h, frame);
		queue_put(q, now, frame, VNET_HDR_SIZE + 40 + s.payload);
		return;
	}
	if (n == 0)
		write_packet(&s, 0, 0, s.gso_size, 0x10, 0, plain);
	put_be32(plain + 24, s.seq); /* nobody looks at TCP's checksum */
	queue_put(q, now, plain, r->size);
}

static void send_packets(const struct run *r, struct tcp *t)
{
	uint32_t most = r->superframes ? r->burst : 1, n;

	while (t->next - t->acked < (uint32_t)t->window) {
		n = (uint32_t)t->window - (t->next - t->acked);
		n = n < most ? n : most;
		send_frame(r, t->next, n);
		while (n--)
			come_at[t->next++] = now;
	}
}

/* Half the window once a round trip for losses and marks, one packet more a round trip else. */
static void take_acks(struct tcp *t)
{
	for (; t->n_acks && t->acks[t->first].at <= now; t->n_acks--) {
		struct ack *a = &t->acks[t->first];

		t->first = (t->first + 1) % 4096;
		if ((a->n != t->acked || a->ce) && (int32_t)(a->n - t->recover) >= 0) {
			t->window = t->window > 4 ? t->window / 2 : 2;
			t->recover = t->next;
		} else {
			t->window += t->window < 2 * (t->recover ? 0 : 1000) ? 1 : 1 / t->window;
		}
		t->acked = a->n + 1;
	}
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t percentile(uint64_t *values, size_t n, unsigned per_cent)
{
	if (!n)
		abort();
	qsort(values, n, sizeof(*values), by_value);
	return values[(n - 1) * per_cent / 100];
}

static struct {
	uint64_t waits[1 << 20], pings[1 << 16], busy; /* us each */
	size_t n_waits, n_pings;
} seen;

static void ping(const struct run *r)
{
	size_t header = r->superframes ? VNET_HDR_SIZE : 0;

	memset(frame, 0, header);
	packet(2, 0, 84, frame + header);
	queue_put(q, now, frame, header + 84);
}

/* Packets of TCP leave; they will be acknowledged after a round trip. */
static void leave(const struct run *r, struct tcp *t, const uint8_t *ip, size_t size)
{
	uint32_t mss = r->size - 40, n = get_be32(ip + 24) / mss, count = (uint32_t)(size - 40) / mss;

	seen.waits[seen.n_waits++] = now - come_at[n];
	while (count--)
		t->acks[(t->first + t->n_acks++) % 4096] = (struct ack){
			.at = now + r->rtt, .n = n++, .ce = (ip[1] & 3) == 3,
		};
}

static void tell(const struct run *r)
{
	printf("# %llu kbit/s: busy %.3f, TCP waits %llu us (median), %llu (most), "
	       "ping %llu (99 %%), %llu (most); late %llu, full %llu, marked %llu, cut %llu\n",
	       (unsigned long long)r->bits / 1000, r->busy, (unsigned long long)r->wait_median,
	       (unsigned long long)r->wait_most, (unsigned long long)r->ping_p99,
	       (unsigned long long)r->ping_most, (unsigned long long)r->count.dropped_late,
	       (unsigned long long)r->count.dropped_full, (unsigned long long)r->count.marked,
	       (unsigned long long)r->count.cut);
}

/* One TCP through a network of so many bits a second, and a ping every 10 ms. */
static void simulate(struct run *r)
{
	struct queue_config c = config();
	uint64_t half, end, next_ping, ping_at = 0;
	size_t header = r->superframes ? VNET_HDR_SIZE : 0, size;
	static struct tcp t;
	uint8_t *p;

	c.carry_vnet = r->superframes;
	open_queue(&c);
	t = (struct tcp){ .window = 2 };
	next_ping = now;
	half = now + r->seconds * 500000;
	end = now + r->seconds * 1000000;
	while (now < end) {
		if (now < half)
			seen.n_waits = seen.n_pings = seen.busy = 0;
		take_acks(&t);
		send_packets(r, &t);
		if (now >= next_ping && !ping_at) {
			ping(r);
			ping_at = now;
			next_ping += 10000 + below(1000);
		}
		p = queue_get(q, now, &size);
		if (!p) {
			now = next_ping;
			if (t.n_acks && t.acks[t.first].at < now)
				now = t.acks[t.first].at;
			continue;
		}
		if (p[header + IP4_PROTO] == IPPROTO_TCP) {
			leave(r, &t, p + header, size - header);
		} else {
			seen.pings[seen.n_pings++] = now - ping_at;
			ping_at = 0;
		}
		seen.busy += size * 8000000 / r->bits;
		now += size * 8000000 / r->bits;
	}
	r->busy = (double)seen.busy / (double)(end - half);
	r->wait_median = percentile(seen.waits, seen.n_waits, 50);
	r->wait_most = percentile(seen.waits, seen.n_waits, 100);
	r->ping_p99 = percentile(seen.pings, seen.n_pings, 99);
	r->ping_most = percentile(seen.pings, seen.n_pings, 100);
	r->count = queue_count(q);
	tell(r);
}

static void standing_queue(void)
{
	struct run r = { .bits = 10000000, .rtt = 20000, .size = 1400, .seconds = 60 };

	simulate(&r);
	ok(r.wait_median < 2 * QUEUE_TARGET_US && r.busy > 0.9 && r.count.dropped_late > 50,
	   "10 Mbit/s: TCP's queue is kept at the target, and the network busy");
	ok(r.count.dropped_full == 0, "without reaching the bounds");
	ok(r.ping_p99 <= 1400 * 8 / 10 + 84, "a ping waits for one packet");

	r.ecn = 2;
	simulate(&r);
	ok(r.wait_median < 2 * QUEUE_TARGET_US && r.busy > 0.9 && r.count.marked > 50 &&
	   r.count.dropped_late == 0, "a TCP that understands ECN loses nothing at all");

	r = (struct run){ .bits = 128000, .rtt = 50000, .size = 1400, .seconds = 120 };
	simulate(&r);
	ok(r.busy > 0.9 && r.wait_median < 5 * 1400 * 8000 / 128,
	   "128 kbit/s, where one packet takes 88 ms: a few wait, and the network is busy");

	r = (struct run){ .bits = 1000000000, .rtt = 1000, .size = 1400, .seconds = 5 };
	simulate(&r);
	ok(r.wait_median < 2 * QUEUE_TARGET_US && r.busy > 0.9, "1 Gbit/s: the network is busy");
}

static void superframes_at(void)
{
	struct run r = {
		.bits = 10000000, .rtt = 20000, .size = 1400, .burst = 40, .superframes = true,
		.seconds = 60,
	};

	simulate(&r);
	ok(r.count.cut > 100 && r.ping_p99 <= 1410 * 8 / 10 + 84,
	   "10 Mbit/s: superframes are cut, and a ping waits for one packet of them");
	ok(r.busy > 0.8 && r.wait_median < 60000, "which does not cost the network's time");
}

/* ---- marks */

/* Makes the queue strike: late frames of this kind leave until one is dropped or marked.  The
 * marked frame, or NULL. */
static uint8_t *strike(const struct shape *s, const uint8_t *f, size_t size, bool vnet,
		       size_t *ret_size)
{
	struct queue_config c = config();
	uint8_t *p = NULL;
	int i;

	c.type = s->type;
	c.carry_vnet = vnet;
	open_queue(&c);
	for (i = 0; i < 6; i++)
		queue_put(q, now, f, size);
	now += QUEUE_TARGET_US;
	for (i = 0; i < 3; i++, now += QUEUE_INTERVAL_US) {
		p = queue_get(q, now, ret_size);
		if (queue_count(q).marked || queue_count(q).dropped_late)
			break;
	}
	return queue_count(q).marked ? p : NULL;
}

/* One packet or superframe as it is put, and into `wanted` as it would be with a mark. */
static size_t write_both(struct shape s, bool vnet)
{
	size_t header = vnet ? VNET_HDR_SIZE : 0, size = 0;
	uint8_t *const to[2] = { frame, wanted };
	struct vnet_hdr h = {};
	int i;

	for (i = 0; i < 2; i++) {
		if (vnet) {
			size = write_superframe(&s, &h, to[i] + header);
			vnet_put(&h, to[i]);
		} else {
			size = write_packet(&s, 0, 0, 2000, 0x10, 0, to[i]);
		}
		s.traffic_class |= 3;
	}
	return header + size;
}

static void marks(void)
{
	unsigned i, n[4] = {}, right[4] = {};

	for (i = 0; i < 2000; i++) {
		struct shape s = any_shape();
		bool vnet = below(2);
		size_t size, got = 0;
		unsigned ecn;
		uint8_t *p;

		if (s.payload < 2000)
			continue;
		s.traffic_class = (uint8_t)below(256);
		ecn = s.traffic_class & 3;
		size = write_both(s, vnet);
		p = strike(&s, frame, size, vnet, &got);
		n[ecn]++;
		if (ecn == 0)
			right[0] += !p && queue_count(q).dropped_late == 1;
		else
			right[ecn] += p && got == size && !memcmp(p, wanted, size) &&
				      queue_count(q).dropped_late == 0;
	}
	ok(n[0] > 200 && right[0] == n[0], "packets that do not know ECN are dropped");
	ok(n[1] > 200 && n[2] > 200 && right[1] == n[1] && right[2] == n[2],
	   "the others are marked, superframes too, with valid checksums");
	ok(n[3] > 200 && right[3] == n[3], "a marked one stays as it is");
}

static void not_ip(void)
{
	struct shape s = { .type = TUNNEL_ETHER };
	size_t got;

	memset(frame, 3, 2000);
	ok(!strike(&s, frame, 2000, false, &got) && queue_count(q).dropped_late == 1,
	   "a frame that is not IP is dropped");
}

/* ---- superframes and the network's rate */

/* The network takes so many bytes a second for half a second, all the time full. */
static void network_takes(uint64_t rate)
{
	uint64_t start = now, bytes = 0;
	size_t size;

	while (now < start + 500000) {
		while (queue_frames(q) < 3) {
			memset(frame, 0, VNET_HDR_SIZE);
			packet(1, 0, 1400, frame + VNET_HDR_SIZE);
			queue_put(q, now, frame, VNET_HDR_SIZE + 1400);
		}
		queue_get(q, now, &size);
		bytes += size;
		now = start + bytes * 1000000 / rate;
	}
	while (queue_get(q, now, &size))
		;
}

/* So many frames of this size always wait, for so long each.  How many are lost. */
static uint64_t lost_of(unsigned waiting, size_t size, uint64_t each_waits)
{
	uint64_t before = queue_count(q).dropped_late;
	unsigned i;
	size_t n;

	for (i = 0; i < 1000; i++) {
		while (queue_frames(q) < waiting) {
			memset(frame, 0, VNET_HDR_SIZE);
			packet(1, 0, size, frame + VNET_HDR_SIZE);
			queue_put(q, now, frame, VNET_HDR_SIZE + size);
		}
		now += each_waits / waiting;
		queue_get(q, now, &n);
	}
	return queue_count(q).dropped_late - before;
}

static void slow_networks(void)
{
	struct queue_config c = config();

	c.carry_vnet = true;
	open_queue(&c);
	ok(lost_of(2, 1400, 300000) == 0, "one packet behind another one is no queue");
	open_queue(&c);
	network_takes(128000 / 8);
	ok(lost_of(5, 400, 140000) == 0,
	   "at 128 kbit/s a queue may be as long as one and a half packets take");
	open_queue(&c);
	network_takes(128000 / 8);
	ok(lost_of(8, 400, 205000) > 0, "but not longer");
	open_queue(&c);
	network_takes(1280000 / 8);
	ok(lost_of(5, 400, 140000) > 0, "and not so long on a faster network");
}

static void rates(void)
{
	static const uint64_t kbit[] = { 64, 1000, 10000, 100000, 1000000, 10000000 };
	struct queue_config c = config();
	int unknown = 1;
	size_t i;

	c.carry_vnet = true;
	for (i = 0; i < sizeof(kbit) / sizeof(kbit[0]); i++) {
		uint64_t bytes = kbit[i] * 125, found;

		open_queue(&c);
		unknown &= queue_rate(q, now) == 0;
		network_takes(bytes);
		found = queue_rate(q, now);
		ok(found > bytes * 95 / 100 && found < bytes * 105 / 100,
		   "%llu kbit/s are recognized", (unsigned long long)kbit[i]);
	}
	ok(unknown, "before that they were not");
	now += 6000000;
	ok(queue_rate(q, now) == 0, "and forgotten, for it may have changed");
}

/* The packets that come out for one superframe that is put: 1, or as many as it has; 0 if they are
 * not what they should be. */
static uint32_t pieces(const struct shape *s)
{
	struct vnet_hdr h = {};
	size_t size = VNET_HDR_SIZE + write_superframe(s, &h, frame + VNET_HDR_SIZE), n;
	uint32_t i;
	uint8_t *p;

	vnet_put(&h, frame);
	if (queue_put(q, now, frame, size) < 0)
		return 0;
	if (queue_frames(q) == 1) {
		p = queue_get(q, now, &n);
		return n == size && !memcmp(p, frame, size);
	}
	memset(wanted, 0, VNET_HDR_SIZE);
	for (i = 0; (p = queue_get(q, now, &n)); i++) {
		size = VNET_HDR_SIZE + write_segment(s, i, wanted + VNET_HDR_SIZE);
		if (n != size || memcmp(p, wanted, size))
			return 0;
	}
	return i;
}

static void cutting(void)
{
	struct queue_config c = config();
	uint32_t right[3] = {}, i, n = 0;

	c.carry_vnet = true;
	c.target_us = 20000;
	for (i = 0; i < 100; i++) {
		struct shape s = any_shape();

		if (s.payload < 3000 || s.gso_size < 64 || shape_count(&s) < 2 || shape_count(&s) > 250)
			continue;
		n++;
		s.type = TUNNEL_TUN;
		s.vlan_tags = 0;
		open_queue(&c);
		right[0] += pieces(&s) == 1;
		network_takes(10000000 / 8);
		right[1] += s.payload < 7000 ? pieces(&s) > 0 : pieces(&s) == shape_count(&s);
		open_queue(&c);
		network_takes(1000000000 / 8);
		right[2] += pieces(&s) == 1;
	}
	ok(n > 25 && right[0] == n, "a superframe stays whole while the network's rate is unknown");
	ok(right[1] == n, "is cut on a slow network into the packets that the peer would get");
	ok(right[2] == n, "and stays whole on a fast one");

	open_queue(&c);
	network_takes(10000000 / 8);
	memset(frame, 0x45, sizeof(frame));
	frame[1] = VNET_GSO_TCP4;
	frame[VNET_HDR_SIZE + 2] = 0xea;
	frame[VNET_HDR_SIZE + 3] = 0x60;
	ok(queue_put(q, now, frame, VNET_HDR_SIZE + 60000) == -EBADMSG && queue_frames(q) == 0,
	   "one that is not what its header says is refused where it would have to be cut");
}

int main(void)
{
	first_in_first_out();
	strangers();
	sparse_flow();
	fairness();
	classification();
	keyed();
	bounds();
	against_model();
	random_load();
	standing_queue();
	superframes_at();
	marks();
	not_ip();
	rates();
	slow_networks();
	cutting();
	queue_free(q);
	queue_free(NULL);
	return finish();
}
