/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "queue.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "codel.h"
#include "packet.h"
#include "segment.h"
#include "vnet.h"

enum {
	RATE_LEAST_US = 100000,  /* a measurement of the network's rate takes so long at least... */
	RATE_HOLDS_US = 5000000, /* ...and is worth nothing after so long */
	TARGET_MOST_US = 1000000,
};

_Static_assert(crypto_shorthash_KEYBYTES == QUEUE_KEY_SIZE, "the key is that of the hash");

struct frame {
	struct frame *next; /* of its flow */
	uint64_t at;        /* when it came */
	struct packet packet; /* where its IP header lies */
	uint32_t size;
	uint8_t data[];
};

struct flow {
	struct flow *next; /* of its list */
	struct frame *first, *last;
	size_t bytes;
	int64_t deficit; /* bytes that it may still send in this turn */
	bool listed;
	struct codel codel;
};

struct list {
	struct flow *first, *last;
};

struct queue {
	struct queue_config config;
	struct list fresh; /* flows that had nothing to send until now: their turn comes first */
	struct list old;
	struct frame *out; /* the one that queue_get() returned */
	size_t bytes;
	unsigned frames;
	struct queue_count count;

	uint64_t rate;       /* bytes a second */
	uint64_t rate_at;    /* when it was found */
	uint64_t rate_since; /* of the measurement under way; 0: none, the network was not full */
	uint64_t rate_bytes;

	struct flow flows[QUEUE_FLOWS];
};

int queue_new(const struct queue_config *config, struct queue **ret)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->config = *config;
	*ret = q;
	return 0;
}

size_t queue_bytes(const struct queue *q)
{
	return q->bytes;
}

unsigned queue_frames(const struct queue *q)
{
	return q->frames;
}

struct queue_count queue_count(const struct queue *q)
{
	return q->count;
}

/* ---- lists */

static void list_add(struct list *l, struct flow *f)
{
	f->next = NULL;
	*(l->first ? &l->last->next : &l->first) = f;
	l->last = f;
}

static struct flow *list_take(struct list *l)
{
	struct flow *f = l->first;

	l->first = f->next;
	return f;
}

static void flow_add(struct queue *q, struct flow *f, struct frame *p)
{
	p->next = NULL;
	*(f->first ? &f->last->next : &f->first) = p;
	f->last = p;
	f->bytes += p->size;
	q->bytes += p->size;
	q->frames++;
	if (f->listed)
		return;
	f->listed = true;
	f->deficit = q->config.quantum;
	list_add(&q->fresh, f);
}

/* The flow must not be empty. */
static struct frame *flow_take(struct queue *q, struct flow *f)
{
	struct frame *p = f->first;

	f->first = p->next;
	f->bytes -= p->size;
	q->bytes -= p->size;
	q->frames--;
	return p;
}

void queue_free(struct queue *q)
{
	size_t i;

	if (!q)
		return;
	for (i = 0; i < QUEUE_FLOWS; i++)
		while (q->flows[i].first)
			free(flow_take(q, &q->flows[i]));
	free(q->out);
	free(q);
}

/* ---- the network's rate */

uint64_t queue_rate(const struct queue *q, uint64_t now)
{
	return q->rate && now < q->rate_at + RATE_HOLDS_US ? q->rate : q->config.rate;
}

/* Frames left; counted only while others always waited, so that the network set the pace. */
static void measure(struct queue *q, uint64_t now, size_t bytes)
{
	uint64_t took = now - q->rate_since, rate;

	if (!q->frames || !q->rate_since || now < q->rate_since) {
		q->rate_since = q->frames ? now : 0;
		q->rate_bytes = 0;
		return;
	}
	q->rate_bytes += bytes;
	if (took < RATE_LEAST_US)
		return;
	rate = q->rate_bytes * 1000000 / took;
	q->rate = queue_rate(q, now) ? (q->rate + rate) / 2 : rate;
	q->rate_at = now;
	q->rate_since = now;
	q->rate_bytes = 0;
}

/* How long the network will be busy with so many bytes, in us; 0 if its rate is unknown. */
static uint64_t time_of(const struct queue *q, uint64_t now, size_t bytes)
{
	uint64_t rate = queue_rate(q, now);

	return rate ? bytes * 1000000 / rate : 0;
}

/* A slow network always has a packet under way: only what waits for longer is a queue. */
static struct codel_config patience(const struct queue *q, uint64_t now)
{
	struct codel_config c = {
		.target = q->config.target_us,
		.interval = q->config.interval_us,
		.packet = q->config.quantum,
	};
	uint64_t least = time_of(q, now, q->config.quantum) * 3 / 2;

	if (least > TARGET_MOST_US)
		least = TARGET_MOST_US;
	if (c.target < least)
		c.target = least;
	if (c.interval < 2 * c.target)
		c.interval = 2 * c.target;
	return c;
}

/* ---- in */

/* Addresses, protocol and, where they are to be seen, ports; of what is not IP the Ethernet header.
 * Fragments of one packet, which differ in nothing of it, stay together. */
static struct flow *flow_of(struct queue *q, const struct packet *p, const uint8_t *frame)
{
	uint8_t tuple[1 + 32 + 4] = { p->proto }, hash[crypto_shorthash_BYTES];
	size_t n = 1, addresses = p->family == 4 ? 8 : 32;

	if (p->family) {
		memcpy(tuple + n, frame + p->l3 + (p->family == 4 ? IP4_ADDR : IP6_ADDR), addresses);
		n += addresses;
		if (packet_l4_size(p, frame)) {
			memcpy(tuple + n, frame + p->l4, 4);
			n += 4;
		}
	} else {
		memcpy(tuple + n, frame, p->l3);
		n += p->l3;
	}
	crypto_shorthash(hash, tuple, n, q->config.key);
	return &q->flows[hash[0] % QUEUE_FLOWS];
}

static void drop_from_longest(struct queue *q)
{
	struct flow *longest = q->flows;
	size_t i;

	for (i = 1; i < QUEUE_FLOWS; i++)
		if (q->flows[i].bytes > longest->bytes)
			longest = &q->flows[i];
	free(flow_take(q, longest));
	q->count.dropped_full++;
}

/* Room for a frame; NULL and counted if there is no memory. */
static struct frame *frame_new(struct queue *q, uint64_t now, const struct packet *packet,
			       size_t size)
{
	struct frame *p = malloc(sizeof(*p) + size);

	if (!p) {
		q->count.dropped_full++;
		return NULL;
	}
	p->at = now;
	p->packet = *packet;
	p->size = (uint32_t)size;
	return p;
}

static void put(struct queue *q, struct flow *f, struct frame *p)
{
	flow_add(q, f, p);
	while (q->frames > QUEUE_FRAMES_MOST || q->bytes > QUEUE_BYTES_MOST)
		drop_from_longest(q);
}

static int put_cut(struct queue *q, uint64_t now, struct flow *f, const struct segment *s)
{
	uint32_t i, size;
	struct frame *p;

	q->count.cut++;
	for (i = 0; i < s->count; i++) {
		size = i + 1 < s->count ? s->size : s->last;
		p = frame_new(q, now, &s->at, VNET_HDR_SIZE + size);
		if (!p)
			return -ENOMEM;
		memset(p->data, 0, VNET_HDR_SIZE);
		segment_packet(s, i, p->data + VNET_HDR_SIZE);
		put(q, f, p);
	}
	return 0;
}

int queue_put(struct queue *q, uint64_t now, const uint8_t *frame, size_t size)
{
	size_t header = q->config.carry_vnet ? VNET_HDR_SIZE : 0;
	struct segment s = { .count = 1 };
	struct vnet_hdr h = {};
	struct flow *f;
	struct frame *p;

	if (size < header || packet_parse(q->config.type, frame + header, size - header, &s.at) < 0)
		return -EBADMSG;
	if (header)
		vnet_get(frame, &h);
	if (h.gso_type != VNET_GSO_NONE && time_of(q, now, size) > q->config.target_us / 4 &&
	    segment_begin(q->config.type, &h, frame + header, size - header, &s) < 0)
		return -EBADMSG;
	f = flow_of(q, &s.at, frame + header);
	if (s.count > 1)
		return put_cut(q, now, f, &s);
	p = frame_new(q, now, &s.at, size);
	if (!p)
		return -ENOMEM;
	memcpy(p->data, frame, size);
	put(q, f, p);
	return 0;
}

/* ---- out */

/* Drops as many frames as the flow has to lose.  NULL: it is empty, and has lost none. */
static struct frame *next_of(struct queue *q, struct flow *f, uint64_t now)
{
	size_t header = q->config.carry_vnet ? VNET_HDR_SIZE : 0;
	struct codel_config c = patience(q, now);
	struct frame *p;

	while (f->first) {
		p = flow_take(q, f);
		if (!codel_strikes(&f->codel, &c, now, now > p->at ? now - p->at : 0, f->bytes))
			return p;
		if (packet_mark_ce(&p->packet, p->data + header)) {
			q->count.marked++;
			return p;
		}
		free(p);
		q->count.dropped_late++;
	}
	return NULL;
}

/* RFC 8290, section 4.2.  A new flow that has emptied goes behind the old ones all the same, or it
 * would always be a new one. */
static struct frame *next_in_turn(struct queue *q, uint64_t now)
{
	struct list *list;
	struct flow *f;
	struct frame *p;

	while ((list = q->fresh.first ? &q->fresh : &q->old)->first) {
		f = list->first;
		if (f->deficit <= 0) {
			f->deficit += q->config.quantum;
			list_add(&q->old, list_take(list));
			continue;
		}
		p = next_of(q, f, now);
		if (p) {
			f->deficit -= p->size;
			return p;
		}
		list_take(list);
		if (list == &q->fresh && q->old.first)
			list_add(&q->old, f);
		else
			f->listed = false;
	}
	return NULL;
}

uint8_t *queue_get(struct queue *q, uint64_t now, size_t *ret_size)
{
	free(q->out);
	q->out = next_in_turn(q, now);
	if (!q->out)
		return NULL;
	measure(q, now, q->out->size);
	*ret_size = q->out->size;
	return q->out->data;
}
