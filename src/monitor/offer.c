/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "offer.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "suites.h"

enum {
	MTU_DEFAULT = 1500,
	/* Outer packets of 1,500 bytes exactly: 20 IPv4 or 40 IPv6, 8 UDP, 8 SPI and sequence number,
	 * 2 of padding and next header, 16 tag.  doc/PROTOCOL.md, "UDP data". */
	MTU_UDP_IPV4 = 1446,
	MTU_UDP_IPV6 = 1426,
	ETHER_VLAN = 18, /* an Ethernet header with a VLAN tag stands before the packet */
};

static const char *proto_name(unsigned proto)
{
	return proto == PROTO_UDP ? "udp" : "tcp";
}

static bool is_stream(unsigned type)
{
	return type == TUNNEL_TTY || type == TUNNEL_PIPE;
}

static uint32_t random_spi(void)
{
	/* 256..0xFFFFFFFE: below are reserved values (RFC 4303, 2.1). */
	return 256 + randombytes_uniform(UINT32_MAX - 256);
}

static void set_version(struct terms *t)
{
	snprintf(t->version, sizeof(t->version), "vtun %s", PACKAGE_VERSION);
}

/* doc/PROTOCOL.md, "Reliability". */
static void offer_arq(const struct config_session *session, struct terms *t)
{
	t->caps |= CAP_ARQ;
	t->arq_window = ARQ_WINDOW_MOST;
	t->arq_retries = 2;
	t->arq_lifetime_ms = 100;
	t->arq_ordered = session->reliable == RELIABLE_ORDERED;
}

static void offer_udp(const struct config_session *session, uint16_t udp_port, struct terms *t)
{
	t->udp_port = udp_port;
	t->encrypt = session->encrypt;
	suites_offered(t->encrypt, t->suites);
	t->spi = random_spi();
	t->caps |= CAP_UDP_ROAM;
	if (session->reliable)
		offer_arq(session, t);
}

uint16_t offer_mtu_most(const struct terms *t, int family)
{
	uint16_t most = family == AF_INET6 ? MTU_UDP_IPV6 : MTU_UDP_IPV4;

	if (!t->udp_port)
		return MTU_MOST;
	if (t->caps & CAP_ARQ)
		most -= ARQ_HEADER;
	return t->type == TUNNEL_ETHER ? most - ETHER_VLAN : most;
}

void offer_make(const struct config_general *general, const struct config_session *session,
		const struct device *device, uint16_t udp_port, int family, struct terms *ret)
{
	struct terms t = {
		.type = (uint8_t)session->type,
		/* A stream needs every byte in its order: tty and pipe are TCP's whatever the
		 * file says. */
		.proto = is_stream(session->type) ? PROTO_TCP : (uint8_t)session->proto,
		.comp_alg = (uint8_t)session->comp_alg,
		.comp_level = session->comp_alg == COMP_NONE ? 0 : session->comp_level,
		/* TLS encrypts whatever `encrypt` says; it means something to a UDP path alone. */
		.encrypt = 1,
		.keepalive_s = session->keepalive_s,
		.keepalive_misses = session->keepalive_misses,
		.speed_to_client = session->speed_to_client,
		.speed_to_server = session->speed_to_server,
		.rekey_s = general->rekey_s,
		.caps = CAP_STATS,
	};

	if (is_stream(t.type) && t.comp_alg == COMP_DEFLATE)
		t.comp_mode = COMP_STREAM;
	if (udp_port && t.proto == PROTO_UDP)
		offer_udp(session, udp_port, &t);
	if (device && device->vnet) {
		t.caps |= CAP_VNET_HDR;
		t.vnet_features = device->vnet_features;
	}
	if (!is_stream(t.type))
		t.mtu = session->mtu ? session->mtu : MTU_DEFAULT;
	if (t.mtu > offer_mtu_most(&t, family))
		t.mtu = offer_mtu_most(&t, family);
	randombytes_buf(t.session_id, sizeof(t.session_id));
	set_version(&t);
	*ret = t;
}

/* Exactly one suite, and one of those offered. */
static bool suite_was_offered(const struct terms *offer, const struct terms *accept)
{
	size_t i;

	for (i = 1; i < SUITES_MAX; i++)
		if (accept->suites[i])
			return false;
	return accept->suites[0] && memchr(offer->suites, accept->suites[0], SUITES_MAX) &&
	       (accept->suites[0] == SUITE_AES_128_GMAC) == !accept->encrypt;
}

/* What the server decides, or nothing of it. */
static bool arq_was_offered(const struct terms *offer, const struct terms *accept)
{
	if (!(accept->caps & CAP_ARQ))
		return accept->arq_window == 0;
	return accept->arq_window == offer->arq_window &&
	       accept->arq_retries == offer->arq_retries &&
	       accept->arq_ordered == offer->arq_ordered &&
	       accept->arq_lifetime_ms == offer->arq_lifetime_ms;
}

static unsigned check_udp(const struct terms *offer, const struct terms *accept)
{
	static const uint8_t none[SUITES_MAX];

	if (accept->udp_port != offer->udp_port || accept->udp_family != offer->udp_family ||
	    memcmp(accept->udp_addr, offer->udp_addr, sizeof(offer->udp_addr)) != 0)
		return TLV_UDP_EP;
	if (accept->rekey_s != offer->rekey_s)
		return TLV_REKEY;
	if (!arq_was_offered(offer, accept))
		return TLV_ARQ;
	/* A client may do without the UDP path. */
	if (memcmp(accept->suites, none, sizeof(none)) == 0)
		return accept->spi ? TLV_SPI : 0;
	if (!offer->udp_port || !suite_was_offered(offer, accept))
		return TLV_UDP_SUITES;
	return accept->spi ? 0 : TLV_SPI;
}

unsigned offer_check(const struct terms *offer, const struct terms *accept)
{
	unsigned wrong = terms_check(accept);

	if (wrong)
		return wrong;
	if (accept->type != offer->type)
		return TLV_TYPE;
	if (accept->proto != offer->proto)
		return TLV_PROTO;
	if (accept->comp_alg != offer->comp_alg || accept->comp_level != offer->comp_level ||
	    accept->comp_mode != offer->comp_mode)
		return TLV_COMP;
	if (accept->encrypt < offer->encrypt)
		return TLV_ENCR;
	if (accept->keepalive_s != offer->keepalive_s ||
	    accept->keepalive_misses != offer->keepalive_misses)
		return TLV_KEEPALIVE;
	if (accept->speed_to_client != offer->speed_to_client ||
	    accept->speed_to_server != offer->speed_to_server)
		return TLV_SPEED;
	if (accept->mtu > offer->mtu)
		return TLV_MTU;
	if (accept->caps & ~offer->caps)
		return TLV_CAPS;
	if (memcmp(accept->session_id, offer->session_id, sizeof(offer->session_id)) != 0)
		return TLV_SESSION_ID;
	return check_udp(offer, accept);
}

static unsigned disagree_compress(const struct config_session *session, const struct terms *offer,
				  char *ret_text)
{
	if (session->has_compress && session->comp_alg == COMP_NONE && offer->comp_alg != COMP_NONE) {
		snprintf(ret_text, OFFER_TEXT_SIZE, "the client says compress no, the server %s:%u",
			 comp_alg_name(offer->comp_alg), offer->comp_level);
		return TLV_COMP;
	}
#ifndef HAVE_LZO
	if (offer->comp_alg == COMP_LZO) {
		snprintf(ret_text, OFFER_TEXT_SIZE, "the server says lzo, the client was built without "
			 "liblzo2: use zlib on the server");
		return TLV_COMP;
	}
#endif
	return 0;
}

unsigned offer_disagree(const struct config_session *session, const struct terms *offer,
			char ret_text[static OFFER_TEXT_SIZE])
{
	unsigned wrong = terms_check(offer);

	if (wrong) {
		snprintf(ret_text, OFFER_TEXT_SIZE, "the server offers a value that does not exist");
		return wrong;
	}
	if (session->has_type && session->type != offer->type) {
		snprintf(ret_text, OFFER_TEXT_SIZE, "the client says type %s, the server type %s",
			 tunnel_type_name(session->type), tunnel_type_name(offer->type));
		return TLV_TYPE;
	}
	if (session->has_proto && session->proto != offer->proto && !is_stream(offer->type)) {
		snprintf(ret_text, OFFER_TEXT_SIZE, "the client says proto %s, the server proto %s",
			 proto_name(session->proto), proto_name(offer->proto));
		return TLV_PROTO;
	}
	return disagree_compress(session, offer, ret_text);
}

/* The server decides, and a client that says no itself goes without. */
static bool wants_arq(const struct config_session *session, const struct terms *agreed)
{
	return agreed->udp_port && (agreed->caps & CAP_ARQ) &&
	       !(session->has_reliable && session->reliable == RELIABLE_NO);
}

void offer_accept(const struct config_session *session, const struct device *device,
		  const struct terms *offer, struct terms *ret)
{
	struct terms t = *offer;

	/* "no" needs both sides: whoever says nothing gets encryption. */
	t.encrypt = offer->encrypt || session->encrypt;
	if (session->mtu && session->mtu < t.mtu)
		t.mtu = session->mtu;
	memset(t.suites, 0, sizeof(t.suites));
	t.spi = 0;
	t.suites[0] = t.udp_port ? suites_choose(offer->suites, t.encrypt) : 0;
	if (t.suites[0])
		t.spi = random_spi();
	else
		t.udp_port = 0;
	t.caps &= CAP_STATS | CAP_UDP_ROAM | (device->vnet ? CAP_VNET_HDR : 0) |
		  (wants_arq(session, &t) ? CAP_ARQ : 0);
	if (!(t.caps & CAP_ARQ))
		t.arq_window = 0;
	t.vnet_features = t.caps & CAP_VNET_HDR ? device->vnet_features : 0;
	set_version(&t);
	*ret = t;
}

const char *offer_summary(const struct terms *t, char ret_text[static 96])
{
	char comp[16] = "", keepalive[32] = "no keepalive";

	if (t->comp_alg != COMP_NONE)
		snprintf(comp, sizeof(comp), ", %s:%u", comp_alg_name(t->comp_alg), t->comp_level);
	if (t->keepalive_s)
		snprintf(keepalive, sizeof(keepalive), "keepalive %u:%u", t->keepalive_s,
			 t->keepalive_misses);
	snprintf(ret_text, 96, "%s%s, %s", proto_name(t->proto), comp, keepalive);
	return ret_text;
}
