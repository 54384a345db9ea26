/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "checksum.h"

/* One build runs anywhere and uses AVX2 where it is: the dynamic linker chooses, once. */
#if defined(__x86_64__) && defined(__GLIBC__)
#define MULTIVERSION __attribute__((target_clones("avx2", "default")))
#else
#define MULTIVERSION
#endif
#define FLATTENED static inline __attribute__((always_inline))

/* Four 64-bit lanes at any address; where the machine has only 128-bit registers, two of these. */
typedef uint64_t lanes __attribute__((vector_size(32), aligned(1), may_alias));

/*
 * What adds up to the sum of the 32-bit halves of all lanes.  The upper halves are summed up apart,
 * the whole lanes modulo 2^64: what overflows there can be taken back in the end, as the sum of the
 * lower halves alone does not overflow.  That saves one instruction of four over masking.
 */
struct halves {
	lanes whole, high;
};

/* Adds the 32 bytes at p, and copies them if there is an `out`. */
FLATTENED void take_lanes(struct halves *h, uint8_t *out, const uint8_t *p)
{
	lanes x = *(const lanes *)p;

	if (out)
		*(lanes *)out = x;
	h->whole += x;
	h->high += x >> 32;
}

FLATTENED uint64_t total(const struct halves *a, const struct halves *b)
{
	lanes high = a->high + b->high;
	lanes sum = a->whole + b->whole - (high << 32) + high;

	return sum[0] + sum[1] + sum[2] + sum[3];
}

/* The last 0 to 31 bytes. */
FLATTENED uint64_t take_tail(uint64_t sum, const uint8_t *p, size_t size)
{
	uint32_t word;

	for (; size >= sizeof(word); p += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum += word;
	}
	word = 0;
	if (size & 2)
		memcpy(&word, p, 2);
	if (size & 1)
		memcpy((uint8_t *)&word + (size & 2), p + (size & 2), 1);
	return sum + word;
}

/* Two independent chains of additions, as one would wait for itself. */
FLATTENED uint64_t take(uint64_t sum, uint8_t *out, const uint8_t *p, size_t size)
{
	struct halves a = {}, b = {};
	size_t n = 0;

	for (; n + 64 <= size; n += 64) {
		take_lanes(&a, out ? out + n : NULL, p + n);
		take_lanes(&b, out ? out + n + 32 : NULL, p + n + 32);
	}
	if (n + 32 <= size) {
		take_lanes(&a, out ? out + n : NULL, p + n);
		n += 32;
	}
	if (out)
		memcpy(out + n, p + n, size - n);
	return take_tail(sum + total(&a, &b), p + n, size - n);
}

static MULTIVERSION uint64_t add(uint64_t sum, const uint8_t *p, size_t size)
{
	return take(sum, NULL, p, size);
}

static MULTIVERSION uint64_t copy(uint64_t sum, uint8_t *out, const uint8_t *p, size_t size)
{
	return take(sum, out, p, size);
}

/* Not themselves in several versions, as older clang gives the choice among them a name of its own
 * that other files do not know. */
uint64_t checksum_add(uint64_t sum, const void *data, size_t size)
{
	return add(sum, data, size);
}

uint64_t checksum_copy(uint64_t sum, void *to, const void *from, size_t size)
{
	return copy(sum, to, from, size);
}
