/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bytes.h"

enum {
	BATCH_BYTES = 3 * 65536, /* one flush for so much, or for what there is */
	BATCH_FRAMES = 64,      /* the same for UDP */
	TURNS_MOST = 8,         /* then the other direction gets its turn */
	PACKED_HEADER = 4,      /* DATA_Z: the original length */
	PACK_LEAST = 64,        /* smaller frames never gain what the header costs */
};

void pump_init(struct pump *p, struct link *link)
{
	*p = (struct pump){ .link = link, .device.fd = -1 };
}

void pump_free(struct pump *p)
{
	if (p->device.fd >= 0)
		close(p->device.fd);
	udp_free(p->udp);
	compress_free(p->compress);
	free(p->packed);
	free(p->unpacked);
	free(p->frame);
	*p = (struct pump){ .link = p->link, .device.fd = -1, .tally = p->tally };
}

int pump_open(struct pump *p, const struct terms *t, const struct device_io *device)
{
	p->device = *device;
	if (t->comp_alg == COMP_NONE)
		return 0;
	p->packed = malloc(WIRE_DATA_MOST);
	p->unpacked = malloc(WIRE_DATA_MOST);
	if (!p->packed || !p->unpacked)
		return -ENOMEM;
	return compress_new(t->comp_alg, t->comp_level, t->comp_mode, &p->compress);
}

int pump_use_udp(struct pump *p, struct udp *udp)
{
	p->udp = udp;
	p->frame = malloc(FRAME_MOST);
	return p->frame ? 0 : -ENOMEM;
}

/* What is counted: the packet, whether it brings its virtio-net header along or not. */
static size_t inner_size(const struct pump *p, size_t frame)
{
	return p->device.carry_vnet && frame >= VNET_HDR_SIZE ? frame - VNET_HDR_SIZE : frame;
}

/* ---- device -> link */

/* Packs the frame that was read to `room`, in place.  Returns the type it is sent as. */
static enum frame_type pack(struct pump *p, uint8_t *room, size_t *size)
{
	ssize_t n = 0;

	if (*size >= PACK_LEAST || device_io_is_stream(&p->device))
		n = compress_pack(p->compress, room, *size, p->packed, WIRE_DATA_MOST - PACKED_HEADER);
	p->tally.tx_raw += *size;
	p->tally.tx_packed += n > 0 ? (size_t)n : *size;
	if (n <= 0)
		return FRAME_DATA;
	put_be32(room, (uint32_t)*size);
	memcpy(room + PACKED_HEADER, p->packed, (size_t)n);
	*size = (size_t)n + PACKED_HEADER;
	return FRAME_DATA_Z;
}

/* Reads frames into the link until there is a batch.  Their number, or a negative errno. */
static int read_batch(struct pump *p)
{
	int frames = 0;
	uint8_t *room;

	while (link_queued(p->link) < BATCH_BYTES &&
	       (room = link_room(p->link, device_io_most(&p->device)))) {
		ssize_t n = device_io_read(&p->device, room);
		enum frame_type type = FRAME_DATA;
		size_t size = (size_t)n;

		if (n == -EAGAIN)
			break;
		if (n < 0)
			return (int)n;
		frames++;
		if (n == 0 && device_io_is_stream(&p->device)) {
			p->read_eof = true;
			link_commit(p->link, FRAME_DATA_EOF, 0);
			break;
		}
		p->tally.tx_frames++;
		p->tally.tx_bytes += inner_size(p, size);
		if (p->compress)
			type = pack(p, room, &size);
		link_commit(p->link, (uint8_t)type, size);
	}
	return frames;
}

/* A frame that UDP cannot take (yet) goes over TLS; the other end takes both at any time. */
static void send_over_link(struct pump *p, size_t size)
{
	uint8_t *room = link_room(p->link, size);

	if (!room) {
		p->tally.tx_drops++;
		return;
	}
	memcpy(room, p->frame, size);
	link_commit(p->link, FRAME_DATA, size);
	p->tally.tx_frames++;
	p->tally.tx_bytes += inner_size(p, size);
}

static int read_udp_batch(struct pump *p, uint64_t now)
{
	int frames;

	for (frames = 0; frames < BATCH_FRAMES; frames++) {
		ssize_t n = device_io_read(&p->device, p->frame);

		if (n == -EAGAIN)
			break;
		if (n < 0)
			return (int)n;
		if (udp_send(p->udp, now, p->frame, (size_t)n) < 0)
			send_over_link(p, (size_t)n);
	}
	udp_flush(p->udp, now);
	return frames;
}

enum tls_io pump_out(struct pump *p, uint64_t now, bool *ret_more, int *ret_error)
{
	int turn, n;

	*ret_more = false;
	*ret_error = 0;
	for (turn = 0; turn < TURNS_MOST; turn++) {
		enum tls_io io = link_flush(p->link);

		if (io != TLS_OK || !p->live || p->read_eof)
			return io;
		n = p->udp && udp_is_up(p->udp) ? read_udp_batch(p, now) : read_batch(p);
		if (n < 0) {
			*ret_error = n;
			return TLS_FAILED;
		}
		if (n == 0)
			return TLS_OK;
	}
	*ret_more = true;
	return link_flush(p->link);
}

/* ---- link -> device */

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
	do {
		n = device_io_write(&p->device, data + p->written, size - p->written);
		if (n == -EAGAIN) {
			p->pending = true;
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
		return 0;
	}
	p->tally.rx_frames++;
	p->tally.rx_bytes += inner_size(p, size);
	return 0;
}
