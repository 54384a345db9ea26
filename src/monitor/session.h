/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One session as the monitor knows it, from the connection to the exit code.  Filled in by the
 * server's or client's life, worked on by login, setup and monitor.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "auth.h"
#include "common/ipc.h"
#include "config.h"
#include "ending.h"
#include "endpoint.h"
#include "phase.h"
#include "signals.h"
#include "spawn.h"
#include "throttle.h"
#include "tunnel.h"

/* How long each phase may last, ms. */
struct deadlines {
	unsigned login;    /* the session's first moment to AUTH_OK, both included */
	unsigned offer;    /* AUTH_OK to DEVICE */
	unsigned setup;    /* DEVICE_OK to UP */
	unsigned closing;  /* FAIL, STOP or END to the worker's exit; then SIGKILL */
	unsigned answer;   /* see login.c: the grid of moments at which a server answers a name */
};

struct session {
	/* given */
	enum ipc_role role;
	bool single_uid;
	struct config *config;
	const struct config_session *section; /* server: not before login */
	struct endpoints ends;
	struct signals *signals;
	struct throttle *throttle;            /* server */
	struct tunnel *tunnel;
	struct deadlines deadlines;
	uint64_t began_ms;
	int net_fd;                           /* until the UDP socket is bound beside it */
	char *password;                       /* client: 256 bytes of who runs it; wiped when it is up */
	size_t password_size;

	/* found out */
	struct worker worker;
	enum phase phase;
	enum phase left;                      /* the one in which the worker hung up */
	uint64_t deadline_ms;
	bool logged_in;                       /* both sides have proved that they know the password */
	char name[SESSION_NAME_MAX + 1];
	struct auth *auth;
	uint8_t sid[AUTH_SID_SIZE];
	const char *denial;                   /* server: why the login cannot succeed, whatever comes */
	struct terms offer, terms;
	int claim_fd, udp_fd;
	struct tally tally;
	bool udp_up;
	uint64_t up_ms;                       /* when it came up; 0: not yet */
	uint64_t told_ms, counted_ms;         /* when state, and counters, were last reported */
	bool count_failed;
	bool asked;                           /* QUERY is on its way, its answer is not back */
	uint16_t mtu_asked;                   /* the least that the worker has asked for */
	bool mtu_failed;                      /* the device's MTU cannot be set: said once */
	unsigned log_room;                    /* lines that the worker may still log... */
	uint64_t log_filled_ms;               /* ...as of then */
	bool log_overrun;                     /* it has had none left: said once, until it has all again */
	struct ending ending;
	struct ipc_reason parting;            /* what FAIL says, if the ending is ENDING_REFUSED */
};

/* What the answer to a question can be, apart from a negative errno: -EBADMSG and the like: the
 * worker broke the contract; -EPIPE: it is gone. */
enum { ANSWERED = 0, REFUSED = 1 };

/* An empty session of that role that begins now. */
void session_init(struct session *s, enum ipc_role role);

/* Lets go of everything but the tunnel, the configuration and the throttle, and wipes. */
void session_free(struct session *s);

/* What lines about it begin with: its name; the peer's address while a server has only the peer's word
 * for the name. */
const char *session_who(const struct session *s);

/* Sends to the worker.  0 or a negative errno. */
int session_send(struct session *s, const struct ipc_message *m, const int *fds, size_t n_fds);

/* Ends the session by our own decision: `for_peer` (NULL: nothing) goes to the peer with the reason,
 * the formatted sentence to the log.  Returns REFUSED. */
int session_refuse(struct session *s, enum reason reason, unsigned detail, enum exit_code code,
		   const char *for_peer, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

/* To write down how the session ends; NULL if that is known already: the first cause counts. */
struct ending *session_ends(struct session *s, enum ending_cause cause);
