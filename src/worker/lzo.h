/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * LZO1X for compress.c; with the names of zlib's wrapper out of the way of liblzo2's own "lzo_".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct compress_lzo;

/* level 1..9.  -EOPNOTSUPP: built without liblzo2. */
int compress_lzo_new(int level, struct compress_lzo **ret);
void compress_lzo_free(struct compress_lzo *lzo);

/* At most FRAME_MOST bytes in, one block out: its size, 0 if it is larger than `size`, or -EIO. */
ssize_t compress_lzo_pack(struct compress_lzo *lzo, const uint8_t *in, size_t in_size,
			  uint8_t *out, size_t size);

/* 0 if all of `in` is one block of exactly out_size bytes, else -EBADMSG. */
int compress_lzo_unpack(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);
