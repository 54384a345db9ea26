/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "udp_in.h"

#include <errno.h>
#include <stdlib.h>

#include "common/bytes.h"

enum { UNPACKED_MOST = 4 * 65536 }; /* of one batch, before it is written */

int udp_in_open(struct udp_in *u, const struct device_io *device)
{
	inlet_init(&u->inlet, device, u->tally);
	if (!u->compress)
		return 0;
	u->unpacked = malloc(UNPACKED_MOST);
	return u->unpacked ? 0 : -ENOMEM;
}

void udp_in_close(struct udp_in *u)
{
	free(u->unpacked);
}

void udp_in_write(struct udp_in *u)
{
	inlet_flush(&u->inlet);
	u->n_unpacked = 0;
}

static void take_plain(struct udp_in *u, uint64_t now, const struct esp_payload *p)
{
	if (policer_pass(u->policer, now * 1000, (uint32_t)p->size))
		inlet_packet(&u->inlet, p->data, p->size);
	else
		u->tally->rx_drops++;
}

/* Bounded by the size that the peer announces, which must be exactly right; RFC 3173 in spirit. */
static void take_packed(struct udp_in *u, uint64_t now, struct esp_payload *p)
{
	size_t size = p->size > ESP_PACKED_HEADER ? get_be16(p->data + 2) : 0;

	if (u->n_unpacked + size > UNPACKED_MOST)
		udp_in_write(u);
	if (!u->compress || size == 0 || p->data[1] != 0 ||
	    compress_unpack(u->compress, p->data + ESP_PACKED_HEADER, p->size - ESP_PACKED_HEADER,
			    u->unpacked + u->n_unpacked, size) < 0) {
		u->tally->rx_drops++;
		return;
	}
	p->data = u->unpacked + u->n_unpacked;
	p->size = size;
	u->n_unpacked += size;
	take_plain(u, now, p);
}

void udp_in_packet(struct udp_in *u, uint64_t now, struct esp_payload *p)
{
	if (p->next == ESP_PACKED)
		take_packed(u, now, p);
	else if (p->next != ESP_DUMMY)
		take_plain(u, now, p);
}
