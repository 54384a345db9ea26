/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 flags (1 ordered, 2 ether) | u8 window | u8 retries | steps of u8 what, u8 how: both ends of
 * `reliable`, a network that does what the input says, and a peer that says anything.  No frame is
 * handed out that was not taken; while nobody lies none comes twice, nor out of order if that was
 * agreed; and all ends.
 */
#include "common/bytes.h"
#include "common/clock.h"
#include "fuzz.h"
#include "worker/arq.h"
#include "worker/esp.h"

enum { FLYING = 256, FRAME = 40 };
enum step { SEND, LAND, LOSE, ANSWER, MUTE, WAIT, FORGE_ACK, FORGE_FRAME, STEPS };

static struct arq_out *out;
static struct arq_in *in;
static struct arq_config config;
static uint64_t now;
static uint32_t sent, landed, handed_out, last;
static bool forged; /* then only what was taken can be promised, not what it is */
static uint8_t flying[FLYING][ARQ_HEADER + FRAME], seen[1 << 16];
static unsigned n_flying;

static uint8_t next_header(void)
{
	return config.type == TUNNEL_ETHER ? ESP_ETHERNET : ESP_IPV4;
}

static void fly(const uint8_t *payload)
{
	if (n_flying < FLYING)
		memcpy(flying[n_flying++], payload, ARQ_HEADER + FRAME);
}

static void send_one(void)
{
	uint8_t payload[ARQ_HEADER + FRAME] = { [ARQ_HEADER] = 0x45 };

	put_be32(payload + ARQ_HEADER + 4, sent);
	memset(payload + ARQ_HEADER + 8, (int)(sent % 256), FRAME - 8);
	if (arq_out_send(out, now, payload, sizeof(payload), next_header()) == 0) {
		fly(payload);
		sent++;
	}
}

static void look_at(const struct arq_payload *p)
{
	uint32_t n = get_be32(p->data + 4), i;

	handed_out++;
	must(p->size == FRAME && p->next == next_header() && p->data[0] == 0x45);
	if (forged)
		return;
	must(n < sent && !seen[n]);
	must(!config.ordered || handed_out == 1 || n > last);
	for (i = 8; i < FRAME; i++)
		must(p->data[i] == n % 256);
	seen[n] = 1;
	last = n;
}

static void hand_out(void)
{
	struct arq_payload p;

	while (arq_in_next(in, now, &p))
		look_at(&p);
	must(handed_out <= landed && handed_out == arq_in_count(in).delivered);
}

static void land(const uint8_t *payload)
{
	uint8_t *exact = exact_copy(payload, ARQ_HEADER + FRAME);

	must(arq_in_take(in, now, exact, ARQ_HEADER + FRAME) == 0);
	landed++;
	hand_out();
	free(exact);
}

static void resend(void)
{
	struct arq_payload p;
	unsigned n = 0;

	while (arq_out_next(out, now, &p)) {
		must(p.size == ARQ_HEADER + FRAME && p.next == ARQ_NEXT);
		fly(p.data);
		must(++n <= config.window);
	}
	must(arq_out_count(out).resent <= (uint64_t)config.retries * arq_out_count(out).sent);
	must(arq_out_deadline(out) > now);
}

static void answer(bool arrives)
{
	uint8_t ack[ARQ_ACK_MOST];
	size_t size;

	arq_in_rtt(in, arq_out_rtt(out));
	hand_out();
	size = arq_in_ack(in, now, ack);
	must(size == 0 || size == ARQ_ACK_LEAST || size == ARQ_ACK_MOST);
	must(arq_in_deadline(in) > now);
	if (size && arrives)
		arq_out_acked(out, now, ack, size);
}

static size_t forge_ack(const uint8_t *data, size_t size)
{
	uint8_t *exact;

	size = size < ARQ_ACK_MOST + 1 ? size : ARQ_ACK_MOST + 1;
	exact = exact_copy(data, size);
	arq_out_acked(out, now, exact, size);
	free(exact);
	forged = true;
	return size;
}

static size_t forge_frame(const uint8_t *data, size_t size)
{
	uint8_t payload[ARQ_HEADER + FRAME] = { [2] = next_header(), [ARQ_HEADER] = 0x45 };

	if (size < 3)
		return size;
	memcpy(payload, data, 2);
	payload[3] = data[2];
	forged = true;
	land(payload);
	return 3;
}

/* Returns how much of the data it has used. */
static size_t step(enum step what, uint8_t how, const uint8_t *data, size_t size)
{
	switch (what) {
	case SEND:
		for (how %= 32; how; how--)
			send_one();
		break;
	case LAND: /* it may land again */
		if (n_flying)
			land(flying[how % n_flying]);
		break;
	case LOSE:
		if (n_flying) {
			n_flying--;
			memmove(flying[how % (n_flying + 1)], flying[n_flying], sizeof(flying[0]));
		}
		break;
	case ANSWER:
	case MUTE:
		answer(what == ANSWER);
		break;
	case WAIT:
		now += (uint64_t)how * how * how;
		break;
	case FORGE_ACK:
		return forge_ack(data, size);
	case FORGE_FRAME:
		return forge_frame(data, size);
	case STEPS:
		break;
	}
	return 0;
}

/* However it was treated, it gives up in the end. */
static void end(void)
{
	int i;

	for (i = 0; i < 100 && arq_out_deadline(out) != CLOCK_NEVER; i++) {
		now = arq_out_deadline(out) > now + 10000 ? arq_out_deadline(out) : now + 10000;
		resend();
	}
	must(arq_out_deadline(out) == CLOCK_NEVER);
	for (i = 0; i < 600 && arq_in_deadline(in) != CLOCK_NEVER; i++) {
		now = arq_in_deadline(in) > now ? arq_in_deadline(in) : now;
		answer(false);
	}
	must(arq_in_deadline(in) == CLOCK_NEVER);
	arq_out_free(out);
	arq_in_free(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i;

	if (size < 3 || size > sizeof(seen) / 32)
		return 0;
	config = (struct arq_config){
		.type = data[0] & 2 ? TUNNEL_ETHER : TUNNEL_TUN,
		.window = (uint16_t)(2 * data[1] + 1),
		.retries = data[2] % 11,
		.lifetime_ms = (uint16_t)(1 + data[2]),
		.ordered = data[0] & 1,
	};
	now = 1000000;
	sent = landed = handed_out = last = n_flying = 0;
	forged = false;
	memset(seen, 0, sizeof(seen));
	must(arq_out_new(&config, &out) == 0 && arq_in_new(&config, &in) == 0);
	for (i = 3; i + 2 <= size; i += 2) {
		i += step(data[i] % STEPS, data[i + 1], data + i + 2, size - i - 2);
		answer(now % 3);
		resend();
	}
	end();
	return 0;
}
