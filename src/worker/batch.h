/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Datagrams in batches: what leaves is laid out one behind the other and goes in one sendmsg with
 * UDP_SEGMENT (Linux 4.18), what comes is taken up to 64 KiB at a time with UDP_GRO (Linux 5.0).
 * Knows nothing of what is in them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum {
	BATCH_SEGMENTS = 64,   /* of one sendmsg: UDP_MAX_SEGMENTS of older kernels */
	BATCH_MOST = 65507,    /* bytes of one sendmsg: the largest UDP datagram */
	BATCH_BUFFERS = 4,     /* for what was received */
};

/* ---- out */

struct batch_out {
	int fd;
	bool plain;       /* the kernel refuses UDP_SEGMENT here: one by one */
	uint16_t segment; /* size of all datagrams but the last */
	unsigned count;
	size_t used;
	uint64_t sent, sent_bytes, dropped; /* datagrams */
	uint8_t *buffer;  /* BATCH_MOST bytes */
};

/* 0 or -ENOMEM.  The descriptor stays the caller's. */
int batch_out_open(struct batch_out *b, int fd);
void batch_out_close(struct batch_out *b);

/* Room for one more datagram of `size` bytes: all of a batch are as large as the first, only the
 * last may be smaller.  NULL: it does not fit this batch, flush first. */
uint8_t *batch_out_room(struct batch_out *b, size_t size);
void batch_out_commit(struct batch_out *b, size_t size);

/* Sends what is there.  A full socket drops, as a full wire would: datagrams are never stored.
 * 0, or -EMSGSIZE: larger than the path's MTU as the kernel knows it. */
int batch_out_flush(struct batch_out *b, const struct sockaddr *to, socklen_t to_size);

/* ---- in */

struct batch_in {
	int fd;
	size_t size, at;  /* of what was received, and what has been handed out */
	size_t segment;
	uint64_t received_bytes;
	struct sockaddr_storage from;
	socklen_t from_size;
	uint8_t *buffers; /* BATCH_BUFFERS of 64 KiB, in turn */
	unsigned turn;
};

int batch_in_open(struct batch_in *b, int fd);
void batch_in_close(struct batch_in *b);

/* All that was handed out is done with: it begins with the first buffer again, which is still in the cache. */
static inline void batch_in_begin(struct batch_in *b)
{
	b->turn = BATCH_BUFFERS - 1;
}

/* Receives from one sender; what it handed out BATCH_BUFFERS calls ago is gone.  0; -EAGAIN. */
int batch_in_receive(struct batch_in *b);

/* The next datagram, where it lies, or NULL. */
uint8_t *batch_in_next(struct batch_in *b, size_t *ret_size);
