/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "outbox.h"

#include <errno.h>
#include <string.h>

static socklen_t endpoint_size(const union endpoint *e)
{
	return e->any.sa_family == AF_INET6 ? sizeof(e->v6) : sizeof(e->v4);
}

int outbox_open(struct outbox *o, int fd, struct rekey *keys, struct path *path)
{
	*o = (struct outbox){ .keys = keys, .path = path };
	return batch_out_open(&o->batch, fd);
}

void outbox_close(struct outbox *o)
{
	batch_out_close(&o->batch);
}

static void flush_to(struct outbox *o, uint64_t now, const union endpoint *to)
{
	size_t segment = o->batch.segment;

	if (batch_out_flush(&o->batch, &to->any, endpoint_size(to)) == -EMSGSIZE)
		path_refused(o->path, now, segment);
}

void outbox_flush(struct outbox *o, uint64_t now)
{
	if (o->batch.count == 0)
		return;
	flush_to(o, now, &o->path->peer);
	path_sent(o->path, now);
}

uint8_t *outbox_room(struct outbox *o, uint64_t now, size_t payload)
{
	uint8_t *out = batch_out_room(&o->batch, esp_size(payload));

	if (!out) {
		outbox_flush(o, now);
		out = batch_out_room(&o->batch, esp_size(payload));
	}
	return out;
}

int outbox_seal(struct outbox *o, uint8_t *datagram, size_t payload, enum esp_next next)
{
	ssize_t n = rekey_seal(o->keys, datagram, payload, next);

	if (n < 0)
		return (int)n;
	batch_out_commit(&o->batch, (size_t)n);
	return 0;
}

void outbox_control(struct outbox *o, uint64_t now, const union endpoint *to, const uint8_t *payload,
		    size_t payload_size, size_t size)
{
	uint8_t *out;

	if (size < payload_size)
		size = payload_size;
	outbox_flush(o, now);
	out = outbox_room(o, now, size);
	if (!out)
		return;
	memcpy(out + ESP_HEADER, payload, payload_size);
	memset(out + ESP_HEADER + payload_size, 0, size - payload_size);
	if (outbox_seal(o, out, size, ESP_CONTROL) == 0)
		flush_to(o, now, to);
}
