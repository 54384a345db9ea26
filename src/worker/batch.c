/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "batch.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

enum { IN_SIZE = 65536 };

/* ---- out */

int batch_out_open(struct batch_out *b, int fd)
{
	*b = (struct batch_out){ .fd = fd, .buffer = malloc(BATCH_MOST) };
	return b->buffer ? 0 : -ENOMEM;
}

void batch_out_close(struct batch_out *b)
{
	free(b->buffer);
	b->buffer = NULL;
}

uint8_t *batch_out_room(struct batch_out *b, size_t size)
{
	if (b->used + size > BATCH_MOST)
		return NULL;
	if (b->count > 0 && (size > b->segment || b->count == BATCH_SEGMENTS ||
			     b->used % b->segment != 0)) /* a smaller one was the last */
		return NULL;
	return b->buffer + b->used;
}

void batch_out_commit(struct batch_out *b, size_t size)
{
	if (b->count++ == 0)
		b->segment = (uint16_t)size;
	b->used += size;
}

static ssize_t send_one(struct batch_out *b, struct iovec *iov, const struct sockaddr *to,
			socklen_t to_size, uint16_t segment)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(uint16_t))];
	} control = {};
	struct msghdr msg = {
		.msg_name = (void *)to,
		.msg_namelen = to_size,
		.msg_iov = iov,
		.msg_iovlen = 1,
	};
	ssize_t n;

	if (segment) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.header.cmsg_level = IPPROTO_UDP;
		control.header.cmsg_type = UDP_SEGMENT;
		control.header.cmsg_len = CMSG_LEN(sizeof(segment));
		memcpy(CMSG_DATA(&control.header), &segment, sizeof(segment));
	}
	do
		n = sendmsg(b->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int send_plain(struct batch_out *b, const struct sockaddr *to, socklen_t to_size)
{
	size_t at, n;
	int result = 0;

	for (at = 0; at < b->used; at += n) {
		struct iovec iov;
		ssize_t r;

		n = b->used - at < b->segment ? b->used - at : b->segment;
		iov = (struct iovec){ b->buffer + at, n };
		r = send_one(b, &iov, to, to_size, 0);
		if (r == -EMSGSIZE)
			result = -EMSGSIZE;
		if (r < 0)
			b->dropped++;
	}
	return result;
}

int batch_out_flush(struct batch_out *b, const struct sockaddr *to, socklen_t to_size)
{
	struct iovec iov = { b->buffer, b->used };
	int result = 0;
	ssize_t n;

	if (b->count == 0)
		return 0;
	if (b->plain || b->count == 1) {
		result = send_plain(b, to, to_size);
	} else {
		n = send_one(b, &iov, to, to_size, b->segment);
		/* EIO: a device that cannot checksum; EINVAL: a kernel without it, or a path MTU below
		 * the segment's size, which the single datagrams will tell apart. */
		if (n == -EIO || n == -EINVAL) {
			b->plain = n == -EIO;
			result = send_plain(b, to, to_size);
		} else if (n < 0) {
			b->dropped += b->count;
			result = n == -EMSGSIZE ? -EMSGSIZE : 0;
		}
	}
	b->sent += b->count;
	b->sent_bytes += b->used;
	b->count = 0;
	b->used = 0;
	return result;
}

/* ---- in */

int batch_in_open(struct batch_in *b, int fd)
{
	/* Untouched pages cost nothing: a quiet path needs some of the first. */
	*b = (struct batch_in){ .fd = fd, .buffers = malloc((size_t)BATCH_BUFFERS * IN_SIZE) };
	return b->buffers ? 0 : -ENOMEM;
}

void batch_in_close(struct batch_in *b)
{
	free(b->buffers);
	b->buffers = NULL;
}

static uint8_t *buffer(const struct batch_in *b)
{
	return b->buffers + (size_t)b->turn * IN_SIZE;
}

static size_t segment_size(struct msghdr *msg, size_t size)
{
	struct cmsghdr *c;
	int segment;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != IPPROTO_UDP || c->cmsg_type != UDP_GRO)
			continue;
		memcpy(&segment, CMSG_DATA(c), sizeof(segment));
		if (segment > 0)
			return (size_t)segment;
	}
	return size;
}

int batch_in_receive(struct batch_in *b)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int)) + 64];
	} control;
	struct iovec iov;
	struct msghdr msg = {
		.msg_name = &b->from,
		.msg_namelen = sizeof(b->from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int tries = 4;
	ssize_t n;

	b->turn = (b->turn + 1) % BATCH_BUFFERS;
	iov = (struct iovec){ buffer(b), IN_SIZE };
	b->size = b->at = 0;
	do /* an ICMP error of an earlier datagram is nobody's business: whoever sent it may lie */
		n = recvmsg(b->fd, &msg, MSG_DONTWAIT);
	while (n < 0 && errno != EAGAIN && --tries > 0);
	if (n < 0)
		return -EAGAIN;
	b->size = (size_t)n;
	b->segment = segment_size(&msg, b->size);
	b->from_size = msg.msg_namelen;
	b->received_bytes += b->size;
	return 0;
}

uint8_t *batch_in_next(struct batch_in *b, size_t *ret_size)
{
	uint8_t *p = buffer(b) + b->at;
	size_t left = b->size - b->at;

	if (left == 0)
		return NULL;
	*ret_size = left < b->segment ? left : b->segment;
	b->at += *ret_size;
	return p;
}
