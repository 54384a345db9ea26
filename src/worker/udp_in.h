/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets that came by the UDP path on their way to the device: unpacked, policed, merged, written.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/ipc.h"
#include "compress.h"
#include "device_io.h"
#include "esp.h"
#include "inlet.h"
#include "shaper.h"

struct udp_in { /* what it points to is the caller's */
	struct compress *compress; /* or NULL */
	struct shaper *policer;
	struct tally *tally;
	struct inlet inlet;
	uint8_t *unpacked;         /* of the packets that are not written yet */
	size_t n_unpacked;         /* bytes */
};

/* 0 or -ENOMEM; the pointers have been set. */
int udp_in_open(struct udp_in *u, const struct device_io *device);
void udp_in_close(struct udp_in *u);

/* Takes what esp_open() found, if it is for the device; it must stay until udp_in_write().  `now` is
 * in ms. */
void udp_in_packet(struct udp_in *u, uint64_t now, struct esp_payload *p);
void udp_in_write(struct udp_in *u);
