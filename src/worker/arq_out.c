/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arq.h"
#include "common/bytes.h"
#include "common/clock.h"

enum {
	FIRST_PATIENCE_US = 100000, /* before there is a round trip to judge by */
	LEAST_PATIENCE_US = 10000,
	BACKOFF_MOST = 6,
	SPARE = 64, /* packets: a superframe of full-sized ones */
	NEWER_ACKED = 3, /* later frames that have come: this one has not (RFC 5681's three) */
};

struct kept {
	uint8_t *payload; /* with its header; NULL: settled */
	uint16_t size;
	uint16_t before;  /* the number that was next when it was last sent */
	uint16_t sends;
	uint64_t first, last; /* when it was sent */
};

struct arq_out {
	struct arq_config config;
	uint16_t next, base;  /* [base, next): sent, not all of them settled */
	uint16_t newest;      /* acknowledged... */
	uint16_t third;       /* ...and the third newest */
	struct arq_rtt rtt;
	unsigned backoff;     /* patience is doubled so often */
	uint64_t backed_off;  /* when that was last done */
	uint64_t wake;
	struct arq_out_count count;
	struct kept kept[ARQ_WINDOW_MOST];
};

int arq_out_new(const struct arq_config *config, struct arq_out **ret)
{
	struct arq_out *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->config = *config;
	a->next = a->base = 1;
	a->third = (uint16_t)(a->newest - (NEWER_ACKED - 1));
	a->wake = CLOCK_NEVER;
	*ret = a;
	return 0;
}

void arq_out_free(struct arq_out *a)
{
	size_t i;

	if (!a)
		return;
	for (i = 0; i < ARQ_WINDOW_MOST; i++)
		free(a->kept[i].payload);
	free(a);
}

struct arq_rtt arq_out_rtt(const struct arq_out *a)
{
	return a->rtt;
}

struct arq_out_count arq_out_count(const struct arq_out *a)
{
	return a->count;
}

static struct kept *kept_at(struct arq_out *a, uint16_t number)
{
	return &a->kept[number % ARQ_WINDOW_MOST];
}

/* Numbers go round: a is later than b if it is less than half the circle ahead. */
static bool is_later(uint16_t a, uint16_t b)
{
	return (int16_t)(a - b) > 0;
}

static uint16_t outstanding(const struct arq_out *a)
{
	return (uint16_t)(a->next - a->base);
}

/* ---- times */

uint64_t arq_patience(struct arq_rtt rtt)
{
	uint64_t us = rtt.smoothed + rtt.smoothed / 2 + UINT64_C(4) * rtt.variation;

	if (!rtt.smoothed)
		return FIRST_PATIENCE_US;
	return us < LEAST_PATIENCE_US ? LEAST_PATIENCE_US : us;
}

/* Doubled for what was sent since that was last found necessary; what had been sent before waits no
 * longer for it. */
static uint64_t patience(const struct arq_out *a, uint64_t sent)
{
	unsigned doubled = a->backoff && sent < a->backed_off ? a->backoff - 1 : a->backoff;
	uint64_t us = arq_patience(a->rtt) << doubled;

	return us < ARQ_LIFETIME_MOST_US ? us : ARQ_LIFETIME_MOST_US;
}

static uint64_t lifetime(const struct arq_out *a)
{
	uint64_t us = a->config.lifetime_ms * UINT64_C(1000);

	if (us < 2 * (uint64_t)a->rtt.smoothed)
		us = 2 * (uint64_t)a->rtt.smoothed;
	return us > ARQ_LIFETIME_MOST_US || !a->rtt.smoothed ? ARQ_LIFETIME_MOST_US : us;
}

/* RFC 6298, section 2.  Only of frames that were sent once: of the others nobody can tell which one
 * is being answered (Karn's algorithm). */
static void sample(struct arq_out *a, uint64_t now, const struct kept *k)
{
	uint64_t us = now - k->last;
	uint32_t r = us > UINT32_MAX / 8 ? UINT32_MAX / 8 : (uint32_t)us, apart;
	struct arq_rtt *rtt = &a->rtt;

	if (k->sends != 1 || now < k->last)
		return;
	a->backoff = 0;
	if (!rtt->smoothed) {
		rtt->smoothed = r ? r : 1;
		rtt->variation = r / 2;
		return;
	}
	apart = r > rtt->smoothed ? r - rtt->smoothed : rtt->smoothed - r;
	rtt->variation = (3 * rtt->variation + apart) / 4;
	rtt->smoothed = (7 * rtt->smoothed + r) / 8;
	if (!rtt->smoothed)
		rtt->smoothed = 1;
}

/* ---- frames that are kept */

static bool is_overtaken(const struct arq_out *a, const struct kept *k)
{
	return !is_later(k->before, a->third);
}

static bool is_lost(const struct arq_out *a, uint64_t now, const struct kept *k)
{
	return is_overtaken(a, k) || now >= k->last + patience(a, k->last);
}

/* Lost, and not to be sent again.  As long as its last copy may be on its way, its number must not
 * be declared settled: the receiver would drop it. */
static bool is_hopeless(const struct arq_out *a, uint64_t now, const struct kept *k)
{
	return is_lost(a, now, k) &&
	       (k->sends > a->config.retries || now >= k->first + lifetime(a));
}

/* What it says of its sending stays, for a late answer that is still good for a sample. */
static void settle(struct kept *k)
{
	free(k->payload);
	k->payload = NULL;
}

/* Moves over what is settled at the window's beginning, or has become hopeless. */
static void trim(struct arq_out *a, uint64_t now)
{
	for (; a->base != a->next; a->base++) {
		struct kept *k = kept_at(a, a->base);

		if (!k->payload)
			continue;
		if (!is_hopeless(a, now, k))
			break;
		settle(k);
		a->count.given_up++;
	}
}

static void put_back(const struct arq_out *a, uint16_t number, uint8_t *payload)
{
	unsigned back = ((uint16_t)(number - a->base) + 1u) / 2;

	payload[3] = (uint8_t)(back < UINT8_MAX ? back : UINT8_MAX);
}

int arq_out_room(struct arq_out *a, uint64_t now, size_t size)
{
	if (size > ARQ_FRAME_MOST)
		return -EMSGSIZE;
	trim(a, now);
	if (outstanding(a) < a->config.window)
		return 0;
	a->count.no_room++;
	return -ENOBUFS;
}

bool arq_out_is_crowded(const struct arq_out *a)
{
	unsigned window = a->config.window, spare = window < 2 * SPARE ? window / 2 : SPARE;

	return outstanding(a) + spare >= window;
}

int arq_out_send(struct arq_out *a, uint64_t now, uint8_t *payload, size_t size, uint8_t next)
{
	struct kept *k = kept_at(a, a->next);
	int r = arq_out_room(a, now, size - ARQ_HEADER);
	uint8_t *copy;

	if (r < 0)
		return r;
	copy = malloc(size);
	if (!copy)
		return -ENOMEM;
	put_be16(payload, a->next);
	payload[2] = next;
	put_back(a, a->next, payload);
	memcpy(copy, payload, size);
	a->next++;
	*k = (struct kept){ copy, (uint16_t)size, a->next, 1, now, now };
	a->count.sent++;

	/* Without an answer for long, they must not get half the circle behind. */
	if ((uint16_t)(a->next - a->third) > ARQ_WINDOW_MOST + NEWER_ACKED) {
		a->third++;
		if (is_later(a->third, a->newest))
			a->newest = a->third;
	}
	if (a->wake > now + patience(a, now))
		a->wake = now + patience(a, now);
	return 0;
}

void arq_out_forget(struct arq_out *a)
{
	for (; a->base != a->next; a->base++) {
		struct kept *k = kept_at(a, a->base);

		a->count.given_up += k->payload != NULL;
		settle(k);
	}
	a->wake = CLOCK_NEVER;
}

/* ---- acknowledgements */

struct ack {
	uint16_t cum;
	int size; /* of the bitmap */
	const uint8_t *bitmap;
};

static bool acks(const struct ack *ack, uint16_t number)
{
	int i = (int16_t)(number - ack->cum) - 1;

	if (i < 0)
		return true;
	return i / 8 < ack->size && (ack->bitmap[i / 8] >> i % 8 & 1);
}

/* A new newest one gives a sample: others may have been acknowledged late, or as given up. */
static void find_newest(struct arq_out *a, uint64_t now, const struct ack *ack)
{
	uint16_t number = a->next;
	unsigned i, found = 0;

	for (i = 0; i < ARQ_WINDOW_MOST && found < NEWER_ACKED; i++) {
		if (!acks(ack, --number))
			continue;
		if (++found == 1 && is_later(number, a->newest)) {
			a->newest = number;
			sample(a, now, kept_at(a, number));
		}
	}
	if (found == NEWER_ACKED && is_later(number, a->third))
		a->third = number;
}

void arq_out_acked(struct arq_out *a, uint64_t now, const uint8_t *payload, size_t size)
{
	struct ack ack;
	uint16_t number;

	if (size < ARQ_ACK_LEAST || size > ARQ_ACK_MOST || payload[0] != ARQ_ACK)
		return;
	ack = (struct ack){ get_be16(payload + 2), (int)size - 4, payload + 4 };
	if (!is_later(a->next, ack.cum)) /* who can have what was never sent? */
		return;
	for (number = a->base; number != a->next; number++)
		if (acks(&ack, number))
			settle(kept_at(a, number));
	find_newest(a, now, &ack);
	trim(a, now);
}

/* ---- sending again */

static void send_again(struct arq_out *a, uint64_t now, uint16_t number, struct arq_payload *ret)
{
	struct kept *k = kept_at(a, number);

	/* If round trips have become longer than our patience, everything is sent twice and
	 * nothing gives a sample: then patience must grow without one (RFC 6298, section 5.5), once
	 * for all that was on its way together. */
	if (!is_overtaken(a, k) && k->last >= a->backed_off && a->backoff < BACKOFF_MOST) {
		a->backoff++;
		a->backed_off = now;
	}
	k->sends++;
	k->last = now;
	k->before = a->next;
	a->count.resent++;
	put_back(a, number, k->payload);
	*ret = (struct arq_payload){ k->payload, k->size, ARQ_NEXT };
}

int arq_out_next(struct arq_out *a, uint64_t now, struct arq_payload *ret)
{
	uint64_t wake = CLOCK_NEVER, due;
	uint16_t number;

	trim(a, now);
	for (number = a->base; number != a->next; number++) {
		struct kept *k = kept_at(a, number);

		if (!k->payload)
			continue;
		if (is_hopeless(a, now, k)) {
			settle(k);
			a->count.given_up++;
		} else if (is_lost(a, now, k)) {
			send_again(a, now, number, ret);
			return 1;
		} else {
			due = k->last + patience(a, k->last);
			wake = due < wake ? due : wake;
		}
	}
	a->wake = wake;
	return 0;
}

uint64_t arq_out_deadline(const struct arq_out *a)
{
	return a->wake;
}
