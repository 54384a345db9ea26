/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The bytes of the TLS connection, encrypted, on their way between GnuTLS and the socket: as few system
 * calls as they need, and no more of them than a stranger may send.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum {
	TRANSPORT_AHEAD = 128 * 1024,  /* what is read at once */
	TRANSPORT_GATHER = 256 * 1024, /* what leaves at once */
	TRANSPORT_PREAUTH_MOST = 65536,
	/* What passes everywhere: a packet of 576 bytes, with all the options that it can have. */
	TRANSPORT_SEGMENT_LEAST = 576 - 20 - 20 - 40,
};

struct transport {
	int fd; /* non-blocking; not owned */
	bool lifted;    /* no budget any more */
	bool over;      /* the budget is used up */
	bool more;      /* more follows at once: it is gathered */
	bool ended;     /* the peer has closed the connection */
	bool drained;   /* the last read took all there was: ask poll() before the next one */
	int error;      /* errno of the last read or write that failed */
	size_t segment; /* what is sent leaves in none larger than this; 0: the kernel knows */
	uint64_t in, out;
	size_t head, tail;     /* of ahead[] */
	size_t sent, gathered; /* of gather[] */
	uint8_t ahead[TRANSPORT_AHEAD];
	uint8_t gather[TRANSPORT_GATHER];
};

/* All else of *t has to be 0. */
void transport_init(struct transport *t, int fd);

/* Until `size` bytes that have come, at most TRANSPORT_AHEAD, lie together at ahead + head.  1; 0: the end
 * came first; -1 and errno as of transport_read(). */
ssize_t transport_ahead(struct transport *t, size_t size);

/* The next bytes that have come, at most `size`; 0: the end; -1 and errno: EAGAIN, ECONNABORTED
 * if the budget is used up, or what recv() says. */
ssize_t transport_read(struct transport *t, void *data, size_t size);

/* Whether something to read comes within so many ms; as poll(). */
int transport_wait(struct transport *t, int ms);

/* Takes all of it, and sends it unless more follows.  Its size; -1 and errno: EAGAIN if there is
 * no room before some has been sent, EMSGSIZE if there never is. */
ssize_t transport_write(struct transport *t, const struct iovec *iov, int n);

/* Sends what was gathered.  0; -1 and errno: EAGAIN if not all of it could go. */
int transport_flush(struct transport *t);

static inline size_t transport_room(const struct transport *t)
{
	return sizeof(t->gather) - t->gathered;
}

/* Whether bytes that have come are still to be read here, of which poll() knows nothing. */
static inline bool transport_holds(const struct transport *t)
{
	return t->head != t->tail;
}

/* Whether little enough lies unsent in the kernel (TCP_NOTSENT_LOWAT) that more is worth handing over.
 * send() itself takes what fills up a whole segment of 64 KiB, which a slow network is busy with for
 * tens of ms. */
bool transport_is_writable(const struct transport *t);
