/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transport.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

void transport_init(struct transport *t, int fd)
{
	t->fd = fd;
	t->segment = TRANSPORT_SEGMENT_LEAST;
}

/* ---- in */

/* Reads on behind what is there, which makes room for as much as can be. */
static ssize_t refill(struct transport *t)
{
	size_t room;
	ssize_t n;

	memmove(t->ahead, t->ahead + t->head, t->tail - t->head);
	t->tail -= t->head;
	t->head = 0;
	room = sizeof(t->ahead) - t->tail;
	if (!t->lifted) {
		if (t->in >= TRANSPORT_PREAUTH_MOST) {
			t->over = true;
			errno = ECONNABORTED;
			return -1;
		}
		if (room > TRANSPORT_PREAUTH_MOST - t->in)
			room = TRANSPORT_PREAUTH_MOST - t->in;
	}
	do
		n = recv(t->fd, t->ahead + t->tail, room, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		t->error = n < 0 ? errno : 0;
		t->ended = n == 0;
		return n;
	}
	t->drained = (size_t)n < room;
	t->in += (size_t)n;
	t->tail += (size_t)n;
	return n;
}

ssize_t transport_ahead(struct transport *t, size_t size)
{
	while (t->tail - t->head < size) {
		ssize_t r = -1;

		errno = EAGAIN;
		if (!t->drained)
			r = refill(t);
		if (r <= 0)
			return r;
	}
	return 1;
}

ssize_t transport_read(struct transport *t, void *data, size_t size)
{
	ssize_t r = transport_ahead(t, 1);
	size_t n;

	if (r <= 0)
		return r;
	n = t->tail - t->head < size ? t->tail - t->head : size;
	memcpy(data, t->ahead + t->head, n);
	t->head += n;
	return (ssize_t)n;
}

int transport_wait(struct transport *t, int ms)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };

	return transport_holds(t) ? 1 : poll(&p, 1, ms);
}

/* ---- out */

/* What is sent next.  By MSG_EOR the kernel adds nothing to a segment, also when it sends it again. */
static ssize_t send_some(const struct transport *t)
{
	size_t left = t->gathered - t->sent, piece;

	if (!t->segment)
		return send(t->fd, t->gather + t->sent, left, MSG_NOSIGNAL);
	piece = t->segment - t->sent % t->segment;
	return send(t->fd, t->gather + t->sent, left < piece ? left : piece, MSG_NOSIGNAL | MSG_EOR);
}

int transport_flush(struct transport *t)
{
	while (t->sent < t->gathered) {
		ssize_t n = send_some(t);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			t->error = errno;
			return -1;
		}
		t->sent += (size_t)n;
		t->out += (size_t)n;
	}
	t->sent = t->gathered = 0;
	return 0;
}

/* A system call and a wake-up of the peer for each record cost more than the copy.  Only a full
 * buffer makes GnuTLS wait; what it has given away once is ours to send. */
ssize_t transport_write(struct transport *t, const struct iovec *iov, int n)
{
	size_t size = 0;
	int i;

	for (i = 0; i < n; i++)
		size += iov[i].iov_len;
	if (size > transport_room(t)) {
		if (transport_flush(t) < 0)
			return -1;
		if (size > transport_room(t)) {
			errno = EMSGSIZE;
			return -1;
		}
	}
	for (i = 0; i < n; i++) {
		memcpy(t->gather + t->gathered, iov[i].iov_base, iov[i].iov_len);
		t->gathered += iov[i].iov_len;
	}
	if (!t->more && transport_flush(t) < 0 && errno != EAGAIN)
		return -1;
	return (ssize_t)size;
}

bool transport_is_writable(const struct transport *t)
{
	struct pollfd p = { .fd = t->fd, .events = POLLOUT };

	return poll(&p, 1, 0) != 0;
}
