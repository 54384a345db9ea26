/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 ether? | virtio-net header | frame: cut, all payload comes out once, in packets of the size
 * that was announced, and whatever comes out parses as what went in.
 */
#include <errno.h>

#include "fuzz.h"
#include "worker/checksum.h"
#include "worker/segment.h"

enum { PREFIX = 1 + VNET_HDR_SIZE, TRIED_MOST = 300, HEADROOM = 8, TAILROOM = 21 };

static enum tunnel_type type;

static void must_be_packet(const struct segment *s, uint32_t i, const uint8_t *packet, size_t size)
{
	struct packet p;

	must(packet_parse(type, packet, size, &p) == 0);
	must(p.family == s->at.family && p.l3 == s->at.l3 && p.l4 == s->at.l4);
	if (!s->gso_size)
		return;
	must(p.end == size && p.proto == s->at.proto);
	must(!memcmp(packet + s->headers, s->frame + s->headers + i * s->gso_size,
		     size - s->headers));
	if (p.family == 4)
		must(checksum_fold(checksum_add(0, packet + p.l3, p.l4 - p.l3)) == 0xffff);
}

static void cut(const struct segment *s, size_t size)
{
	size_t stride = HEADROOM + s->size + TAILROOM, used, room;
	uint32_t i;
	uint8_t *out;

	must(s->count >= 1 && s->last >= 1 && s->last <= s->size && s->size <= size);
	must((s->count - 1) * (size_t)(s->size - s->headers) + s->last - s->headers ==
	     size - s->headers);
	for (i = 0; i < s->count && i < TRIED_MOST; i++) {
		room = i == s->count - 1 ? s->last : s->size;
		out = exact_copy(NULL, 0);
		out = realloc(out, room);
		segment_packet(s, i, out);
		must_be_packet(s, i, out, room);
		free(out);
	}
	used = (s->count - 1) * stride + HEADROOM + s->last;
	if (s->count > TRIED_MOST)
		return;
	out = malloc(used + TAILROOM);
	must(segment_all(s, HEADROOM, stride, TAILROOM, out, used + TAILROOM - 1) == -ENOBUFS);
	must(segment_all(s, HEADROOM, stride, TAILROOM, out, used + TAILROOM) == (int)used);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct segment s;
	struct vnet_hdr h;
	uint8_t *frame;

	if (size < PREFIX)
		return 0;
	type = data[0] & 1 ? TUNNEL_ETHER : TUNNEL_TUN;
	vnet_get(data + 1, &h);
	size -= PREFIX;
	frame = exact_copy(data + PREFIX, size);
	if (segment_begin(type, &h, frame, size, &s) == 0) {
		cut(&s, size);
		if (s.count == 1)
			segment_plain(&s, frame);
	}
	free(frame);
	return 0;
}
