/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One function for each TLV says what it holds, for both directions; one table says who sends it
 * and when; the rest walks the table.
 */
#include "tlv.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/bytes.h"
#include "common/cleanup.h"

enum {
	HEADER = 4, /* u16 type | u16 length */
	TLVS_MOST = 64,
	VALUE_MOST = 64, /* of those that we send */
	CRITICAL = 0x8000, /* bit of the type: who does not know it must not go on */
};

/* One value, being written (in is NULL) or read.  Never goes beyond `size`: what does not fit sets
 * `bad`, reads as nothing and is found at the end. */
struct value {
	const uint8_t *in;
	uint8_t *out;
	size_t at, size;
	bool bad;
};

static void bytes(struct value *v, void *p, size_t n)
{
	if (n > v->size - v->at) {
		v->bad = true;
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

/* Port 0 is how struct terms says that there is no UDP path; on the wire there is no UDP_EP then. */
static void do_udp_ep(struct value *v, struct terms *t)
{
	u16(v, &t->udp_port);
	v->bad |= !t->udp_port;
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
		v->bad = true;
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

static bool holds(enum when when, const struct terms *t)
{
	switch (when) {
	case ALWAYS:
		return true;
	case PACKETS:
		return t->type == TUNNEL_TUN || t->type == TUNNEL_ETHER;
	case PROTO_IS_UDP:
		return t->proto == PROTO_UDP;
	case HAS_UDP:
		return t->proto == PROTO_UDP && t->udp_port;
	case HAS_VNET:
		return t->caps & CAP_VNET_HDR;
	case HAS_ARQ:
		return t->caps & CAP_ARQ;
	}
	return false;
}

static enum presence presence(const struct rule *rule, enum tlv_message message,
			      const struct terms *t)
{
	if (!holds(rule->when, t))
		return NEVER;
	return message == TLV_ACCEPT ? rule->accept : rule->offer;
}

/* What is optional and says nothing is left out. */
static bool is_empty(const struct rule *rule, const struct terms *t)
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
		return false;
	}
}

size_t tlv_put(struct terms t, enum tlv_message message, uint8_t *out)
{
	size_t i, at = 0;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		struct value v = { .out = out + at + HEADER, .size = VALUE_MOST };

		if (presence(&rules[i], message, &t) == NEVER || is_empty(&rules[i], &t))
			continue;
		rules[i].transfer(&v, &t);
		put_be16(out + at, rules[i].type);
		put_be16(out + at + 2, (uint16_t)v.at);
		at += HEADER + v.at;
	}
	return at;
}

/* The types that a message holds, unknown ones too. */
struct seen {
	size_t n;
	uint16_t types[TLVS_MOST];
};

static bool has_seen(const struct seen *seen, uint16_t type)
{
	size_t i;

	for (i = 0; i < seen->n; i++)
		if (seen->types[i] == type)
			return true;
	return false;
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
		struct value v = { .in = in + HEADER };
		uint16_t type;

		if (size < HEADER)
			return -EPROTO;
		type = get_be16(in);
		v.size = get_be16(in + 2);
		if (v.size > size - HEADER || seen->n == TLVS_MOST || has_seen(seen, type))
			return -EPROTO;
		seen->types[seen->n++] = type;
		r = get_value(type, &v, t);
		if (r == -EINVAL)
			*ret_detail = type;
		if (r < 0)
			return r;
		in += HEADER + v.size;
		size -= HEADER + v.size;
	}
	return 0;
}

int tlv_get(const uint8_t *in, size_t size, enum tlv_message message, struct terms *t,
	    uint16_t *ret_detail)
{
	struct seen seen = {};
	size_t i;
	int r;

	r = get_all(in, size, &seen, t, ret_detail);
	if (r < 0)
		return r;
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		enum presence p = presence(&rules[i], message, t);
		bool there = has_seen(&seen, rules[i].type);

		if ((p == MUST && !there) || (p == NEVER && there))
			return -EPROTO;
	}
	return 0;
}
