/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whose a rate is, as a key of the table: SipHash-2-4 under a secret of this boot, so that nobody can
 * aim at another one's slot.  Pure.
 */
#pragma once

#include <sodium.h>
#include <stdint.h>
#include <sys/socket.h>

#include "ratefile.h"

enum { RATEKEY_SECRET_SIZE = crypto_shorthash_KEYBYTES };

/* Of the source, the name, or both; NULL: not of it.  A source is what one customer has at least: an IPv4
 * address, also in its ::ffff: form and as a translator writes it (RFC 6052), or an IPv6 /64 (that of link-local
 * addresses on each link by itself).  This machine's 127.0.0.0/8 is one. */
uint64_t ratekey_of(const uint8_t secret[static RATEKEY_SECRET_SIZE], enum rate_area area,
		    const struct sockaddr *source, const char *name);

/* The sources that one customer may have: a /24 of IPv4, a /48 of IPv6. */
uint64_t ratekey_neighbourhood(const uint8_t secret[static RATEKEY_SECRET_SIZE],
			       const struct sockaddr *source);

/* Source and name together: who has an account of his own is no less a stranger to the others.  Set and
 * group in the table are the name's affair alone: one account, from however many places, fills no more
 * than its part of one set. */
uint64_t ratekey_known(const uint8_t secret[static RATEKEY_SECRET_SIZE], const struct sockaddr *source,
		       const char *name);

/* A source that has had a session.  The name is its group in the table, and has no part in who it is; NULL: to
 * look it up. */
uint64_t ratekey_guest(const uint8_t secret[static RATEKEY_SECRET_SIZE], const struct sockaddr *source,
		       const char *name);
