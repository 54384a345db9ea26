/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 what | u16 announced | bytes: no frame writes beyond the length that it announces, what we pack
 * ourselves comes back, and it is all one whether an end has libdeflate or zlib.
 */
#include <errno.h>
#include <stdbool.h>
#include <zlib.h>

#include "fuzz.h"
#include "worker/compress.h"

enum { PREFIX = 3, FRAME = 0, LZO = 1, STREAM = 2 };

static struct compress *compressor(unsigned what)
{
	struct compress *c = NULL;
	int r;

	if (what == LZO)
		r = compress_new(COMP_LZO, 9, COMP_PER_FRAME, &c);
	else
		r = compress_new(COMP_DEFLATE, 1, what == STREAM ? COMP_STREAM : COMP_PER_FRAME, &c);
	must(r == 0 || (what == LZO && r == -EOPNOTSUPP));
	return c;
}

/* Whether zlib makes exactly these bytes of a frame; of any bytes, if they are NULL. */
static bool zlib_reads(const uint8_t *in, size_t size, const uint8_t *bytes, size_t n)
{
	uint8_t *out = malloc(n ? n : 1);
	z_stream z = { .next_in = (z_const Bytef *)in, .avail_in = (uInt)size };
	bool same;
	int r;

	must(out && inflateInit2(&z, -15) == Z_OK);
	z.next_out = out;
	z.avail_out = (uInt)n;
	r = inflate(&z, Z_FINISH);
	same = r == Z_STREAM_END && !z.avail_in && !z.avail_out && (!bytes || !memcmp(out, bytes, n));
	inflateEnd(&z);
	free(out);
	return same;
}

/* Twice, as the second frame meets what the first has left behind. */
static void unpack(struct compress *c, unsigned what, const uint8_t *in, size_t size, size_t announced)
{
	uint8_t *out = malloc(announced ? announced : 1);
	int r, again;

	must(out);
	r = compress_unpack(c, in, size, out, announced);
	again = compress_unpack(c, in, size, out, announced);
	must((r == 0 || r == -EBADMSG) && (again == 0 || again == -EBADMSG));
	if (what == FRAME && zlib_reads(in, size, NULL, announced))
		must(again == 0 && zlib_reads(in, size, out, announced));
	free(out);
}

static void there_and_back(struct compress *c, unsigned what, const uint8_t *in, size_t size)
{
	bool is_stream = what == STREAM;
	size_t room = is_stream ? COMPRESS_STREAM_ROOM(size) : size;
	uint8_t *packed = malloc(room ? room : 1), *out = malloc(size ? size : 1);
	ssize_t n;

	must(packed && out);
	n = compress_pack(c, in, size, packed, room);
	must(n >= 0 && (size_t)n <= room);
	if (n > 0) {
		must(is_stream || (size_t)n + 4 <= size * 95 / 100);
		must(compress_unpack(c, packed, (size_t)n, out, size) == 0);
		must(!memcmp(in, out, size));
		must(what != FRAME || zlib_reads(packed, (size_t)n, in, size));
	} else {
		must(!is_stream || size == 0);
	}
	free(packed);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct compress *c;
	unsigned what;
	uint8_t *in;

	if (size < PREFIX)
		return 0;
	what = data[0] % 3;
	c = compressor(what);
	if (!c)
		return 0;
	in = exact_copy(data + PREFIX, size - PREFIX);
	if (data[0] & 0x80)
		there_and_back(c, what, in, size - PREFIX);
	else
		unpack(c, what, in, size - PREFIX, (size_t)data[1] << 8 | data[2]);
	free(in);
	compress_free(c);
	return 0;
}
