/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the cases of t/tools/hostile share: a peer with one connection, who can do all that a true one
 * does.  Whatever fails that must not is printed, and ends the program.
 */
#pragma once

#include <gnutls/gnutls.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ipc.h"
#include "common/terms.h"
#include "monitor/auth.h"

struct hostile_case {
	const char *name;
	void (*act)(void);
};
#define CASE(name) { #name, name }

/* Each ends with an entry without a name. */
extern const struct hostile_case stranger_cases[], insider_cases[], impostor_cases[], datagram_cases[];

extern const char *address, *port, *source; /* of the command line */

/* ---- the connection */

extern int fd;
extern gnutls_session_t tls;
extern uint8_t sid[AUTH_SID_SIZE];

__attribute__((noreturn)) void give_up(const char *what);
int try_dial(void); /* 0, or -1 and errno */
void dial(void);
void raw(const void *data, size_t size);
void print_raw(void); /* what comes without TLS, up to the end */
gnutls_session_t new_tls(const char *priority, const char *alpn);
int handshake(const char *priority, const char *alpn); /* dials before; 0 or GnuTLS's error */
void connect_tls(void);
void print_tls(int error); /* how it ended; 0: by a close_notify */

/* ---- frames */

enum { FRAME_ROOM = 70000 };
extern uint8_t frame[FRAME_ROOM]; /* the last one: header, payload */
extern size_t frame_size;         /* of its payload */

void put_raw(const void *data, size_t size);
void put(uint8_t type, const void *payload, size_t size);
int get_bytes(uint8_t *to, size_t size);
int get(void); /* the next frame's type, or GnuTLS's error, GNUTLS_E_SESSION_EOF after a close_notify */
void must(int type);
void print_end(void); /* all that the server has to say until it is gone, as one line */

/* ---- sessions, with the password "secret" */

extern uint8_t init[AUTH_INIT_SIZE], tag[AUTH_TAG_SIZE];
extern struct terms offer;
extern uint8_t auth_secret[AUTH_SECRET_SIZE];

void make_init(struct auth **a, const char *name, const char *password);
void say_init(const char *name, const char *password); /* and hears the answer: `tag` is the proof */
void log_in(const char *name);
struct terms acceptable(void);
void accept_terms(const struct terms *t);
void run(const char *name);
void leave(void); /* the session lives, and its last word is how many frames were dropped */
