/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The virtio-net header (virtio 1.2, section 5.1.6) that stands before each frame of a device with
 * IFF_VNET_HDR, and before each DATA when both sides agreed on it: read, written, and judged before
 * the kernel sees it.
 */
#pragma once

#include <linux/if_tun.h>
#include <stddef.h>
#include <stdint.h>

#include "common/terms.h"
#include "packet.h"

/* Linux 6.2; the headers may be older than the kernel. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

enum vnet_flag { VNET_NEEDS_CSUM = 1, VNET_DATA_VALID = 2 };

enum vnet_gso {
	VNET_GSO_NONE = 0,
	VNET_GSO_TCP4 = 1,
	VNET_GSO_TCP6 = 4,
	VNET_GSO_UDP = 5,    /* USO, which keeps the boundaries of datagrams; not the old UFO, 3 */
	VNET_GSO_ECN = 0x80, /* with TCP4 and TCP6: CWR is set, and belongs to the first segment */
};

enum {
	VNET_GSO_LEAST = 64,      /* gso_size that a peer may ask our kernel for */
	VNET_UDP_SEGMENTS = 128,  /* Linux cuts no UDP superframe into more (UDP_MAX_SEGMENTS) */
};

struct vnet_hdr {
	uint8_t flags;        /* enum vnet_flag */
	uint8_t gso_type;     /* enum vnet_gso */
	uint16_t hdr_len;     /* all headers of the frame; only a hint */
	uint16_t gso_size;    /* payload of each segment but the last */
	uint16_t csum_start;  /* NEEDS_CSUM: the checksum is over the frame from here on, */
	uint16_t csum_offset; /* its place so far behind; there is the pseudo-header's sum */
};

/* Little-endian on the wire and on the device (TUNSETVNETLE). */
void vnet_get(const uint8_t in[static VNET_HDR_SIZE], struct vnet_hdr *ret);
void vnet_put(const struct vnet_hdr *h, uint8_t out[static VNET_HDR_SIZE]);

/* What is wrong with a frame: one counter each. */
enum vnet_fault {
	VNET_FINE = 0,
	VNET_FRAME,    /* not a frame of this type of device */
	VNET_FLAGS,    /* an unknown flag, or a checksum to complete that was not agreed on */
	VNET_TYPE,     /* not a kind of superframe that the device accepts */
	VNET_HDR_LEN,  /* hdr_len is not within the frame */
	VNET_CSUM,     /* the checksum's place is not within the frame, or not where it must be */
	VNET_GSO_SIZE, /* gso_size is too small, beyond the frame, or makes too many segments */
	VNET_HEADERS,  /* a superframe's headers are not what its type says */
	VNET_FAULT_COUNT
};

const char *vnet_fault_name(unsigned fault);

/*
 * Whether a frame and its header from a peer may be written to our device, which accepts `features`
 * (TUN_F_*, as negotiated): doc/PROTOCOL.md, "RUN over TLS".  Whatever the kernel would refuse is
 * refused here, and what it would believe is checked: a superframe's addresses are its own matter,
 * its geometry is not.  A sender asks the same with the peer's features, and segments (segment.h)
 * what the peer would refuse.
 * Returns 0, or -EBADMSG and in *why the reason (VNET_FINE else).
 */
int vnet_check(enum tunnel_type type, uint32_t features, const struct vnet_hdr *h,
	       const uint8_t *frame, size_t size, enum vnet_fault *why);

/* The part of it that holds for our own kernel's frames as well: the header describes the frame.
 * Returns VNET_FINE and where the headers lie, or what is wrong. */
enum vnet_fault vnet_parse(enum tunnel_type type, const struct vnet_hdr *h, const uint8_t *frame,
			   size_t size, struct packet *ret);
