/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Superframe -> packets: what a network card does with TCP and UDP segmentation offload, for a path
 * that carries single packets.  Byte for byte what the kernel would make (t/data/gso).  Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/terms.h"
#include "vnet.h"

/* A frame that has been understood and can be cut; refers to the frame, which must stay. */
struct segment {
	uint32_t count; /* packets that it makes; 1: a plain frame */
	uint32_t size;  /* of each packet but the last, in bytes, with all its headers */
	uint32_t last;  /* of the last; at most `size` */

	/* for segment_packet() alone */
	const uint8_t *frame;
	struct packet at;
	uint32_t headers;     /* bytes before the payload */
	uint32_t gso_size;    /* 0: plain */
	uint16_t csum_start, csum_offset;
	uint8_t needs_csum;
	uint64_t ip_sum;      /* IPv4 header, without what differs from packet to packet */
	uint64_t l4_sum;      /* pseudo-header and TCP or UDP header, likewise */
};

/* A frame that the kernel gave us with this header.  0, or -EBADMSG: the header does not describe
 * the frame. */
int segment_begin(enum tunnel_type type, const struct vnet_hdr *h, const uint8_t *frame,
		  size_t size, struct segment *ret);

/* Makes packet `i` of s->count in `out`, complete with all checksums: s->size bytes, the last one
 * s->last.  In any order; cut and encrypted one by one, each is still in the cache. */
void segment_packet(const struct segment *s, uint32_t i, uint8_t *out);

/*
 * Lays all packets out at a fixed distance, as UDP_SEGMENT wants to have its datagrams: packet i
 * begins at out + i * stride + headroom, and the caller's headers and trailers fit in between.
 * stride: at least headroom + s->size.  Returns the bytes of `out` that are used, up to the last
 * packet's end; -ENOBUFS if they or `tailroom` behind them do not fit into out_size.
 */
int segment_all(const struct segment *s, size_t headroom, size_t stride, size_t tailroom,
		uint8_t *out, size_t out_size);

/* Completes the checksum of a plain frame (s->count == 1) where it lies: no copy. */
void segment_plain(const struct segment *s, uint8_t *frame);
