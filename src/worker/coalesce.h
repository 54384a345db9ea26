/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets -> superframes: what the kernel's generic receive offload does, for packets that were
 * decrypted here, so that one write hands the device what would have been forty.  Pure.
 *
 * Merged are neighbours of one TCP or (if the device takes USO) UDP flow; cut again, they are the
 * same packets, but for the identification of IPv4 packets that cannot be fragmented.  Packets of
 * one flow are never reordered, several flows may be interleaved.
 *
 * A batch: coalesce_add() each packet as it is decrypted, then coalesce_next() until it returns 0.
 * The packets must stay where they are until then; headers may be changed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "common/terms.h"
#include "piece.h"
#include "vnet.h"

enum {
	COALESCE_MOST = 256,    /* packets of a batch */
	COALESCE_SEGMENTS = 64, /* packets of a superframe */
	COALESCE_FLOWS = 16,    /* flows that can be merged at the same time */
	COALESCE_IOV = 1 + COALESCE_SEGMENTS,
};

/* Lives as long as the device; nothing in it is to be freed, and nobody else's to touch. */
struct coalesce {
	enum tunnel_type type;
	uint32_t features;

	struct piece pieces[COALESCE_MOST];
	uint16_t next[COALESCE_MOST];    /* piece of the same frame */

	struct coalesce_frame {
		uint16_t first, last;    /* pieces */
		uint16_t count;
		uint32_t payload;
	} frames[COALESCE_MOST];         /* in order of their first pieces */

	uint16_t open[COALESCE_FLOWS];   /* frames that the next packet of their flow may join */

	uint16_t n_pieces, n_frames, n_open;
	uint16_t victim;                 /* the next open frame to make way for another flow */
	uint16_t n_taken;                /* frames that coalesce_next() has handed out */

	uint8_t header[VNET_HDR_SIZE];
	struct iovec iov[COALESCE_IOV];
};

/* For a device of this type that accepts `features` (TUN_F_*). */
void coalesce_init(struct coalesce *c, enum tunnel_type type, uint32_t features);

/* One frame without virtio-net header and without a partial checksum, as it comes over UDP.
 * 0; -EBADMSG: it must not be written to the device, drop and count it; -ENOBUFS: COALESCE_MOST
 * packets are there, take them out first. */
int coalesce_add(struct coalesce *c, uint8_t *data, size_t size);

/* The next frame to write to the device, its virtio-net header first: the number of pieces in
 * *ret_iov (2 to COALESCE_IOV), which hold until the next call.  0: the batch is done, and a new
 * one may begin. */
int coalesce_next(struct coalesce *c, const struct iovec **ret_iov);
