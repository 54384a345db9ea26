/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frames from and to the device, whatever it is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/terms.h"

struct device_io {
	int fd;
	enum tunnel_type type;
	bool vnet;       /* the device puts a virtio-net header before each frame */
	bool carry_vnet; /* ... and so do the frames on the wire */
	uint32_t features; /* TUN_F_* that the device accepts, and the peer has been told of */
	uint32_t piece;    /* of a stream: so many bytes are read at once, at most */
};

static inline bool device_io_is_stream(const struct device_io *d)
{
	return d->type == TUNNEL_TTY || d->type == TUNNEL_PIPE;
}

/* The most that one device_io_read() yields, in bytes. */
size_t device_io_most(const struct device_io *d);

/* One frame as it goes on the wire, into device_io_most() bytes.  Its size; 0: end of a stream;
 * -EAGAIN: nothing there; or another negative errno: the device is gone. */
ssize_t device_io_read(const struct device_io *d, void *frame);

/* Checks a frame that came from the peer and writes it.  Returns the bytes that were taken (a
 * stream may take less); -EAGAIN; -EBADMSG: not a frame that this device may be given (counted and
 * dropped by the caller); -EIO...: refused by the kernel. */
ssize_t device_io_write(const struct device_io *d, const uint8_t *frame, size_t size);
