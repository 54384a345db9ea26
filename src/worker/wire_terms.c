/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * OFFER and ACCEPT: one table says who sends which TLV and when; one function for each TLV says
 * what it holds, for both directions; the rest walks the table.
 */
#include "wire.h"

#include <errno.h>
#include <string.h>

#include "common/bytes.h"
#include "common/cleanup.h"

enum {
	TLV_HEADER = 4, /* u16 type | u16 length */
	TLVS_MOST = 64,
	CRITICAL = 0x8000, /* bit of the type: who does not know it must not go on */
	REKEY_DEFAULT_S = 3600,
	ARQ_WINDOW_MOST = 512,
	ARQ_RETRIES_MOST = 10,
	ARQ_LIFETIME_MOST_MS = 500,
};

/* One value, being written (in is NULL) or read.  Never goes beyond `size`: what does not fit sets
 * `bad`, reads as nothing and is found at the end. */
struct value {
	const uint8_t *in;
	uint8_t *out;
	size_t at, size;
	int bad;
};

static void bytes(struct value *v, void *p, size_t n)
{
	if (n > v->size - v->at) {
		v->bad = 1;
		return;
	}
	if (v->in)
		memcpy(p, v->in + v->at, n);
	else
		memcpy(v->out + v->at, p, n);
	v->at += n;
}

static void u8(struct value *v, uint8_t *number)
{
	bytes(v, number, 1);
}

static void u16(struct value *v, uint16_t *number)
{
	uint8_t b[2];

	put_be16(b, *number);
	bytes(v, b, sizeof(b));
	*number = get_be16(b);
}

static void u32(struct value *v, uint32_t *number)
{
	uint8_t b[4];

	put_be32(b, *number);
	bytes(v, b, sizeof(b));
	*number = get_be32(b);
}

static void do_type(struct value *v, struct terms *t)
{
	u8(v, &t->type);
}

static void do_proto(struct value *v, struct terms *t)
{
	u8(v, &t->proto);
}

static void do_comp(struct value *v, struct terms *t)
{
	u8(v, &t->comp_alg);
	u8(v, &t->comp_level);
	u8(v, &t->comp_mode);
}

static void do_encr(struct value *v, struct terms *t)
{
	u8(v, &t->encrypt);
}

static void do_keepalive(struct value *v, struct terms *t)
{
	u16(v, &t->keepalive_s);
	u16(v, &t->keepalive_misses);
}

static void do_speed(struct value *v, struct terms *t)
{
	u32(v, &t->speed_to_client);
	u32(v, &t->speed_to_server);
}

static void do_mtu(struct value *v, struct terms *t)
{
	u16(v, &t->mtu);
}

static void do_caps(struct value *v, struct terms *t)
{
	u32(v, &t->caps);
}

static void do_udp_ep(struct value *v, struct terms *t)
{
	u16(v, &t->udp_port);
	u8(v, &t->udp_family);
	bytes(v, t->udp_addr, t->udp_family == 4 ? 4 : t->udp_family == 6 ? 16 : 0);
}

/* Suites that we do not know are left out, as are repetitions: a newer peer may have more. */
static void do_suites(struct value *v, struct terms *t)
{
	static const uint8_t known[] = {
		SUITE_AES_128_GCM, SUITE_AES_256_GCM, SUITE_CHACHA20_POLY1305, SUITE_AES_128_GMAC,
	};
	size_t kept = 0;

	_Static_assert(sizeof(known) < SUITES_MAX, "all of them fit, and the 0 that ends them");
	if (!v->in) {
		bytes(v, t->suites, strnlen((const char *)t->suites, SUITES_MAX));
		return;
	}
	memset(t->suites, 0, sizeof(t->suites));
	for (; v->at < v->size; v->at++) {
		uint8_t suite = v->in[v->at];

		if (memchr(known, suite, sizeof(known)) && !memchr(t->suites, suite, kept))
			t->suites[kept++] = suite;
	}
}

static void do_spi(struct value *v, struct terms *t)
{
	u32(v, &t->spi);
}

static void do_rekey(struct value *v, struct terms *t)
{
	u32(v, &t->rekey_s);
}

static void do_session_id(struct value *v, struct terms *t)
{
	bytes(v, t->session_id, sizeof(t->session_id));
}

static void do_vnet_feat(struct value *v, struct terms *t)
{
	u32(v, &t->vnet_features);
}

static void do_arq(struct value *v, struct terms *t)
{
	u16(v, &t->arq_window);
	u8(v, &t->arq_retries);
	u16(v, &t->arq_lifetime_ms);
	u8(v, &t->arq_ordered);
}

static void do_version(struct value *v, struct terms *t)
{
	if (v->in && (v->size > VERSION_MAX || memchr(v->in, 0, v->size))) {
		v->bad = 1;
		return;
	}
	bytes(v, t->version, v->in ? v->size : strnlen(t->version, VERSION_MAX));
}

enum presence { NEVER, MAY, MUST };
enum when { ALWAYS, PACKETS, PROTO_IS_UDP, HAS_UDP, HAS_VNET, HAS_ARQ };

static const struct rule {
	uint16_t type;
	uint8_t when, offer, accept; /* where `when` does not hold: NEVER */
	void (*transfer)(struct value *v, struct terms *t);
} rules[] = {
	{ TLV_TYPE, ALWAYS, MUST, MUST, do_type },
	{ TLV_PROTO, ALWAYS, MUST, MUST, do_proto },
	{ TLV_COMP, ALWAYS, MUST, MUST, do_comp },
	{ TLV_ENCR, ALWAYS, MUST, MUST, do_encr },
	{ TLV_KEEPALIVE, ALWAYS, MUST, NEVER, do_keepalive },
	{ TLV_SPEED, ALWAYS, MAY, NEVER, do_speed },
	{ TLV_MTU, PACKETS, MUST, MUST, do_mtu },
	{ TLV_CAPS, ALWAYS, MAY, MAY, do_caps },
	/* Without UDP_EP there is no UDP path, no suite and no SPI: all data goes over TLS. */
	{ TLV_UDP_EP, PROTO_IS_UDP, MAY, NEVER, do_udp_ep },
	{ TLV_UDP_SUITES, HAS_UDP, MUST, MUST, do_suites },
	{ TLV_SPI, HAS_UDP, MUST, MUST, do_spi },
	{ TLV_REKEY, ALWAYS, MAY, NEVER, do_rekey },
	{ TLV_SESSION_ID, ALWAYS, MUST, NEVER, do_session_id },
	{ TLV_VNET_FEAT, HAS_VNET, MUST, MUST, do_vnet_feat },
	{ TLV_ARQ, HAS_ARQ, MUST, NEVER, do_arq },
	{ TLV_VERSION, ALWAYS, MAY, MAY, do_version },
};

static int holds(enum when when, const struct terms *t)
{
	switch (when) {
	case ALWAYS:
		return 1;
	case PACKETS:
		return t->type == TUNNEL_TUN || t->type == TUNNEL_ETHER;
	case PROTO_IS_UDP:
		return t->proto == PROTO_UDP;
	case HAS_UDP:
		return t->proto == PROTO_UDP && t->udp_port;
	case HAS_VNET:
		return !!(t->caps & CAP_VNET_HDR);
	case HAS_ARQ:
		return !!(t->caps & CAP_ARQ);
	}
	return 0;
}

static enum presence presence(const struct rule *rule, int is_accept, const struct terms *t)
{
	return !holds(rule->when, t) ? NEVER : is_accept ? rule->accept : rule->offer;
}

/* What is optional and says nothing is left out. */
static int is_empty(const struct rule *rule, const struct terms *t)
{
	switch (rule->type) {
	case TLV_SPEED:
		return !t->speed_to_client && !t->speed_to_server;
	case TLV_CAPS:
		return !t->caps;
	case TLV_UDP_EP:
		return !t->udp_port;
	case TLV_REKEY:
		return !t->rekey_s;
	case TLV_VERSION:
		return !t->version[0];
	default:
		return 0;
	}
}

static size_t put_terms(struct terms t, int is_accept, uint8_t *out)
{
	size_t i, at = 0;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		struct value v = { .out = out + at + TLV_HEADER, .size = 255 };

		if (presence(&rules[i], is_accept, &t) == NEVER || is_empty(&rules[i], &t))
			continue;
		rules[i].transfer(&v, &t);
		put_be16(out + at, rules[i].type);
		put_be16(out + at + 2, (uint16_t)v.at);
		at += TLV_HEADER + v.at;
	}
	return at;
}

size_t wire_put_offer(const struct terms *offer, uint8_t out[static WIRE_TLVS_MOST])
{
	return put_terms(*offer, 0, out);
}

size_t wire_put_accept(const struct terms *accept, uint8_t out[static WIRE_TLVS_MOST])
{
	return put_terms(*accept, 1, out);
}

/* The types that a message holds, unknown ones too. */
struct seen {
	size_t n;
	uint16_t types[TLVS_MOST];
};

static int has_seen(const struct seen *seen, uint16_t type)
{
	size_t i;

	for (i = 0; i < seen->n; i++)
		if (seen->types[i] == type)
			return 1;
	return 0;
}

static int get_value(uint16_t type, struct value *v, struct terms *t)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].type != type)
			continue;
		rules[i].transfer(v, t);
		return v->bad || v->at != v->size ? -EPROTO : 0;
	}
	return type & CRITICAL ? -EINVAL : 0;
}

static int get_all(const uint8_t *in, size_t size, struct seen *seen, struct terms *t,
		   uint16_t *ret_detail)
{
	int r;

	while (size) {
		struct value v = { .in = in + TLV_HEADER };
		uint16_t type;

		if (size < TLV_HEADER)
			return -EPROTO;
		type = get_be16(in);
		v.size = get_be16(in + 2);
		if (v.size > size - TLV_HEADER || seen->n == TLVS_MOST || has_seen(seen, type))
			return -EPROTO;
		seen->types[seen->n++] = type;
		r = get_value(type, &v, t);
		if (r == -EINVAL)
			*ret_detail = type;
		if (r < 0)
			return r;
		in += TLV_HEADER + v.size;
		size -= TLV_HEADER + v.size;
	}
	return 0;
}

static int get_terms(const uint8_t *in, size_t size, int is_accept, struct terms *t,
		     uint16_t *ret_detail)
{
	struct seen seen = {};
	size_t i;
	int r;

	r = get_all(in, size, &seen, t, ret_detail);
	if (r < 0)
		return r;
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		enum presence p = presence(&rules[i], is_accept, t);
		int there = has_seen(&seen, rules[i].type);

		if ((p == MUST && !there) || (p == NEVER && there))
			return -EPROTO;
	}
	return 0;
}

static int arq_ok(const struct terms *t)
{
	return t->arq_window >= 1 && t->arq_window <= ARQ_WINDOW_MOST &&
	       t->arq_retries <= ARQ_RETRIES_MOST && t->arq_lifetime_ms >= 1 &&
	       t->arq_lifetime_ms <= ARQ_LIFETIME_MOST_MS && t->arq_ordered <= 1;
}

static int is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return 0;
	return 1;
}

/* What holds for OFFER and ACCEPT alike: 0, or the type of the TLV that is wrong. */
static unsigned check(const struct terms *t)
{
	if (t->proto == PROTO_UDP && t->udp_port) {
		/* Where encryption is agreed on, integrity alone is nothing to choose from. */
		if (!t->suites[0] ||
		    (t->encrypt && memchr(t->suites, SUITE_AES_128_GMAC, SUITES_MAX)))
			return TLV_UDP_SUITES;
		if (!t->spi)
			return TLV_SPI;
	}
	if (!t->rekey_s)
		return TLV_REKEY;
	if ((t->caps & CAP_ARQ) && !arq_ok(t))
		return TLV_ARQ;
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
	if (holds(HAS_UDP, t) && !suite_ok(t, offer))
		return TLV_UDP_SUITES;
	return check(t);
}

int wire_get_offer(const uint8_t *in, size_t size, struct terms *ret, uint16_t *ret_detail)
{
	struct terms t = { .rekey_s = REKEY_DEFAULT_S };
	unsigned wrong;
	int r;

	r = get_terms(in, size, 0, &t, ret_detail);
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
	r = get_terms(in, size, 1, &t, ret_detail);
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
