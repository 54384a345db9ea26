/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * OFFER and ACCEPT: what may be offered, and what may be accepted of it.
 */
#include "wire.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tlv.h"

enum { REKEY_DEFAULT_S = 3600 };

size_t wire_put_offer(const struct terms *offer, uint8_t out[static WIRE_TLVS_MOST])
{
	return tlv_put(*offer, TLV_OFFER, out);
}

size_t wire_put_accept(const struct terms *accept, uint8_t out[static WIRE_TLVS_MOST])
{
	return tlv_put(*accept, TLV_ACCEPT, out);
}

static bool has_udp(const struct terms *t)
{
	return t->proto == PROTO_UDP && t->udp_port;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* What holds for OFFER and ACCEPT alike: 0, or the type of the TLV that is wrong. */
static unsigned check(const struct terms *t)
{
	if (has_udp(t)) {
		/* Where encryption is agreed on, integrity alone is nothing to choose from. */
		if (!t->suites[0] ||
		    (t->encrypt && memchr(t->suites, SUITE_AES_128_GMAC, SUITES_MAX)))
			return TLV_UDP_SUITES;
		if (!t->spi)
			return TLV_SPI;
	}
	if (!t->rekey_s)
		return TLV_REKEY;
	if (!is_printable(t->version))
		return TLV_VERSION;
	return terms_check(t);
}

/* An offer without encryption lists the suites with it as well: the client may still want it. */
static int suite_ok(const struct terms *t, const struct terms *offer)
{
	return !t->suites[1] && memchr(offer->suites, t->suites[0], SUITES_MAX) &&
	       (t->suites[0] == SUITE_AES_128_GMAC) == !t->encrypt;
}

static unsigned check_accept(const struct terms *t, const struct terms *offer)
{
	if (t->type != offer->type)
		return TLV_TYPE;
	if (t->proto != offer->proto)
		return TLV_PROTO;
	if (t->comp_alg != offer->comp_alg || t->comp_level != offer->comp_level ||
	    t->comp_mode != offer->comp_mode)
		return TLV_COMP;
	if (t->encrypt < offer->encrypt)
		return TLV_ENCR;
	if (t->mtu > offer->mtu)
		return TLV_MTU;
	if (t->caps & ~offer->caps)
		return TLV_CAPS;
	if (has_udp(t) && !suite_ok(t, offer))
		return TLV_UDP_SUITES;
	return check(t);
}

int wire_get_offer(const uint8_t *in, size_t size, struct terms *ret, uint16_t *ret_detail)
{
	struct terms t = { .rekey_s = REKEY_DEFAULT_S };
	unsigned wrong;
	int r;

	r = tlv_get(in, size, TLV_OFFER, &t, ret_detail);
	if (r < 0)
		return r;
	t.caps &= CAP_VNET_HDR | CAP_UDP_ROAM | CAP_ARQ | CAP_STATS;
	wrong = check(&t);
	if (wrong) {
		*ret_detail = (uint16_t)wrong;
		return -EINVAL;
	}
	*ret = t;
	return 0;
}

int wire_get_accept(const uint8_t *in, size_t size, const struct terms *offer, struct terms *ret,
		    uint16_t *ret_detail)
{
	struct terms t = *offer;
	unsigned wrong;
	int r;

	if (!t.rekey_s)
		t.rekey_s = REKEY_DEFAULT_S;
	t.caps = 0;
	t.vnet_features = 0;
	memset(t.version, 0, sizeof(t.version));
	r = tlv_get(in, size, TLV_ACCEPT, &t, ret_detail);
	if (r < 0)
		return r;
	if (!(t.caps & CAP_ARQ))
		t.arq_window = 0;
	wrong = check_accept(&t, offer);
	if (wrong) {
		*ret_detail = (uint16_t)wrong;
		return -EINVAL;
	}
	*ret = t;
	return 0;
}
