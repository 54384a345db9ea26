/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The form of OFFER and ACCEPT: u16 type | u16 length | value, in any order.  What the values may
 * be is the affair of wire_terms.c.  doc/PROTOCOL.md, "Session negotiation".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/terms.h"

enum tlv_message { TLV_OFFER, TLV_ACCEPT };

/* Returns the number of bytes, which is less than WIRE_TLVS_MOST. */
size_t tlv_put(struct terms t, enum tlv_message message, uint8_t *out);

/* Fills *t with what is there and leaves the rest of it.  0; -EPROTO: truncated, a duplicate, more
 * than 64 TLVs, one that must be there is not, or one that must not be is; -EINVAL: an unknown
 * critical TLV, *ret_detail is its type. */
int tlv_get(const uint8_t *in, size_t size, enum tlv_message message, struct terms *t,
	    uint16_t *ret_detail);
