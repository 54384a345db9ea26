/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device_io.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vnet.h"

size_t device_io_most(const struct device_io *d)
{
	return device_io_is_stream(d) ? d->piece : FRAME_MOST;
}

/* How a stream says that nobody holds its other end any more: a pty by EIO, and a socket by ECONNRESET
 * if the program has left something unread. */
static bool is_end(const struct device_io *d, int error)
{
	return (d->type == TUNNEL_TTY && error == EIO) || (d->type == TUNNEL_PIPE && error == ECONNRESET);
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
	if (n < 0)
		return is_end(d, errno) ? 0 : -errno;
	if (d->vnet && !d->carry_vnet)
		return n > VNET_HDR_SIZE ? n - VNET_HDR_SIZE : -EAGAIN;
	return n;
}

/* The virtio-net header of a frame for the device: the peer's if they are carried, else "no offload".
 * Returns the bytes of it that are in the frame itself, or -EBADMSG. */
static int check_frame(const struct device_io *d, const uint8_t *frame, size_t size)
{
	size_t carried = d->carry_vnet ? VNET_HDR_SIZE : 0;
	struct vnet_hdr h = {};
	enum vnet_fault why;

	if (size < carried)
		return -EBADMSG;
	if (carried)
		vnet_get(frame, &h);
	if (vnet_check(d->type, d->features, &h, frame + carried, size - carried, &why) < 0)
		return -EBADMSG;
	return (int)carried;
}

static ssize_t write_some(const struct device_io *d, const uint8_t *frame, size_t size, bool header)
{
	static const uint8_t no_offload[VNET_HDR_SIZE];
	struct iovec iov[2] = { { (void *)no_offload, sizeof(no_offload) }, { (void *)frame, size } };
	ssize_t n;

	do
		n = header ? writev(d->fd, iov, 2) : write(d->fd, frame, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

ssize_t device_io_write(const struct device_io *d, const uint8_t *frame, size_t size)
{
	ssize_t n;
	int carried;

	if (device_io_is_stream(d))
		return write_some(d, frame, size, false);
	carried = check_frame(d, frame, size);
	if (carried < 0)
		return carried;
	n = write_some(d, frame, size, d->vnet && !carried);
	return n < 0 ? n : (ssize_t)size;
}
