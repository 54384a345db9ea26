/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Raw deflate and LZO1X behind one face; the only file that knows <zlib.h>, and beside it deflate.c the
 * only one that knows <libdeflate.h>, lzo.c <lzo/...>.  doc/PROTOCOL.md, "Compression".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/terms.h"

struct compress;

/* Both directions of one session; freed by compress_free().  -EOPNOTSUPP: built without liblzo2. */
int compress_new(enum comp_alg alg, int level, enum comp_mode mode, struct compress **ret);
void compress_free(struct compress *c);

/* At most FRAME_MOST bytes in.  Returns the size in out (capacity `size`), or an error.
 * Per frame, 0 means: send it raw, as DATA_Z with its length field would not be 5 % smaller.
 * A stream (DATA_Z alone, in the order of packing) always packs; COMPRESS_STREAM_ROOM(in_size) is
 * room enough, and after any error, -ENOBUFS too, the stream is broken: end the session. */
#define COMPRESS_STREAM_ROOM(in_size) ((in_size) + (in_size) / 8 + 64)
ssize_t compress_pack(struct compress *c, const uint8_t *in, size_t in_size,
		      uint8_t *out, size_t size);

/* Unpacks into exactly `out_size` bytes as announced by the peer (at most WIRE_DATA_MOST; checked
 * by the caller).  0, or -EBADMSG: overflow, underflow or trailing bytes. */
int compress_unpack(struct compress *c, const uint8_t *in, size_t in_size,
		    uint8_t *out, size_t out_size);
