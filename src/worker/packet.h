/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the headers of one frame of a device lie: bounded, for frames that come from anybody.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/terms.h"

/* The largest frame without its virtio-net header: IP's limit, behind an Ethernet header with two
 * VLAN tags (IEEE 802.1Q, 802.1ad). */
enum { PACKET_MOST = FRAME_MOST - VNET_HDR_SIZE };

/* Offsets of fields: IPv4 (RFC 791), IPv6 (RFC 8200), TCP (RFC 9293), UDP (RFC 768). */
enum {
	IP4_TOS = 1,
	IP4_LEN = 2,
	IP4_ID = 4,
	IP4_FRAG = 6,
	IP4_TTL = 8,
	IP4_PROTO = 9,
	IP4_CHECK = 10,
	IP4_ADDR = 12, /* both addresses, 8 bytes */
	IP4_SIZE = 20,

	IP6_LEN = 4,
	IP6_NEXT = 6,
	IP6_HOPS = 7,
	IP6_ADDR = 8, /* both addresses, 32 bytes */
	IP6_SIZE = 40,

	TCP_SEQ = 4,
	TCP_ACK = 8,
	TCP_OFFSET = 12, /* the upper half of the byte: length of the header in 32-bit words */
	TCP_FLAGS = 13,
	TCP_WINDOW = 14,
	TCP_CHECK = 16,
	TCP_URGENT = 18,
	TCP_SIZE = 20,

	UDP_LEN = 4,
	UDP_CHECK = 6,
	UDP_SIZE = 8,
};

enum { IP4_DF = 0x4000, IP4_FRAGMENT = 0x3fff /* "more fragments", or an offset */ };

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_URG = 0x20,
	TCP_CWR = 0x80,
};

struct packet {
	uint8_t family;   /* 4 or 6; 0: not IP, or (ether only) not well-formed IP */
	uint8_t proto;    /* IPPROTO_* of what is at l4; IPPROTO_NONE: cannot be told */
	uint8_t fragment; /* a part of a larger packet: l4 may be anything */
	uint32_t l3;      /* offset of the IP header, or of what is behind the Ethernet header */
	uint32_t l4;      /* offset behind the IP header, its options and extension headers */
	uint32_t end;     /* end of the packet by IP's own length, at most the frame's size */
};

/* `type` is TUNNEL_TUN or TUNNEL_ETHER.  0, or -EBADMSG for what must not be written to the device:
 * tun: not one IP packet (20 bytes, version 4 or 6, lengths within the frame); ether: less than 14
 * bytes; both: more than PACKET_MOST. */
int packet_parse(enum tunnel_type type, const uint8_t *frame, size_t size, struct packet *ret);

/* The header of TCP or UDP at l4, with TCP's options: its size; 0 if it is something else, or not
 * within the packet. */
uint32_t packet_l4_size(const struct packet *p, const uint8_t *frame);

/* Marks an IP packet "congestion experienced" if its ends understand that (RFC 3168, section 5).
 * False: they do not, and the frame is as it was.  No checksum but IPv4's depends on it. */
bool packet_mark_ce(const struct packet *p, uint8_t *frame);
