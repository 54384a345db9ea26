/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "coalesce.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "checksum.h"
#include "common/bytes.h"

enum { IP_MOST = 65535, ECN_CE = 3 /* RFC 3168 */, NO_FLOW = -1 };

/* A packet under consideration. */
struct seen {
	const uint8_t *data;
	struct packet at;
	uint32_t headers; /* with those of TCP or UDP; 0: neither, or a fragment */
	uint32_t payload;
	uint32_t hash;    /* of the flow */
	int mergeable;    /* as far as can be told from the packet alone */
	int final;        /* nothing may be appended to it */
};

void coalesce_init(struct coalesce *c, enum tunnel_type type, uint32_t features)
{
	memset(c, 0, sizeof(*c));
	c->type = type;
	c->features = features;
}

/* ---- one packet by itself */

static size_t addresses_size(const struct packet *at)
{
	return at->family == 4 ? 8 : 32;
}

static const uint8_t *addresses(const struct packet *at, const uint8_t *data)
{
	return data + at->l3 + (at->family == 4 ? IP4_ADDR : IP6_ADDR);
}

/* Only chooses whom to compare with: whoever forges collisions gains a few comparisons. */
static uint32_t flow_hash(const struct packet *at, const uint8_t *data)
{
	const uint8_t *p = addresses(at, data);
	uint64_t h = get_be32(data + at->l4), w;
	size_t i;

	for (i = 0; i < addresses_size(at); i += sizeof(w)) {
		memcpy(&w, p + i, sizeof(w));
		h = (h ^ w) * 0x9e3779b97f4a7c15u; /* Fibonacci hashing */
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

/* Neither IP options nor extension headers, not a fragment, no padding behind the packet, and not
 * marked by a congested router: such a mark belongs to one packet. */
static int network_mergeable(const struct packet *at, const uint8_t *ip, size_t size)
{
	uint8_t traffic_class = at->family == 4 ? ip[IP4_TOS] : (uint8_t)(get_be16(ip) >> 4);

	if (at->end != size || (traffic_class & ECN_CE) == ECN_CE)
		return 0;
	if (at->family == 6)
		return at->l4 - at->l3 == IP6_SIZE;
	return at->l4 - at->l3 == IP4_SIZE && !(get_be16(ip + IP4_FRAG) & ~IP4_DF);
}

static int tcp_mergeable(const struct coalesce *c, const struct packet *at, const uint8_t *tcp)
{
	uint8_t flags = tcp[TCP_FLAGS];

	if (!(c->features & (at->family == 4 ? TUN_F_TSO4 : TUN_F_TSO6)))
		return 0;
	if ((flags & TCP_CWR) && !(c->features & TUN_F_TSO_ECN))
		return 0;
	return !(flags & (TCP_SYN | TCP_RST | TCP_URG));
}

static int udp_mergeable(const struct coalesce *c, const struct packet *at, const uint8_t *udp)
{
	if (!(c->features & (at->family == 4 ? TUN_F_USO4 : TUN_F_USO6)))
		return 0;
	return get_be16(udp + UDP_LEN) == at->end - at->l4 && get_be16(udp + UDP_CHECK) != 0;
}

static void look(const struct coalesce *c, const uint8_t *data, size_t size, struct seen *s)
{
	const uint8_t *l4 = data + s->at.l4;
	uint32_t l4_size = packet_l4_size(&s->at, data);

	if (l4_size == 0)
		return;
	s->headers = s->at.l4 + l4_size;
	s->payload = s->at.end - s->headers;
	s->hash = flow_hash(&s->at, data);
	s->mergeable = s->payload > 0 && network_mergeable(&s->at, data + s->at.l3, size);
	if (s->at.proto == IPPROTO_TCP) {
		s->final = l4[TCP_FLAGS] & (TCP_FIN | TCP_PSH);
		s->mergeable = s->mergeable && tcp_mergeable(c, &s->at, l4);
	} else {
		s->mergeable = s->mergeable && udp_mergeable(c, &s->at, l4);
	}
}

/* Of IP and of TCP or UDP: a superframe tells the kernel that they need no further look. */
static int checksums_right(const struct packet *at, const uint8_t *data)
{
	const uint8_t *pseudo = addresses(at, data);
	uint64_t sum = (uint64_t)htons(at->proto) + htons((uint16_t)(at->end - at->l4));

	if (at->family == 4 && checksum_fold(checksum_add(0, data + at->l3, IP4_SIZE)) != 0xffff)
		return 0;
	/* Without options and extension headers, the addresses end where TCP or UDP begins. */
	return checksum_fold(checksum_add(sum, pseudo, (size_t)(data + at->end - pseudo))) == 0xffff;
}

/* ---- two packets: the frame's first one (a) and the one to be appended (b) */

static int same_flow(const struct packet *at_a, const uint8_t *a, const struct packet *at_b,
		     const uint8_t *b)
{
	return at_a->family == at_b->family && at_a->proto == at_b->proto &&
	       !memcmp(a + at_a->l4, b + at_b->l4, 4) &&
	       !memcmp(addresses(at_a, a), addresses(at_b, b), addresses_size(at_a));
}

static int same_network(const struct coalesce_frame *f, const uint8_t *a, const struct seen *s)
{
	const uint8_t *ip_a = a + f->at.l3, *ip_b = s->data + s->at.l3;

	if (f->at.l3 != s->at.l3 || memcmp(a, s->data, s->at.l3) != 0)
		return 0;
	if (s->at.family == 6) /* traffic class, flow label */
		return !memcmp(ip_a, ip_b, 4) && ip_a[IP6_HOPS] == ip_b[IP6_HOPS];
	if (ip_a[IP4_TOS] != ip_b[IP4_TOS] || ip_a[IP4_TTL] != ip_b[IP4_TTL] ||
	    get_be16(ip_a + IP4_FRAG) != get_be16(ip_b + IP4_FRAG))
		return 0;
	return (get_be16(ip_b + IP4_FRAG) & IP4_DF) ||
	       get_be16(ip_b + IP4_ID) == (uint16_t)(get_be16(ip_a + IP4_ID) + f->count);
}

/* Next in sequence, and all else the same: acknowledgement, flags, window, options (timestamps). */
static int tcp_continues(const struct coalesce_frame *f, const uint8_t *a, const struct seen *s)
{
	const uint8_t *tcp_a = a + f->at.l4, *tcp_b = s->data + s->at.l4;
	const uint32_t may_differ = (TCP_FIN | TCP_PSH | TCP_CWR) << 16;
	uint32_t differ = get_be32(tcp_a + TCP_OFFSET) ^ get_be32(tcp_b + TCP_OFFSET);

	if ((differ & ~may_differ) || (tcp_b[TCP_FLAGS] & TCP_CWR))
		return 0;
	if (get_be32(tcp_b + TCP_SEQ) != get_be32(tcp_a + TCP_SEQ) + (f->size - f->headers))
		return 0;
	return !memcmp(tcp_a + TCP_ACK, tcp_b + TCP_ACK, 4) &&
	       !memcmp(tcp_a + TCP_URGENT, tcp_b + TCP_URGENT, s->headers - s->at.l4 - TCP_URGENT);
}

static int joins(const struct coalesce *c, struct coalesce_frame *f, const struct seen *s)
{
	const uint8_t *a = c->packets[f->first].data;

	if (s->payload > f->mss || f->size - f->at.l3 + s->payload > IP_MOST ||
	    !same_network(f, a, s))
		return 0;
	if (s->at.proto == IPPROTO_TCP && !tcp_continues(f, a, s))
		return 0;
	if (!f->verified && !checksums_right(&f->at, a))
		return 0;
	f->verified = 1;
	return checksums_right(&s->at, s->data);
}

/* ---- flows */

static int find_flow(const struct coalesce *c, const struct seen *s)
{
	int i;

	for (i = 0; i < c->n_flows; i++) {
		const struct coalesce_frame *f = &c->frames[c->flows[i].frame];

		if (c->flows[i].hash == s->hash &&
		    same_flow(&f->at, c->packets[f->first].data, &s->at, s->data))
			return i;
	}
	return NO_FLOW;
}

static void close_flow(struct coalesce *c, int slot)
{
	if (slot != NO_FLOW)
		c->flows[slot] = c->flows[--c->n_flows];
}

/* After a packet whose ports are not known: none of a flow between the same hosts may pass it. */
static void close_flows_between(struct coalesce *c, const struct seen *s)
{
	int i;

	for (i = c->n_flows - 1; i >= 0; i--) {
		const struct coalesce_frame *f = &c->frames[c->flows[i].frame];

		if (f->at.family == s->at.family &&
		    !memcmp(addresses(&f->at, c->packets[f->first].data),
			    addresses(&s->at, s->data), addresses_size(&s->at)))
			close_flow(c, i);
	}
}

/* A flow that finds no room replaces another one, which loses nothing but later company. */
static void open_flow(struct coalesce *c, uint32_t hash, uint16_t frame)
{
	int slot = c->n_flows < COALESCE_FLOWS ? c->n_flows++ : c->victim++ % COALESCE_FLOWS;

	c->flows[slot] = (struct coalesce_flow){ .hash = hash, .frame = frame };
}

/* ---- the batch */

static void start_frame(struct coalesce *c, const struct seen *s, uint16_t packet)
{
	c->frames[c->n_frames++] = (struct coalesce_frame){
		.at = s->at,
		.headers = s->headers,
		.mss = s->payload,
		.size = c->packets[packet].size,
		.first = packet,
		.last = packet,
		.count = 1,
	};
}

/* Returns whether more may follow. */
static int append(struct coalesce *c, struct coalesce_frame *f, const struct seen *s,
		  uint16_t packet)
{
	c->packets[f->last].next = packet;
	f->last = packet;
	f->count++;
	f->size += s->payload;
	return f->count < COALESCE_SEGMENTS && s->payload == f->mss && !s->final;
}

static void place(struct coalesce *c, const struct seen *s, uint16_t packet)
{
	int slot = NO_FLOW;

	if (s->headers)
		slot = find_flow(c, s);
	else if (s->at.family)
		close_flows_between(c, s);

	if (slot != NO_FLOW && s->mergeable) {
		struct coalesce_frame *f = &c->frames[c->flows[slot].frame];

		if (joins(c, f, s)) {
			if (!append(c, f, s, packet))
				close_flow(c, slot);
			return;
		}
	}
	close_flow(c, slot);
	if (s->mergeable && !s->final)
		open_flow(c, s->hash, c->n_frames);
	start_frame(c, s, packet);
}

int coalesce_add(struct coalesce *c, uint8_t *data, size_t size)
{
	struct seen s = { .data = data };

	if (c->n_packets == COALESCE_MOST)
		return -ENOBUFS;
	if (packet_parse(c->type, data, size, &s.at) < 0)
		return -EBADMSG;
	look(c, data, size, &s);
	c->packets[c->n_packets] = (struct coalesce_packet){ .data = data, .size = (uint32_t)size };
	place(c, &s, c->n_packets++);
	return 0;
}

/* ---- out again */

/* The headers of the superframe, in the place of the first packet's, and what the device is to know.
 * The checksum is left to whoever needs it: its field has the pseudo-header's sum. */
static void finish_headers(const struct coalesce *c, const struct coalesce_frame *f,
			   struct vnet_hdr *h)
{
	uint8_t *first = c->packets[f->first].data, *ip = first + f->at.l3, *l4 = first + f->at.l4;
	const uint8_t *last = c->packets[f->last].data;
	uint16_t l4_total = (uint16_t)(f->size - f->at.l4);
	uint16_t pseudo = checksum_fold(checksum_add(
		(uint64_t)htons(f->at.proto) + htons(l4_total), addresses(&f->at, first),
		addresses_size(&f->at)));
	int udp = f->at.proto == IPPROTO_UDP;

	if (f->at.family == 4) {
		put_be16(ip + IP4_LEN, (uint16_t)(f->size - f->at.l3));
		put_be16(ip + IP4_CHECK, 0);
		checksum_put(ip + IP4_CHECK, (uint16_t)~checksum_fold(checksum_add(0, ip, IP4_SIZE)));
	} else {
		put_be16(ip + IP6_LEN, l4_total);
	}
	if (udp)
		put_be16(l4 + UDP_LEN, l4_total);
	else
		l4[TCP_FLAGS] |= last[f->at.l4 + TCP_FLAGS] & (TCP_FIN | TCP_PSH);
	checksum_put(l4 + (udp ? UDP_CHECK : TCP_CHECK), pseudo);

	h->flags = VNET_NEEDS_CSUM;
	h->gso_type = udp ? VNET_GSO_UDP : f->at.family == 4 ? VNET_GSO_TCP4 : VNET_GSO_TCP6;
	if (!udp && (l4[TCP_FLAGS] & TCP_CWR))
		h->gso_type |= VNET_GSO_ECN;
	h->hdr_len = (uint16_t)f->headers;
	h->gso_size = (uint16_t)f->mss;
	h->csum_start = (uint16_t)f->at.l4;
	h->csum_offset = udp ? UDP_CHECK : TCP_CHECK;
}

int coalesce_next(struct coalesce *c, const struct iovec **ret_iov)
{
	const struct coalesce_frame *f;
	struct vnet_hdr h = {};
	uint16_t packet;
	int n;

	if (c->n_taken == c->n_frames) {
		c->n_packets = c->n_frames = c->n_taken = c->n_flows = 0;
		return 0;
	}
	f = &c->frames[c->n_taken++];
	if (f->count > 1)
		finish_headers(c, f, &h);
	vnet_put(&h, c->header);
	c->iov[0] = (struct iovec){ c->header, sizeof(c->header) };
	for (n = 1, packet = f->first; n <= f->count; n++, packet = c->packets[packet].next) {
		size_t skip = n == 1 ? 0 : f->headers;

		c->iov[n] = (struct iovec){ c->packets[packet].data + skip,
					    c->packets[packet].size - skip };
	}
	*ret_iov = c->iov;
	return n;
}
