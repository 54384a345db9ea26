/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frames by libdeflate for compress.c: in half of zlib's time what zlib would pack and unpack.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct compress_deflate;

/* level 1..9.  -EOPNOTSUPP: built without libdeflate. */
int compress_deflate_new(int level, struct compress_deflate **ret);
void compress_deflate_free(struct compress_deflate *d);

/* One raw deflate stream with a final block: its size, or 0 if it is larger than `size`. */
ssize_t compress_deflate_pack(struct compress_deflate *d, const uint8_t *in, size_t in_size,
			      uint8_t *out, size_t size);

/* 0 if all of `in` is one such stream of exactly out_size bytes, else -EBADMSG. */
int compress_deflate_unpack(struct compress_deflate *d, const uint8_t *in, size_t in_size,
			    uint8_t *out, size_t out_size);
