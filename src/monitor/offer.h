/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Terms: what a server's configuration offers, whether what comes back was offered, and what a
 * client's own configuration says to an offer.  doc/PROTOCOL.md, "Session negotiation".
 */
#pragma once

#include "common/terms.h"
#include "config.h"
#include "device.h"

enum { OFFER_TEXT_SIZE = REASON_TEXT_MAX + 1 };

/* Server: the offer.  `device` may be NULL (there is none); udp_port 0: no UDP path; `family`
 * (AF_INET, AF_INET6) is the connection's. */
void offer_make(const struct config_general *general, const struct config_session *session,
		const struct device *device, uint16_t udp_port, int family, struct terms *ret);

/* Server: whether `accept` is the offer with nothing changed but what a client may choose.  Said by
 * a worker, so nothing is believed.  0, or the type of the TLV that is wrong. */
unsigned offer_check(const struct terms *offer, const struct terms *accept);

/* Client: whether our own file says otherwise than the offer.  0, or the type of the TLV, and
 * ret_text names both sides' values. */
unsigned offer_disagree(const struct config_session *session, const struct terms *offer,
			char ret_text[static OFFER_TEXT_SIZE]);

/* Client: the answer to an offer that we agree with. */
void offer_accept(const struct config_session *session, const struct device *device,
		  const struct terms *offer, struct terms *ret);

/* The largest device MTU that these terms carry well: with a UDP path, what fits a packet of the
 * usual 1,500 bytes. */
uint16_t offer_mtu_most(const struct terms *t, int family);

/* "tcp, zlib:1, keepalive 30:4": what a person wants to see of the terms. */
const char *offer_summary(const struct terms *t, char ret_text[static 96]);
