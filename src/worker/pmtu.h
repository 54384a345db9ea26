/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The largest datagram that the path carries, found by probes (RFC 8899) and without a word of
 * routers.  Sizes are those of UDP payloads, all multiples of 4.  Pure: times are passed in, in ms.
 *
 *     BASE > UP, step by step > SETTLED, confirmed while there is traffic > BASE after a black hole
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PMTU_LEAST = 604,  /* carries a packet of 576 bytes; not searched below */
	PMTU_SURE = 548,   /* what passes everywhere, in a packet of 576 bytes: in use where LEAST does not pass */
	PMTU_BASE = 1232,  /* what IPv6 must carry (RFC 8200), without its headers; tried first */
	PMTU_MOST = 65504,
};

struct pmtu_times {
	uint32_t answer_ms;  /* a probe without an answer for so long is lost */
	uint32_t confirm_ms; /* between two probes of the size in use, while there is traffic */
	uint32_t raise_ms;   /* until larger ones are tried again */
	unsigned tries;      /* so many lost probes of one size: it does not pass */
};

enum pmtu_state { PMTU_OFF, PMTU_BASING, PMTU_RISING, PMTU_SETTLED };

struct pmtu {
	struct pmtu_times times;
	enum pmtu_state state;
	uint16_t most;   /* worth looking for */
	uint16_t size;   /* in use: proven, or (BASING) assumed; PMTU_SURE if even LEAST has not passed */
	uint16_t told;   /* by pmtu_news() */
	uint16_t target; /* being probed; 0: none */
	unsigned lost;   /* probes of it */
	uint64_t next;   /* when the probe counts as lost, or the next is due */
	uint64_t raise;
	bool sent;       /* the probe is on its way */
	bool traffic;    /* since the size was last confirmed */
};

/* `most`: the largest datagram that the session will ever have, as far as UDP can. */
void pmtu_init(struct pmtu *m, const struct pmtu_times *times, size_t most);

/* The path is up, or another one; and down. */
void pmtu_start(struct pmtu *m, uint64_t now);
void pmtu_stop(struct pmtu *m);

static inline void pmtu_traffic(struct pmtu *m)
{
	m->traffic = true;
}

/* The size of a probe to be sent now, 0: none.  The caller sends it once, with a new nonce if
 * *ret_new: then answers to earlier nonces are void. */
uint16_t pmtu_next(struct pmtu *m, uint64_t now, bool *ret_new);
uint64_t pmtu_deadline(const struct pmtu *m); /* CLOCK_NEVER: none */

/* The probe that is on its way was answered. */
void pmtu_answered(struct pmtu *m, uint64_t now);

/* Our own system refused to send a datagram of this size. */
void pmtu_refused(struct pmtu *m, uint64_t now, uint16_t size);

/* True once after a search that ended with another size than the one before: *ret_size. */
bool pmtu_news(struct pmtu *m, uint16_t *ret_size);
