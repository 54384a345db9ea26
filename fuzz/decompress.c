/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 what | u16 announced | bytes: no frame writes beyond the length that it announces, and what we
 * pack ourselves comes back.
 */
#include <errno.h>
#include <stdbool.h>

#include "fuzz.h"
#include "worker/compress.h"

enum { PREFIX = 3 };

static struct compress *compressor(unsigned what)
{
	struct compress *c = NULL;
	int r;

	if (what == 1)
		r = compress_new(COMP_LZO, 9, COMP_PER_FRAME, &c);
	else
		r = compress_new(COMP_DEFLATE, 1, what == 2 ? COMP_STREAM : COMP_PER_FRAME, &c);
	must(r == 0 || (what == 1 && r == -EOPNOTSUPP));
	return c;
}

/* Twice, as the second frame meets what the first has left behind. */
static void unpack(struct compress *c, const uint8_t *in, size_t size, size_t announced)
{
	uint8_t *out = malloc(announced ? announced : 1);
	int r, again;

	must(out);
	r = compress_unpack(c, in, size, out, announced);
	again = compress_unpack(c, in, size, out, announced);
	must((r == 0 || r == -EBADMSG) && (again == 0 || again == -EBADMSG));
	free(out);
}

static void there_and_back(struct compress *c, const uint8_t *in, size_t size, bool is_stream)
{
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
		there_and_back(c, in, size - PREFIX, what == 2);
	else
		unpack(c, in, size - PREFIX, (size_t)data[1] << 8 | data[2]);
	free(in);
	compress_free(c);
	return 0;
}
