/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A hostile peer's virtio-net header does not reach the kernel.
 */
#include <errno.h>

#include "frames.h"
#include "tap.h"
#include "worker/segment.h"

enum {
	ALL = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6,
};

static uint8_t frame[FRAME_ROOM], packet[FRAME_ROOM];
static struct vnet_hdr h;
static size_t size;

static struct shape base(enum tunnel_type type, int family, int proto)
{
	return (struct shape){ .type = type, .family = family, .proto = proto, .frag = IP4_DF,
			       .ttl = 64, .tcp_options = 12, .tcp_flags = 0x18, .payload = 3000,
			       .gso_size = 1400 };
}

static void make(enum tunnel_type type, int family, int proto)
{
	struct shape s = base(type, family, proto);

	size = write_superframe(&s, &h, frame);
}

static enum vnet_fault verdict(enum tunnel_type type, uint32_t features)
{
	enum vnet_fault why = VNET_FAULT_COUNT;
	int r = vnet_check(type, features, &h, frame, size, &why);

	return (r == 0) == (why == VNET_FINE) && (r == 0 || r == -EBADMSG) ? why : VNET_FAULT_COUNT;
}

/* A good frame with one thing wrong. */
#define refused(type, family, proto, change, fault, what)                                          \
	do {                                                                                       \
		make(type, family, proto);                                                         \
		change;                                                                            \
		ok(verdict(type, ALL) == (fault), "refused: " what);                               \
	} while (0)

#define tcp4(change, fault, what) refused(TUNNEL_TUN, 4, IPPROTO_TCP, change, fault, what)
#define tcp6(change, fault, what) refused(TUNNEL_TUN, 6, IPPROTO_TCP, change, fault, what)
#define udp4(change, fault, what) refused(TUNNEL_TUN, 4, IPPROTO_UDP, change, fault, what)
#define ether(change, fault, what) refused(TUNNEL_ETHER, 4, IPPROTO_TCP, change, fault, what)

static void test_good(void)
{
	static const struct {
		int family, proto;
		uint32_t need;
	} kinds[] = {
		{ 4, IPPROTO_TCP, TUN_F_CSUM | TUN_F_TSO4 },
		{ 6, IPPROTO_TCP, TUN_F_CSUM | TUN_F_TSO6 },
		{ 4, IPPROTO_UDP, TUN_F_CSUM | TUN_F_USO4 },
		{ 6, IPPROTO_UDP, TUN_F_CSUM | TUN_F_USO6 },
	};
	int i, type, bit, needed = 1;

	for (type = TUNNEL_TUN; type <= TUNNEL_ETHER; type++) {
		for (i = 0; i < 4; i++) {
			make(type, kinds[i].family, kinds[i].proto);
			ok(verdict(type, kinds[i].need) == VNET_FINE,
			   "%s: IPv%d superframe of protocol %d", tunnel_type_name(type),
			   kinds[i].family, kinds[i].proto);
			for (bit = 1; bit <= TUN_F_USO6; bit <<= 1)
				if (kinds[i].need & (uint32_t)bit)
					needed &= verdict(type, ALL & ~(uint32_t)bit) != VNET_FINE;
		}
	}
	ok(needed, "but only if the device has been asked to accept just that");
	make(TUNNEL_TUN, 4, IPPROTO_TCP);
	h.gso_type |= VNET_GSO_ECN;
	ok(verdict(TUNNEL_TUN, ALL) == VNET_FINE, "TSO with ECN");
	ok(verdict(TUNNEL_TUN, ALL & ~TUN_F_TSO_ECN) == VNET_TYPE, "only if agreed");
}

/* The kernel cuts a UDP superframe into 128 datagrams, not more. */
static void test_datagrams(void)
{
	struct shape s = base(TUNNEL_TUN, 4, IPPROTO_UDP);

	s.gso_size = 100;
	s.payload = 12800;
	size = write_superframe(&s, &h, frame);
	ok(verdict(TUNNEL_TUN, ALL) == VNET_FINE, "128 datagrams");
	s.payload++;
	size = write_superframe(&s, &h, frame);
	ok(verdict(TUNNEL_TUN, ALL) == VNET_GSO_SIZE, "refused: 129");
}

/* T30 of the list of abuses, and its relatives. */
static void test_superframes(void)
{
	tcp4(h.gso_type = 0xff, VNET_TYPE, "an impossible kind of superframe");
	tcp4(h.gso_type = 2, VNET_TYPE, "an unknown kind of superframe");
	udp4(h.gso_type = 3, VNET_TYPE, "UFO");
	udp4(h.gso_type |= VNET_GSO_ECN, VNET_TYPE, "USO with ECN");
	tcp4(h.gso_type = VNET_GSO_ECN, VNET_TYPE, "ECN without TSO");
	tcp4(h.gso_type = VNET_GSO_TCP6, VNET_HEADERS, "IPv4 that says it were IPv6");
	tcp6(h.gso_type = VNET_GSO_TCP4, VNET_HEADERS, "IPv6 that says it were IPv4");
	tcp4(h.gso_type = VNET_GSO_UDP, VNET_HEADERS, "TCP that says it were UDP");
	udp4(h.gso_type = VNET_GSO_TCP4, VNET_HEADERS, "UDP that says it were TCP");
	tcp4(h.gso_size = 0, VNET_GSO_SIZE, "segments of nothing");
	tcp4(h.gso_size = 63, VNET_GSO_SIZE, "tiny segments");
	tcp4(h.gso_size = (uint16_t)(size + 1), VNET_GSO_SIZE, "segments larger than the frame");
	tcp4(h.gso_size = 65535, VNET_GSO_SIZE, "the kernel's own mark as the size of segments");
	tcp4(h.hdr_len = (uint16_t)(size + 1), VNET_HDR_LEN, "headers longer than the frame");
	ether(h.hdr_len = 13, VNET_HDR_LEN, "headers shorter than Ethernet's");
	tcp4(h.flags = 0, VNET_CSUM, "a superframe with all checksums done");
	tcp4(h.flags |= 4, VNET_FLAGS, "an unknown flag");
	tcp4(h.csum_start = 60000, VNET_CSUM, "a checksum beyond the frame");
	tcp4(h.csum_start = 24, VNET_CSUM, "a checksum that does not begin with TCP");
	tcp4(h.csum_offset = 14, VNET_CSUM, "a checksum in another field");
	tcp4(h.csum_start = h.csum_offset = 65535, VNET_CSUM, "offsets that run over");
	tcp4(put_be16(frame + 2, (uint16_t)(size - 1)), VNET_HEADERS, "bytes behind the packet");
	tcp6(put_be16(frame + 4, (uint16_t)(size - 41)), VNET_HEADERS, "bytes behind the packet");
	tcp4(frame[6] = 0x20, VNET_HEADERS, "a fragment");
	tcp6(frame[6] = 44, VNET_HEADERS, "an IPv6 fragment");
	tcp4(frame[32] = 0x40, VNET_HEADERS, "a TCP header that is too short");
	tcp4((size = 50, put_be16(frame + 2, 50), frame[32] = 0xf0), VNET_HEADERS,
	     "a TCP header that does not fit");
	tcp4((size = 52, put_be16(frame + 2, 52)), VNET_HEADERS, "a superframe without payload");
	udp4(put_be16(frame + 24, 3000), VNET_HEADERS, "a UDP length that is not the packet's");
}

static void test_plain(void)
{
	make(TUNNEL_TUN, 4, IPPROTO_TCP);
	h = (struct vnet_hdr){};
	ok(verdict(TUNNEL_TUN, 0) == VNET_FINE, "a plain packet");
	h.flags = VNET_DATA_VALID;
	ok(verdict(TUNNEL_TUN, 0) == VNET_FINE, "one whose checksum was verified");
	h = (struct vnet_hdr){ .flags = VNET_NEEDS_CSUM, .csum_start = 60, .csum_offset = 16 };
	ok(verdict(TUNNEL_TUN, TUN_F_CSUM) == VNET_FINE, "a checksum of an inner packet");
	ok(verdict(TUNNEL_TUN, 0) == VNET_FLAGS, "refused: one that was not asked for");
	h.csum_start = 19;
	ok(verdict(TUNNEL_TUN, ALL) == VNET_CSUM, "refused: a checksum that covers the IP header");
	h.csum_start = (uint16_t)(size - 17);
	ok(verdict(TUNNEL_TUN, ALL) == VNET_CSUM, "refused: its second byte is behind the frame");
	h.csum_start--;
	ok(verdict(TUNNEL_TUN, ALL) == VNET_FINE, "but not when it is the last one");

	make(TUNNEL_TUN, 4, IPPROTO_TCP);
	frame[0] = 0x46;
	h = (struct vnet_hdr){ .flags = VNET_NEEDS_CSUM, .csum_start = 22 };
	ok(verdict(TUNNEL_TUN, ALL) == VNET_CSUM, "refused: a checksum within the IP options");

	make(TUNNEL_TUN, 6, IPPROTO_TCP);
	frame[6] = IPPROTO_DSTOPTS;
	frame[41] = 0;
	h = (struct vnet_hdr){ .flags = VNET_NEEDS_CSUM, .csum_start = 40 };
	ok(verdict(TUNNEL_TUN, ALL) == VNET_CSUM, "refused: within an extension header");

	make(TUNNEL_ETHER, 4, IPPROTO_TCP);
	put_be16(frame + 12, 0x8864); /* PPPoE */
	h = (struct vnet_hdr){ .flags = VNET_NEEDS_CSUM, .csum_start = 42, .csum_offset = 16 };
	ok(verdict(TUNNEL_ETHER, ALL) == VNET_FINE, "ether: a checksum behind other than IP");
	h.csum_start = 33;
	ok(verdict(TUNNEL_ETHER, ALL) == VNET_CSUM, "refused: no room for IP before it");
}

static void test_frames(void)
{
	make(TUNNEL_TUN, 4, IPPROTO_TCP);
	h = (struct vnet_hdr){};
	for (size = 0; size < 20; size += 19)
		ok(verdict(TUNNEL_TUN, ALL) == VNET_FRAME, "refused: a packet of %zu bytes", size);
	size = 3051;
	ok(verdict(TUNNEL_TUN, ALL) == VNET_FRAME, "refused: IPv4 longer than the frame");
	size = 3053;
	ok(verdict(TUNNEL_TUN, ALL) == VNET_FINE, "IPv4 shorter than the frame");
	frame[0] = 0x44;
	ok(verdict(TUNNEL_TUN, ALL) == VNET_FRAME, "refused: an IPv4 header of 16 bytes");
	frame[0] = 0x05;
	ok(verdict(TUNNEL_TUN, ALL) == VNET_FRAME, "refused: IP version 0");
	frame[0] = 0x65;
	size = 39;
	ok(verdict(TUNNEL_TUN, ALL) == VNET_FRAME, "refused: IPv6 of 39 bytes");
	size = 13;
	ok(verdict(TUNNEL_ETHER, ALL) == VNET_FRAME, "ether, refused: 13 bytes");
	size = 14;
	ok(verdict(TUNNEL_ETHER, ALL) == VNET_FINE, "ether: 14 bytes");
	size = PACKET_MOST + 1;
	ok(verdict(TUNNEL_ETHER, ALL) == VNET_FRAME, "ether, refused: longer than any frame");
}

static void test_bytes(void)
{
	uint8_t bytes[VNET_HDR_SIZE];

	h = (struct vnet_hdr){ 1, 0x84, 0x0102, 0x0304, 0x0506, 0x0708 };
	vnet_put(&h, bytes);
	ok(is_hex(bytes, sizeof(bytes), "01840201040306050807"), "little-endian on the wire");
	memset(&h, 0, sizeof(h));
	vnet_get(bytes, &h);
	ok(h.flags == 1 && h.gso_type == 0x84 && h.hdr_len == 0x0102 && h.gso_size == 0x0304 &&
	   h.csum_start == 0x0506 && h.csum_offset == 0x0708, "and back");
}

/* What the kernel relies on, in other words than the code under test. */
static int holds(void)
{
	if (h.flags > 3 || h.hdr_len > size)
		return 0;
	if (h.flags & 1 && (uint32_t)h.csum_start + h.csum_offset + 2 > size)
		return 0;
	if (h.gso_type == 0)
		return 1;
	return h.gso_size >= 64 && h.gso_size <= size && h.flags & 1 &&
	       (h.csum_offset == 16 || h.csum_offset == 6) && h.csum_start + 8u < size;
}

static void test_mutations(void)
{
	uint8_t bytes[VNET_HDR_SIZE];
	int i, n, fine = 0, refused_n = 0, good = 1;
	enum tunnel_type type;
	struct segment s;

	for (i = 0; i < 200000; i++) {
		type = below(2) ? TUNNEL_TUN : TUNNEL_ETHER;
		if (i % 64 == 0) {
			struct shape any = any_shape();

			any.payload %= 5000;
			any.ip_options = below(2) ? 0 : 8;
			size = write_superframe(&any, &h, frame);
			vnet_put(&h, packet);
		}
		memcpy(bytes, packet, sizeof(bytes));
		for (n = (int)below(3); n > 0; n--)
			bytes[below(sizeof(bytes))] = (uint8_t)below(256);
		if (!below(8))
			frame[below(80)] ^= (uint8_t)(1 << below(8));
		if (!below(64))
			size = below((uint32_t)size + 1);
		vnet_get(bytes, &h);
		if (verdict(type, ALL) != VNET_FINE) {
			refused_n++;
			continue;
		}
		fine++;
		good &= holds() && segment_begin(type, &h, frame, size, &s) == 0 &&
			s.count <= 1100 && s.size <= size && s.last <= s.size;
	}
	ok(good, "what passes is what the kernel relies on, however it was damaged");
	ok(fine > 1000 && refused_n > 1000, "both happened often enough");
}

int main(void)
{
	unsigned i;
	int named = 1;

	test_bytes();
	test_good();
	test_datagrams();
	test_superframes();
	test_plain();
	test_frames();
	test_mutations();
	for (i = 0; i < VNET_FAULT_COUNT; i++)
		named &= strcmp(vnet_fault_name(i), "unknown") != 0;
	ok(named && !strcmp(vnet_fault_name(VNET_FAULT_COUNT), "unknown"), "each fault has a name");
	return finish();
}
