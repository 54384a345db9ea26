/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "coalesce.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "checksum.h"
#include "common/bytes.h"

enum { IP_MOST = 65535, NONE = -1 };

void coalesce_init(struct coalesce *c, enum tunnel_type type, uint32_t features)
{
	memset(c, 0, sizeof(*c));
	c->type = type;
	c->features = features;
}

/* ---- flows: frames that are open to more */

static struct piece *first_piece(struct coalesce *c, const struct coalesce_frame *f)
{
	return &c->pieces[f->first];
}

/* Index into c->open, or NONE. */
static int find_flow(struct coalesce *c, const struct piece *p)
{
	int i;

	for (i = 0; i < c->n_open; i++)
		if (piece_same_flow(first_piece(c, &c->frames[c->open[i]]), p))
			return i;
	return NONE;
}

static void close_flow(struct coalesce *c, int slot)
{
	c->open[slot] = c->open[--c->n_open];
}

/* Behind a packet whose ports are not known: none of a flow between the same hosts may pass it. */
static void close_flows_between(struct coalesce *c, const struct piece *p)
{
	int i;

	for (i = c->n_open - 1; i >= 0; i--)
		if (piece_same_hosts(first_piece(c, &c->frames[c->open[i]]), p))
			close_flow(c, i);
}

/* A flow that finds no room replaces another one, which loses nothing but later company. */
static void open_flow(struct coalesce *c, uint16_t frame)
{
	int slot = c->n_open < COALESCE_FLOWS ? c->n_open++ : c->victim++ % COALESCE_FLOWS;

	c->open[slot] = frame;
}

/* ---- the batch */

/* Returns whether the piece has become part of the frame in this slot. */
static bool join(struct coalesce *c, int slot, uint16_t index)
{
	struct coalesce_frame *f = &c->frames[c->open[slot]];
	struct piece *first = first_piece(c, f), *p = &c->pieces[index];

	if (first->size - first->at.l3 - first->payload + f->payload + p->payload > IP_MOST ||
	    !piece_continues(first, f->count, f->payload, p))
		return false;
	c->next[f->last] = index;
	f->last = index;
	f->count++;
	f->payload += p->payload;
	if (f->count == COALESCE_SEGMENTS || p->payload < first->payload || p->final)
		close_flow(c, slot);
	return true;
}

/* Into the frame of its flow, or into one of its own. */
static void place(struct coalesce *c, uint16_t index)
{
	const struct piece *p = &c->pieces[index];
	int slot = NONE;

	if (p->headers)
		slot = find_flow(c, p);
	else if (p->at.family)
		close_flows_between(c, p);
	if (slot != NONE) {
		if (p->mergeable && join(c, slot, index))
			return;
		close_flow(c, slot);
	}
	if (p->mergeable && !p->final)
		open_flow(c, c->n_frames);
	c->frames[c->n_frames++] = (struct coalesce_frame){
		.first = index,
		.last = index,
		.count = 1,
		.payload = p->payload,
	};
}

int coalesce_add(struct coalesce *c, uint8_t *data, size_t size)
{
	int r;

	if (c->n_pieces == COALESCE_MOST)
		return -ENOBUFS;
	r = piece_look(c->type, c->features, data, size, &c->pieces[c->n_pieces]);
	if (r < 0)
		return r;
	place(c, c->n_pieces++);
	return 0;
}

/* ---- out again */

/* IP's part of the first piece's headers becomes the superframe's. */
static void finish_network(const struct piece *first, uint32_t size)
{
	uint8_t *ip = first->data + first->at.l3;
	uint64_t sum;

	if (first->at.family == 6) {
		put_be16(ip + IP6_LEN, (uint16_t)(size - first->at.l4));
		return;
	}
	put_be16(ip + IP4_LEN, (uint16_t)(size - first->at.l3));
	checksum_put(ip + IP4_CHECK, 0);
	sum = checksum_add(0, ip, IP4_SIZE);
	checksum_put(ip + IP4_CHECK, (uint16_t)~checksum_fold(sum));
}

/* And TCP's or UDP's.  Its checksum is left to whoever needs it: there stands the sum of the
 * pseudo-header. */
static void finish_transport(const struct piece *first, const struct piece *last, uint32_t size,
			     struct vnet_hdr *h)
{
	uint8_t *l4 = first->data + first->at.l4;
	uint16_t total = (uint16_t)(size - first->at.l4);
	uint64_t sum = (uint64_t)htons(first->at.proto) + htons(total);

	if (first->at.proto == IPPROTO_UDP) {
		put_be16(l4 + UDP_LEN, total);
		h->gso_type = VNET_GSO_UDP;
		h->csum_offset = UDP_CHECK;
	} else {
		l4[TCP_FLAGS] |= last->data[last->at.l4 + TCP_FLAGS] & (TCP_FIN | TCP_PSH);
		h->gso_type = first->at.family == 4 ? VNET_GSO_TCP4 : VNET_GSO_TCP6;
		if (l4[TCP_FLAGS] & TCP_CWR)
			h->gso_type |= VNET_GSO_ECN;
		h->csum_offset = TCP_CHECK;
	}
	sum = checksum_add(sum, piece_addresses(first), piece_addresses_size(first));
	checksum_put(l4 + h->csum_offset, checksum_fold(sum));
}

static void finish_superframe(struct coalesce *c, const struct coalesce_frame *f,
			      struct vnet_hdr *h)
{
	const struct piece *first = first_piece(c, f), *last = &c->pieces[f->last];
	uint32_t size = first->headers + f->payload;

	h->flags = VNET_NEEDS_CSUM;
	h->hdr_len = (uint16_t)first->headers;
	h->gso_size = (uint16_t)first->payload;
	h->csum_start = (uint16_t)first->at.l4;
	finish_network(first, size);
	finish_transport(first, last, size, h);
}

int coalesce_next(struct coalesce *c, const struct iovec **ret_iov)
{
	const struct coalesce_frame *f;
	struct vnet_hdr h = {};
	uint16_t index;
	int n;

	if (c->n_taken == c->n_frames) {
		c->n_pieces = c->n_frames = c->n_open = c->n_taken = 0;
		return 0;
	}
	f = &c->frames[c->n_taken++];
	if (f->count > 1)
		finish_superframe(c, f, &h);
	vnet_put(&h, c->header);
	c->iov[0] = (struct iovec){ c->header, sizeof(c->header) };
	for (n = 1, index = f->first; n <= f->count; n++, index = c->next[index]) {
		const struct piece *p = &c->pieces[index];
		uint32_t skip = n == 1 ? 0 : p->headers;

		c->iov[n] = (struct iovec){ p->data + skip, p->size - skip };
	}
	*ret_iov = c->iov;
	return n;
}
