/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One session in the worker, from the first TLS byte to the last: its states, and who acts in each.
 *
 *     HANDSHAKE > LOGIN > NEGO > RUN > CLOSING > OVER
 *
 * States only go forward, by session_enter().  Deadlines up to RUN are the monitor's: it kills us.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/ipc.h"
#include "keepalive.h"
#include "link.h"
#include "pump.h"

enum session_state {
	STATE_HANDSHAKE,
	STATE_LOGIN,   /* login.c */
	STATE_NEGO,    /* negotiate.c */
	STATE_RUN,     /* run.c */
	STATE_CLOSING, /* what we have to say is sent, and the peer's last word awaited */
	STATE_OVER,
};

struct session {
	int role; /* enum ipc_role */
	int net;  /* the TCP socket, for poll() */
	enum session_state state;
	unsigned step;   /* within LOGIN and NEGO: which message is next */
	bool waiting;    /* for an answer of the monitor: the peer's frames stay where they are */
	bool held;       /* the next frame cannot be taken now: the device is full, or not up yet */
	bool want_write; /* the network is full */
	bool more;       /* do not sleep: there may be more to do at once */
	bool udp_readable; /* says poll(): what reads nothing costs a ping as much as what reads */
	uint64_t udp_received_us; /* the last time */
	struct link *link;
	struct pump pump;
	struct keepalive keepalive;
	struct terms terms;   /* offered; from ACCEPT on: agreed */
	uint16_t mtu;         /* of the device, after `up`; 0 for streams */
	int udp_fd;           /* until the UDP path takes it; -1: none */
	uint32_t spi;         /* ours */
	union endpoint peer;  /* of the TCP connection */
	uint8_t auth_secret[AUTH_SECRET_SIZE];
	uint64_t stats_due;   /* ms */
	uint64_t udp_first_until; /* ms: so long UDP may still come up for the first time */
	uint64_t tls_key_since, tls_key_due; /* ms: the sending key for TLS, and the next one */
	uint64_t closing_due; /* ms */
	enum wire_state closing_from;
	uint32_t echo_id, echo_heard; /* the last one asked, and answered */
	uint32_t rekey_echo;          /* the first one behind the last question about keys */
	struct ipc_end end;
};

void session_enter(struct session *s, enum session_state next);

/* Ends the session for a reason of our own.  The peer gets it as ERROR (before login without the
 * text), or as CLOSE with REASON_NONE and REASON_ADMIN. */
void session_end(struct session *s, unsigned reason, unsigned detail, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* To what a stranger may learn, and can tell us: 1, 3 or 5, and no text. */
void session_reduce(struct wire_reason *r);

/* Ends it because of the peer or the network: nothing is said to the peer any more. */
void session_lost(struct session *s, enum ipc_end_by by, const char *text);

/* A call to the monitor failed: there is no session without it. */
void session_ask(struct session *s, int r);

/* A frame to the peer; if there is no room for it the peer is not reading: the session ends. */
void session_put(struct session *s, uint8_t type, const void *payload, size_t size);

/* Which frames may come now.  What has crossed our last word belongs to the state before it. */
enum wire_state session_wire_state(const struct session *s);

/* What both ends have counted so far. */
struct tally *session_tally(struct session *s);

/* Takes what has come over UDP and waits in the socket: it left before the frame that is being answered,
 * or before the count that is about to be said.  Bounded by what a socket holds. */
void session_drain_udp(struct session *s);
