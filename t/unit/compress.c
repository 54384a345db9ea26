/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Compression gives back what it took, and unpacks to exactly the announced length or not at all.
 */
#include <errno.h>
#include <zlib.h>

#include "tap.h"
#include "worker/compress.h"

enum { MOST = 65792 };

/* The byte behind the room is watched by every test. */
static uint8_t in[MOST], packed[COMPRESS_STREAM_ROOM(MOST) + 1], out[MOST + 1];

static void fill_text(void)
{
	size_t i;

	for (i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)"the same again, "[i % 16 == 7 ? (i / 16) % 16 : i % 16];
}

static void fill_noise(void)
{
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < sizeof(in); i++) {
		x = x * 1664525 + 1013904223;
		in[i] = (uint8_t)(x >> 24);
	}
}

/* Packs and unpacks in[0..n): 1 if it comes back, 0 if it is to be sent raw, -1 if wrong. */
static int there_and_back(struct compress *c, size_t n)
{
	ssize_t z = compress_pack(c, in, n, packed, n);

	if (z <= 0)
		return (int)z;
	memset(out, 0x55, sizeof(out));
	if (z + 4 > (ssize_t)(n * 95 / 100) || compress_unpack(c, packed, (size_t)z, out, n) < 0)
		return -1;
	return memcmp(in, out, n) || out[n] != 0x55 ? -1 : 1;
}

static void lies(struct compress *c, const char *what)
{
	size_t n = 10000, i, wrong = 0;
	ssize_t z = compress_pack(c, in, n, packed, sizeof(packed));

	memset(out, 0x55, sizeof(out));
	for (i = 0; i < n; i += 97)
		wrong += compress_unpack(c, packed, (size_t)z, out, i) != -EBADMSG || out[i] != 0x55;
	ok(z > 0 && wrong == 0, "%s: more than announced is refused, and not written", what);
	ok(compress_unpack(c, packed, (size_t)z, out, n + 1) == -EBADMSG &&
	   compress_unpack(c, packed, (size_t)z, out, MOST) == -EBADMSG,
	   "%s: less than announced is refused", what);
	packed[z] = 0;
	ok(compress_unpack(c, packed, (size_t)z + 1, out, n) == -EBADMSG,
	   "%s: a byte behind the end is refused", what);
	for (i = wrong = 0; i < (size_t)z; i++)
		wrong += compress_unpack(c, packed, i, out, n) != -EBADMSG;
	ok(wrong == 0, "%s: a frame cut off anywhere is refused", what);
	ok(compress_unpack(c, packed, (size_t)z, out, n) == 0 && !memcmp(in, out, n),
	   "%s: after all this the next good frame is read", what);
}

/* Noise through the unpacker: whatever it says, it stays within its room. */
static void noise(struct compress *c, const char *what)
{
	size_t i, bad = 0;

	fill_noise();
	for (i = 0; i < 2000; i++) {
		size_t room = (i * 37) % 3000;

		out[room] = 0x55;
		compress_unpack(c, in + i, i % 500, out, room);
		bad += out[room] != 0x55;
	}
	ok(bad == 0, "%s: noise stays within the room", what);
}

static void per_frame(enum comp_alg alg, int level)
{
	static const size_t sizes[] = { 100, 576, 1400, 1446, 16384, 65535, FRAME_MOST };
	struct compress *c = NULL;
	char what[32];
	size_t i, wrong = 0;

	snprintf(what, sizeof(what), "%s:%d", comp_alg_name(alg), level);
	if (!ok(compress_new(alg, level, COMP_PER_FRAME, &c) == 0, "%s: is there", what))
		return;
	fill_text();
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		wrong += there_and_back(c, sizes[i]) != 1;
	ok(wrong == 0, "%s: frames of all sizes come back", what);
	for (i = wrong = 0; i < 90; i++)
		wrong += there_and_back(c, i) < 0;
	ok(wrong == 0 && there_and_back(c, 0) == 0 && there_and_back(c, 5) == 0,
	   "%s: small frames come back or go raw", what);
	ok(compress_pack(c, in, MOST, packed, sizeof(packed)) == -EINVAL,
	   "%s: no more than a frame goes in", what);
	lies(c, what);

	fill_noise();
	for (i = wrong = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		wrong += there_and_back(c, sizes[i]) != 0;
	ok(wrong == 0, "%s: what does not shrink goes raw", what);
	fill_text();
	packed[100] = 0x55;
	ok(compress_pack(c, in, 65535, packed, 100) == 0 && packed[100] == 0x55,
	   "%s: so does what has no room, within the room", what);
	noise(c, what);
	compress_free(c);
}

/* 64 KiB that would become 64 MiB of zeros: the most that deflate can do is 1,032 to 1. */
static void bomb(void)
{
	static uint8_t zeros[1 << 20];
	struct compress *c = NULL;
	z_stream z = {};
	size_t i;

	compress_new(COMP_DEFLATE, 1, COMP_PER_FRAME, &c);
	deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
	z.next_out = packed;
	z.avail_out = MOST;
	for (i = 0; i < 60; i++) {
		z.next_in = zeros;
		z.avail_in = sizeof(zeros);
		if (deflate(&z, i == 59 ? Z_FINISH : Z_NO_FLUSH) < 0)
			abort();
	}
	out[MOST] = 0x55;
	ok(z.total_in == 60 << 20 && compress_unpack(c, packed, z.total_out, out, MOST) == -EBADMSG &&
	   out[MOST] == 0x55, "a bomb of 60 MiB is refused at the announced length");
	deflateEnd(&z);
	compress_free(c);
}

static void stream(void)
{
	struct compress *a = NULL, *b = NULL;
	ssize_t first = 0, n = 0;
	size_t i, wrong = 0;

	ok(compress_new(COMP_DEFLATE, 6, COMP_STREAM, &a) == 0 &&
	   compress_new(COMP_DEFLATE, 6, COMP_STREAM, &b) == 0, "a stream is there");
	fill_noise();
	for (i = 0; i < 20; i++) {
		n = compress_pack(a, in, 16384, packed, COMPRESS_STREAM_ROOM(16384));
		if (i == 0)
			first = n;
		wrong += n <= 0 || compress_unpack(b, packed, (size_t)n, out, 16384) < 0 ||
			 memcmp(in, out, 16384);
	}
	ok(wrong == 0, "pieces of a stream come back, noise too");
	ok(first > 16384 && n < 1000, "a piece that was there before is packed by the memory of it");

	fill_text();
	for (i = 1, wrong = 0; i < 300; i++) {
		n = compress_pack(a, in + i, i, packed, COMPRESS_STREAM_ROOM(i));
		wrong += n <= 0 || compress_unpack(b, packed, (size_t)n, out, i) < 0 ||
			 memcmp(in + i, out, i);
	}
	ok(wrong == 0, "pieces of all small sizes come back one by one");
	compress_free(a);
	compress_free(b);
}

/* A fresh stream's first piece of text, with another length announced. */
static int stream_says(size_t announced, size_t size, size_t more)
{
	struct compress *a = NULL, *b = NULL;
	ssize_t n;
	int r;

	compress_new(COMP_DEFLATE, 6, COMP_STREAM, &a);
	compress_new(COMP_DEFLATE, 6, COMP_STREAM, &b);
	n = compress_pack(a, in, size, packed, COMPRESS_STREAM_ROOM(size));
	memset(packed + n, 0x5a, more);
	memset(out, 0x55, sizeof(out));
	r = compress_unpack(b, packed, (size_t)n + more, out, announced);
	if (out[announced] != 0x55)
		r = 1;
	compress_free(a);
	compress_free(b);
	return r;
}

static void stream_lies(void)
{
	struct compress *a = NULL;
	size_t i, wrong = 0;

	fill_text();
	ok(stream_says(5000, 5000, 0) == 0, "a stream's piece is read");
	for (i = 0; i < 5000; i += 7)
		wrong += stream_says(i, 5000, 0) != -EBADMSG;
	ok(wrong == 0, "announced as less it is refused, in the midst of a match too");
	memset(in, 0, 5000);
	for (i = 4700, wrong = 0; i < 5000; i++)
		wrong += stream_says(i, 5000, 0) != -EBADMSG;
	ok(wrong == 0, "announced as a few bytes less too");
	ok(stream_says(5001, 5000, 0) == -EBADMSG, "announced as more too");
	ok(stream_says(5000, 5000, 1) == -EBADMSG, "with bytes behind it too");

	compress_new(COMP_DEFLATE, 6, COMP_STREAM, &a);
	fill_noise();
	packed[1000] = 0x55;
	ok(compress_pack(a, in, 16384, packed, 1000) == -ENOBUFS && packed[1000] == 0x55,
	   "a stream without room says so");
	compress_free(a);

	compress_new(COMP_DEFLATE, 6, COMP_STREAM, &a);
	ok(compress_unpack(a, (const uint8_t *)"\3\0", 2, out, 0) == -EBADMSG,
	   "a stream that ends itself is refused");
	compress_free(a);
}

int main(void)
{
	struct compress *c = NULL;

	per_frame(COMP_DEFLATE, 1);
	per_frame(COMP_DEFLATE, 6);
	per_frame(COMP_DEFLATE, 9);
#ifdef HAVE_LZO
	per_frame(COMP_LZO, 1);
	per_frame(COMP_LZO, 8);
	per_frame(COMP_LZO, 9);
	ok(compress_new(COMP_LZO, 1, COMP_STREAM, &c) == -EINVAL, "lzo has no stream");
#else
	ok(compress_new(COMP_LZO, 1, COMP_PER_FRAME, &c) == -EOPNOTSUPP, "lzo is not built in");
#endif
	bomb();
	stream();
	stream_lies();
	ok(compress_new(COMP_NONE, 1, COMP_PER_FRAME, &c) == -EINVAL &&
	   compress_new(COMP_DEFLATE, 0, COMP_PER_FRAME, &c) == -EINVAL &&
	   compress_new(COMP_DEFLATE, 10, COMP_PER_FRAME, &c) == -EINVAL && !c,
	   "nothing else is there");
	compress_free(NULL);
	return finish();
}
