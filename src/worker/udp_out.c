/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "udp_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "segment.h"

enum { CONTROL_RESERVE = 500 }; /* packets of a key that data leaves to probes, acknowledgements */

/* A frame, and what of it is being sent. */
struct cutting {
	struct segment s;
	uint64_t now;    /* ms */
	uint64_t now_us; /* only if `reliable` */
};

int udp_out_open(struct udp_out *u)
{
	if (!u->compress)
		return 0;
	u->plain = malloc(65536);
	u->packed = malloc(65536);
	return u->plain && u->packed ? 0 : -ENOMEM;
}

void udp_out_close(struct udp_out *u)
{
	free(u->plain);
	free(u->packed);
}

static enum esp_next next_header(const struct udp_out *u, const uint8_t *packet)
{
	if (u->device->type == TUNNEL_ETHER)
		return ESP_ETHERNET;
	return packet[0] >> 4 == 6 ? ESP_IPV6 : ESP_IPV4;
}

/* ---- one packet */

/* What goes before a payload of this size; -ENOBUFS: it is dropped. */
static int header_for(struct udp_out *u, const struct cutting *c, size_t size)
{
	return u->reliable ? reliable_room(u->reliable, c->now_us, size) : 0;
}

/* The payload lies behind its header. */
static int send_payload(struct udp_out *u, const struct cutting *c, uint8_t *out, int header,
			size_t size, enum esp_next next)
{
	if (header)
		return reliable_send(u->reliable, c->now_us, out, size, next);
	return outbox_seal(u->box, out, size, next);
}

/* Cut, sealed and queued while it is in the cache. */
static int send_plain(struct udp_out *u, const struct cutting *c, uint32_t i, size_t size)
{
	int header = header_for(u, c, size);
	uint8_t *out, *packet;

	if (header < 0)
		return header;
	out = outbox_room(u->box, c->now, size + (size_t)header);
	packet = out + ESP_HEADER + header;
	segment_packet(&c->s, i, packet);
	return send_payload(u, c, out, header, size, next_header(u, packet));
}

/* Without compression: u->plain is copied. */
static int send_unpacked(struct udp_out *u, const struct cutting *c, size_t size)
{
	int header = header_for(u, c, size);
	uint8_t *out;

	if (header < 0)
		return header;
	out = outbox_room(u->box, c->now, size + (size_t)header);
	memcpy(out + ESP_HEADER + header, u->plain, size);
	return send_payload(u, c, out, header, size, next_header(u, u->plain));
}

/* Smaller if that is possible; the sizes differ, so that hardly two leave in one batch. */
static int send_packed(struct udp_out *u, const struct cutting *c, uint32_t i, size_t size)
{
	size_t packed = size;
	uint8_t *out;
	int header;
	ssize_t n;

	segment_packet(&c->s, i, u->plain);
	n = compress_pack(u->compress, u->plain, size, u->packed, size);
	u->tally->tx_raw += size;
	if (n > 0)
		packed = (size_t)n + ESP_PACKED_HEADER;
	u->tally->tx_packed += packed;
	if (packed >= size)
		return send_unpacked(u, c, size);
	header = header_for(u, c, packed);
	if (header < 0)
		return header;
	out = outbox_room(u->box, c->now, packed + (size_t)header) + ESP_HEADER + header;
	out[0] = (uint8_t)next_header(u, u->plain);
	out[1] = 0;
	put_be16(out + 2, (uint16_t)size);
	memcpy(out + ESP_PACKED_HEADER, u->packed, (size_t)n);
	return send_payload(u, c, out - ESP_HEADER - header, header, packed, ESP_PACKED);
}

static int send_packet(struct udp_out *u, const struct cutting *c, uint32_t i)
{
	size_t size = i + 1 < c->s.count ? c->s.size : c->s.last;
	int r = u->compress ? send_packed(u, c, i, size) : send_plain(u, c, i, size);

	if (r == -ENOBUFS || r == -ENOMEM) {
		u->tally->tx_drops++;
		return 0;
	}
	if (r < 0)
		return r;
	u->tally->tx_frames++;
	u->tally->tx_bytes += size;
	return 0;
}

/* ---- a frame */

static bool fits(const struct udp_out *u, size_t size)
{
	size_t more = u->reliable ? reliable_overhead(size) : 0;

	return esp_size(size + more) <= path_most(u->box->path);
}

int udp_out_frame(struct udp_out *u, uint64_t now, const uint8_t *frame, size_t size)
{
	size_t carried = u->device->carry_vnet ? VNET_HDR_SIZE : 0;
	/* The turn may be long: round trips are measured from the frame's own time. */
	struct cutting c = { .now = now, .now_us = u->reliable ? clock_us() : 0 };
	struct vnet_hdr h = {};
	uint32_t i;
	int r = 0;

	if (size <= carried)
		return 0;
	if (carried)
		vnet_get(frame, &h);
	if (segment_begin(u->device->type, &h, frame + carried, size - carried, &c.s) < 0) {
		u->tally->tx_drops++;
		return 0;
	}
	if (!fits(u, c.s.size))
		return -EMSGSIZE;
	/* The whole frame or nothing of it; and the path is not to look dead when only its key is. */
	if (rekey_left(u->box->keys) < c.s.count + CONTROL_RESERVE)
		return -EKEYEXPIRED;
	for (i = 0; i < c.s.count && r == 0; i++)
		r = send_packet(u, &c, i);
	if (r < 0 && i > 1) { /* a part of it is on its way: the rest is lost, not sent twice */
		u->tally->tx_drops++;
		return 0;
	}
	return r;
}
