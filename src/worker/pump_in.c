/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <sys/socket.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "pump.h"

/* Where the frame's content is, unpacked if it was packed.  0 or -EPROTO. */
static int unpack(struct pump *p, const struct frame *f, const uint8_t **ret, size_t *ret_size)
{
	size_t size;

	*ret = f->data;
	*ret_size = f->size;
	if (f->type == FRAME_DATA)
		return 0;
	if (!p->compress || f->size < PACKED_HEADER)
		return -EPROTO;
	size = get_be32(f->data);
	if (size > WIRE_DATA_MOST ||
	    compress_unpack(p->compress, f->data + PACKED_HEADER, f->size - PACKED_HEADER,
			    p->unpacked, size) < 0)
		return -EPROTO;
	*ret = p->unpacked;
	*ret_size = size;
	return 0;
}

static int take_eof(struct pump *p)
{
	if (!device_io_is_stream(&p->device))
		return -EPROTO;
	p->write_eof = true;
	shutdown(p->device.fd, SHUT_WR); /* a pty has no half: nothing happens there */
	return 0;
}

/* What is too much of a stream waits, and in the end TCP holds the sender back; of packets, it
 * is lost. */
static bool police(struct pump *p, size_t size)
{
	uint64_t now = clock_us();
	bool pass = p->passed || policer_pass(&p->policer, now, (uint32_t)pump_inner_size(p, size));

	p->passed = false;
	p->pending = !pass && device_io_is_stream(&p->device);
	p->police_us = p->pending ? now + shaper_delay(&p->policer, now) : CLOCK_NEVER;
	return pass;
}

int pump_in(struct pump *p, const struct frame *f)
{
	const uint8_t *data;
	size_t size;
	ssize_t n;

	if (f->type == FRAME_DATA_EOF)
		return take_eof(p);
	if (p->pending && f->type == FRAME_DATA_Z) {
		data = p->unpacked; /* unpacked when it was first offered: a stream can do that once */
		size = get_be32(f->data);
	} else if (unpack(p, f, &data, &size) < 0) {
		return -EPROTO;
	}
	if (!police(p, size)) {
		p->tally.rx_drops += !p->pending;
		return p->pending ? -EAGAIN : 0;
	}
	if (p->inlet) {
		if (f->type == FRAME_DATA && inlet_frame(p->inlet, f->data, f->size))
			return 0;
		inlet_flush(p->inlet); /* nothing of a flow is overtaken */
	}
	do {
		n = device_io_write(&p->device, data + p->written, size - p->written);
		if (n == -EAGAIN) {
			p->pending = p->passed = true;
			return -EAGAIN;
		}
		if (n < 0)
			break;
		p->written += (size_t)n;
	} while (p->written < size);

	p->written = 0;
	p->pending = false;
	if (n < 0) {
		p->tally.rx_drops++;
		/* Nobody will ever read more of a stream. */
		p->write_eof |= device_io_is_stream(&p->device);
		return 0;
	}
	p->tally.rx_frames++;
	p->tally.rx_bytes += pump_inner_size(p, size);
	return 0;
}

void pump_in_flush(struct pump *p)
{
	if (p->inlet)
		inlet_flush(p->inlet);
}
