/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compress.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "deflate.h"
#include "lzo.h"

enum {
	WINDOW_RAW = -15,   /* 32 KiB, without zlib's header and checksum (RFC 1951) */
	MEMORY_LEVEL = 8,
	LENGTH_FIELD = 4,   /* the original length, which a raw frame does not carry */
	AT_BLOCK_END = 128, /* z_stream.data_type: behind a block, no bit left over */
};

struct compress {
	enum comp_mode mode;
	struct compress_lzo *lzo;         /* or, if NULL: */
	struct compress_deflate *deflate; /* or, if NULL, zlib: */
	z_stream pack, unpack;
};

static int zlib_new(struct compress *c, int level)
{
	if (deflateInit2(&c->pack, level, Z_DEFLATED, WINDOW_RAW, MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	if (inflateInit2(&c->unpack, WINDOW_RAW) != Z_OK)
		return -ENOMEM;
	return 0;
}

/* libdeflate knows no streams, and may not be there for frames. */
static int deflate_new(struct compress *c, int level)
{
	int r = c->mode == COMP_STREAM ? -EOPNOTSUPP : compress_deflate_new(level, &c->deflate);

	return r == -EOPNOTSUPP ? zlib_new(c, level) : r;
}

int compress_new(enum comp_alg alg, int level, enum comp_mode mode, struct compress **ret)
{
	struct compress *c;
	int r;

	if (level < 1 || level > 9 || (alg != COMP_DEFLATE && alg != COMP_LZO) ||
	    (mode == COMP_STREAM && alg != COMP_DEFLATE))
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->mode = mode;
	r = alg == COMP_LZO ? compress_lzo_new(level, &c->lzo) : deflate_new(c, level);
	if (r < 0) {
		compress_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void compress_free(struct compress *c)
{
	if (!c)
		return;
	/* Harmless on what was never begun. */
	deflateEnd(&c->pack);
	inflateEnd(&c->unpack);
	compress_deflate_free(c->deflate);
	compress_lzo_free(c->lzo);
	free(c);
}

static void set_buffers(z_stream *z, const uint8_t *in, size_t in_size, uint8_t *out, size_t size)
{
	z->next_in = (z_const Bytef *)in;
	z->avail_in = (uInt)in_size;
	z->next_out = out;
	z->avail_out = (uInt)size;
}

static ssize_t pack_stream(struct compress *c, const uint8_t *in, size_t in_size,
			   uint8_t *out, size_t size)
{
	set_buffers(&c->pack, in, in_size, out, size);
	/* Z_BUF_ERROR: nothing new since the last flush.  A full buffer may hide more to come. */
	if (deflate(&c->pack, Z_SYNC_FLUSH) < 0 && in_size)
		return -EIO;
	return c->pack.avail_out ? (ssize_t)(size - c->pack.avail_out) : -ENOBUFS;
}

static ssize_t pack_frame(struct compress *c, const uint8_t *in, size_t in_size,
			  uint8_t *out, size_t size)
{
	size_t most = in_size * 95 / 100;

	/* With no more room than is worth it, a frame that does not pack costs little. */
	if (most <= LENGTH_FIELD)
		return 0;
	if (size > most - LENGTH_FIELD)
		size = most - LENGTH_FIELD;
	if (c->lzo)
		return compress_lzo_pack(c->lzo, in, in_size, out, size);
	if (c->deflate)
		return compress_deflate_pack(c->deflate, in, in_size, out, size);
	if (deflateReset(&c->pack) != Z_OK)
		return -EIO;
	set_buffers(&c->pack, in, in_size, out, size);
	return deflate(&c->pack, Z_FINISH) == Z_STREAM_END
		       ? (ssize_t)(size - c->pack.avail_out) : 0;
}

ssize_t compress_pack(struct compress *c, const uint8_t *in, size_t in_size,
		      uint8_t *out, size_t size)
{
	if (in_size > FRAME_MOST)
		return -EINVAL;
	return c->mode == COMP_STREAM ? pack_stream(c, in, in_size, out, size)
				      : pack_frame(c, in, in_size, out, size);
}

/* A piece ends where its sync flush does: all input used, all room filled, and nothing half done in
 * between, neither a match that would go on writing nor the header of a next block. */
static int unpack_stream(z_stream *z, const uint8_t *in, size_t in_size,
			 uint8_t *out, size_t out_size)
{
	set_buffers(z, in, in_size, out, out_size);
	return inflate(z, Z_SYNC_FLUSH) == Z_OK && !z->avail_in && !z->avail_out &&
	       z->data_type == AT_BLOCK_END ? 0 : -EBADMSG;
}

static int unpack_frame(z_stream *z, const uint8_t *in, size_t in_size,
			uint8_t *out, size_t out_size)
{
	if (inflateReset(z) != Z_OK)
		return -EBADMSG;
	set_buffers(z, in, in_size, out, out_size);
	return inflate(z, Z_FINISH) == Z_STREAM_END && !z->avail_in && !z->avail_out ? 0 : -EBADMSG;
}

int compress_unpack(struct compress *c, const uint8_t *in, size_t in_size,
		    uint8_t *out, size_t out_size)
{
	if (c->lzo)
		return compress_lzo_unpack(in, in_size, out, out_size);
	if (c->deflate)
		return compress_deflate_unpack(c->deflate, in, in_size, out, out_size);
	if (c->mode == COMP_STREAM)
		return unpack_stream(&c->unpack, in, in_size, out, out_size);
	return unpack_frame(&c->unpack, in, in_size, out, out_size);
}
