/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * THE CONTRACT between monitor and worker.
 *
 * An AF_UNIX SOCK_SEQPACKET pair.  Each message is one packet: a u16 operation and the fixed-size
 * record that belongs to it (host byte order: both ends are one build on one machine).  Operation,
 * length and number of descriptors are checked exactly by ipc_recv(); which operation may come in
 * which phase is the monitor's table (src/monitor/monitor.c).  Whoever deviates is not answered:
 * the monitor kills the worker, the worker exits.
 *
 *   server                                      client
 *   m>w BEGIN                                   m>w BEGIN
 *   w>m CHANNEL        TLS is up                w>m CHANNEL
 *   w>m AUTH_INIT      the peer's               m>w AUTH_INIT      ours
 *   m>w AUTH_RESP | FAIL                        w>m AUTH_RESP
 *   w>m AUTH_CONF                               m>w AUTH_CONF | FAIL
 *   m>w AUTH_OK (tag, secret, offer) | FAIL     w>m AUTH_TAG       the server's
 *                                               m>w AUTH_OK (secret) | FAIL
 *   w>m DEVICE         what the client accepts  w>m DEVICE         what the server offers
 *   m>w DEVICE_OK + descriptors | FAIL          m>w DEVICE_OK + descriptors | FAIL
 *                                                   (the worker sends ACCEPT, waits for START)
 *   w>m UP                                      w>m UP
 *   m>w UP_OK | FAIL   all of `up` has run      m>w UP_OK | FAIL
 *   (the worker sends START)
 *   then, in any order: w>m STATUS, MTU; m>w QUERY, STOP; at last w>m END, and the worker exits.
 *   w>m LOG at any time until END.
 *
 * The end, by whomever:
 *   m>w FAIL, STOP may come at any time after BEGIN, not only as an answer: a deadline has passed,
 *   an administrator stops us, or the peer is logged in but cannot be served (then FAIL follows
 *   AUTH_OK at once: the session is in use, there is no device).  The worker tells its peer, FAIL
 *   by ERROR and STOP by CLOSE (before RUN there is no CLOSE: by ERROR too), without TLS it just
 *   closes; it sends END and exits.  Reasons and texts are fit for the peer as they are: before
 *   AUTH_OK only AUTH, PROTOCOL, TIMEOUT, and no text.
 *   After FAIL or STOP no question is answered; the monitor drops those that crossed it, and kills
 *   a worker that is still there three seconds later (itself it gives its peer two).
 *   w>m END may come at any time: once, and nothing follows it.
 *
 * The worker finds its network descriptor non-blocking and its end of the pair blocking.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "terms.h"

/* The worker's fixed descriptor numbers. */
enum { WORKER_FD_NET = 3, WORKER_FD_MONITOR = 4 };

enum ipc_op {
	IPC_BEGIN = 1,
	IPC_CHANNEL,
	IPC_AUTH_INIT,
	IPC_AUTH_RESP,
	IPC_AUTH_CONF,
	IPC_AUTH_TAG,
	IPC_AUTH_OK,
	IPC_FAIL,
	IPC_DEVICE,
	IPC_DEVICE_OK,
	IPC_UP,
	IPC_UP_OK,
	IPC_STATUS,
	IPC_QUERY,
	IPC_MTU,
	IPC_STOP,
	IPC_END,
	IPC_LOG,
	IPC_OP_COUNT
};

enum ipc_role { ROLE_SERVER = 1, ROLE_CLIENT = 2 };

/* Fixed-size login messages of doc/PROTOCOL.md, "Authentication". */
enum {
	AUTH_INIT_SIZE = 100, /* hdr4 || name64 || Ya[32] */
	AUTH_RESP_SIZE = 36,  /* hdr4 || Yb[32] */
	AUTH_TAG_SIZE = 64,   /* Ta (AUTH_CONF) and Tb (AUTH_OK) */
	AUTH_SID_SIZE = 32,
	AUTH_SECRET_SIZE = 32,
	IPC_TEXT_MAX = 1000,
};

struct ipc_begin {
	uint8_t role;          /* enum ipc_role */
	uint8_t log_max;       /* LOG_* */
	uint8_t single_uid;    /* the named exception of demo and tests: see man vtund */
	char sni[256];         /* client: name to send in TLS, empty for none */
};

struct ipc_channel {
	uint8_t sid[AUTH_SID_SIZE]; /* TLS exporter "EXPERIMENTAL-vtun4-sid" */
};

struct ipc_auth_init {
	uint8_t message[AUTH_INIT_SIZE];
};

struct ipc_auth_resp {
	uint8_t message[AUTH_RESP_SIZE];
};

struct ipc_auth_tag { /* AUTH_CONF, AUTH_TAG */
	uint8_t tag[AUTH_TAG_SIZE];
};

struct ipc_auth_ok {
	uint8_t tag[AUTH_TAG_SIZE];       /* server: Tb */
	uint8_t secret[AUTH_SECRET_SIZE]; /* keys UDP */
	struct terms offer;               /* server only */
};

struct ipc_reason { /* FAIL, STOP */
	uint16_t reason; /* enum reason */
	uint16_t detail;
	char text[REASON_TEXT_MAX + 1]; /* for the peer; empty before authentication */
};

struct ipc_device {
	struct terms terms;
};

/* Descriptors with it: the device, or the program's stdin/stdout as one socket; and the UDP socket
 * if has_udp. */
struct ipc_device_ok {
	uint8_t has_udp;
	uint8_t vnet;           /* frames of the device begin with a virtio-net header */
	uint32_t vnet_features; /* TUN_F_* that our device accepts */
	struct terms accept;    /* client: what to answer in ACCEPT */
	char name[16];          /* device, for logs */
	char session[SESSION_NAME_MAX + 1];
};

struct ipc_up_ok {
	uint16_t mtu; /* of the device, after `up` */
};

struct ipc_mtu {
	uint16_t mtu; /* the worker asks: lower the device to this */
};

/* Counted by the worker since the session began.  Frames are the device's: a superframe is one. */
struct tally {
	uint64_t tx_frames, tx_bytes;     /* read from the device and sent */
	uint64_t rx_frames, rx_bytes;     /* received and written to the device */
	uint64_t tx_wire, rx_wire;        /* bytes on the network, TLS and UDP together */
	uint64_t tx_raw, tx_packed;       /* before and after compression */
	uint64_t tx_drops, rx_drops;      /* for want of room, or refused by a check */
	uint64_t srtt_us;
	uint64_t peer_tx_frames, peer_tx_bytes; /* as the peer last said in STATS */
	uint64_t peer_rx_frames, peer_rx_bytes;
	uint64_t peer_drops;
	uint64_t udp_lost, udp_duplicated, udp_reordered, udp_bad;
	uint64_t udp_resent, udp_given_up, udp_unprotected; /* reliable: of what we sent, packets */
	uint64_t rekeys;
};

struct ipc_status { /* at a change of path, every minute, and as the answer to QUERY */
	uint8_t running; /* frames flow */
	uint8_t udp_up;
	uint8_t answer;  /* 1: to QUERY */
	struct tally tally;
};

enum ipc_end_by {
	END_BY_US = 1,   /* the worker's own decision: `reason` says why */
	END_BY_PEER = 2, /* the peer's CLOSE or ERROR, `text` is the peer's */
	END_BY_LOSS = 3, /* the connection broke */
	END_BY_TLS = 4,  /* no TLS session could be made; text says what is known */
	END_BY_FOREIGN = 5, /* client: the server does not speak TLS; text is the whole sentence */
};

struct ipc_end {
	uint8_t by;        /* enum ipc_end_by */
	uint8_t closed;    /* 1: in good order (CLOSE), 0: ERROR or loss */
	uint16_t reason;   /* enum reason */
	uint16_t detail;
	char text[256];
	struct tally tally;
};

struct ipc_log {
	uint8_t priority; /* LOG_ERR...LOG_DEBUG */
	char text[IPC_TEXT_MAX];
};

struct ipc_message {
	uint16_t op; /* enum ipc_op */
	union {
		struct ipc_begin begin;
		struct ipc_channel channel;
		struct ipc_auth_init auth_init;
		struct ipc_auth_resp auth_resp;
		struct ipc_auth_tag auth_tag;
		struct ipc_auth_ok auth_ok;
		struct ipc_reason reason;
		struct ipc_device device;
		struct ipc_device_ok device_ok;
		struct ipc_up_ok up_ok;
		struct ipc_mtu mtu;
		struct ipc_status status;
		struct ipc_end end;
		struct ipc_log log;
	};
};

enum { IPC_FDS_MAX = 2 };

/* Sends m->op with the record of that operation (and up to IPC_FDS_MAX descriptors, which stay the
 * caller's).  0 or a negative errno. */
int ipc_send(int sock, const struct ipc_message *m, const int *fds, size_t n_fds);

/* Receives one message; strings in it are terminated.  Descriptors go to ret_fds (the caller's
 * then, close-on-exec), the rest of ret_fds is -1.
 * Returns 0; -EAGAIN; -EPIPE if the other end is gone; -EBADMSG for an unknown operation, a length
 * that is not exactly right, or descriptors that were not expected (they are closed).
 * On an error ret and ret_fds are untouched; else ret is zero beyond the record, so that nothing of
 * an earlier message shows through. */
int ipc_recv(int sock, struct ipc_message *ret, int ret_fds[static IPC_FDS_MAX]);

const char *ipc_op_name(unsigned op);
