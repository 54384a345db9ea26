/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A superframe becomes the packets that the kernel would have made of it.
 */
#include <errno.h>

#include "frames.h"
#include "recorded.h"
#include "tap.h"
#include "worker/checksum.h"
#include "worker/segment.h"

static uint8_t frame[FRAME_ROOM], wanted[FRAME_ROOM], got[FRAME_ROOM];

/* ---- the kernel's own */

/* Whether every packet of a recorded file comes out as the kernel made it. */
static int equals_kernel(const struct recorded *r)
{
	struct segment s;
	uint32_t i;
	int same = 1;

	if (segment_begin(r->type, &r->h, r->superframe, r->size, &s) < 0 || s.count != r->count)
		return 0;
	for (i = 0; i < s.count; i++) {
		segment_packet(&s, i, got);
		same &= r->sizes[i] == (i == s.count - 1 ? s.last : s.size) &&
			!memcmp(got, r->packets[i], r->sizes[i]);
	}
	return same;
}

static void check_recorded(const struct recorded *r)
{
	if (r->size)
		ok(equals_kernel(r), "as the kernel does it: %s", r->name);
}

static void test_recorded(void)
{
	ok(recorded_each(check_recorded) >= 19, "all recorded files were there");
}

/* ---- made up */

/* Cuts a superframe; whether each packet is what it must be, byte for byte. */
static int cuts_well(const struct shape *shape)
{
	struct segment s;
	struct vnet_hdr h;
	size_t size = write_superframe(shape, &h, frame), n;
	uint32_t i;

	if (segment_begin(shape->type, &h, frame, size, &s) < 0 || s.count != shape_count(shape))
		return 0;
	for (i = 0; i < s.count; i++) {
		n = write_segment(shape, i, wanted);
		memset(got, 0xaa, n + 1);
		segment_packet(&s, i, got);
		if (n != (i == s.count - 1 ? s.last : s.size) || memcmp(got, wanted, n) != 0 ||
		    got[n] != 0xaa)
			return 0;
	}
	return 1;
}

static void test_random(void)
{
	int i, good = 0, cwr = 0, options = 0;

	for (i = 0; i < 2000; i++) {
		struct shape s = any_shape();

		if (s.proto == IPPROTO_TCP && !below(4)) {
			s.tcp_flags |= TCP_CWR;
			cwr++;
		}
		if (!below(3)) {
			s.ip_options = s.family == 4 ? 4 * below(11) : 8 * (1 + below(4));
			options++;
		}
		good += cuts_well(&s);
	}
	ok(cwr > 100 && options > 100, "all sorts of superframes are tried");
	ok(good == 2000, "every packet of a superframe is right, byte for byte");
}

/* Payload whose checksum comes out as zero. */
static int zero_checksum(int proto, uint16_t want)
{
	struct shape shape = { .type = TUNNEL_TUN, .family = 4, .proto = proto, .frag = IP4_DF,
			       .ttl = 64, .tcp_flags = 0x10, .payload = 200, .gso_size = 100 };
	struct vnet_hdr h;
	struct segment s;
	size_t size = write_superframe(&shape, &h, frame);
	uint8_t *first = frame + shape_headers(&shape), *check;

	segment_begin(TUNNEL_TUN, &h, frame, size, &s);
	first[0] = first[1] = 0;
	segment_packet(&s, 0, got);
	check = got + h.csum_start + h.csum_offset;
	memcpy(first, check, 2);
	segment_packet(&s, 0, got);
	return get_be16(check) == want;
}

static void test_plain(void)
{
	struct shape shape = { .type = TUNNEL_TUN, .family = 6, .proto = IPPROTO_UDP, .ttl = 64,
			       .payload = 101, .gso_size = 101 };
	struct vnet_hdr h;
	struct segment s;
	size_t size = write_superframe(&shape, &h, frame), n = write_segment(&shape, 0, wanted);

	h.gso_type = VNET_GSO_NONE;
	ok(segment_begin(TUNNEL_TUN, &h, frame, size, &s) == 0 && s.count == 1 && s.last == n,
	   "a plain frame is one packet");
	segment_packet(&s, 0, got);
	ok(!memcmp(got, wanted, n), "its partial checksum is completed");
	segment_plain(&s, frame);
	ok(!memcmp(frame, wanted, n), "also in place");
	h = (struct vnet_hdr){ .flags = VNET_DATA_VALID };
	segment_begin(TUNNEL_TUN, &h, frame, size, &s);
	segment_packet(&s, 0, got);
	ok(!memcmp(got, wanted, n), "a frame without one stays as it is");

	size = write_superframe(&shape, &h, frame);
	h.gso_size = 2000;
	ok(segment_begin(TUNNEL_TUN, &h, frame, n, &s) == -EBADMSG,
	   "a segment size beyond the frame is refused");
	h.gso_size = 120;
	ok(segment_begin(TUNNEL_TUN, &h, frame, size, &s) == 0 && s.count == 1,
	   "a superframe that fits into one packet is a plain frame");
	segment_packet(&s, 0, got);
	ok(!memcmp(got, wanted, n), "and its checksum is completed");
}

static void test_layout(void)
{
	enum { HEADROOM = 8, TAILROOM = 20, COUNT = 5 };
	struct shape shape = { .type = TUNNEL_TUN, .family = 4, .proto = IPPROTO_TCP, .ttl = 64,
			       .tcp_flags = 0x18, .payload = 4 * 1000 + 1, .gso_size = 1000 };
	const size_t stride = HEADROOM + 1040 + TAILROOM;
	const size_t used = 4 * stride + HEADROOM + 41;
	struct vnet_hdr h;
	struct segment s;
	size_t size = write_superframe(&shape, &h, frame), n;
	int same = 1;
	uint32_t i;

	segment_begin(TUNNEL_TUN, &h, frame, size, &s);
	ok(s.count == COUNT && s.size == 1040 && s.last == 41, "sizes are known before");
	memset(got, 0xaa, sizeof(got));
	ok(segment_all(&s, HEADROOM, stride, TAILROOM, got, used + TAILROOM) == (int)used,
	   "packets are laid out at a fixed distance");
	for (i = 0; i < COUNT; i++) {
		n = write_segment(&shape, i, wanted);
		same &= !memcmp(got + i * stride + HEADROOM, wanted, n);
		same &= got[i * stride + HEADROOM - 1] == 0xaa;
		same &= got[i * stride + HEADROOM + n] == 0xaa;
	}
	ok(same, "with room before and behind that is left alone");
	ok(segment_all(&s, HEADROOM, stride, TAILROOM, got, used + TAILROOM - 1) == -ENOBUFS,
	   "one byte too little is refused");
	ok(segment_all(&s, HEADROOM, HEADROOM + 1039, TAILROOM, got, sizeof(got)) == -ENOBUFS,
	   "packets that would overlap as well");
}

static void test_checksum(void)
{
	uint8_t add[2], copy[2], *to;
	size_t i, from, size;
	int good = 0;

	for (i = 0; i < FRAME_ROOM; i++)
		frame[i] = (uint8_t)below(256);
	for (i = 0; i < 4000; i++) {
		from = below(70);
		size = i < 300 ? i : below(30000);
		to = got + below(70);
		memset(to, 0xaa, size + 1);
		checksum_put(add, checksum_fold(checksum_add(0, frame + from, size)));
		checksum_put(copy, checksum_fold(checksum_copy(0, to, frame + from, size)));
		good += get_be16(add) == slow_sum(0, frame + from, size) && to[size] == 0xaa &&
			!memcmp(add, copy, 2) && !memcmp(to, frame + from, size);
	}
	ok(good == 4000, "the fast checksum equals the slow one, at any address and size");
	memset(frame, 0xff, FRAME_ROOM);
	ok(checksum_fold(checksum_add(UINT32_MAX, frame, PACKET_MOST - 1)) == 0xffff,
	   "no carry is lost");
}

int main(void)
{
	test_checksum();
	test_recorded();
	test_random();
	ok(zero_checksum(IPPROTO_UDP, 0xffff), "a zero checksum of UDP is written as 0xffff");
	ok(zero_checksum(IPPROTO_TCP, 0), "of TCP as zero");
	test_plain();
	test_layout();
	return finish();
}
