/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which of TLS and UDP carries data now, to which address, and in what sizes: doc/PROTOCOL.md, "UDP
 * data".  Pure: time and randomness are passed in, what is to be done is yielded.
 *
 *     client   TRYING (5 probes) > UP > WAITING (60 s, doubling to 600) > TRYING ...
 *     server   WAITING (for the client's probe) > UP > WAITING ...
 *
 * Control payloads (next header 253):  u8 1 probe, 2 answer | u8 0 | u16 size | u64 nonce | zeros.
 * `size` is the probe's datagram; the answer repeats it and the nonce, and is not padded.
 * Nothing here ever reacts to a datagram that is not authentic: the caller drops those before.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pmtu.h"

union endpoint {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Same family, address (and scope) and port. */
bool endpoint_equal(const union endpoint *a, const union endpoint *b);

enum {
	PATH_CONTROL_SIZE = 12,
	PATH_ANSWERS_MOST = 10, /* per second */
};

/* PATH_STATE frames hold one u32; there is nothing else to say but this. */
enum { PATH_STATE_DOWN = 0 };

struct path_times { /* ms */
	uint32_t idle_ms;    /* a probe, when nothing has been heard for so long */
	uint32_t busy_ms;    /* the same while we send, counted from what was sent first */
	uint32_t answer_ms;  /* between two probes; after the last one the path is down */
	unsigned tries;      /* probes without an answer */
	uint32_t retry_ms;   /* after the path went down; doubles */
	uint32_t retry_most_ms;
	uint32_t roam_ms;    /* least time between two probes to addresses not yet proven */
	struct pmtu_times pmtu;
};

/* The document's: down within 4 s of the first packet that is lost. */
struct path_times path_times(void);

struct path_config {
	int role;              /* enum ipc_role */
	bool roam;             /* CAP_UDP_ROAM is agreed */
	union endpoint peer;   /* client: the server's; server: unused */
	size_t most;           /* the largest datagram of this session, esp_size(largest frame) */
	uint64_t (*random)(void); /* unpredictable */
	struct path_times times;
};

enum path_state { PATH_WAITING, PATH_TRYING, PATH_UP };

struct path {
	struct path_config config;
	enum path_state state;
	union endpoint peer;   /* in use; server: set while UP */
	uint64_t next;         /* TRYING, WAITING: what time brings.  CLOCK_NEVER: nothing */
	unsigned tries;        /* probes under `nonce` that are on their way */
	uint64_t nonce;
	uint64_t heard;        /* UP: the last datagram from `peer` */
	uint64_t unanswered;   /* UP: since when we have been sending into silence; 0: not */
	uint64_t retry;        /* the next wait */

	union endpoint candidate; /* an address that the peer may have moved to */
	uint64_t candidate_nonce; /* 0: there is none */
	uint64_t candidate_next;  /* not to be probed before */
	bool candidate_due;

	struct pmtu pmtu;
	uint64_t pmtu_nonce;

	union endpoint answer_to;
	uint64_t answer_nonce;
	uint16_t answer_size;
	bool answer_due;
	uint64_t answers_since;
	unsigned answers;

	enum path_news { NEWS_NONE, NEWS_UP, NEWS_DOWN, NEWS_DOWN_TELL } news;
	bool failed; /* told that UDP does not work */
};

/* The client begins to try at `now`; the server waits for it. */
void path_init(struct path *p, const struct path_config *config, uint64_t now);

/* An authentic datagram came from this address; `newest` as of esp_open().  Once per batch of one
 * address is enough.  Control payloads then go to path_control() as well. */
void path_heard(struct path *p, uint64_t now, const union endpoint *from, bool newest);
void path_control(struct path *p, uint64_t now, const union endpoint *from,
		  const uint8_t *payload, size_t size);

/* Data was sent over UDP. */
static inline void path_sent(struct path *p, uint64_t now)
{
	if (!p->unanswered)
		p->unanswered = now;
	pmtu_traffic(&p->pmtu);
}

/* Our own system refused to send a datagram of this size (EMSGSIZE). */
void path_refused(struct path *p, uint64_t now, size_t datagram);

/* PATH_STATE{down} of the peer. */
void path_peer_down(struct path *p, uint64_t now);

enum path_act {
	PATH_SEND,    /* a control payload and zeros in a datagram of `size` bytes to `to` */
	PATH_IS_UP,   /* data goes over UDP, to `to`: also after roaming */
	PATH_IS_DOWN, /* data goes over TLS (or still does: the first attempt failed) */
	PATH_FOUND,   /* the search is over: datagrams of up to `size` bytes pass, no larger ones */
};

struct path_action {
	enum path_act act;
	union endpoint to;
	size_t size; /* of a datagram: esp_payload_most() of it are the payload's */
	uint8_t payload[PATH_CONTROL_SIZE];
	bool tell_peer; /* IS_DOWN: send PATH_STATE{down} over TLS */
};

/* 1: do this, and call again; 0: nothing to do.  Call it after path_control(), and at
 * path_deadline() (in ms, CLOCK_NEVER: none; to be asked anew after each turn). */
int path_next(struct path *p, uint64_t now, struct path_action *ret);
uint64_t path_deadline(const struct path *p);

/* The largest datagram that may carry data now; 0: none, use TLS. */
static inline size_t path_most(const struct path *p)
{
	return p->state == PATH_UP ? p->pmtu.size : 0;
}
