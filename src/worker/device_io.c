/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device_io.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/bytes.h"

enum { ETHER_HEADER = 14, ETHER_EXTRA = 22, IPV4_HEADER = 20, IPV6_HEADER = 40 };

size_t device_io_most(const struct device_io *d)
{
	return device_io_is_stream(d) ? STREAM_PIECE : FRAME_MOST;
}

ssize_t device_io_read(const struct device_io *d, void *frame)
{
	uint8_t header[VNET_HDR_SIZE];
	struct iovec iov[2] = { { header, sizeof(header) }, { frame, device_io_most(d) } };
	ssize_t n;

	do
		n = d->vnet && !d->carry_vnet ? readv(d->fd, iov, 2)
					      : read(d->fd, frame, device_io_most(d));
	while (n < 0 && errno == EINTR);
	if (n < 0) /* a pty whose slave nobody has open any more says EIO: its end */
		return d->type == TUNNEL_TTY && errno == EIO ? 0 : -errno;
	if (d->vnet && !d->carry_vnet)
		return n > VNET_HDR_SIZE ? n - VNET_HDR_SIZE : -EAGAIN;
	return n;
}

/* doc/PROTOCOL.md, "RUN over TLS": one IP packet, whole. */
static bool is_packet(const uint8_t *p, size_t size)
{
	if (size < IPV4_HEADER)
		return false;
	switch (p[0] >> 4) {
	case 4:
		return get_be16(p + 2) >= IPV4_HEADER && get_be16(p + 2) <= size;
	case 6:
		return size >= IPV6_HEADER && (size_t)get_be16(p + 4) + IPV6_HEADER <= size;
	default:
		return false;
	}
}

static bool frame_ok(const struct device_io *d, const uint8_t *frame, size_t size)
{
	if (d->type == TUNNEL_TUN)
		return is_packet(frame, size);
	return size >= ETHER_HEADER && size <= (size_t)d->mtu + ETHER_EXTRA;
}

ssize_t device_io_write(const struct device_io *d, const uint8_t *frame, size_t size)
{
	static const uint8_t no_offload[VNET_HDR_SIZE];
	struct iovec iov[2] = { { (void *)no_offload, sizeof(no_offload) }, { (void *)frame, size } };
	ssize_t n;

	if (!device_io_is_stream(d) && !frame_ok(d, frame, size))
		return -EBADMSG;
	do
		n = d->vnet ? writev(d->fd, iov, 2) : write(d->fd, frame, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return device_io_is_stream(d) ? n : (ssize_t)size;
}
