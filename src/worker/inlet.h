/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The peer's packets on their way to the device, merged (coalesce.h): one write for what would have
 * been dozens.  Until inlet_flush() they stay where they lie.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coalesce.h"
#include "common/ipc.h"
#include "device_io.h"

struct inlet {
	const struct device_io *device; /* not owned, nor the tally */
	struct tally *tally;            /* rx_frames, rx_bytes and rx_drops are counted there */
	struct coalesce merge;
};

/* The device is a tun or an ether.  Nothing to be freed. */
void inlet_init(struct inlet *in, const struct device_io *device, struct tally *tally);

/* One packet without a virtio-net header, its checksums complete.  What is none is dropped. */
void inlet_packet(struct inlet *in, uint8_t *data, size_t size);

/* One DATA frame, as the peer sent it.  False, and nothing is taken: it is a superframe already, or
 * wrong, and goes the way of device_io_write() by itself, behind an inlet_flush(). */
bool inlet_frame(struct inlet *in, uint8_t *frame, size_t size);

/* Writes all that has been taken.  What the device refuses is dropped. */
void inlet_flush(struct inlet *in);
