/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The network between our TLS and its peer, as the input plays it: the linker puts __wrap_send() and
 * __wrap_recv() in the places of the real ones (Makefile.am).  And the time that GnuTLS has a look at.
 */
#pragma once

#include <errno.h>
#include <sys/socket.h>
#include <time.h>

#include "fuzz.h"
#include "worker/transport.h"

enum { FD = 1000 };

struct way {
	size_t head, tail;
	uint8_t data[1 << 20];
};

static struct way to_us, to_peer;
static size_t room; /* bytes of ours that it still takes; SIZE_MAX: all */
static bool full;   /* it has taken less than we wanted */
static bool shut;   /* nothing more comes */
static bool broken; /* ... nor goes */
static unsigned calls;
static struct timespec now;

static size_t put(struct way *w, const void *data, size_t size)
{
	if (w->head == w->tail)
		w->head = w->tail = 0;
	if (size > sizeof(w->data) - w->tail)
		size = sizeof(w->data) - w->tail;
	memcpy(w->data + w->tail, data, size);
	w->tail += size;
	return size;
}

static size_t take(struct way *w, void *data, size_t size)
{
	if (size > w->tail - w->head)
		size = w->tail - w->head;
	memcpy(data, w->data + w->head, size);
	w->head += size;
	return size;
}

static bool is_empty(const struct way *w)
{
	return w->head == w->tail;
}

static ssize_t fails(int error)
{
	errno = error;
	return -1;
}

ssize_t __wrap_send(int fd, const void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags);

ssize_t __wrap_send(int fd, const void *data, size_t size, int flags)
{
	size_t n;

	must(fd == FD && size > 0 && flags & MSG_NOSIGNAL);
	must(!(flags & MSG_EOR) || size <= TRANSPORT_SEGMENT_LEAST);
	if (++calls % 5 == 0)
		return fails(EINTR);
	if (broken)
		return fails(EPIPE);
	n = put(&to_peer, data, size < room ? size : room);
	if (room != SIZE_MAX)
		room -= n;
	full |= n < size;
	return n > 0 ? (ssize_t)n : fails(EAGAIN);
}

ssize_t __wrap_recv(int fd, void *data, size_t size, int flags)
{
	size_t n;

	must(fd == FD && size > 0 && flags == 0);
	if (++calls % 5 == 0)
		return fails(EINTR);
	n = take(&to_us, data, size);
	if (n > 0)
		return (ssize_t)n;
	return broken ? fails(ECONNRESET) : shut ? 0 : fails(EAGAIN);
}

/* What poll() would say of our socket. */
static bool is_readable(void)
{
	return !is_empty(&to_us) || shut || broken;
}

static void tell_time(struct timespec *ret)
{
	*ret = now;
}

/* GnuTLS has it for its own tests: it takes no more than so many KeyUpdates a second. */
__attribute__((weak)) void _gnutls_global_set_gettime_function(void (*)(struct timespec *));

static void net_begin(void)
{
	to_us.head = to_us.tail = to_peer.head = to_peer.tail = 0;
	room = SIZE_MAX;
	full = shut = broken = false;
	calls = 0;
	now = (struct timespec){ .tv_sec = 1000000 };
	if (_gnutls_global_set_gettime_function)
		_gnutls_global_set_gettime_function(tell_time);
}
