/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Both directions between device and link, and nothing else: the hot loop.
 */
#pragma once

#include "compress.h"
#include "device_io.h"
#include "inlet.h"
#include "link.h"
#include "pace.h"
#include "udp.h"

struct pump {
	struct link *link;       /* the session's */
	struct compress *compress; /* NULL: none; owned */
	struct udp *udp;           /* NULL: no UDP path; owned */
	struct device_io device; /* its descriptor is owned */
	struct inlet *inlet;     /* NULL: a stream; owned */
	bool live;               /* frames may flow: `up` has run */
	bool read_eof;           /* the stream's end has been read and sent */
	bool write_eof;          /* the peer's DATA_EOF has come, or nobody reads what we write */
	bool pending;            /* the frame could not be taken, and will be offered again */
	bool passed;             /* ... though the policer had let it pass */
	size_t written;          /* of the frame that is being written: a stream may take a part */
	struct tally tally;
	uint8_t *packed, *unpacked; /* WIRE_DATA_MOST bytes each, if there is compression */
	uint8_t *frame;             /* FRAME_MOST bytes: one of the device's that is not sent where it lies */
	uint32_t peer_features;     /* TUN_F_* that the peer's device accepts */
	struct pace pace;
	uint64_t now_us;            /* of this pump_out() */
	bool sparse;                /* the device had one frame last time: the next need not wait for a second */
	struct shaper policer;      /* server: what the client may send; without a rate: all */
	uint64_t police_us;         /* a stream's frame may pass then; CLOCK_NEVER: none waits for it */
};

enum { PACKED_HEADER = 4 }; /* DATA_Z: the original length */

/* What is counted: the packet, whether it brings its virtio-net header along or not. */
static inline size_t pump_inner_size(const struct pump *p, size_t frame)
{
	return p->device.carry_vnet && frame >= VNET_HDR_SIZE ? frame - VNET_HDR_SIZE : frame;
}

/* ---- pump.c */

void pump_init(struct pump *p, struct link *link);
void pump_free(struct pump *p);

/* Once the terms are agreed.  `role` says which `speed` is ours.  0 or a negative errno. */
int pump_open(struct pump *p, int role, const struct terms *terms, const struct device_io *device);

/* From now on data may go over UDP; `udp` is taken over. */
void pump_use_udp(struct pump *p, struct udp *udp);

/* ---- pump_out.c */

/* Device -> link or UDP, a bounded number of turns; *ret_more: there may be more at once, do not sleep.
 * OK: the device has nothing; WANT_WRITE: the network is full; TLS_FAILED also when the device is
 * gone (*ret_error is its negative errno then, else 0). */
enum tls_io pump_out(struct pump *p, uint64_t now_us, bool *ret_more, int *ret_error);

/* Whether the device is worth waiting for: `full`, the network took nothing more last time. */
bool pump_wants_device(const struct pump *p, bool full);

/* ---- pump_in.c */

/* One DATA, DATA_Z or DATA_EOF of the peer -> device.  0: done, or taken, and then the frame must stay
 * where it is until pump_in_flush(); -EAGAIN: offer the same frame again, at p->police_us if that is a
 * time, else when the device, which is full, is writable; -EPROTO: fatal. */
int pump_in(struct pump *p, const struct frame *f);
void pump_in_flush(struct pump *p);
