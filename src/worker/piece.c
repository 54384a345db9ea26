/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "piece.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "checksum.h"
#include "common/bytes.h"
#include "vnet.h"

enum { ECN_CE = 3 /* RFC 3168 */ };

uint8_t *piece_addresses(const struct piece *p)
{
	return p->data + p->at.l3 + (p->at.family == 4 ? IP4_ADDR : IP6_ADDR);
}

size_t piece_addresses_size(const struct piece *p)
{
	return p->at.family == 4 ? 8 : 32;
}

/* ---- one packet by itself */

/* Only chooses whom to compare with: whoever forges collisions gains a few comparisons. */
static uint32_t flow_hash(const struct piece *p)
{
	const uint8_t *addresses = piece_addresses(p);
	uint64_t hash = get_be32(p->data + p->at.l4), word;
	size_t i;

	for (i = 0; i < piece_addresses_size(p); i += sizeof(word)) {
		memcpy(&word, addresses + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u; /* Fibonacci hashing */
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}

/* Neither IP options nor extension headers, not a fragment, no padding behind the packet, and not
 * marked by a congested router: such a mark belongs to one packet. */
static bool network_mergeable(const struct piece *p)
{
	const uint8_t *ip = p->data + p->at.l3;
	uint8_t traffic_class = p->at.family == 4 ? ip[IP4_TOS] : (uint8_t)(get_be16(ip) >> 4);

	if (p->at.end != p->size || (traffic_class & ECN_CE) == ECN_CE)
		return false;
	if (p->at.family == 6)
		return p->at.l4 - p->at.l3 == IP6_SIZE;
	return p->at.l4 - p->at.l3 == IP4_SIZE && !(get_be16(ip + IP4_FRAG) & ~IP4_DF);
}

static bool tcp_mergeable(const struct piece *p, uint32_t features)
{
	uint8_t flags = p->data[p->at.l4 + TCP_FLAGS];

	if (!(features & (p->at.family == 4 ? TUN_F_TSO4 : TUN_F_TSO6)))
		return false;
	if ((flags & TCP_CWR) && !(features & TUN_F_TSO_ECN))
		return false;
	return !(flags & (TCP_SYN | TCP_RST | TCP_URG));
}

static bool udp_mergeable(const struct piece *p, uint32_t features)
{
	const uint8_t *udp = p->data + p->at.l4;

	if (!(features & (p->at.family == 4 ? TUN_F_USO4 : TUN_F_USO6)))
		return false;
	return get_be16(udp + UDP_LEN) == p->at.end - p->at.l4 && get_be16(udp + UDP_CHECK) != 0;
}

int piece_look(enum tunnel_type type, uint32_t features, uint8_t *data, size_t size,
	       struct piece *ret)
{
	uint32_t l4_size;
	int r;

	r = packet_parse(type, data, size, &ret->at);
	if (r < 0)
		return r;
	ret->data = data;
	ret->size = (uint32_t)size;
	ret->headers = ret->payload = 0;
	ret->mergeable = ret->final = ret->verified = false;
	l4_size = packet_l4_size(&ret->at, data);
	if (l4_size == 0)
		return 0;

	ret->headers = ret->at.l4 + l4_size;
	ret->payload = ret->at.end - ret->headers;
	ret->hash = flow_hash(ret);
	ret->mergeable = ret->payload && network_mergeable(ret);
	if (ret->at.proto == IPPROTO_TCP) {
		ret->final = data[ret->at.l4 + TCP_FLAGS] & (TCP_FIN | TCP_PSH);
		ret->mergeable = ret->mergeable && tcp_mergeable(ret, features);
	} else {
		ret->mergeable = ret->mergeable && udp_mergeable(ret, features);
	}
	return 0;
}

/* Of IP and of TCP or UDP: a superframe tells the kernel that they need no further look. */
static bool verify(struct piece *p)
{
	const uint8_t *ip = p->data + p->at.l3, *pseudo = piece_addresses(p);
	uint64_t sum = (uint64_t)htons(p->at.proto) + htons((uint16_t)(p->at.end - p->at.l4));

	if (p->verified)
		return true;
	if (p->at.family == 4 && checksum_fold(checksum_add(0, ip, IP4_SIZE)) != 0xffff)
		return false;
	/* Without options and extension headers, the addresses end where TCP or UDP begins. */
	sum = checksum_add(sum, pseudo, (size_t)(p->data + p->at.end - pseudo));
	p->verified = checksum_fold(sum) == 0xffff;
	return p->verified;
}

/* ---- two packets */

bool piece_same_hosts(const struct piece *a, const struct piece *b)
{
	const uint8_t *x = piece_addresses(a), *y = piece_addresses(b);

	if (a->at.family != b->at.family)
		return false;
	return a->at.family == 4 ? !memcmp(x, y, 8) : !memcmp(x, y, 32); /* known sizes: inline */
}

bool piece_same_flow(const struct piece *a, const struct piece *b)
{
	return a->hash == b->hash && a->at.proto == b->at.proto &&
	       !memcmp(a->data + a->at.l4, b->data + b->at.l4, 4) && piece_same_hosts(a, b);
}

/* All but the identification of what cannot be fragmented (RFC 6864, section 4.1). */
static bool network_continues(const struct piece *first, uint32_t count, const struct piece *next)
{
	const uint8_t *a = first->data + first->at.l3, *b = next->data + next->at.l3;

	if (first->at.l3 != next->at.l3 || memcmp(first->data, next->data, next->at.l3) != 0)
		return false;
	if (next->at.family == 6) /* traffic class, flow label */
		return !memcmp(a, b, 4) && a[IP6_HOPS] == b[IP6_HOPS];
	if (a[IP4_TOS] != b[IP4_TOS] || a[IP4_TTL] != b[IP4_TTL] ||
	    get_be16(a + IP4_FRAG) != get_be16(b + IP4_FRAG))
		return false;
	return (get_be16(b + IP4_FRAG) & IP4_DF) ||
	       get_be16(b + IP4_ID) == (uint16_t)(get_be16(a + IP4_ID) + count);
}

/* Next in sequence, and all else the same: acknowledgement, flags, window, options (timestamps). */
static bool tcp_continues(const struct piece *first, uint32_t payload, const struct piece *next)
{
	const uint8_t *a = first->data + first->at.l4, *b = next->data + next->at.l4;
	const uint32_t may_differ = (TCP_FIN | TCP_PSH | TCP_CWR) << 16;
	uint32_t differ = get_be32(a + TCP_OFFSET) ^ get_be32(b + TCP_OFFSET);

	if ((differ & ~may_differ) || (b[TCP_FLAGS] & TCP_CWR))
		return false;
	if (get_be32(b + TCP_SEQ) != get_be32(a + TCP_SEQ) + payload)
		return false;
	return !memcmp(a + TCP_ACK, b + TCP_ACK, 4) &&
	       !memcmp(a + TCP_URGENT, b + TCP_URGENT, next->headers - next->at.l4 - TCP_URGENT);
}

bool piece_continues(struct piece *first, uint32_t count, uint32_t payload, struct piece *next)
{
	if (next->payload > first->payload || !network_continues(first, count, next))
		return false;
	if (next->at.proto == IPPROTO_TCP && !tcp_continues(first, payload, next))
		return false;
	return verify(first) && verify(next);
}
