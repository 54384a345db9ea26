/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the files of the TLS connection share: tls.c begins and ends it, tls_data.c carries data,
 * tls_error.c has words for what went wrong.
 */
#pragma once

#include <gnutls/gnutls.h>

#include "record.h"
#include "tls.h"
#include "transport.h"

struct tls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t cred;
	int role;
	bool foreign;
	enum tls_io ended; /* how, if it has: what comes after that does not count.  The peer may still be told */
	bool dry; /* nothing to read until poll() says that there is */
	/* After the handshake GnuTLS reads and writes only in its turns, which tls_data.c gives it. */
	size_t may_read; /* bytes */
	bool may_write;
	bool answer_due; /* the peer has asked for a new key of ours, which GnuTLS has to send before the next data */
	unsigned empty;  /* records without data since there was some */
	struct record_key in, out; /* none before the handshake is over; no `out` when writing has failed */
	char error[200];
	struct transport transport;
};

/* ---- tls_data.c */

/* The handshake is over: GnuTLS's turn ends, its keys are ours.  OK or FAILED. */
enum tls_io tls_end_turn(struct tls *t);

/* ---- tls_error.c */

/* The first cause is the one to tell: what comes later is dropped. */
__attribute__((format(printf, 2, 3))) void tls_set_error(struct tls *t, const char *format, ...);
void tls_set_foreign(struct tls *t);                       /* what does not speak TLS at all */
void tls_set_stranger(struct tls *t, const char *what);    /* who speaks it, but is none of us */

/* What an error of GnuTLS means, with its sentence where there has to be one. */
enum tls_io tls_outcome(struct tls *t, int r);
