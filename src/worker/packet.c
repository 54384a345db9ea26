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

/* `size` is what the frame has from the IP header on.  0 or -EBADMSG. */
static int parse_ip4(const uint8_t *ip, uint32_t size, struct packet *p)
{
	uint32_t header, total;

	if (size < IP4_SIZE)
		return -EBADMSG;
	header = (ip[0] & 0x0fu) * 4;
	total = get_be16(ip + IP4_LEN);
	if (header < IP4_SIZE || header > total || total > size)
		return -EBADMSG;

	p->family = 4;
	p->fragment = (get_be16(ip + IP4_FRAG) & IP4_FRAGMENT) != 0;
	p->proto = ip[IP4_PROTO];
	p->l4 = p->l3 + header;
	p->end = p->l3 + total;
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

static int parse_ip6(const uint8_t *frame, uint32_t size, struct packet *p)
{
	const uint8_t *ip = frame + p->l3;

	if (size < IP6_SIZE || (uint32_t)get_be16(ip + IP6_LEN) + IP6_SIZE > size)
		return -EBADMSG;

	p->family = 6;
	p->proto = ip[IP6_NEXT];
	p->l4 = p->l3 + IP6_SIZE;
	p->end = p->l4 + get_be16(ip + IP6_LEN);
	parse_extensions(frame, p);
	return 0;
}

static int parse_ether(const uint8_t *frame, uint32_t size, struct packet *p)
{
	uint16_t type;
	int tags;

	if (size < ETHER_SIZE)
		return -EBADMSG;
	p->l3 = ETHER_SIZE;
	type = get_be16(frame + ETHER_TYPE);
	for (tags = 0; tags < VLAN_TAGS_MOST; tags++) {
		if ((type != TYPE_VLAN && type != TYPE_SERVICE_VLAN) || size < p->l3 + VLAN_SIZE)
			break;
		type = get_be16(frame + p->l3 + 2);
		p->l3 += VLAN_SIZE;
	}
	p->l4 = p->l3;
	p->end = size;
	p->proto = IPPROTO_NONE;

	/* A bridge carries malformed IP as well: whoever it is for will refuse it. */
	if (type == TYPE_IP4 && size > p->l3 && frame[p->l3] >> 4 == 4)
		parse_ip4(frame + p->l3, size - p->l3, p);
	else if (type == TYPE_IP6 && size > p->l3 && frame[p->l3] >> 4 == 6)
		parse_ip6(frame, size - p->l3, p);
	return 0;
}

int packet_parse(enum tunnel_type type, const uint8_t *frame, size_t size, struct packet *ret)
{
	struct packet p = {};
	int r = -EBADMSG;

	if (size > PACKET_MOST)
		return -EBADMSG;
	if (type == TUNNEL_ETHER)
		r = parse_ether(frame, (uint32_t)size, &p);
	else if (size > 0 && frame[0] >> 4 == 4)
		r = parse_ip4(frame, (uint32_t)size, &p);
	else if (size > 0 && frame[0] >> 4 == 6)
		r = parse_ip6(frame, (uint32_t)size, &p);
	if (r == 0)
		*ret = p;
	return r;
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
