/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"

enum {
	OUT_DATA = 4 * (WIRE_HEADER + WIRE_DATA_MOST),
	OUT_SIZE = OUT_DATA + 16384, /* the rest is for control frames */
	RECORDS_MOST = 1024, /* at a time: small ones, and none with data, are work too */
	IN_SIZE = 2 * (WIRE_HEADER + WIRE_DATA_MOST) + TLS_READ_ROOM,
};

struct buffer {
	size_t head, tail;
	uint8_t *data;
};

struct link {
	int role;
	struct tls *tls;
	bool blocked;   /* the last link_flush() left something behind */
	size_t skip;    /* bytes of an optional frame that nobody knows, still to come */
	size_t current; /* size of the frame that link_next() has shown, header included */
	struct buffer out, in;
};

int link_new(int role, struct tls *tls, struct link **ret)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	/* Untouched pages cost nothing: what a quiet session never needs, it never has. */
	l->out.data = malloc(OUT_SIZE);
	l->in.data = malloc(IN_SIZE);
	if (!l->out.data || !l->in.data) {
		free(l->out.data);
		free(l->in.data);
		free(l);
		return -ENOMEM;
	}
	l->role = role;
	l->tls = tls;
	*ret = l;
	return 0;
}

void link_free(struct link *l)
{
	if (!l)
		return;
	tls_free(l->tls);
	free(l->out.data);
	free(l->in.data);
	free(l);
}

struct tls *link_tls(struct link *l)
{
	return l->tls;
}

/* ---- out */

uint8_t *link_room(struct link *l, size_t size)
{
	if (l->out.tail + WIRE_HEADER + size > OUT_DATA)
		return NULL;
	return l->out.data + l->out.tail + WIRE_HEADER;
}

void link_commit(struct link *l, uint8_t type, size_t size)
{
	wire_put_header(l->out.data + l->out.tail, type, size);
	l->out.tail += WIRE_HEADER + size;
}

int link_put(struct link *l, uint8_t type, const void *payload, size_t size)
{
	if (l->out.tail + WIRE_HEADER + size > OUT_SIZE)
		return -ENOBUFS;
	if (size > 0)
		memcpy(l->out.data + l->out.tail + WIRE_HEADER, payload, size);
	link_commit(l, type, size);
	return 0;
}

enum tls_io link_flush(struct link *l)
{
	enum tls_io io;
	size_t n = 0;

	io = tls_write(l->tls, l->out.data + l->out.head, l->out.tail - l->out.head, &n);
	l->out.head += n;
	if (l->out.head == l->out.tail)
		l->out.head = l->out.tail = 0;
	l->blocked = io == TLS_WANT_WRITE;
	return io;
}

size_t link_queued(const struct link *l)
{
	return l->out.tail - l->out.head;
}

bool link_is_flushed(const struct link *l)
{
	return !l->blocked && link_queued(l) == 0;
}

/* ---- in */

static void compact(struct buffer *b)
{
	if (b->head == 0)
		return;
	memmove(b->data, b->data + b->head, b->tail - b->head);
	b->tail -= b->head;
	b->head = 0;
}

enum tls_io link_fill(struct link *l)
{
	struct buffer *b = &l->in;
	enum tls_io io = TLS_OK;
	size_t n, came = 0;
	int records;

	if (IN_SIZE - b->tail < TLS_READ_ROOM)
		compact(b);
	for (records = 0; records < RECORDS_MOST && IN_SIZE - b->tail >= TLS_READ_ROOM; records++) {
		io = tls_read(l->tls, b->data + b->tail, &n);
		if (io != TLS_OK)
			break;
		b->tail += n;
		came += n;
	}
	/* An end is reported when all that came before it has been handed out. */
	return came ? TLS_OK : io;
}

int link_next(struct link *l, enum wire_state state, struct frame *ret)
{
	struct buffer *b = &l->in;

	for (;;) {
		size_t have = b->tail - b->head, n = l->skip < have ? l->skip : have;
		uint8_t *p = b->data + b->head + n;
		int r;

		b->head += n;
		l->skip -= n;
		have -= n;
		if (have == 0)
			b->head = b->tail = 0;
		if (have < WIRE_HEADER)
			return 0;
		n = get_be24(p + 1);
		r = wire_admit(l->role, state, p[0], n);
		if (r < 0)
			return r;
		if (r == 0) {
			l->skip = WIRE_HEADER + n;
			continue;
		}
		if (have < WIRE_HEADER + n)
			return 0;
		l->current = WIRE_HEADER + n;
		*ret = (struct frame){ .type = p[0], .size = n, .data = p + WIRE_HEADER };
		return 1;
	}
}

void link_discard(struct link *l)
{
	l->in.head = l->in.tail = l->skip = l->current = 0;
}

void link_release(struct link *l)
{
	l->in.head += l->current;
	l->current = 0;
	if (l->in.head == l->in.tail)
		l->in.head = l->in.tail = 0;
}
