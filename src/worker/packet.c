/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet.h"

#include <errno.h>
#include <netinet/in.h>

#include "common/bytes.h"

enum {
	ETHER_TYPE = 12,
	ETHER_SIZE = 14,
	VLAN_SIZE = 4,
	VLAN_TAGS_MOST = 2,
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
	TYPE_VLAN = 0x8100,
	TYPE_SERVICE_VLAN = 0x88a8,
	EXTENSIONS_MOST = 8, /* IPv6 extension headers; RFC 8200 knows six kinds */
};

/* An IP header at l3 of a frame of this size.  0, or -EBADMSG and *ret untouched. */
static int parse_ip4(const uint8_t *frame, uint32_t size, uint32_t l3, struct packet *ret)
{
	const uint8_t *ip = frame + l3;
	uint32_t header, total;

	if (size - l3 < IP4_SIZE)
		return -EBADMSG;
	header = (ip[0] & 0x0fu) * 4;
	total = get_be16(ip + IP4_LEN);
	if (header < IP4_SIZE || header > total || total > size - l3)
		return -EBADMSG;

	ret->family = 4;
	ret->proto = ip[IP4_PROTO];
	ret->fragment = (get_be16(ip + IP4_FRAG) & IP4_FRAGMENT) != 0;
	ret->l3 = l3;
	ret->l4 = l3 + header;
	ret->end = l3 + total;
	return 0;
}

/* Steps over the extension headers that stand before TCP or UDP.  What cannot be followed is not
 * malformed, only nothing that we know. */
static void parse_extensions(const uint8_t *frame, struct packet *p)
{
	uint32_t n, left;

	for (n = 0; n < EXTENSIONS_MOST; n++) {
		switch (p->proto) {
		case IPPROTO_FRAGMENT:
			p->fragment = 1;
			return;
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
			break;
		default:
			return;
		}
		left = p->end - p->l4;
		if (left < 8 || left < (frame[p->l4 + 1] + 1u) * 8)
			break;
		p->proto = frame[p->l4];
		p->l4 += (frame[p->l4 + 1] + 1u) * 8;
	}
	p->proto = IPPROTO_NONE;
}

static int parse_ip6(const uint8_t *frame, uint32_t size, uint32_t l3, struct packet *ret)
{
	const uint8_t *ip = frame + l3;

	if (size - l3 < IP6_SIZE || get_be16(ip + IP6_LEN) > size - l3 - IP6_SIZE)
		return -EBADMSG;

	ret->family = 6;
	ret->proto = ip[IP6_NEXT];
	ret->fragment = 0;
	ret->l3 = l3;
	ret->l4 = l3 + IP6_SIZE;
	ret->end = ret->l4 + get_be16(ip + IP6_LEN);
	parse_extensions(frame, ret);
	return 0;
}

/* By the version that the header says it has. */
static int parse_ip(const uint8_t *frame, uint32_t size, uint32_t l3, struct packet *ret)
{
	if (size == l3)
		return -EBADMSG;
	switch (frame[l3] >> 4) {
	case 4:
		return parse_ip4(frame, size, l3, ret);
	case 6:
		return parse_ip6(frame, size, l3, ret);
	default:
		return -EBADMSG;
	}
}

static int parse_ether(const uint8_t *frame, uint32_t size, struct packet *ret)
{
	uint32_t l3 = ETHER_SIZE;
	uint16_t type;
	int tags;

	if (size < ETHER_SIZE)
		return -EBADMSG;
	type = get_be16(frame + ETHER_TYPE);
	for (tags = 0; tags < VLAN_TAGS_MOST; tags++) {
		if ((type != TYPE_VLAN && type != TYPE_SERVICE_VLAN) || size < l3 + VLAN_SIZE)
			break;
		type = get_be16(frame + l3 + 2);
		l3 += VLAN_SIZE;
	}
	if ((type == TYPE_IP4 || type == TYPE_IP6) && parse_ip(frame, size, l3, ret) == 0 &&
	    (ret->family == 4) == (type == TYPE_IP4))
		return 0;

	/* A bridge carries malformed IP as well: whoever it is for will refuse it. */
	*ret = (struct packet){ .proto = IPPROTO_NONE, .l3 = l3, .l4 = l3, .end = size };
	return 0;
}

int packet_parse(enum tunnel_type type, const uint8_t *frame, size_t size, struct packet *ret)
{
	if (size > PACKET_MOST)
		return -EBADMSG;
	if (type == TUNNEL_ETHER)
		return parse_ether(frame, (uint32_t)size, ret);
	return parse_ip(frame, (uint32_t)size, 0, ret);
}

uint32_t packet_l4_size(const struct packet *p, const uint8_t *frame)
{
	uint32_t left = p->end - p->l4, size;

	if (p->family == 0 || p->fragment)
		return 0;
	if (p->proto == IPPROTO_UDP)
		return left < UDP_SIZE ? 0 : UDP_SIZE;
	if (p->proto != IPPROTO_TCP || left < TCP_SIZE)
		return 0;
	size = (frame[p->l4 + TCP_OFFSET] >> 4) * 4u;
	return size < TCP_SIZE || size > left ? 0 : size;
}

/* ECN, the lower two bits of the traffic class: RFC 3168, section 5. */
enum { ECN_NONE = 0, ECN_CE = 3 };

/* Of the word that the traffic class lies in only its lowest bits change, to all ones: the checksum
 * follows by RFC 1624, equation 3. */
static void mark_ip4(uint8_t *ip)
{
	uint32_t sum = (uint16_t)~get_be16(ip + IP4_CHECK), was = get_be16(ip);

	ip[IP4_TOS] |= ECN_CE;
	sum += (uint16_t)~was + (uint32_t)get_be16(ip);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put_be16(ip + IP4_CHECK, (uint16_t)~sum);
}

bool packet_mark_ce(const struct packet *p, uint8_t *frame)
{
	uint8_t *ip = frame + p->l3;
	unsigned ecn = p->family == 4 ? ip[IP4_TOS] & 3u : ip[1] >> 4 & 3u;

	if (!p->family || ecn == ECN_NONE)
		return false;
	if (p->family == 6)
		ip[1] |= ECN_CE << 4;
	else if (ecn != ECN_CE)
		mark_ip4(ip);
	return true;
}
