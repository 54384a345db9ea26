/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arq.h"
#include "common/bytes.h"
#include "common/clock.h"
#include "esp.h"

enum {
	ACK_DELAY_MOST_US = 5000,
	ACK_DELAY_LEAST_US = 1000,
	HOLD_MORE_US = 5000, /* than the sender's patience: its packet must get here */

	/* Numbers up to so far behind are old: the UDP path lets nothing through that is more than
	 * 8,192 packets late.  Any other is ahead, as much may have been lost on a broken path. */
	OLD_MOST = 16384,
};

struct held {
	struct held *next; /* of those that have been handed out */
	uint16_t size;
	uint8_t payload[];
};

struct arq_in {
	struct arq_config config;
	uint16_t next; /* the oldest that has not come and may still */
	uint16_t end;  /* behind the newest that has come; [next, end) has gaps */
	uint64_t come[ARQ_WINDOW_MOST / 64]; /* [next, next + ARQ_WINDOW_MOST) */

	uint8_t *taken; /* the payload being taken; NULL: none */
	uint16_t taken_size, taken_number;

	unsigned unanswered;
	uint64_t ack_at;
	uint64_t ack_delay, hold;
	struct arq_in_count count;

	/* ordered only */
	uint16_t head;                         /* the next to be handed out, at most `next` */
	unsigned n_held;
	struct held *held[ARQ_WINDOW_MOST];
	struct held *out;                      /* handed out, until the next packet is taken */
	uint64_t missed_at[ARQ_WINDOW_MOST];   /* when a later one came first */
};

int arq_in_new(const struct arq_config *config, struct arq_in **ret)
{
	struct arq_in *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->config = *config;
	a->next = a->end = a->head = 1;
	a->ack_at = CLOCK_NEVER;
	arq_in_rtt(a, (struct arq_rtt){});
	*ret = a;
	return 0;
}

static void free_out(struct arq_in *a)
{
	struct held *h;

	while ((h = a->out)) {
		a->out = h->next;
		free(h);
	}
}

void arq_in_free(struct arq_in *a)
{
	size_t i;

	if (!a)
		return;
	for (i = 0; i < ARQ_WINDOW_MOST; i++)
		free(a->held[i]);
	free_out(a);
	free(a);
}

void arq_in_rtt(struct arq_in *a, struct arq_rtt rtt)
{
	uint64_t delay = rtt.smoothed / 4;

	if (delay < ACK_DELAY_LEAST_US)
		delay = ACK_DELAY_LEAST_US;
	a->ack_delay = rtt.smoothed && delay < ACK_DELAY_MOST_US ? delay : ACK_DELAY_MOST_US;
	a->hold = arq_patience(rtt) + HOLD_MORE_US;
	if (a->hold > ARQ_HOLD_MOST_US)
		a->hold = ARQ_HOLD_MOST_US;
}

struct arq_in_count arq_in_count(const struct arq_in *a)
{
	return a->count;
}

/* ---- what has come */

static uint64_t bit(uint16_t number)
{
	return UINT64_C(1) << number % 64;
}

/* Of a number in the window. */
static bool has_come(const struct arq_in *a, uint16_t number)
{
	return a->come[number % ARQ_WINDOW_MOST / 64] & bit(number);
}

/* Moves the window on by one, over what has come or is given up; something has come behind it. */
static void advance(struct arq_in *a)
{
	a->count.given_up += !has_come(a, a->next);
	a->come[a->next % ARQ_WINDOW_MOST / 64] &= ~bit(a->next);
	a->next++;
}

static void advance_over_come(struct arq_in *a)
{
	while (a->next != a->end && has_come(a, a->next))
		advance(a);
}

/* The next n numbers are settled, whatever has come of them. */
static void advance_by(struct arq_in *a, uint16_t n)
{
	for (; n && a->next != a->end; n--)
		advance(a);
	if (n) {
		a->count.given_up += n;
		a->next += n;
		a->end = a->next;
	}
	advance_over_come(a);
}

/* This number has come; it is in the window, and new.  True if it is the newest. */
static bool mark(struct arq_in *a, uint64_t now, uint16_t number)
{
	bool newest = (uint16_t)(number - a->end) < ARQ_WINDOW_MOST;

	if (newest) {
		for (; a->end != number; a->end++)
			a->missed_at[a->end % ARQ_WINDOW_MOST] = now;
		a->end++;
	}
	a->come[number % ARQ_WINDOW_MOST / 64] |= bit(number);
	advance_over_come(a);
	return newest;
}

/* ---- taking */

/* Inside is what may also come bare: as esp_open() judges that. */
static bool is_frame(enum tunnel_type type, const uint8_t *payload, size_t size)
{
	if (size <= ARQ_HEADER || size > ARQ_HEADER + ARQ_FRAME_MOST)
		return false;
	size -= ARQ_HEADER;
	switch (payload[2]) {
	case ESP_IPV4:
		return type == TUNNEL_TUN && size >= 20 && payload[ARQ_HEADER] >> 4 == 4;
	case ESP_IPV6:
		return type == TUNNEL_TUN && size >= 40 && payload[ARQ_HEADER] >> 4 == 6;
	case ESP_ETHERNET:
		return type == TUNNEL_ETHER && size >= 14;
	case ESP_PACKED:
		return true;
	default:
		return false;
	}
}

/* The third in a row behind a gap has come: now the sender can know that it is one. */
static bool shows_gap(const struct arq_in *a)
{
	uint16_t n = (uint16_t)(a->end - a->next);

	return n > 3 && has_come(a, (uint16_t)(a->end - 1)) &&
	       has_come(a, (uint16_t)(a->end - 2)) && has_come(a, (uint16_t)(a->end - 3)) &&
	       !has_come(a, (uint16_t)(a->end - 4));
}

static void want_ack(struct arq_in *a, uint64_t now, bool at_once)
{
	if (++a->unanswered >= ARQ_ACK_EVERY || at_once)
		a->ack_at = now;
	else if (a->ack_at == CLOCK_NEVER)
		a->ack_at = now + a->ack_delay;
}

int arq_in_take(struct arq_in *a, uint64_t now, uint8_t *payload, size_t size)
{
	uint16_t number, ahead, back;

	free_out(a);
	if (!is_frame(a->config.type, payload, size))
		return -EBADMSG;
	number = get_be16(payload);
	ahead = (uint16_t)(number - a->next);
	if (ahead <= UINT16_MAX - OLD_MOST) {
		back = payload[3] < UINT8_MAX ? 2 * payload[3] : ARQ_WINDOW_MOST - 1;
		if (ahead > back)
			advance_by(a, ahead - back);
		ahead = (uint16_t)(number - a->next);
	}
	if (ahead >= ARQ_WINDOW_MOST || has_come(a, number)) {
		a->count.again++;
		want_ack(a, now, false);
		return 0;
	}
	want_ack(a, now, mark(a, now, number) && shows_gap(a));
	a->taken = payload;
	a->taken_size = (uint16_t)size;
	a->taken_number = number;
	return 0;
}

/* ---- handing out */

static int hand_out(struct arq_in *a, uint8_t *payload, uint16_t size, struct arq_payload *ret)
{
	*ret = (struct arq_payload){ payload + ARQ_HEADER, size - ARQ_HEADER, payload[2] };
	a->count.delivered++;
	return 1;
}

static int hand_out_taken(struct arq_in *a, struct arq_payload *ret)
{
	uint8_t *payload = a->taken;

	a->taken = NULL;
	return hand_out(a, payload, a->taken_size, ret);
}

static int hand_out_held(struct arq_in *a, uint16_t number, struct arq_payload *ret)
{
	struct held *h = a->held[number % ARQ_WINDOW_MOST];

	a->held[number % ARQ_WINDOW_MOST] = NULL;
	a->n_held--;
	h->next = a->out;
	a->out = h;
	return hand_out(a, h->payload, h->size, ret);
}

/* There is a gap before it.  Without memory it is lost. */
static void hold_taken(struct arq_in *a)
{
	struct held *h = malloc(sizeof(*h) + a->taken_size);

	if (h) {
		h->size = a->taken_size;
		memcpy(h->payload, a->taken, h->size);
		a->held[a->taken_number % ARQ_WINDOW_MOST] = h;
		a->n_held++;
	}
	a->taken = NULL;
}

static bool is_held_too_long(const struct arq_in *a, uint64_t now)
{
	return a->next != a->end && now >= a->missed_at[a->next % ARQ_WINDOW_MOST] + a->hold;
}

/* Where nothing is held, a gap is passed over at once: it is long if the path was broken. */
static void pass_gap(struct arq_in *a)
{
	uint16_t taken = (uint16_t)(a->taken_number - a->head), settled = a->next - a->head;

	if (a->n_held == 0)
		a->head = a->taken && taken < settled ? a->taken_number : a->next;
}

/* What is settled, in order. */
static int next_settled(struct arq_in *a, struct arq_payload *ret)
{
	for (pass_gap(a); a->head != a->next; pass_gap(a)) {
		uint16_t number = a->head++;

		if (a->taken && a->taken_number == number)
			return hand_out_taken(a, ret);
		if (a->held[number % ARQ_WINDOW_MOST])
			return hand_out_held(a, number, ret);
	}
	return 0;
}

static int next_ordered(struct arq_in *a, uint64_t now, struct arq_payload *ret)
{
	for (;;) {
		if (next_settled(a, ret))
			return 1;
		if (a->taken)
			hold_taken(a);
		if (!is_held_too_long(a, now))
			return 0;
		advance(a);
		advance_over_come(a);
	}
}

int arq_in_next(struct arq_in *a, uint64_t now, struct arq_payload *ret)
{
	if (a->config.ordered)
		return next_ordered(a, now, ret);
	return a->taken ? hand_out_taken(a, ret) : 0;
}

/* ---- acknowledgements */

size_t arq_in_ack(struct arq_in *a, uint64_t now, uint8_t ret[static ARQ_ACK_MOST])
{
	uint16_t i, n = (uint16_t)(a->end - a->next);

	if (now < a->ack_at)
		return 0;
	memset(ret, 0, ARQ_ACK_MOST);
	ret[0] = ARQ_ACK;
	put_be16(ret + 2, (uint16_t)(a->next - 1));
	for (i = 0; i < n; i++)
		if (has_come(a, (uint16_t)(a->next + i)))
			ret[4 + i / 8] |= (uint8_t)(1 << i % 8);
	a->unanswered = 0;
	a->ack_at = CLOCK_NEVER;
	return n <= 8 * (ARQ_ACK_LEAST - 4) ? ARQ_ACK_LEAST : ARQ_ACK_MOST;
}

uint64_t arq_in_deadline(const struct arq_in *a)
{
	uint64_t gap = CLOCK_NEVER;

	if (a->config.ordered && a->next != a->end)
		gap = a->missed_at[a->next % ARQ_WINDOW_MOST] + a->hold;
	return gap < a->ack_at ? gap : a->ack_at;
}
