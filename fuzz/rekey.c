/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Steps of u8 what | u8 argument: two ends exchange keys over a channel that keeps everything and its
 * order, as TLS does, at whatever times.  As long as nobody lies they never lose each other; who does
 * is refused, and moves nobody out of a state in which packets can be sealed.
 */
#include <errno.h>

#include "common/bytes.h"
#include "common/secret.h"
#include "fuzz.h"
#include "worker/rekey.h"

enum { QUEUE = 16, MOST = 512, PAYLOAD = 40 };

struct end {
	struct rekey *r;
	struct rekey_frame inbox[QUEUE]; /* on their way to it */
	unsigned first, last;
	bool over; /* it has ended the session */
};

static const uint8_t exporter[32] = "exporter", secret[AUTH_SECRET_SIZE] = "secret";

static void open_end(struct end *e, int role, uint8_t suite)
{
	struct rekey_config c = {
		.role = role, .type = TUNNEL_TUN, .suite = suite,
		.spi_in = role == ROLE_SERVER ? 0x1000 : 0x2000,
		.spi_out = role == ROLE_SERVER ? 0x2000 : 0x1000,
		.limits = rekey_limits(60),
	};

	c.limits.packets = 20;
	*e = (struct end){};
	must(rekey_new(&c, exporter, secret, 1000, &e->r) == 0);
}

static void send_due(struct end *from, struct end *to, uint64_t now)
{
	struct rekey_frame f;
	int r, n = 0;

	while (!from->over && to->last - to->first < QUEUE && (r = rekey_next(from->r, now, &f)) != 0) {
		must(r == 1 || r == -ETIMEDOUT);
		if (r < 0) {
			from->over = true;
			return;
		}
		must(++n < 4 && f.size <= WIRE_REKEY_SIZE);
		to->inbox[to->last++ % QUEUE] = f;
	}
}

/* Whether it was taken. */
static bool take(struct end *e, uint64_t now, uint8_t type, const uint8_t *payload)
{
	int r = rekey_take(e->r, now, type, payload);

	must(r == 0 || r == -EKEYREJECTED);
	e->over |= r < 0;
	return r == 0;
}

/* A packet of one end opens at the other. */
static void speak(struct end *from, struct end *to, uint64_t now, bool honest)
{
	uint8_t packet[ESP_HEADER + PAYLOAD + 64] = {};
	struct esp_payload p;
	ssize_t size;

	packet[ESP_HEADER] = 0x45;
	put_be16(packet + ESP_HEADER + 2, PAYLOAD);
	size = rekey_seal(from->r, packet, PAYLOAD, ESP_IPV4);
	must(size == -EKEYEXPIRED || size > PAYLOAD);
	if (size > 0 && rekey_open(to->r, now, packet, (size_t)size, &p) < 0)
		must(!honest);
}

static void forge(struct end *to, uint64_t now, uint8_t argument)
{
	static const uint8_t types[] = { FRAME_REKEY_REQ, FRAME_REKEY_RESP, FRAME_REKEY_DONE };
	uint8_t payload[WIRE_REKEY_SIZE];
	size_t i;

	for (i = 0; i < sizeof(payload); i++)
		payload[i] = argument & 0x80 ? 0 : (uint8_t)(argument * (i + 1));
	if (argument & 0x40) /* the flag of a server that asks to be asked */
		memset(payload, 0, 8), payload[3] = 1;
	take(to, now, types[argument % 3], payload);
}

/* Whether it took what was on its way to it. */
static bool deliver(struct end *e, uint64_t now)
{
	const struct rekey_frame *f = &e->inbox[e->first % QUEUE];

	if (e->first == e->last)
		return true;
	e->first++;
	return take(e, now, f->type, f->payload);
}

/* Nothing is on its way for longer than old keys are kept. */
static bool deliver_all(struct end e[static 2], uint64_t now)
{
	bool taken = true;
	int i;

	for (i = 0; i < 2 * QUEUE; i++) {
		taken &= deliver(&e[i & 1], now);
		send_due(&e[i & 1], &e[!(i & 1)], now);
	}
	return taken;
}

static void run(struct end e[static 2], const uint8_t *data, size_t size)
{
	bool honest = true;
	uint64_t now = 1000;

	for (; size >= 2 && !e[0].over && !e[1].over; data += 2, size -= 2) {
		struct end *a = &e[data[0] & 1], *b = &e[!(data[0] & 1)];

		send_due(a, b, now);
		send_due(b, a, now);
		must(rekey_deadline(a->r) > now); /* or one would ask for ever */
		switch (data[0] >> 1 & 7) {
		case 0:
			must(deliver_all(e, now) || !honest);
			now += (uint64_t)data[1] * 300;
			break;
		case 1:
			now += data[1] / 2;
			break;
		case 2:
			must(deliver(a, now) || !honest);
			break;
		case 3: /* a lie in a true frame */
			if (a->first == a->last)
				break;
			a->inbox[a->first % QUEUE].payload[data[1] % WIRE_REKEY_SIZE] ^= 1 | data[1];
			honest = false;
			break;
		case 4:
			honest = false;
			forge(a, now, data[1]);
			break;
		default:
			speak(a, b, now, honest);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t suites[] = {
		SUITE_AES_128_GCM, SUITE_AES_256_GCM, SUITE_CHACHA20_POLY1305, SUITE_AES_128_GMAC,
	};
	struct end e[2];

	if (size < 1 || size > MOST || secret_init() < 0)
		return 0;
	open_end(&e[0], ROLE_SERVER, suites[data[0] & 3]);
	open_end(&e[1], ROLE_CLIENT, suites[data[0] & 3]);
	run(e, data + 1, size - 1);
	rekey_free(e[0].r);
	rekey_free(e[1].r);
	return 0;
}
