/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The TLS connection: TLS 1.3 alone, ALPN "vtun/4", a fresh raw public key for each connection
 * (RFC 8446, RFC 7301, RFC 7250).  It gives secrecy and a channel binding; who the peer is, CPace
 * says.  doc/PROTOCOL.md, "TLS profile".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ipc.h"

enum tls_io {
	TLS_OK,
	TLS_WANT_READ,  /* try again when the socket is readable */
	TLS_WANT_WRITE, /* ... when it is writable */
	TLS_CLOSED,     /* the peer's close_notify */
	TLS_LOST,       /* the connection ended or broke without one */
	TLS_FOREIGN,    /* client: what answers does not speak TLS at all */
	TLS_FAILED,     /* anything else */
};
/* After the last three tls_error() has a sentence. */

enum {
	TLS_RECORD_MOST = 16384,
	TLS_READ_ROOM = TLS_RECORD_MOST + 1, /* with the type that a record has behind its data */
};

struct tls;

/* Takes over the connected non-blocking socket `fd` of `role` (enum ipc_role); `sni` is "" or the
 * name to send.  0 or a negative errno (logged). */
int tls_new(int role, int fd, const char *sni, struct tls **ret);
void tls_free(struct tls *t);

/* To be called until it returns something other than WANT_*.  OK means: version, ALPN, key type
 * and channel are as the profile demands. */
enum tls_io tls_handshake(struct tls *t);

/* Exporters (RFC 5705, RFC 8446 section 7.5): 32 bytes each.  0 or -EIO. */
int tls_export_sid(struct tls *t, uint8_t ret[static 32]);
int tls_export_udp(struct tls *t, uint8_t ret[static 32]);

/* Until this is called the peer may send TRANSPORT_PREAUTH_MOST bytes in all, handshake included. */
void tls_lift_budget(struct tls *t);

/* Reads one record to `data`, which has TLS_READ_ROOM.  OK: *ret_size bytes, which may be none. */
enum tls_io tls_read(struct tls *t, uint8_t *data, size_t *ret_size);

/* Writes as records of at most TLS_RECORD_MOST bytes.  *ret_size bytes were taken even if the result
 * is WANT_WRITE; go on with the rest, which may be none: OK means that all has left. */
enum tls_io tls_write(struct tls *t, const void *data, size_t size, size_t *ret_size);

/* What is sent from now on leaves in TCP segments of at most so many bytes,
 * TRANSPORT_SEGMENT_LEAST at the beginning; 0: as many as the kernel likes, which is much
 * faster.  But where no router tells the kernel that they are too large, it sends them again
 * until the connection dies, and whatever is behind them waits. */
void tls_limit_segments(struct tls *t, size_t most);

/* poll() says that the socket is readable.  Until then a read that once took all there was is not
 * tried again: that saves a system call for each packet. */
void tls_readable(struct tls *t);

/* As transport_is_writable(). */
bool tls_is_writable(const struct tls *t);

/* A new sending key (RFC 8446 section 4.6.3).  WANT_WRITE: not yet, and nothing has been said. */
enum tls_io tls_update_key(struct tls *t);

/* close_notify, as far as it can be sent now; nothing can be written behind it. */
void tls_close(struct tls *t);

const char *tls_error(const struct tls *t);
uint64_t tls_bytes_in(const struct tls *t); /* on the wire */
uint64_t tls_bytes_out(const struct tls *t);
