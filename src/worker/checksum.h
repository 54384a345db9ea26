/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The Internet checksum (RFC 1071), fast.
 *
 * A sum under way is 64 bits wide and counts 16-bit words as they lie in memory, whatever the
 * machine's byte order (RFC 1071, section 2 (B)): a number is added in network byte order, and what
 * checksum_fold() returns is stored as it is.  Wider words than 16 bits may be added at even
 * offsets.  Room for 2^31 additions.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* sum + the words of data; an odd last byte counts as if a zero followed, so that only the last of
 * several pieces may be odd. */
uint64_t checksum_add(uint64_t sum, const void *data, size_t size);

/* The same, and copies the data on the way; the two must not overlap. */
uint64_t checksum_copy(uint64_t sum, void *to, const void *from, size_t size);

/* Not yet complemented: 0xffff is what a packet with a right checksum sums up to, with its
 * pseudo-header. */
static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static inline void checksum_put(uint8_t *to, uint16_t value)
{
	memcpy(to, &value, sizeof(value));
}
