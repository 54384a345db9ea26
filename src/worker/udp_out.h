/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frames of the device on their way to the outbox: cut into packets, compressed, protected.
 */
#pragma once

#include <stdint.h>

#include "common/ipc.h"
#include "compress.h"
#include "device_io.h"
#include "outbox.h"
#include "reliable.h"

struct udp_out { /* what it points to is the caller's */
	const struct device_io *device;
	struct compress *compress; /* or NULL */
	struct reliable *reliable; /* or NULL */
	struct outbox *box;
	struct tally *tally;
	uint8_t *plain, *packed;   /* compression: one packet each, 64 KiB */
};

/* 0 or -ENOMEM; the pointers have been set. */
int udp_out_open(struct udp_out *u);
void udp_out_close(struct udp_out *u);

/* One frame as device_io_read() yields it.  `now` is in ms.  0; -EMSGSIZE, -EKEYEXPIRED: it must go
 * over TLS. */
int udp_out_frame(struct udp_out *u, uint64_t now, const uint8_t *frame, size_t size);
