/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "lzo.h"

#include <errno.h>

#ifdef HAVE_LZO

#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/terms.h"

/* Level 9 is LZO1X-999 at its own level 2 for packets and pieces of streams.  Of text, on a
 * machine of 2026, it makes 84.0 % of 1,400 bytes at 57 MB/s; its default, 8, which vtun 3 had,
 * 82.8 % at 18 MB/s; LZO1X-1 92.7 %.  Superframes are for LZO1X-1 at this level too: 71.8 % of
 * 16,384 bytes and 64.1 % of 64,000, at 400 MB/s, are less than vtun 3 made of packets, and
 * LZO1X-999 would be the bottleneck at 56 MB/s for its 52.8 %. */
enum { LEVEL_999 = 9, LEVEL_WITHIN_999 = 2, MOST_999 = 16384 };

/* What cannot be packed grows; LZO1X does not know the size of its output's room. */
enum { ROOM = FRAME_MOST + FRAME_MOST / 16 + 64 + 3 };

struct compress_lzo {
	int level;
	uint8_t room[ROOM];
	_Alignas(16) uint8_t work[];
};

int compress_lzo_new(int level, struct compress_lzo **ret)
{
	size_t work = level == LEVEL_999 ? LZO1X_999_MEM_COMPRESS : LZO1X_1_MEM_COMPRESS;
	struct compress_lzo *lzo;

	if (lzo_init() != LZO_E_OK)
		return -EOPNOTSUPP;
	lzo = calloc(1, sizeof(*lzo) + work);
	if (!lzo)
		return -ENOMEM;
	lzo->level = level;
	*ret = lzo;
	return 0;
}

void compress_lzo_free(struct compress_lzo *lzo)
{
	free(lzo);
}

ssize_t compress_lzo_pack(struct compress_lzo *lzo, const uint8_t *in, size_t in_size,
			  uint8_t *out, size_t size)
{
	lzo_uint n = ROOM;
	int r;

	if (in_size > FRAME_MOST)
		return -EIO;
	if (lzo->level == LEVEL_999 && in_size <= MOST_999)
		r = lzo1x_999_compress_level(in, in_size, lzo->room, &n, lzo->work, NULL, 0, NULL,
					     LEVEL_WITHIN_999);
	else
		r = lzo1x_1_compress(in, in_size, lzo->room, &n, lzo->work);
	if (r != LZO_E_OK)
		return -EIO;
	if (n > size)
		return 0;
	memcpy(out, lzo->room, n);
	return (ssize_t)n;
}

int compress_lzo_unpack(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
	lzo_uint n = out_size;

	return lzo1x_decompress_safe(in, in_size, out, &n, NULL) == LZO_E_OK && n == out_size
		       ? 0 : -EBADMSG;
}

#else /* without liblzo2 nothing is ever made, so nothing else is called */

int compress_lzo_new(int level, struct compress_lzo **ret)
{
	(void)level;
	(void)ret;
	return -EOPNOTSUPP;
}

void compress_lzo_free(struct compress_lzo *lzo)
{
	(void)lzo;
}

ssize_t compress_lzo_pack(struct compress_lzo *lzo, const uint8_t *in, size_t in_size,
			  uint8_t *out, size_t size)
{
	(void)lzo;
	(void)in;
	(void)in_size;
	(void)out;
	(void)size;
	return -EIO;
}

int compress_lzo_unpack(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
	(void)in;
	(void)in_size;
	(void)out;
	(void)out_size;
	return -EBADMSG;
}

#endif
