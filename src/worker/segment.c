/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "segment.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "checksum.h"
#include "common/bytes.h"

/* 16 bits as they lie in memory, for a sum. */
static uint16_t word(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The kernel writes the zero of a computed UDP checksum, which would mean "none" (RFC 768), as its
 * other form; in a partial checksum that it completes for a plain frame, whatever the protocol. */
static void put_checksum(uint8_t *to, uint64_t sum, int zero_means_none)
{
	uint16_t check = (uint16_t)~checksum_fold(sum);

	checksum_put(to, check == 0 && zero_means_none ? 0xffff : check);
}

/* Sums that all packets share: the headers without lengths, IPv4's identification, TCP's sequence
 * number and flags, and without the checksums themselves. */
static void sum_headers(struct segment *s, size_t size)
{
	const uint8_t *ip = s->frame + s->at.l3, *l4 = s->frame + s->at.l4;
	int udp = s->at.proto == IPPROTO_UDP;
	uint16_t l4_total = htons((uint16_t)(size - s->at.l4));

	if (s->at.family == 4)
		s->ip_sum = checksum_add(0, ip, s->at.l4 - s->at.l3) +
			    (uint16_t)~word(ip + IP4_LEN) + (uint16_t)~word(ip + IP4_ID) +
			    (uint16_t)~word(ip + IP4_CHECK);

	/* The checksum field holds the pseudo-header's sum.  It stays a part of the sum, as it may
	 * be over other addresses than the packet's (routing headers); only its length goes. */
	s->l4_sum = checksum_add(0, l4, s->headers - s->at.l4) + (uint16_t)~l4_total;
	if (udp)
		s->l4_sum += (uint16_t)~word(l4 + UDP_LEN);
	else
		s->l4_sum += (uint64_t)(uint16_t)~word(l4 + TCP_SEQ) +
			     (uint16_t)~word(l4 + TCP_SEQ + 2) + (uint16_t)~word(l4 + TCP_OFFSET);
}

int segment_begin(enum tunnel_type type, const struct vnet_hdr *h, const uint8_t *frame,
		  size_t size, struct segment *ret)
{
	struct segment s = {
		.count = 1,
		.size = (uint32_t)size,
		.last = (uint32_t)size,
		.frame = frame,
		.csum_start = h->csum_start,
		.csum_offset = h->csum_offset,
		.needs_csum = h->flags & VNET_NEEDS_CSUM,
	};
	uint32_t payload;

	if (vnet_parse(type, h, frame, size, &s.at) != VNET_FINE)
		return -EBADMSG;
	if (h->gso_type != VNET_GSO_NONE) {
		s.headers = s.at.l4 + packet_l4_size(&s.at, frame);
		payload = (uint32_t)size - s.headers;
		/* What fits into one packet is no superframe, whatever it says. */
		if (payload > h->gso_size) {
			s.gso_size = h->gso_size;
			s.count = (payload + s.gso_size - 1) / s.gso_size;
			s.size = s.headers + s.gso_size;
			s.last = s.headers + payload - (s.count - 1) * s.gso_size;
			sum_headers(&s, size);
		}
	}
	*ret = s;
	return 0;
}

/* IP's length, IPv4's identification and checksum; RFC 6864 wants distinct identifications wherever
 * a packet may be fragmented. */
static void finish_ip(const struct segment *s, uint32_t i, uint8_t *ip, uint32_t total)
{
	if (s->at.family == 6) {
		put_be16(ip + IP6_LEN, (uint16_t)(total - IP6_SIZE));
		return;
	}
	put_be16(ip + IP4_LEN, (uint16_t)total);
	put_be16(ip + IP4_ID, (uint16_t)(get_be16(ip + IP4_ID) + i));
	put_checksum(ip + IP4_CHECK, s->ip_sum + word(ip + IP4_LEN) + word(ip + IP4_ID), 0);
}

/* Only the last segment ends the stream or asks to be delivered at once; only the first one answers
 * ECN (RFC 3168, section 6.1.2: CWR once). */
static uint64_t finish_tcp(const struct segment *s, uint32_t i, uint8_t *tcp)
{
	put_be32(tcp + TCP_SEQ, get_be32(tcp + TCP_SEQ) + i * s->gso_size);
	if (i > 0)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	if (i < s->count - 1)
		tcp[TCP_FLAGS] &= (uint8_t)~(TCP_FIN | TCP_PSH);
	return (uint64_t)word(tcp + TCP_SEQ) + word(tcp + TCP_SEQ + 2) + word(tcp + TCP_OFFSET);
}

void segment_packet(const struct segment *s, uint32_t i, uint8_t *out)
{
	uint32_t size = i == s->count - 1 ? s->last : s->size;
	uint8_t *l4 = out + s->at.l4;
	uint64_t sum;

	if (s->gso_size == 0) {
		memcpy(out, s->frame, size);
		segment_plain(s, out);
		return;
	}
	memcpy(out, s->frame, s->headers);
	finish_ip(s, i, out + s->at.l3, size - s->at.l3);
	sum = checksum_copy(s->l4_sum + htons((uint16_t)(size - s->at.l4)), out + s->headers,
			    s->frame + s->headers + (size_t)i * s->gso_size, size - s->headers);
	if (s->at.proto == IPPROTO_UDP) {
		put_be16(l4 + UDP_LEN, (uint16_t)(size - s->at.l4));
		put_checksum(l4 + UDP_CHECK, sum + word(l4 + UDP_LEN), 1);
	} else {
		sum += finish_tcp(s, i, l4);
		put_checksum(l4 + TCP_CHECK, sum, 0);
	}
}

int segment_all(const struct segment *s, size_t headroom, size_t stride, size_t tailroom,
		uint8_t *out, size_t out_size)
{
	size_t used = (s->count - 1) * stride + headroom + s->last;
	uint32_t i;

	if (stride < headroom + s->size || used + tailroom > out_size)
		return -ENOBUFS;
	for (i = 0; i < s->count; i++)
		segment_packet(s, i, out + i * stride + headroom);
	return (int)used;
}

void segment_plain(const struct segment *s, uint8_t *frame)
{
	if (!s->needs_csum)
		return;
	put_checksum(frame + s->csum_start + s->csum_offset,
		     checksum_add(0, frame + s->csum_start, s->size - s->csum_start), 1);
}
