/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "terms.h"

#include <stddef.h>

#include "cleanup.h"

const char *reason_name(unsigned reason)
{
	static const char *const names[REASON_COUNT] = {
		[REASON_NONE] = "closed",
		[REASON_AUTH] = "authentication failed",
		[REASON_BUSY] = "busy",
		[REASON_PROTOCOL] = "protocol violation",
		[REASON_VERSION] = "protocol version",
		[REASON_TIMEOUT] = "time-out",
		[REASON_OPTION] = "option not acceptable",
		[REASON_IN_USE] = "session in use",
		[REASON_DEVICE] = "device or up command failed",
		[REASON_ADMIN] = "stopped by the administrator",
		[REASON_PEER_DEAD] = "peer does not answer",
		[REASON_IDLE] = "idle",
		[REASON_REKEY] = "rekeying failed",
		[REASON_INTERNAL] = "internal error",
		[REASON_LIMIT] = "limit exceeded",
	};

	return reason < ARRAY_SIZE(names) ? names[reason] : "unknown reason";
}

const char *tunnel_type_name(unsigned type)
{
	static const char *const names[] = { "?", "tun", "ether", "tty", "pipe" };

	return type < ARRAY_SIZE(names) ? names[type] : "?";
}

const char *suite_name(unsigned suite)
{
	switch (suite) {
	case SUITE_AES_128_GCM:
		return "AES-128-GCM";
	case SUITE_AES_256_GCM:
		return "AES-256-GCM";
	case SUITE_CHACHA20_POLY1305:
		return "ChaCha20-Poly1305";
	case SUITE_AES_128_GMAC:
		return "AES-128-GMAC";
	default:
		return "?";
	}
}

const char *comp_alg_name(unsigned alg)
{
	static const char *const names[] = { "no", "lzo", "zlib" };

	return alg < ARRAY_SIZE(names) ? names[alg] : "?";
}

static int comp_ok(const struct terms *t)
{
	switch (t->comp_alg) {
	case COMP_NONE:
		return 1;
	case COMP_LZO:
		return t->comp_level >= 1 && t->comp_level <= 9 && t->comp_mode == COMP_PER_FRAME;
	case COMP_DEFLATE:
		return t->comp_level >= 1 && t->comp_level <= 9 && t->comp_mode <= COMP_STREAM;
	default:
		return 0;
	}
}

static int arq_ok(const struct terms *t)
{
	return t->arq_window >= 1 && t->arq_window <= ARQ_WINDOW_MOST &&
	       t->arq_retries <= ARQ_RETRIES_MOST && t->arq_lifetime_ms >= 1 &&
	       t->arq_lifetime_ms <= ARQ_LIFETIME_MOST_MS && t->arq_ordered <= 1;
}

unsigned terms_check(const struct terms *t)
{
	int is_stream = t->type == TUNNEL_TTY || t->type == TUNNEL_PIPE;

	if (t->type < TUNNEL_TUN || t->type > TUNNEL_PIPE)
		return TLV_TYPE;
	if (t->proto < PROTO_TCP || t->proto > PROTO_UDP || (is_stream && t->proto != PROTO_TCP))
		return TLV_PROTO;
	if (!comp_ok(t) || (t->comp_mode == COMP_STREAM && !is_stream))
		return TLV_COMP;
	if (t->encrypt > 1)
		return TLV_ENCR;
	if (t->keepalive_s > 3600 || t->keepalive_misses > 100 ||
	    (t->keepalive_s && !t->keepalive_misses))
		return TLV_KEEPALIVE;
	if (t->speed_to_client > 100000000 || t->speed_to_server > 100000000)
		return TLV_SPEED;
	if (!is_stream && (t->mtu < MTU_LEAST || t->mtu > MTU_MOST))
		return TLV_MTU;
	/* Not with proto tcp: a client's worker could get a socket for UDP by it. */
	if ((t->udp_port && t->proto != PROTO_UDP) ||
	    (t->udp_family != 0 && t->udp_family != 4 && t->udp_family != 6))
		return TLV_UDP_EP;
	if (t->spi && (t->spi < 256 || t->spi == UINT32_MAX))
		return TLV_SPI;
	if (t->rekey_s && (t->rekey_s < 60 || t->rekey_s > 86400))
		return TLV_REKEY;
	if ((t->caps & CAP_ARQ) && !arq_ok(t))
		return TLV_ARQ;
	return 0;
}
