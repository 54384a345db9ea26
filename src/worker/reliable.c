/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reliable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A window in so short a time is more than a Gbit/s: nobody is held back by waiting. */
enum { SOON_US = 5000 };

struct reliable {
	struct outbox *box;
	bool ordered;
	struct arq_out *out;
	struct arq_in *in;
};

int reliable_new(const struct terms *terms, struct outbox *box, struct reliable **ret)
{
	struct arq_config c = {
		.type = (enum tunnel_type)terms->type,
		.window = terms->arq_window,
		.retries = terms->arq_retries,
		.lifetime_ms = terms->arq_lifetime_ms,
		.ordered = terms->arq_ordered,
	};
	struct reliable *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->box = box;
	r->ordered = c.ordered;
	if (arq_out_new(&c, &r->out) < 0 || arq_in_new(&c, &r->in) < 0) {
		reliable_free(r);
		return -ENOMEM;
	}
	*ret = r;
	return 0;
}

void reliable_free(struct reliable *r)
{
	if (!r)
		return;
	arq_out_free(r->out);
	arq_in_free(r->in);
	free(r);
}

/* ---- out */

static bool fits(const struct reliable *r, size_t payload)
{
	return esp_size(payload) <= path_most(r->box->path);
}

int reliable_room(struct reliable *r, uint64_t now, size_t size)
{
	if (!fits(r, size + ARQ_HEADER))
		return 0;
	switch (arq_out_room(r->out, now, size)) {
	case 0:
		return ARQ_HEADER;
	case -EMSGSIZE:
		return 0;
	default: /* out of its turn it would break the order */
		return r->ordered ? -ENOBUFS : 0;
	}
}

enum reliable_crowd reliable_crowd(const struct reliable *r)
{
	if (!arq_out_is_crowded(r->out))
		return CROWD_NONE;
	return r->ordered || arq_out_rtt(r->out).smoothed < SOON_US ? CROWD_WAIT : CROWD_PAUSE;
}

int reliable_send(struct reliable *r, uint64_t now, uint8_t *datagram, size_t size,
		  enum esp_next next)
{
	int n = arq_out_send(r->out, now, datagram + ESP_HEADER, size + ARQ_HEADER, (uint8_t)next);

	if (n < 0)
		return n;
	n = outbox_seal(r->box, datagram, size + ARQ_HEADER, ESP_ARQ);
	/* The caller takes another way with it, and it must not arrive by both. */
	if (n < 0)
		arq_out_forget(r->out);
	return n;
}

void reliable_forget(struct reliable *r)
{
	arq_out_forget(r->out);
}

/* ---- in */

int reliable_take(struct reliable *r, uint64_t now, const struct esp_payload *p)
{
	return arq_in_take(r->in, now, p->data, p->size);
}

int reliable_next(struct reliable *r, uint64_t now, struct esp_payload *ret)
{
	struct arq_payload p;

	if (!arq_in_next(r->in, now, &p))
		return 0;
	*ret = (struct esp_payload){ .data = p.data, .size = p.size, .next = (enum esp_next)p.next };
	return 1;
}

void reliable_acked(struct reliable *r, uint64_t now, const struct esp_payload *p)
{
	arq_out_acked(r->out, now, p->data, p->size);
	arq_in_rtt(r->in, arq_out_rtt(r->out));
}

/* ---- time */

static void send_again(struct reliable *r, uint64_t now, const struct arq_payload *p)
{
	uint8_t *datagram;

	if (!fits(r, p->size)) /* the path has become smaller: the next copies are lost as this one is */
		return;
	datagram = outbox_room(r->box, now / 1000, p->size);
	memcpy(datagram + ESP_HEADER, p->data, p->size);
	outbox_seal(r->box, datagram, p->size, (enum esp_next)p->next);
}

void reliable_step(struct reliable *r, uint64_t now)
{
	uint8_t ack[ARQ_ACK_MOST];
	struct arq_payload again;
	size_t size = arq_in_ack(r->in, now, ack);

	/* While the path is down nobody knows where to. */
	if (size && path_most(r->box->path))
		outbox_control(r->box, now / 1000, &r->box->path->peer, ack, size, size);
	while (arq_out_next(r->out, now, &again))
		send_again(r, now, &again);
	outbox_flush(r->box, now / 1000);
}

uint64_t reliable_deadline(const struct reliable *r)
{
	uint64_t in = arq_in_deadline(r->in), out = arq_out_deadline(r->out);

	return in < out ? in : out;
}

void reliable_tally(const struct reliable *r, struct tally *t)
{
	struct arq_out_count out = arq_out_count(r->out);

	t->udp_resent = out.resent;
	t->udp_given_up = out.given_up;
	t->udp_unprotected = out.no_room;
}
