/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What superframes cost: nanoseconds to cut one and to put one together again, and the checksum's
 * speed.  "make bench/micro/gso && bench/micro/gso"; the best of several rounds is shown, as noise
 * only ever adds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "../../t/unit/frames.h"
#include "worker/checksum.h"
#include "worker/coalesce.h"
#include "worker/segment.h"

enum { ROUNDS = 15, HEADROOM = 8, TRAILER = 18, FEATURES = 0x6f };

static uint8_t frame[FRAME_ROOM], copied[FRAME_ROOM], cut[4 * FRAME_ROOM], fresh[4 * FRAME_ROOM];
static struct coalesce coalesce;
static struct segment segment;
static struct vnet_hdr header;
static struct shape shape;
static size_t size, stride;
static volatile uint64_t sink;

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* Nanoseconds of one call, in the best round. */
static double best(void (*work)(void), unsigned calls)
{
	double least = 1e18, start, took;
	unsigned round, i;

	for (round = 0; round < ROUNDS; round++) {
		start = now_ns();
		for (i = 0; i < calls; i++)
			work();
		took = (now_ns() - start) / calls;
		if (took < least)
			least = took;
	}
	return least;
}

static void cut_all(void)
{
	if (segment_begin(shape.type, &header, frame, size, &segment) < 0 ||
	    segment_all(&segment, HEADROOM, stride, TRAILER, cut, sizeof(cut)) < 0)
		abort();
}

/* As each packet is cut and encrypted before the next one. */
static void cut_one_by_one(void)
{
	uint32_t i;

	if (segment_begin(shape.type, &header, frame, size, &segment) < 0)
		abort();
	for (i = 0; i < segment.count; i++)
		segment_packet(&segment, i, cut + HEADROOM);
}

/* Only the first packet is written to when they are merged: its headers are made good again. */
static void merge(void)
{
	const struct iovec *iov;
	uint32_t i;

	memcpy(cut + HEADROOM, fresh + HEADROOM, 100);
	for (i = 0; i < segment.count; i++)
		if (coalesce_add(&coalesce, cut + i * stride + HEADROOM,
				 i == segment.count - 1 ? segment.last : segment.size) < 0)
			abort();
	while (coalesce_next(&coalesce, &iov))
		sink = sink + iov[1].iov_len;
}

static void check(void)
{
	enum vnet_fault why;

	sink = sink + (uint64_t)vnet_check(shape.type, FEATURES, &header, frame, size, &why);
}

static void sum(void)
{
	sink = sink + checksum_add(0, frame, size);
}

static void sum_and_copy(void)
{
	sink = sink + checksum_copy(0, copied, frame, size);
}

static void copy(void)
{
	memcpy(copied, frame, size);
	__asm__ volatile("" : : "r"(copied) : "memory");
}

static void superframe(int family, int proto, uint32_t payload, uint32_t gso_size)
{
	double all, one, merged, checked;

	shape = (struct shape){ .type = TUNNEL_TUN, .family = family, .proto = proto, .ttl = 64,
				.frag = IP4_DF, .tcp_options = 12, .tcp_flags = 0x18,
				.payload = payload, .gso_size = gso_size };
	size = write_superframe(&shape, &header, frame);
	stride = HEADROOM + shape_headers(&shape) + gso_size + TRAILER;
	stride = (stride + 3) & ~(size_t)3;
	cut_all();
	memcpy(fresh, cut, sizeof(cut));
	coalesce_init(&coalesce, shape.type, FEATURES);
	one = best(cut_one_by_one, 3000);
	all = best(cut_all, 3000);
	merged = best(merge, 3000);
	checked = best(check, 100000);
	printf("%sv%d %6zu bytes, %3u packets   cut %6.0f ns, in cache %6.0f ns   merge %6.0f ns   "
	       "check %3.0f ns\n", proto == IPPROTO_TCP ? "tcp" : "udp", family, size,
	       segment.count, all, one, merged, checked);
}

static void speed(size_t bytes)
{
	unsigned calls = (unsigned)(20000000 / bytes);
	double s, sc, c;

	size = bytes;
	s = best(sum, calls);
	sc = best(sum_and_copy, calls);
	c = best(copy, calls);
	printf("%6zu bytes   checksum %6.1f ns %5.1f GB/s   with copy %6.1f ns %5.1f GB/s   "
	       "memcpy alone %6.1f ns\n", bytes, s, (double)bytes / s, sc, (double)bytes / sc, c);
}

int main(void)
{
	static const size_t sizes[] = { 40, 64, 256, 1400, 9000, 16384, 65535 };
	size_t i;

	superframe(4, IPPROTO_TCP, 64000, 1368);
	superframe(6, IPPROTO_TCP, 64000, 1348);
	superframe(4, IPPROTO_TCP, 14000, 1368);
	superframe(4, IPPROTO_TCP, 2 * 1368, 1368);
	superframe(4, IPPROTO_UDP, 47 * 1392, 1392);
	superframe(4, IPPROTO_UDP, 64 * 64, 64);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		speed(sizes[i]);
	return 0;
}
