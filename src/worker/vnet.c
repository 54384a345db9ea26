/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnet.h"

#include <errno.h>
#include <netinet/in.h>

#include "common/bytes.h"
#include "common/cleanup.h"

static uint16_t get_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static void put_le16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

void vnet_get(const uint8_t in[static VNET_HDR_SIZE], struct vnet_hdr *ret)
{
	*ret = (struct vnet_hdr){
		.flags = in[0],
		.gso_type = in[1],
		.hdr_len = get_le16(in + 2),
		.gso_size = get_le16(in + 4),
		.csum_start = get_le16(in + 6),
		.csum_offset = get_le16(in + 8),
	};
}

void vnet_put(const struct vnet_hdr *h, uint8_t out[static VNET_HDR_SIZE])
{
	out[0] = h->flags;
	out[1] = h->gso_type;
	put_le16(out + 2, h->hdr_len);
	put_le16(out + 4, h->gso_size);
	put_le16(out + 6, h->csum_start);
	put_le16(out + 8, h->csum_offset);
}

const char *vnet_fault_name(unsigned fault)
{
	static const char *const names[] = {
		[VNET_FINE] = "fine",
		[VNET_FRAME] = "not a frame of this device",
		[VNET_FLAGS] = "unknown or unwanted flags",
		[VNET_TYPE] = "kind of superframe not agreed on",
		[VNET_HDR_LEN] = "header length beyond the frame",
		[VNET_CSUM] = "checksum out of place",
		[VNET_GSO_SIZE] = "impossible segment size",
		[VNET_HEADERS] = "headers contradict the kind of superframe",
	};

	return fault < ARRAY_SIZE(names) ? names[fault] : "unknown";
}

/* A checksum to complete may belong to an inner packet (VXLAN, GRE...), but not to the IP header, its
 * extensions or what is before them.  For what is not IP (PPPoE, MPLS), the kernel wants room for
 * one. */
static int csum_in_place(const struct vnet_hdr *h, const struct packet *p, size_t size)
{
	uint32_t least = p->family ? p->l4 : p->l3 + IP4_SIZE;

	return h->csum_start >= least && (size_t)h->csum_start + h->csum_offset + 2 <= size;
}

/* One IP packet that fills the frame, with one whole TCP or UDP header where csum_start says. */
static enum vnet_fault check_superframe(const struct vnet_hdr *h, const struct packet *p,
					const uint8_t *frame, size_t size)
{
	int udp = h->gso_type == VNET_GSO_UDP;
	uint32_t l4_size = packet_l4_size(p, frame);

	if (p->proto != (udp ? IPPROTO_UDP : IPPROTO_TCP) || l4_size == 0 || p->end != size)
		return VNET_HEADERS;
	if (!udp && p->family != ((h->gso_type & ~VNET_GSO_ECN) == VNET_GSO_TCP4 ? 4 : 6))
		return VNET_HEADERS;
	if (udp && get_be16(frame + p->l4 + UDP_LEN) != size - p->l4)
		return VNET_HEADERS;
	if (!(h->flags & VNET_NEEDS_CSUM) || h->csum_start != p->l4 ||
	    h->csum_offset != (udp ? UDP_CHECK : TCP_CHECK))
		return VNET_CSUM;
	if (p->l4 + l4_size == size)
		return VNET_HEADERS;
	if (h->gso_size == 0 || h->gso_size > size)
		return VNET_GSO_SIZE;
	if (udp && size - p->l4 - l4_size > (size_t)h->gso_size * VNET_UDP_SEGMENTS)
		return VNET_GSO_SIZE;
	return VNET_FINE;
}

enum vnet_fault vnet_parse(enum tunnel_type type, const struct vnet_hdr *h, const uint8_t *frame,
			   size_t size, struct packet *ret)
{
	enum vnet_fault fault = VNET_FINE;
	struct packet p;

	if (packet_parse(type, frame, size, &p) < 0)
		return VNET_FRAME;
	if (h->flags & ~(VNET_NEEDS_CSUM | VNET_DATA_VALID))
		return VNET_FLAGS;
	if ((h->flags & VNET_NEEDS_CSUM) && !csum_in_place(h, &p, size))
		return VNET_CSUM;

	switch (h->gso_type) {
	case VNET_GSO_NONE:
		break;
	case VNET_GSO_TCP4:
	case VNET_GSO_TCP6:
	case VNET_GSO_TCP4 | VNET_GSO_ECN:
	case VNET_GSO_TCP6 | VNET_GSO_ECN:
	case VNET_GSO_UDP:
		fault = check_superframe(h, &p, frame, size);
		break;
	default:
		return VNET_TYPE;
	}
	if (fault == VNET_FINE)
		*ret = p;
	return fault;
}

/* The TUN_F_* without which a frame of this kind may not come to the device; of a type that is
 * unknown, one that no device has. */
static uint32_t needed_features(const struct vnet_hdr *h, const struct packet *p)
{
	uint32_t need = h->flags & VNET_NEEDS_CSUM ? TUN_F_CSUM : 0;

	if (h->gso_type & VNET_GSO_ECN)
		need |= TUN_F_TSO_ECN;
	switch (h->gso_type & ~VNET_GSO_ECN) {
	case VNET_GSO_TCP4:
		return need | TUN_F_TSO4;
	case VNET_GSO_TCP6:
		return need | TUN_F_TSO6;
	case VNET_GSO_UDP:
		return need | (p->family == 4 ? TUN_F_USO4 : TUN_F_USO6);
	}
	return need;
}

/* Frames of a peer only. */
static enum vnet_fault check_policy(enum tunnel_type type, uint32_t features,
				    const struct vnet_hdr *h, const struct packet *p, size_t size)
{
	uint32_t lacking = needed_features(h, p) & ~features;

	if (lacking)
		return lacking == TUN_F_CSUM ? VNET_FLAGS : VNET_TYPE;
	/* tun_get_user() takes hdr_len for the size of a first allocation. */
	if (h->hdr_len > size || (type == TUNNEL_ETHER && h->hdr_len && h->hdr_len < p->l3))
		return VNET_HDR_LEN;
	/* A tiny segment size makes a thousand packets of a frame. */
	if (h->gso_type != VNET_GSO_NONE && h->gso_size < VNET_GSO_LEAST)
		return VNET_GSO_SIZE;
	return VNET_FINE;
}

int vnet_check(enum tunnel_type type, uint32_t features, const struct vnet_hdr *h,
	       const uint8_t *frame, size_t size, enum vnet_fault *why)
{
	struct packet p;

	*why = vnet_parse(type, h, frame, size, &p);
	if (*why == VNET_FINE)
		*why = check_policy(type, features, h, &p, size);
	return *why == VNET_FINE ? 0 : -EBADMSG;
}
