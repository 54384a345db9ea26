/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Headers are found where they are, and never behind the frame.
 */
#include <errno.h>
#include <netinet/in.h>

#include "frames.h"
#include "tap.h"
#include "worker/packet.h"

#define MACS "020202020202030303030303"
#define IP6_ADDRS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static uint8_t frame[100];

/* Parses what the text says; the frame's bytes end where an overrun would be noticed. */
static int parse(enum tunnel_type type, const char *hex, struct packet *p)
{
	size_t size = unhex(hex, frame, sizeof(frame));
	uint8_t *exact = malloc(size ? size : 1);
	int r;

	memcpy(exact, frame, size);
	memset(p, 0xff, sizeof(*p));
	r = packet_parse(type, exact, size, p);
	free(exact);
	return r;
}

static int refused(enum tunnel_type type, const char *hex)
{
	struct packet p, untouched;

	memset(&untouched, 0xff, sizeof(untouched));
	return parse(type, hex, &p) == -EBADMSG && !memcmp(&p, &untouched, sizeof(p));
}

static int found(enum tunnel_type type, const char *hex, struct packet want)
{
	struct packet p;

	if (parse(type, hex, &p) < 0)
		return 0;
	return p.family == want.family && p.proto == want.proto && p.fragment == want.fragment &&
	       p.l3 == want.l3 && p.l4 == want.l4 && p.end == want.end;
}

static void test_ip4(void)
{
	const enum tunnel_type tun = TUNNEL_TUN;

	ok(found(tun, "450000180000400040060000" "0102030405060708" "01020304",
		 (struct packet){ 4, 6, 0, 0, 20, 24 }), "IPv4");
	ok(found(tun, "460000180000400040110000" "0102030405060708" "01010101",
		 (struct packet){ 4, 17, 0, 0, 24, 24 }), "IPv4 with options");
	ok(found(tun, "450000140000000040110000" "0102030405060708" "0000",
		 (struct packet){ 4, 17, 0, 0, 20, 20 }), "IPv4 with bytes behind the packet");
	ok(found(tun, "450000140000200040110000" "0102030405060708",
		 (struct packet){ 4, 17, 1, 0, 20, 20 }), "a first fragment");
	ok(found(tun, "450000140000000140110000" "0102030405060708",
		 (struct packet){ 4, 17, 1, 0, 20, 20 }), "a later fragment");
	ok(refused(tun, "4500001400000001401100000102030405060" "7"), "refused: 19 bytes");
	ok(refused(tun, "440000140000000040110000" "0102030405060708"), "refused: a short header");
	ok(refused(tun, "460000140000000040110000" "0102030405060708" "01010101"),
	   "refused: a header longer than the packet");
	ok(refused(tun, "450000150000000040110000" "0102030405060708"),
	   "refused: a packet longer than the frame");
	ok(refused(tun, "") && refused(tun, "00") && refused(tun, "750000140000000040110000"
								   "0102030405060708"),
	   "refused: what is not IP");
}

static void test_ip6(void)
{
	const enum tunnel_type tun = TUNNEL_TUN;

	ok(found(tun, "60000000" "00020640" IP6_ADDRS "0102",
		 (struct packet){ 6, 6, 0, 0, 40, 42 }), "IPv6");
	ok(refused(tun, "60000000" "00000640" "000102030405060708090a0b0c0d0e0f"
		   "101112131415161718191a1b1c1d1e"), "refused: 39 bytes");
	ok(refused(tun, "60000000" "00020640" IP6_ADDRS "01"),
	   "refused: IPv6 longer than the frame");
	ok(found(tun, "60000000" "00180040" IP6_ADDRS "2b00000000000000" "3c00000000000000"
		 "1100000000000000", (struct packet){ 6, 17, 0, 0, 64, 64 }),
	   "hop-by-hop, routing and destination options are stepped over");
	ok(found(tun, "60000000" "00100040" IP6_ADDRS "1101000000000000" "0000000000000000",
		 (struct packet){ 6, 17, 0, 0, 56, 56 }), "by their own length");
	ok(found(tun, "60000000" "00070040" IP6_ADDRS "11000000000000",
		 (struct packet){ 6, IPPROTO_NONE, 0, 0, 40, 47 }), "but not when cut off");
	ok(found(tun, "60000000" "00010040" IP6_ADDRS "11",
		 (struct packet){ 6, IPPROTO_NONE, 0, 0, 40, 41 }), "nor when there is no length");
	ok(found(tun, "60000000" "00080040" IP6_ADDRS "1101000000000000",
		 (struct packet){ 6, IPPROTO_NONE, 0, 0, 40, 48 }), "nor behind the packet");
	ok(found(tun, "60000000" "00082c40" IP6_ADDRS "1100000000000000",
		 (struct packet){ 6, IPPROTO_FRAGMENT, 1, 0, 40, 48 }), "a fragment");
	ok(found(tun, "60000000" "00080040" IP6_ADDRS "3300000000000000",
		 (struct packet){ 6, 51, 0, 0, 48, 48 }), "other headers end the search");
}

static void test_many_extensions(void)
{
	uint8_t bytes[40 + 9 * 8] = { 0x60 };
	struct packet p;

	bytes[5] = 9 * 8;
	bytes[40 + 8 * 8] = IPPROTO_UDP;
	ok(packet_parse(TUNNEL_TUN, bytes, sizeof(bytes), &p) == 0 && p.proto == IPPROTO_NONE,
	   "a long chain of extension headers is not followed");
}

static void test_ether(void)
{
	const enum tunnel_type ether = TUNNEL_ETHER;

	ok(found(ether, MACS "0800" "450000140000400040060000" "0102030405060708",
		 (struct packet){ 4, 6, 0, 14, 34, 34 }), "IPv4 over Ethernet");
	ok(found(ether, MACS "81000064" "86dd" "60000000" "00000640" IP6_ADDRS,
		 (struct packet){ 6, 6, 0, 18, 58, 58 }), "IPv6 behind a VLAN tag");
	ok(found(ether, MACS "88a80064" "81000064" "0800" "450000140000400040060000"
		 "0102030405060708", (struct packet){ 4, 6, 0, 22, 42, 42 }), "behind two");
	ok(found(ether, MACS "81000064" "81000064" "81000064" "0800" "45",
		 (struct packet){ 0, IPPROTO_NONE, 0, 22, 22, 27 }), "but not three");
	ok(found(ether, MACS "8100" "006408", (struct packet){ 0, IPPROTO_NONE, 0, 14, 14, 17 }),
	   "a tag that is cut off is none");
	ok(found(ether, MACS "0806" "0001", (struct packet){ 0, IPPROTO_NONE, 0, 14, 14, 16 }),
	   "what is not IP passes");
	ok(found(ether, MACS "0800" "4500", (struct packet){ 0, IPPROTO_NONE, 0, 14, 14, 16 }),
	   "malformed IP passes as something else");
	ok(found(ether, MACS "0800" "65", (struct packet){ 0, IPPROTO_NONE, 0, 14, 14, 15 }) &&
	   found(ether, MACS "86dd", (struct packet){ 0, IPPROTO_NONE, 0, 14, 14, 14 }),
	   "of the wrong version, or none at all, as well");
	ok(refused(ether, MACS "08"), "refused: 13 bytes");
}

/* The size of the TCP or UDP header in so many bytes behind IPv4's. */
static uint32_t l4_size(uint8_t proto, uint32_t left, uint8_t offset)
{
	struct packet p = { .family = 4, .proto = proto, .l4 = 20, .end = 20 + left };

	memset(frame, 0, sizeof(frame));
	frame[20 + TCP_OFFSET] = offset;
	return packet_l4_size(&p, frame);
}

static void test_l4(void)
{
	struct packet fragment = { .family = 4, .proto = IPPROTO_UDP, .fragment = 1, .end = 99 };

	ok(l4_size(IPPROTO_UDP, 8, 0) == 8 && l4_size(IPPROTO_UDP, 7, 0) == 0, "UDP: 8 bytes");
	ok(l4_size(IPPROTO_TCP, 20, 0x50) == 20 && l4_size(IPPROTO_TCP, 19, 0x50) == 0,
	   "TCP: 20 bytes");
	ok(l4_size(IPPROTO_TCP, 60, 0xf0) == 60 && l4_size(IPPROTO_TCP, 59, 0xf0) == 0,
	   "with options that fit");
	ok(l4_size(IPPROTO_TCP, 60, 0x40) == 0, "not less than 20");
	ok(l4_size(IPPROTO_ICMP, 60, 0x50) == 0, "none: another protocol");
	ok(packet_l4_size(&fragment, frame) == 0, "none: a fragment");
}

/* Every traffic class of every kind of packet: whether a mark makes it the packet that it would have
 * been with that traffic class, if it may be marked. */
static int marked_right(const struct shape *plain)
{
	static uint8_t got[FRAME_ROOM], want[FRAME_ROOM];
	struct shape s = *plain;
	struct packet p;
	size_t size;
	int may;

	size = write_packet(&s, 0, 0, 100, 0x10, 0, got);
	may = (s.traffic_class & 3) != 0;
	if (may)
		s.traffic_class |= 3;
	write_packet(&s, 0, 0, 100, 0x10, 0, want);
	return packet_parse(s.type, got, size, &p) == 0 && packet_mark_ce(&p, got) == may &&
	       !memcmp(got, want, size);
}

static void test_mark(void)
{
	const uint8_t arp[60] = { [12] = 8, 6, 0, 1 };
	unsigned i, right = 0;
	uint8_t copy[60];
	struct packet p;

	for (i = 0; i < 20 * 256; i++) {
		struct shape s = any_shape();

		s.traffic_class = (uint8_t)i;
		right += (unsigned)marked_right(&s);
	}
	ok(right == 20 * 256, "congestion is marked where ECN is in use, and nothing else changes");
	memcpy(copy, arp, sizeof(arp));
	ok(packet_parse(TUNNEL_ETHER, copy, sizeof(copy), &p) == 0 && !packet_mark_ce(&p, copy) &&
	   !memcmp(copy, arp, sizeof(arp)), "what is not IP is not marked");
	memset(copy, 0x45, sizeof(copy));
	copy[12] = 8; /* IPv4, it says, of 17 KiB */
	copy[13] = 0;
	ok(packet_parse(TUNNEL_ETHER, copy, sizeof(copy), &p) == 0 && !packet_mark_ce(&p, copy),
	   "nor is malformed IP");
}

int main(void)
{
	test_ip4();
	test_ip6();
	test_many_extensions();
	test_ether();
	test_l4();
	test_mark();
	return finish();
}
