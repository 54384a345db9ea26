/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets become the superframe that they were cut from, and nothing is merged or passed that must
 * not be.
 */
#include <errno.h>

#include "frames.h"
#include "recorded.h"
#include "tap.h"
#include "worker/coalesce.h"
#include "worker/segment.h"

enum {
	ALL = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6,
	PACKET_ROOM = 10000,
};

static struct coalesce c;
static uint8_t room[COALESCE_MOST][PACKET_ROOM]; /* the packets of a batch */
static size_t sizes[COALESCE_MOST];
static uint8_t frame[FRAME_ROOM], wanted[FRAME_ROOM], packet[PACKET_ROOM];

/* The next frame in one piece, behind its virtio-net header; 0: no more. */
static size_t next_frame(struct vnet_hdr *h)
{
	const struct iovec *iov;
	size_t size = 0;
	int n = coalesce_next(&c, &iov), i;

	if (n == 0)
		return 0;
	vnet_get(iov[0].iov_base, h);
	for (i = 1; i < n; i++) {
		memcpy(frame + size, iov[i].iov_base, iov[i].iov_len);
		size += iov[i].iov_len;
	}
	return size;
}

static void add(uint32_t i)
{
	if (coalesce_add(&c, room[i], sizes[i]) < 0)
		abort();
}

/* All segments of the shape as one batch; the number of frames that come out, the first one in
 * `frame`. */
static int frames_of(const struct shape *s, uint32_t features, struct vnet_hdr *h, size_t *size)
{
	struct vnet_hdr other;
	uint32_t i;
	int n = 1;

	coalesce_init(&c, s->type, features);
	for (i = 0; i < shape_count(s); i++) {
		sizes[i] = write_segment(s, i, room[i]);
		add(i);
	}
	*size = next_frame(h);
	memcpy(wanted, frame, *size);
	while (next_frame(&other))
		n++;
	memcpy(frame, wanted, *size);
	return n;
}

/* ---- coalesce(segment(x)) = x */

static void test_inverse(void)
{
	struct vnet_hdr h, wanted_h;
	int good = 0, tried = 0, cwr = 0;
	size_t size, wanted_size;

	while (tried < 2000) {
		struct shape s = any_shape();

		if (shape_count(&s) > COALESCE_SEGMENTS || shape_count(&s) < 2)
			continue;
		if (s.proto == IPPROTO_TCP && !below(8)) {
			s.tcp_flags |= TCP_CWR;
			cwr++;
		}
		tried++;
		if (frames_of(&s, ALL, &h, &size) != 1)
			continue;
		wanted_size = write_superframe(&s, &wanted_h, wanted);
		good += size == wanted_size && !memcmp(frame, wanted, size) &&
			!memcmp(&h, &wanted_h, sizeof(h));
	}
	ok(good == tried && cwr > 50, "segments become the superframe that they were cut from");
}

/* The same in the code's own words: cut by it, and merged again. */
static void test_round_trip(void)
{
	int good = 0, tried = 0;

	while (tried < 3000) {
		struct shape s = any_shape();
		struct vnet_hdr h, h2;
		struct segment cut;
		size_t size;
		uint32_t i;

		if (shape_count(&s) > COALESCE_SEGMENTS || shape_count(&s) < 2)
			continue;
		if (s.proto == IPPROTO_TCP && !below(8))
			s.tcp_flags |= TCP_CWR;
		tried++;
		size = write_superframe(&s, &h, wanted);
		if (segment_begin(s.type, &h, wanted, size, &cut) < 0)
			continue;
		coalesce_init(&c, s.type, ALL);
		for (i = 0; i < cut.count; i++) {
			sizes[i] = i == cut.count - 1 ? cut.last : cut.size;
			segment_packet(&cut, i, room[i]);
			add(i);
		}
		good += next_frame(&h2) == size && !memcmp(frame, wanted, size) &&
			!memcmp(&h, &h2, sizeof(h)) && !next_frame(&h2);
	}
	ok(good == tried, "coalesce(segment(x)) = x, for 3,000 of all sorts");
}

/* ---- the kernel's own */

/* A frame as the kernel would have it.  The IPv4 checksum of a superframe that was changed by hand
 * is not right; ours must be. */
static int is_kernels(const struct recorded *r, const struct vnet_hdr *h, size_t size)
{
	uint8_t *ip = frame + r->h.csum_start - 20;
	int is4 = *ip == 0x45; /* of IPv6 that is a byte of the source's address: 0 */

	memcpy(wanted, r->superframe, r->size);
	if (is4)
		memcpy(wanted + (ip - frame) + IP4_CHECK, ip + IP4_CHECK, 2);
	return (!is4 || slow_sum(0, ip, 20) == 0xffff) && size == r->size &&
	       !memcmp(frame, wanted, size) && !memcmp(h, &r->h, sizeof(*h));
}

static void check_recorded(const struct recorded *r)
{
	static const char *const apart[] = { "options", "extension", "-ce", "fragments" };
	struct vnet_hdr h;
	size_t i, size;
	int stays = 0, same = 1;

	for (i = 0; i < sizeof(apart) / sizeof(apart[0]); i++)
		stays |= strstr(r->name, apart[i]) != NULL;
	coalesce_init(&c, r->type, ALL);
	for (i = 0; i < r->count; i++) {
		sizes[i] = r->sizes[i];
		memcpy(room[i], r->packets[i], sizes[i]);
		add((uint32_t)i);
	}
	if (!stays && r->count > 1) {
		size = next_frame(&h);
		ok(is_kernels(r, &h, size) && !next_frame(&h),
		   "%s: the kernel's packets become the kernel's superframe", r->name);
		return;
	}
	for (i = 0; i < r->count; i++)
		same &= next_frame(&h) == r->sizes[i] && h.flags == 0 && h.gso_type == 0 &&
			!memcmp(frame, r->packets[i], r->sizes[i]);
	ok(same && r->count > 0 && !next_frame(&h), "%s: passes as it is", r->name);
}

static void test_recorded(void)
{
	ok(recorded_each(check_recorded) >= 19, "all recorded files were there");
}

/* What comes out may be written to the device, and has the right header pieces. */
static void test_pieces(void)
{
	struct shape s = { .type = TUNNEL_TUN, .family = 6, .proto = IPPROTO_TCP, .tcp_flags = 0x18,
			   .ttl = 3, .tcp_options = 12, .payload = 5000, .gso_size = 1000 };
	const struct iovec *iov;
	enum vnet_fault why;
	struct vnet_hdr h;
	size_t size;
	uint32_t i;

	ok(frames_of(&s, ALL, &h, &size) == 1 &&
	   vnet_check(TUNNEL_TUN, ALL, &h, frame, size, &why) == 0,
	   "a superframe passes the check for frames from outside");
	for (i = 0; i < 5; i++) {
		sizes[i] = write_segment(&s, i, room[i]);
		add(i);
	}
	ok(coalesce_next(&c, &iov) == 6 && iov[1].iov_base == room[0] &&
	   iov[5].iov_base == room[4] + 72 && iov[5].iov_len == 1000,
	   "nothing is copied: headers of the first, payload of the others");
	ok(coalesce_next(&c, &iov) == 0, "then the batch is done");
}

/* ---- what is merged, and what is not */

static struct shape two(void)
{
	return (struct shape){ .type = TUNNEL_TUN, .family = 4, .proto = IPPROTO_TCP, .host = 1,
			       .port = 1000, .frag = IP4_DF, .ttl = 64, .tcp_options = 12,
			       .tcp_flags = 0x10, .window = 500, .payload = 200, .gso_size = 100 };
}

/* Frames that come out of the first segment of a and the second one of b. */
static int pair(const struct shape *a, const struct shape *b)
{
	struct vnet_hdr h;
	int n = 0;

	coalesce_init(&c, a->type, ALL);
	sizes[0] = write_packet(a, 0, 0, a->gso_size, a->tcp_flags, 0, room[0]);
	sizes[1] = write_packet(b, 1, b->gso_size, b->payload - b->gso_size, b->tcp_flags, 0,
				room[1]);
	add(0);
	add(1);
	while (next_frame(&h))
		n++;
	return n;
}

#define differ(change, what)                                                                       \
	do {                                                                                       \
		struct shape a = two(), b = two();                                                 \
		change;                                                                            \
		ok(pair(&a, &b) == 2, "not merged: " what);                                        \
	} while (0)

#define both(change, frames, what)                                                                 \
	do {                                                                                       \
		struct shape a = two();                                                            \
		change;                                                                            \
		ok(pair(&a, &a) == (frames), what);                                                \
	} while (0)

static void test_rules(void)
{
	both((void)a, 1, "merged: two segments of a connection");
	differ(b.host = 2, "other hosts");
	differ(b.port = 1001, "other ports");
	differ(b.ttl = 63, "another time to live");
	differ(b.traffic_class = 4, "another class of traffic");
	differ(b.traffic_class = 1, "another ECN codepoint");
	differ(b.frag = 0, "one may be fragmented, the other not");
	differ((a.frag = b.frag = 0, b.id = 7), "identifications that do not follow, no DF");
	differ(b.seq = 1, "a gap in the sequence");
	differ(b.seq = UINT32_MAX, "an overlap");
	differ(b.ack = 1, "another acknowledgement");
	differ(b.window = 501, "another window");
	differ(b.urgent = 1, "another urgent pointer");
	differ(b.tcp_options = 16, "other options");
	differ(b.tcp_flags = 0x50, "other flags");
	differ(b.tcp_flags = 0x90, "CWR in the second one");
	differ(a.tcp_flags = 0x18, "behind PSH");
	differ(a.tcp_flags = 0x11, "behind FIN");
	differ(b.payload = 201, "more than the first one's payload");
	differ((a.type = b.type = TUNNEL_ETHER, b.vlan_tags = 1), "one of a VLAN");
	differ((a.type = b.type = TUNNEL_ETHER, a.vlan_tags = b.vlan_tags = 1, b.vlan = 1),
	       "other VLANs");
	differ((a.family = b.family = 6, b.ttl = 63), "another hop limit");
	differ((a.family = b.family = 6, b.host = 257), "other hosts with the same flow label");
	both((a.frag = 0, a.id = 65535), 1, "merged: identifications that run over, no DF");
	both(a.traffic_class = 2, 1, "merged: both ECN-capable");
	both(a.traffic_class = 3, 2, "not merged: marked by a router");
	both(a.ip_options = 4, 2, "not merged: IPv4 options");
	both((a.family = 6, a.ip_options = 8), 2, "not merged: IPv6 extension headers");
	both(a.frag = 0x2000, 2, "not merged: fragments");
	both(a.frag = 0x8000, 2, "not merged: an unknown flag of IPv4");
	both(a.tcp_flags = 0x12, 2, "not merged: SYN");
	both(a.tcp_flags = 0x14, 2, "not merged: RST");
	both(a.tcp_flags = 0x30, 2, "not merged: URG");
	both(a.payload = 100, 2, "not merged: nothing in it");
	both(a.proto = 132, 2, "not merged: neither TCP nor UDP");
	both((a.proto = IPPROTO_UDP, a.frag = IP4_DF), 1, "merged: two datagrams of a flow");
	differ((a.proto = b.proto = IPPROTO_UDP, b.payload = 201), "a larger datagram");
}

static void test_features(void)
{
	struct shape s = two();
	struct vnet_hdr h;
	size_t size;

	ok(frames_of(&s, ALL & ~TUN_F_TSO4, &h, &size) == 2, "not merged: a device without TSO");
	s.proto = IPPROTO_UDP;
	ok(frames_of(&s, ALL & ~TUN_F_USO4, &h, &size) == 2, "not merged: a device without USO");
	s = two();
	s.tcp_flags |= TCP_CWR;
	ok(frames_of(&s, ALL & ~TUN_F_TSO_ECN, &h, &size) == 2,
	   "not merged: CWR, and a device that would repeat it");
}

/* A wrong checksum must not be covered up by the superframe's. */
static void test_checksums(void)
{
	struct shape s = two();
	struct vnet_hdr h;
	size_t offset, i;
	int merged = 0, changed = 0, tried = 0;

	for (i = 0; i < 2; i++) {
		for (offset = 0; offset < 152; offset++, tried++) {
			coalesce_init(&c, s.type, ALL);
			sizes[0] = write_segment(&s, 0, room[0]);
			sizes[1] = write_segment(&s, 1, room[1]);
			room[i][offset] ^= 0x10;
			memcpy(packet, room[i], sizes[i]);
			if (coalesce_add(&c, room[0], sizes[0]) < 0 ||
			    coalesce_add(&c, room[1], sizes[1]) < 0)
				continue;
			if (i == 1)
				next_frame(&h);
			merged += next_frame(&h) != sizes[i];
			changed += memcmp(frame, packet, sizes[i]) != 0;
		}
	}
	ok(tried == 304 && merged == 0, "no packet with one wrong bit is merged");
	ok(changed == 0, "it is passed on as it came");
}

/* Two datagrams with something wrong (2 bytes) at an offset; the payload makes up for it, so that
 * both sum up as if all were right.  Frames that come out. */
static int datagrams(size_t offset, uint16_t value, size_t padding)
{
	struct shape s = two();
	struct vnet_hdr h;
	uint32_t i;
	int n = 0;

	s.proto = IPPROTO_UDP;
	coalesce_init(&c, s.type, ALL);
	for (i = 0; i < 2; i++) {
		sizes[i] = write_segment(&s, i, room[i]);
		put_be16(room[i] + 28, 0);
		put_be16(room[i] + offset, value);
		put_be16(room[i] + 28, (uint16_t)~slow_sum(17 + 108, room[i] + 12, sizes[i] - 12));
		sizes[i] += padding;
		add(i);
	}
	while (next_frame(&h))
		n++;
	return n;
}

static void test_datagrams(void)
{
	ok(datagrams(24, 108, 0) == 1 && datagrams(26, 0xbeef, 0) == 1,
	   "merged: datagrams whose payload makes their checksums right");
	ok(datagrams(26, 0, 0) == 2, "not merged: without a checksum");
	ok(datagrams(24, 107, 0) == 2, "not merged: bytes behind the datagram");
	ok(datagrams(24, 108, 1) == 2, "not merged: bytes behind the packet");
}

/* Makes it the shape of flow number i. */
static uint32_t hash_of(struct shape *s, uint32_t i)
{
	struct piece p;

	s->host = i & 0xffff;
	s->port = 1 + (i >> 16);
	write_packet(s, 0, 0, 1, 0x10, 0, packet);
	piece_look(s->type, ALL, packet, shape_headers(s) + 1, &p);
	return p.hash;
}

/* Two flows that the hash does not tell apart, found by trying (the birthday paradox). */
static void test_collision(void)
{
	enum { TRIED = 400000 };
	static uint32_t hashes[1 << 22]; /* by their upper bits: number of the flow, + 1 */
	struct shape a = two(), b = two();
	uint32_t i, *slot, hash = 0, found = 0;

	for (i = 0; i < TRIED && !found; i++) {
		hash = hash_of(&a, i);
		slot = &hashes[hash >> 10];
		found = *slot && hash_of(&b, *slot - 1) == hash;
		*slot = i + 1;
	}
	ok(found && pair(&a, &b) == 2, "not merged: two flows with one hash");
}

/* ---- limits */

static void test_limits(void)
{
	struct shape s = two();
	struct vnet_hdr h;
	size_t size;
	uint32_t i;

	s.payload = 65 * 100;
	ok(frames_of(&s, ALL, &h, &size) == 2 && size == 52 + 6400, "at most 64 segments");
	s.gso_size = 9000;
	s.payload = 72000;
	ok(frames_of(&s, ALL, &h, &size) == 2 && size == 52 + 63000, "at most 64 KiB");
	s.gso_size = 9926;
	s.payload = 65535 - 52 + 1;
	ok(frames_of(&s, ALL, &h, &size) == 2, "not one byte more than IP can say");
	s.payload--;
	ok(frames_of(&s, ALL, &h, &size) == 1 && size == 65535, "but not one byte less");
	s.payload = s.gso_size = 100;
	coalesce_init(&c, s.type, ALL);
	for (i = 0; i < COALESCE_MOST; i++) {
		sizes[i] = write_packet(&s, i, i * 100, 100, 0x10, 0, room[i]);
		add(i);
	}
	ok(coalesce_add(&c, room[0], sizes[0]) == -ENOBUFS, "a full batch takes no more");
	for (i = 0; next_frame(&h) == 6452; i++)
		;
	ok(i == COALESCE_MOST / COALESCE_SEGMENTS && !next_frame(&h), "nothing is lost");
	ok(coalesce_add(&c, room[0], 19) == -EBADMSG, "what is not a packet is refused");
	ok(!next_frame(&h), "and not passed on");
}

/* ---- order: many flows, all sorts of packets */

enum { FLOWS = 24 };

struct stream {
	struct shape shape;
	uint32_t sent, segments;
	uint8_t left[COALESCE_MOST]; /* packets of the batch that have not come out, in order */
	unsigned n_left;
};

static uint8_t original[COALESCE_MOST][PACKET_ROOM];
static struct stream streams[FLOWS];

/* The stream's next packet, now and then a strange one. */
static void send_one(struct stream *f, unsigned i)
{
	struct shape s = f->shape;
	uint32_t size = below(6) ? s.gso_size : below(s.gso_size + 1), bit;

	switch (below(12)) {
	case 0:
		s.tcp_flags |= (uint8_t)(1u << below(8));
		break;
	case 1:
		s.ack++;
		break;
	case 2:
		s.frag = (uint16_t)below(65536);
		break;
	case 3:
		s.ip_options = 8;
		break;
	}
	sizes[i] = write_packet(&s, f->segments++, f->sent, size, s.tcp_flags, 0, room[i]);
	f->sent += size;
	if (!below(20)) { /* behind the ports: whose it is must stay clear */
		bit = 8 * (shape_l4(&s) + 4) + below(8 * (uint32_t)(sizes[i] - shape_l4(&s) - 4));
		room[i][bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	memcpy(original[i], room[i], sizes[i]);
	f->left[f->n_left++] = (uint8_t)i;
}

/* Cuts a frame that came out; each packet must be the next one of its stream. */
static int next_of_streams(const struct vnet_hdr *h, size_t size)
{
	struct stream *f;
	struct segment s;
	uint32_t i;

	if (segment_begin(TUNNEL_TUN, h, frame, size, &s) < 0)
		return 0;
	for (i = 0; i < s.count; i++) {
		segment_packet(&s, i, packet);
		size = i == s.count - 1 ? s.last : s.size;
		for (f = streams; f < streams + FLOWS; f++)
			if (f->n_left && sizes[f->left[0]] == size &&
			    !memcmp(original[f->left[0]], packet, size))
				break;
		if (f == streams + FLOWS)
			return 0;
		memmove(f->left, f->left + 1, --f->n_left);
	}
	return 1;
}

static void test_order(void)
{
	unsigned round, flows, i, n, frames = 0, packets = 0;
	int good = 1, all_out = 1;
	struct vnet_hdr h;
	size_t size;

	coalesce_init(&c, TUNNEL_TUN, ALL);
	for (round = 0; round < 1500; round++) {
		flows = 1 + below(below(2) ? 3 : FLOWS);
		for (i = 0; i < flows; i++) {
			streams[i] = (struct stream){ .shape = any_shape() };
			streams[i].shape.type = TUNNEL_TUN;
			streams[i].shape.vlan_tags = 0;
			streams[i].shape.host = i + 1;
			streams[i].shape.tcp_flags = 0x10;
			streams[i].shape.gso_size %= 1461;
		}
		n = 1 + below(COALESCE_MOST);
		for (i = 0; i < n; i++) {
			send_one(&streams[below(flows)], i);
			add(i);
		}
		packets += n;
		for (; (size = next_frame(&h)) > 0; frames++)
			good &= next_of_streams(&h, size);
		for (i = 0; i < flows; i++)
			all_out &= streams[i].n_left == 0;
	}
	ok(good, "whatever is merged: cut again, the packets are the same, in each flow's order");
	ok(all_out, "and all of them come out");
	ok(frames < packets * 3 / 4, "much of it has been merged");
}

int main(void)
{
	test_inverse();
	test_round_trip();
	test_recorded();
	test_pieces();
	test_rules();
	test_features();
	test_checksums();
	test_datagrams();
	test_collision();
	test_limits();
	test_order();
	return finish();
}
