/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frames and TLVs <-> bytes: doc/PROTOCOL.md, "Frames in the TLS stream" and "Session negotiation".
 * Pure: no descriptors, no clock, no memory of its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/ipc.h"
#include "common/terms.h"

enum frame_type {
	FRAME_PROOF_REQ = 0x01,
	FRAME_PROOF = 0x02,
	FRAME_AUTH_INIT = 0x03,
	FRAME_AUTH_RESP = 0x04,
	FRAME_AUTH_CONF = 0x05,
	FRAME_AUTH_OK = 0x06,
	FRAME_ERROR = 0x07,
	FRAME_OFFER = 0x08,
	FRAME_ACCEPT = 0x09,
	FRAME_START = 0x0a,
	FRAME_DATA = 0x10,
	FRAME_DATA_Z = 0x11,
	FRAME_DATA_EOF = 0x12,
	FRAME_ECHO_REQ = 0x14,
	FRAME_ECHO_REP = 0x15,
	FRAME_CLOSE = 0x16,
	FRAME_REKEY_REQ = 0x18,
	FRAME_REKEY_RESP = 0x19,
	FRAME_REKEY_DONE = 0x1a,
	FRAME_PATH_STATE = 0x1b,
	FRAME_STATS = 0x90,
	FRAME_MTU_HINT = 0x91,
};

/* RUN has three faces: tun and ether over TCP; tty and pipe, which have an end of data; and proto
 * udp, which has keys and paths to speak about. */
enum wire_state { WIRE_AUTH, WIRE_NEGO, WIRE_RUN, WIRE_RUN_STREAM, WIRE_RUN_UDP };

enum {
	WIRE_HEADER = 4,         /* u8 type | u24 length */
	WIRE_DATA_MOST = 65792,  /* payload of DATA and DATA_Z */
	WIRE_TLVS_MOST = 4096,
	WIRE_ECHO_SIZE = 12,     /* u32 id | u64 the sender's time */
	WIRE_STATS_SIZE = 48,
	WIRE_REKEY_SIZE = 40,
	WIRE_CLOSE_MOST = 130,
	WIRE_REASON_MOST = 132,
};

static inline void wire_put_header(uint8_t out[static WIRE_HEADER], uint8_t type, size_t length)
{
	out[0] = type;
	out[1] = (uint8_t)(length >> 16);
	out[2] = (uint8_t)(length >> 8);
	out[3] = (uint8_t)length;
}

/* Whether a frame of this type and length may come to `receiver` (enum ipc_role) in this state:
 * judged on the 4-byte header, before anything is buffered.  1: yes; 0: skip it (optional and
 * unknown, at most 4,096 bytes); -EPROTO: fatal.  Only method 1 (CPace) is spoken, so the lengths
 * of the other methods' frames, and PROOF, which we never ask for, are not admitted. */
int wire_admit(int receiver, enum wire_state state, uint8_t type, size_t length);

/* OFFER and ACCEPT.  Encoders return the number of bytes, at most WIRE_TLVS_MOST.  proto udp with
 * udp_port 0 means no UDP path: the terms of UDP are left out. */
size_t wire_put_offer(const struct terms *offer, uint8_t out[static WIRE_TLVS_MOST]);
size_t wire_put_accept(const struct terms *accept, uint8_t out[static WIRE_TLVS_MOST]);

/* 0 and *ret; -EPROTO: malformed (truncated, duplicate, more than 64 TLVs, missing one that must be
 * there, having one that must not); -EINVAL: an unknown critical TLV or a value that is out of
 * range or (ACCEPT) was not offered, *ret_detail is its type then.  *ret has passed terms_check(),
 * rekey_s has its default, capabilities and suites that we do not know are gone.
 * After ACCEPT *ret is the offer with what the client says in place of it: mtu, caps, the one
 * suite, and its own spi, vnet_features and version. */
int wire_get_offer(const uint8_t *in, size_t size, struct terms *ret, uint16_t *ret_detail);
int wire_get_accept(const uint8_t *in, size_t size, const struct terms *offer, struct terms *ret,
		    uint16_t *ret_detail);

/* What an end says: ERROR is u16 code | u16 detail | u8 n | text[n]; CLOSE is u16 code | text.
 * Texts that come in are cut at REASON_TEXT_MAX and hold any byte but NUL: escape them in logs. */
struct wire_reason {
	uint16_t reason, detail;
	char text[REASON_TEXT_MAX + 1];
};
size_t wire_put_error(const struct wire_reason *r, uint8_t out[static WIRE_REASON_MOST]);
size_t wire_put_close(const struct wire_reason *r, uint8_t out[static WIRE_REASON_MOST]);
int wire_get_error(const uint8_t *in, size_t size, struct wire_reason *ret); /* 0 or -EPROTO */
int wire_get_close(const uint8_t *in, size_t size, struct wire_reason *ret);

/* STATS: tx frames, tx bytes, rx frames, rx bytes, drops, srtt; the peer's go to t->peer_*. */
void wire_put_stats(const struct tally *t, uint8_t out[static WIRE_STATS_SIZE]);
void wire_get_stats(const uint8_t in[static WIRE_STATS_SIZE], struct tally *t);
