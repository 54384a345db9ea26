/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inlet.h"

#include <errno.h>
#include <sys/uio.h>

#include "segment.h"
#include "vnet.h"

void inlet_init(struct inlet *in, const struct device_io *device, struct tally *tally)
{
	in->device = device;
	in->tally = tally;
	coalesce_init(&in->merge, device->type, device->vnet ? device->features : 0);
}

void inlet_packet(struct inlet *in, uint8_t *data, size_t size)
{
	int r = coalesce_add(&in->merge, data, size);

	if (r == -ENOBUFS) {
		inlet_flush(in);
		r = coalesce_add(&in->merge, data, size);
	}
	if (r < 0) {
		in->tally->rx_drops++;
		return;
	}
	in->tally->rx_frames++;
	in->tally->rx_bytes += size;
}

bool inlet_frame(struct inlet *in, uint8_t *frame, size_t size)
{
	const struct device_io *d = in->device;
	struct segment s;
	struct vnet_hdr h;
	enum vnet_fault why;

	if (!d->vnet)
		return false; /* nothing would be merged */
	if (d->carry_vnet) {
		if (size <= VNET_HDR_SIZE)
			return false;
		vnet_get(frame, &h);
		frame += VNET_HDR_SIZE;
		size -= VNET_HDR_SIZE;
		if (h.gso_type != VNET_GSO_NONE || vnet_check(d->type, d->features, &h, frame, size, &why) < 0)
			return false;
		/* A checksum that was left to us: of small packets, cheaper than a write for each. */
		if (segment_begin(d->type, &h, frame, size, &s) == 0)
			segment_plain(&s, frame);
	}
	inlet_packet(in, frame, size);
	return true;
}

void inlet_flush(struct inlet *in)
{
	const struct iovec *iov;
	int n;

	while ((n = coalesce_next(&in->merge, &iov)) > 0) {
		if (!in->device->vnet) {
			iov++;
			n--;
		}
		if (writev(in->device->fd, iov, n) < 0)
			in->tally->rx_drops++;
	}
}
