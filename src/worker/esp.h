/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One packet in, one packet out, in place: ESP (RFC 4303) in UDP as doc/PROTOCOL.md, "UDP data",
 * has it, with implicit IV (RFC 8750).  A security association (SA) has one direction, one key, and
 * numbers that never repeat.  Pure but for the cipher; nothing is allocated per packet.
 *
 *     u32 SPI | u32 seq | payload | padding | u8 its length | u8 next header | tag[16]
 *     ---- 8 ----------- ---- encrypted (suite 16: only authenticated) ------
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/terms.h"

enum {
	ESP_HEADER = 8,
	ESP_TAG = 16,
	ESP_LEAST = ESP_HEADER + 4 + ESP_TAG,        /* a datagram without a payload */
	ESP_OVERHEAD = ESP_HEADER + 2 + ESP_TAG,     /* without padding, */
	ESP_OVERHEAD_MOST = ESP_OVERHEAD + 3,        /* and with it */
	ESP_SPI_LEAST = 256,                         /* 0xFFFFFFFF is reserved as well */
	ESP_PACKED_HEADER = 4,                       /* u8 next header | u8 0 | u16 original size */
};

enum esp_next {
	ESP_IPV4 = 4,
	ESP_IPV6 = 41,
	ESP_DUMMY = 59,    /* to be ignored */
	ESP_PACKED = 108,  /* a compressed packet, behind ESP_PACKED_HEADER */
	ESP_ETHERNET = 143,
	ESP_CONTROL = 253, /* path.h, arq.h */
	ESP_ARQ = 254,     /* arq.h */
};

/* Why a datagram was dropped; counters for the administrator, nothing is ever said to the peer. */
enum esp_bad {
	ESP_BAD_SHORT,   /* less than ESP_LEAST bytes */
	ESP_BAD_SPI,     /* not ours (counted by who looks for the SA) */
	ESP_BAD_REPLAY,  /* received before, or too old */
	ESP_BAD_TAG,     /* forged, damaged, or of another key */
	ESP_BAD_PADDING, /* longer than the packet */
	ESP_BAD_NEXT,    /* a next header that has no place in this tunnel */
	ESP_BAD_INNER,   /* the packet inside is not what the next header says */
	ESP_BAD_COUNT
};
const char *esp_bad_name(enum esp_bad bad);

struct esp_out;
struct esp_in;

/* key_salt: keys_suite_size() + 4 bytes, copied as far as needed.  `limit` is the number of packets
 * after which the key is worn out; 0: the suite's own, 2^28 (GCM, GMAC) or 2^31 (ChaCha20).
 * 0; -EINVAL: no such suite or SPI; -ENOMEM; -EOPNOTSUPP: the cipher is refused by GnuTLS. */
int esp_out_new(unsigned suite, uint32_t spi, const uint8_t *key_salt, uint32_t limit,
		struct esp_out **ret);
void esp_out_free(struct esp_out *sa);

/* `type` says which next headers may come: 4 and 41 in a tun, 143 in an ether. */
int esp_in_new(unsigned suite, uint32_t spi, const uint8_t *key_salt, enum tunnel_type type,
	       struct esp_in **ret);
void esp_in_free(struct esp_in *sa);

/* Bytes of the datagram that carries this payload, and the largest payload (at most 65,535 bytes of
 * datagram) that fits into one; 0 if none does. */
static inline size_t esp_size(size_t payload)
{
	return ESP_HEADER + ((payload + 2 + 3) & ~(size_t)3) + ESP_TAG;
}
static inline size_t esp_payload_most(size_t datagram)
{
	return datagram < ESP_LEAST ? 0 : (datagram & ~(size_t)3) - ESP_OVERHEAD;
}

/* Makes a datagram where it lies.  The payload begins at packet + ESP_HEADER; packet has room for
 * esp_size(payload) bytes, of which all are written and none beyond, so that packets may lie one
 * behind the other for UDP_SEGMENT.  Returns that size, or -EKEYEXPIRED: the limit is reached, and
 * no packet will be made by this SA any more; or -EIO. */
ssize_t esp_seal(struct esp_out *sa, uint8_t *packet, size_t payload, enum esp_next next);
uint32_t esp_out_count(const struct esp_out *sa); /* packets sealed */
uint32_t esp_out_left(const struct esp_out *sa); /* packets until esp_seal() refuses */

struct esp_payload {
	uint8_t *data; /* in the datagram */
	size_t size;
	enum esp_next next;
	bool newest; /* its sequence number is the highest so far */
};

/* The SA that a datagram of at least 4 bytes asks for. */
uint32_t esp_spi(const uint8_t *datagram);

/* Opens a datagram where it lies; what is in it is destroyed if it is bad.  0, or -EBADMSG and
 * *ret_bad: drop it without a word. */
int esp_open(struct esp_in *sa, uint8_t *datagram, size_t size, struct esp_payload *ret,
	     enum esp_bad *ret_bad);

struct esp_in_count {
	uint64_t taken;      /* authentic and new */
	uint64_t reordered;  /* of these, not the newest when they came */
	uint64_t failures;   /* of the tag */
	uint32_t highest;    /* sequence number; highest - taken are lost, or still on their way */
};
struct esp_in_count esp_in_count(const struct esp_in *sa);
