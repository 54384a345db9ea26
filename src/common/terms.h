/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The terms of a session: what the server's configuration offers and the client accepts.  Plain
 * numbers of fixed size, so that they can cross the process boundary as they are; the worker puts
 * them on the wire as the TLVs of doc/PROTOCOL.md, "Session negotiation".
 */
#pragma once

#include <stdint.h>

enum tunnel_type { TUNNEL_TUN = 1, TUNNEL_ETHER = 2, TUNNEL_TTY = 3, TUNNEL_PIPE = 4 };
enum tunnel_proto { PROTO_TCP = 1, PROTO_UDP = 2 };
enum comp_alg { COMP_NONE = 0, COMP_LZO = 1, COMP_DEFLATE = 2 };
enum comp_mode { COMP_PER_FRAME = 0, COMP_STREAM = 1 };

enum session_caps {
	CAP_VNET_HDR = 1u << 0, /* DATA begins with a virtio-net header, superframes are welcome */
	CAP_UDP_ROAM = 1u << 1,
	CAP_ARQ = 1u << 2,
	CAP_STATS = 1u << 3,
};

/* ESP suites of proto udp, by their numbers on the wire. */
enum esp_suite {
	SUITE_AES_128_GCM = 1,
	SUITE_AES_256_GCM = 2,
	SUITE_CHACHA20_POLY1305 = 3,
	SUITE_AES_128_GMAC = 16, /* integrity only: encrypt no on both sides */
};

/* The numbers of the terms on the wire (bit 15: critical), and what terms_check() returns. */
enum terms_tlv {
	TLV_TYPE = 0x8001,
	TLV_PROTO = 0x8002,
	TLV_COMP = 0x8003,
	TLV_ENCR = 0x8004,
	TLV_KEEPALIVE = 0x8005,
	TLV_SPEED = 0x0006,
	TLV_MTU = 0x8007,
	TLV_CAPS = 0x0008,
	TLV_UDP_EP = 0x0009,
	TLV_UDP_SUITES = 0x000a,
	TLV_SPI = 0x000b,
	TLV_REKEY = 0x000c,
	TLV_SESSION_ID = 0x000d,
	TLV_VNET_FEAT = 0x000e,
	TLV_ARQ = 0x000f,
	TLV_VERSION = 0x0010,
};

enum {
	MTU_LEAST = 576,
	MTU_LEAST_IPV6 = 1280,
	MTU_MOST = 65521,
	SESSION_NAME_MAX = 63, /* bytes, without a NUL */
	SUITES_MAX = 8,
	VERSION_MAX = 32,
	ARQ_WINDOW_MOST = 512,
	ARQ_RETRIES_MOST = 10,
	ARQ_LIFETIME_MOST_MS = 500,
	ARQ_HEADER = 4,                        /* what protects a frame, before it */
	VNET_HDR_SIZE = 10,                    /* struct virtio_net_hdr, little-endian */
	FRAME_MOST = 65535 + 22 + VNET_HDR_SIZE, /* the largest DATA that a device yields */
};

struct terms {
	uint8_t type;  /* enum tunnel_type */
	uint8_t proto; /* enum tunnel_proto */
	uint8_t comp_alg, comp_level, comp_mode;
	uint8_t encrypt;            /* 1; 0 only if both configurations say "encrypt no" */
	uint16_t keepalive_s;       /* 0: off */
	uint16_t keepalive_misses;
	uint32_t speed_to_client;   /* kbit/s, 0: no limit */
	uint32_t speed_to_server;
	uint16_t mtu;               /* of the device; tun and ether */
	uint32_t caps;              /* enum session_caps */
	uint32_t vnet_features;     /* TUN_F_* that the sender's device accepts */
	/* proto udp only */
	uint16_t udp_port;          /* 0: no UDP path */
	uint8_t udp_family;         /* 0: the address of the TCP connection; 4, 6 */
	uint8_t udp_addr[16];
	uint8_t suites[SUITES_MAX]; /* in order of preference, 0 ends; ACCEPT has exactly one */
	uint32_t spi;               /* the SPI under which the sender receives, 256..0xFFFFFFFE */
	uint32_t rekey_s;
	uint16_t arq_window;        /* 0: no ARQ ("reliable no") */
	uint8_t arq_retries, arq_ordered;
	uint16_t arq_lifetime_ms;
	uint8_t session_id[16];     /* random, for the logs of both sides */
	char version[VERSION_MAX + 1]; /* printable ASCII, of the sender's program */
};

/* Why a session ends, as ERROR and CLOSE say it on the wire. */
enum reason {
	REASON_NONE = 0, /* CLOSE only: a normal end */
	REASON_AUTH = 1,
	REASON_BUSY = 2,     /* detail: try again after so many seconds */
	REASON_PROTOCOL = 3,
	REASON_VERSION = 4,
	REASON_TIMEOUT = 5,
	REASON_OPTION = 6,   /* detail: type of the TLV */
	REASON_IN_USE = 7,
	REASON_DEVICE = 8,
	REASON_ADMIN = 9,    /* stopped by its administrator */
	REASON_PEER_DEAD = 10,
	REASON_IDLE = 11,
	REASON_REKEY = 12,
	REASON_INTERNAL = 13,
	REASON_LIMIT = 14,
	REASON_COUNT
};

enum { REASON_TEXT_MAX = 127 }; /* bytes of text that may go with a reason */

/* "authentication failed", "protocol violation"...: for logs. */
const char *reason_name(unsigned reason);
const char *tunnel_type_name(unsigned type);   /* "tun", "ether", "tty", "pipe" */
const char *comp_alg_name(unsigned alg);       /* "no", "lzo", "zlib" */
const char *suite_name(unsigned suite);        /* "AES-128-GCM"... */

/* Whether every number is in its range, whoever sent it: a peer, or a worker that a peer has taken
 * over.  Returns 0, or the type of the TLV that is wrong (never 0). */
unsigned terms_check(const struct terms *t);
