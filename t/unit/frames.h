/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frames for the tests of superframes: built from nothing, field by field, with the slowest of all
 * checksums, so that they owe nothing to the code under test.
 */
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "common/bytes.h"
#include "worker/vnet.h"

enum { FRAME_ROOM = PACKET_MOST + VNET_HDR_SIZE };

/* The same numbers in every run. */
static uint64_t rnd_state = 0x2545f4914f6cdd1d;

__attribute__((unused)) static uint32_t below(uint32_t n)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return (uint32_t)(rnd_state >> 32) % n;
}

/* ---- RFC 1071, word for word */

__attribute__((unused)) static uint32_t slow_sum(uint32_t sum, const uint8_t *p, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* ---- a flow, and any piece of it as a packet */

struct shape {
	enum tunnel_type type;
	int family, proto;
	int vlan_tags;          /* ether: 0 to 2 */
	uint16_t vlan;
	uint32_t ip_options;    /* IPv4: bytes of options; IPv6: of a destination options header */
	uint32_t tcp_options;
	uint32_t host, port;    /* which flow */
	uint16_t id, frag;      /* of the first IPv4 packet */
	uint8_t traffic_class, ttl;
	uint32_t seq, ack;
	uint16_t window, urgent;
	uint8_t tcp_flags;      /* of the whole superframe */
	uint32_t payload, gso_size;
};

__attribute__((unused)) static struct shape any_shape(void)
{
	struct shape s = {
		.type = below(2) ? TUNNEL_TUN : TUNNEL_ETHER,
		.family = below(2) ? 4 : 6,
		.proto = below(3) ? IPPROTO_TCP : IPPROTO_UDP,
		.vlan_tags = (int)below(3),
		.vlan = (uint16_t)below(4095),
		.tcp_options = below(3) ? 12 : below(11) * 4,
		.host = below(65536),
		.port = below(65536),
		.id = (uint16_t)below(65536),
		.frag = below(4) ? IP4_DF : 0,
		.traffic_class = (uint8_t)(below(64) << 2 | below(3)),
		.ttl = (uint8_t)(1 + below(255)),
		.seq = below(4) ? below(UINT32_MAX) : UINT32_MAX - below(5000),
		.ack = below(UINT32_MAX),
		.window = (uint16_t)below(65536),
		.tcp_flags = (uint8_t)(0x10 | (below(2) ? TCP_PSH : 0) | (below(8) ? 0 : TCP_FIN) |
				       (below(8) ? 0 : 0x40)),
		.gso_size = below(4) ? 1 + below(1460) : 1 + below(9000),
	};

	if (s.type == TUNNEL_TUN)
		s.vlan_tags = 0;
	s.payload = 1 + below(below(2) ? 64000 : 4000);
	if (s.proto == IPPROTO_UDP && s.payload > s.gso_size * 64)
		s.payload = s.gso_size * 64;
	if (s.gso_size > s.payload)
		s.gso_size = s.payload;
	return s;
}

static uint32_t shape_l3(const struct shape *s)
{
	return s->type == TUNNEL_TUN ? 0 : 14 + 4 * (uint32_t)s->vlan_tags;
}

static uint32_t shape_l4(const struct shape *s)
{
	return shape_l3(s) + (s->family == 4 ? 20 : 40) + s->ip_options;
}

static uint32_t shape_headers(const struct shape *s)
{
	return shape_l4(s) + (s->proto == IPPROTO_UDP ? 8 : 20 + s->tcp_options);
}

__attribute__((unused)) static uint32_t shape_count(const struct shape *s)
{
	return (s->payload + s->gso_size - 1) / s->gso_size;
}

static void write_ether(const struct shape *s, uint8_t *p)
{
	int i;

	for (i = 0; i < 12; i++)
		p[i] = (uint8_t)(2 + i);
	for (p += 12, i = 0; i < s->vlan_tags; i++, p += 4) {
		put_be16(p, i == 0 && s->vlan_tags == 2 ? 0x88a8 : 0x8100);
		put_be16(p + 2, s->vlan);
	}
	put_be16(p, s->family == 4 ? 0x0800 : 0x86dd);
}

static void write_ip4(const struct shape *s, uint32_t i, uint32_t total, uint8_t *p)
{
	p[0] = (uint8_t)(0x40 | (20 + s->ip_options) / 4);
	p[1] = s->traffic_class;
	put_be16(p + 2, (uint16_t)total);
	put_be16(p + 4, (uint16_t)(s->id + i));
	put_be16(p + 6, s->frag);
	p[8] = s->ttl;
	p[9] = (uint8_t)s->proto;
	put_be16(p + 10, 0);
	put_be32(p + 12, 0x0a000000 | s->host);
	put_be32(p + 16, 0x0a630000 | s->host);
	memset(p + 20, 1, s->ip_options);
	put_be16(p + 10, (uint16_t)~slow_sum(0, p, 20 + s->ip_options));
}

static void write_ip6(const struct shape *s, uint32_t total, uint8_t *p)
{
	put_be32(p, 0x60000000u | (uint32_t)s->traffic_class << 20 | (s->host & 0xff));
	put_be16(p + 4, (uint16_t)(total - 40));
	p[6] = (uint8_t)(s->ip_options ? IPPROTO_DSTOPTS : s->proto);
	p[7] = s->ttl;
	memset(p + 8, 0, 32);
	p[8] = p[24] = 0xfd;
	put_be32(p + 20, s->host);
	put_be32(p + 36, s->host + 1);
	if (s->ip_options) {
		memset(p + 40, 0, s->ip_options); /* Pad1 */
		p[40] = (uint8_t)s->proto;
		p[41] = (uint8_t)(s->ip_options / 8 - 1);
	}
}

/* Segment i of the flow: `size` bytes of payload from byte `from` on.  With `partial`, the checksum
 * is left to do: its place has the sum of the pseudo-header.  Returns the size of the frame. */
__attribute__((unused)) static size_t write_packet(const struct shape *s, uint32_t i, uint32_t from,
						   uint32_t size, uint8_t tcp_flags, int partial,
						   uint8_t *out)
{
	uint32_t l3 = shape_l3(s), l4 = shape_l4(s), headers = shape_headers(s);
	uint32_t end = headers + size, n, sum;
	uint8_t *p = out + l4, *check = p + (s->proto == IPPROTO_UDP ? 6 : 16);

	if (l3)
		write_ether(s, out);
	if (s->family == 4)
		write_ip4(s, i, end - l3, out + l3);
	else
		write_ip6(s, end - l3, out + l3);
	put_be32(p, s->port << 16 | 443);
	if (s->proto == IPPROTO_UDP) {
		put_be16(p + 4, (uint16_t)(end - l4));
	} else {
		put_be32(p + 4, s->seq + from);
		put_be32(p + 8, s->ack);
		p[12] = (uint8_t)((20 + s->tcp_options) / 4 << 4);
		p[13] = tcp_flags;
		put_be16(p + 14, s->window);
		put_be16(p + 18, s->urgent);
		memset(p + 20, 1, s->tcp_options);
	}
	for (n = 0; n < size; n++)
		out[headers + n] = (uint8_t)((from + n) * 2654435761u >> 13);

	sum = slow_sum(0, out + l3 + (s->family == 4 ? 12 : 8), s->family == 4 ? 8 : 32);
	sum += (uint32_t)s->proto + (end - l4);
	sum = (sum & 0xffff) + (sum >> 16);
	put_be16(check, 0);
	if (!partial) {
		sum = ~slow_sum(sum, p, end - l4) & 0xffff;
		if (sum == 0 && s->proto == IPPROTO_UDP)
			sum = 0xffff;
	}
	put_be16(check, (uint16_t)sum);
	return end;
}

/* The whole as one frame; returns its size. */
__attribute__((unused)) static size_t write_superframe(const struct shape *s, struct vnet_hdr *h,
						       uint8_t *out)
{
	int udp = s->proto == IPPROTO_UDP;

	*h = (struct vnet_hdr){
		.flags = VNET_NEEDS_CSUM,
		.gso_type = udp ? VNET_GSO_UDP : s->family == 4 ? VNET_GSO_TCP4 : VNET_GSO_TCP6,
		.hdr_len = (uint16_t)shape_headers(s),
		.gso_size = (uint16_t)s->gso_size,
		.csum_start = (uint16_t)shape_l4(s),
		.csum_offset = udp ? 6 : 16,
	};
	if (!udp && (s->tcp_flags & TCP_CWR))
		h->gso_type |= VNET_GSO_ECN;
	return write_packet(s, 0, 0, s->payload, s->tcp_flags, 1, out);
}

/* Packet i of it, as the receiver is to get it; returns its size. */
__attribute__((unused)) static size_t write_segment(const struct shape *s, uint32_t i, uint8_t *out)
{
	uint32_t from = i * s->gso_size, left = s->payload - from;
	uint8_t flags = s->tcp_flags;

	if (i > 0)
		flags &= (uint8_t)~TCP_CWR;
	if (left > s->gso_size)
		flags &= (uint8_t)~(TCP_FIN | TCP_PSH);
	return write_packet(s, i, from, left < s->gso_size ? left : s->gso_size, flags, 0, out);
}
