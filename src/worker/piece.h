/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A packet as a piece of a superframe: which of its kind may be merged with which other, under the
 * rules of the kernel's tcp_gro_receive() and udp_gro_receive().  Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

struct piece {
	uint8_t *data;
	uint32_t size;
	struct packet at;
	uint32_t headers; /* with TCP's or UDP's; 0: neither, or a fragment: of no known flow */
	uint32_t payload; /* behind the headers; 0 if there are none */
	uint32_t hash;    /* of the flow */
	bool mergeable;   /* as far as can be told from the packet alone */
	bool final;       /* nothing may be appended to it */
	bool verified;    /* its checksums are right */
};

/* A packet that came from outside, for a device that accepts `features` (TUN_F_*).  Refers to the
 * data.  0, or -EBADMSG as packet_parse(). */
int piece_look(enum tunnel_type type, uint32_t features, uint8_t *data, size_t size,
	       struct piece *ret);

/* Both addresses of the IP packet at p->at.l3, one behind the other. */
uint8_t *piece_addresses(const struct piece *p);
size_t piece_addresses_size(const struct piece *p);

/* Whether both packets go from one host to the same other; at->family is not 0. */
bool piece_same_hosts(const struct piece *a, const struct piece *b);

/* And from one port to the same other; both have headers. */
bool piece_same_flow(const struct piece *a, const struct piece *b);

/* Whether `next` may be appended to `count` packets of its flow with `payload` bytes, the first of
 * which is `first`.  Both are mergeable; their checksums are verified when all else fits. */
bool piece_continues(struct piece *first, uint32_t count, uint32_t payload, struct piece *next);
