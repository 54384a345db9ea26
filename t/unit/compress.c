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

static uint8_t chance(uint32_t *x)
{
	*x = *x * 1664525 + 1013904223;
	return (uint8_t)(*x >> 24);
}

static void fill_noise(void)
{
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < sizeof(in); i++)
		in[i] = chance(&x);
}

/* More like a language than fill_text(): 4096 words of two to nine letters, short ones more often. */
static void fill_words(void)
{
	uint32_t x = 1, word;
	size_t i = 0, size;

	while (i < sizeof(in)) {
		word = chance(&x) % 16 ? chance(&x) : chance(&x) * 16;
		for (size = 2 + word % 4 + word / 1024; size > 0 && i < sizeof(in); size--)
			in[i++] = "etaoinsh"[(word = word * 2654435761 + 1) >> 29];
		if (i < sizeof(in))
			in[i++] = ' ';
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

/* packed[0..z) is in[0..n), and nothing else. */
static void lies(struct compress *c, size_t n, size_t z, const char *what)
{
	size_t i, wrong = 0;

	memset(out, 0x55, sizeof(out));
	for (i = 0; i < n; i += i + 97 < n ? 97 : 1)
		wrong += compress_unpack(c, packed, z, out, i) != -EBADMSG || out[i] != 0x55;
	ok(z > 0 && wrong == 0, "%s: more than announced is refused, and not written", what);
	ok(compress_unpack(c, packed, z, out, n + 1) == -EBADMSG &&
	   compress_unpack(c, packed, z, out, MOST) == -EBADMSG,
	   "%s: less than announced is refused", what);
	memset(packed + z, 0, 40);
	for (i = 1, wrong = 0; i <= 40; i++)
		wrong += compress_unpack(c, packed, z + i, out, n) != -EBADMSG;
	ok(wrong == 0, "%s: bytes behind the end are refused", what);
	for (i = wrong = 0; i < z; i++)
		wrong += compress_unpack(c, packed, i, out, n) != -EBADMSG;
	ok(wrong == 0, "%s: a frame cut off anywhere is refused", what);
	ok(compress_unpack(c, packed, z, out, n) == 0 && !memcmp(in, out, n),
	   "%s: after all this the next good frame is read", what);
}

/* ---- the other end, which has zlib, whatever this one has */

/* in[0..n) to packed, half of it before the flush. */
static size_t zlib_packs(size_t n, int level, int strategy, int flush)
{
	z_stream z = {};

	deflateInit2(&z, level, Z_DEFLATED, -15, 8, strategy);
	z.next_in = in;
	z.avail_in = (uInt)n / 2;
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	if (deflate(&z, flush) != Z_OK)
		abort();
	z.avail_in = (uInt)(n - n / 2);
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	deflateEnd(&z);
	return z.total_out;
}

static int zlib_unpacks(size_t size, size_t n)
{
	z_stream z = {};
	int r;

	inflateInit2(&z, -15);
	z.next_in = packed;
	z.avail_in = (uInt)size;
	z.next_out = out;
	z.avail_out = (uInt)n;
	r = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return r == Z_STREAM_END && !z.avail_in && !z.avail_out && !memcmp(in, out, n);
}

static void with_zlib(int level)
{
	static const struct { const char *name; int level, strategy, flush; } kinds[] = {
		{ "zlib's frame", 9, Z_DEFAULT_STRATEGY, Z_NO_FLUSH },
		{ "zlib's of several blocks", 1, Z_DEFAULT_STRATEGY, Z_FULL_FLUSH },
		{ "zlib's with the fixed code", 6, Z_FIXED, Z_NO_FLUSH },
		{ "zlib's without matches", 6, Z_HUFFMAN_ONLY, Z_NO_FLUSH },
		{ "zlib's of runs", 6, Z_RLE, Z_BLOCK },
		{ "zlib's that is only stored", 0, Z_DEFAULT_STRATEGY, Z_FULL_FLUSH },
	};
	static const size_t sizes[] = { 100, 1400, 16384, FRAME_MOST };
	struct compress *c = NULL;
	size_t i, wrong = 0;
	char what[64];

	compress_new(COMP_DEFLATE, level, COMP_PER_FRAME, &c);
	fill_words();
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ssize_t z = compress_pack(c, in, sizes[i], packed, sizes[i]);

		wrong += z <= 0 || !zlib_unpacks((size_t)z, sizes[i]);
	}
	ok(wrong == 0, "zlib:%d: zlib reads it", level);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(what, sizeof(what), "zlib:%d: %s", level, kinds[i].name);
		lies(c, 5000, zlib_packs(5000, kinds[i].level, kinds[i].strategy, kinds[i].flush), what);
	}
	compress_free(c);
}

/* Whoever had zlib's level before does not get larger frames. */
static void as_small(void)
{
	static const size_t sizes[] = { 1400, 16384, 64000 };
	struct compress *c;
	int level;
	size_t i;

	fill_words();
	for (level = 1; level <= 9; level++) {
		size_t most = 0, sum = 0;

		compress_new(COMP_DEFLATE, level, COMP_PER_FRAME, &c);
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			most += zlib_packs(sizes[i], level, Z_DEFAULT_STRATEGY, Z_NO_FLUSH);
			sum += (size_t)compress_pack(c, in, sizes[i], packed, sizes[i]);
		}
		ok(sum <= most, "zlib:%d: words make %zu bytes, by zlib %zu", level, sum, most);
		compress_free(c);
	}
}

#ifdef HAVE_LZO
static void lzo_nine(void)
{
	enum { PACKET = 1400, SUPERFRAME = 64000 };
	struct compress *one = NULL, *nine = NULL;
	ssize_t fast, small, large;

	compress_new(COMP_LZO, 1, COMP_PER_FRAME, &one);
	compress_new(COMP_LZO, 9, COMP_PER_FRAME, &nine);
	fill_words();
	fast = compress_pack(one, in, PACKET, packed, PACKET);
	small = compress_pack(nine, in, PACKET, packed, PACKET);
	large = compress_pack(nine, in, SUPERFRAME, packed, SUPERFRAME);
	ok(small > 0 && small < fast, "lzo:9: a packet of words makes %zd bytes, %zd at level 1", small, fast);
	ok(large > 0 && large * PACKET < small * SUPERFRAME,
	   "lzo:9: a superframe makes %zd, less than its packets would", large);
	compress_free(one);
	compress_free(nine);
}
#endif

/* A match of three bytes, one byte back, where nothing was: what an earlier frame left there is
 * not told. */
static void before_the_frame(void)
{
	struct compress *c = NULL;
	ssize_t z;

	compress_new(COMP_DEFLATE, 1, COMP_PER_FRAME, &c);
	fill_text();
	z = compress_pack(c, in, 1000, packed, 1000);
	ok(compress_unpack(c, packed, (size_t)z, out, 1000) == 0 &&
	   compress_unpack(c, (const uint8_t *)"\3\2\0", 3, out + 1000, 3) == -EBADMSG,
	   "a frame that refers to what was before it is refused");
	compress_free(c);
}

/* ---- each kind */

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
	lies(c, 10000, (size_t)compress_pack(c, in, 10000, packed, sizeof(packed)), what);

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
	with_zlib(1);
	with_zlib(9);
	as_small();
	before_the_frame();
#ifdef HAVE_LZO
	per_frame(COMP_LZO, 1);
	per_frame(COMP_LZO, 8);
	per_frame(COMP_LZO, 9);
	lzo_nine();
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
