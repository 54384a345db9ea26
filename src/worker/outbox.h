/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What leaves by the UDP path: payloads are sealed where they lie, gathered in a batch, and sent to
 * where the path leads.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "path.h"
#include "rekey.h"

struct outbox {
	struct batch_out batch;
	struct rekey *keys; /* both are the owner's */
	struct path *path;
};

/* 0 or -ENOMEM.  The descriptor stays the caller's. */
int outbox_open(struct outbox *o, int fd, struct rekey *keys, struct path *path);
void outbox_close(struct outbox *o);

/* Room for the datagram that carries a payload of this size, which belongs at ESP_HEADER.  Whatever
 * does not go into one batch with it is sent first. */
uint8_t *outbox_room(struct outbox *o, uint64_t now, size_t payload);

/* The payload is there: it goes out with the batch.  0, or a negative errno of rekey_seal(). */
int outbox_seal(struct outbox *o, uint8_t *datagram, size_t payload, enum esp_next next);
void outbox_flush(struct outbox *o, uint64_t now);

/* A control payload, with zeros up to `size` bytes in all, leaves at once, in a datagram of its own.
 * It is no data: a path on which nobody answers it is not broken for that. */
void outbox_control(struct outbox *o, uint64_t now, const union endpoint *to, const uint8_t *payload,
		    size_t payload_size, size_t size);
