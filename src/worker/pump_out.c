/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "pump.h"
#include "segment.h"
#include "vnet.h"

enum {
	BATCH_BYTES = 3 * 65536, /* one flush for so much, or for what there is */
	BATCH_FRAMES = 64,      /* the same for UDP */
	TURNS_MOST = 8,         /* then the other direction gets its turn */
	PACK_LEAST = 64,        /* smaller frames never gain what the header costs */
};

/* Packs the frame that was read to `room`, in place.  Returns the type it is sent as. */
static enum frame_type pack(struct pump *p, uint8_t *room, size_t *size)
{
	ssize_t n = 0;

	if (*size >= PACK_LEAST || device_io_is_stream(&p->device))
		n = compress_pack(p->compress, room, *size, p->packed, WIRE_DATA_MOST - PACKED_HEADER);
	p->tally.tx_raw += *size;
	p->tally.tx_packed += n > 0 ? (size_t)n : *size;
	if (n <= 0)
		return FRAME_DATA;
	put_be32(room, (uint32_t)*size);
	memcpy(room + PACKED_HEADER, p->packed, (size_t)n);
	*size = (size_t)n + PACKED_HEADER;
	return FRAME_DATA_Z;
}

/* A frame of `size` bytes lies in the link's room. */
static void commit(struct pump *p, uint8_t *room, size_t size)
{
	enum frame_type type = FRAME_DATA;

	p->tally.tx_frames++;
	p->tally.tx_bytes += pump_inner_size(p, size);
	pace_spend(&p->pace, p->now_us, pump_inner_size(p, size));
	if (p->compress)
		type = pack(p, room, &size);
	link_commit(p->link, (uint8_t)type, size);
}

/* Whether the peer takes a frame of our kernel as it is: not if it is a kind of superframe that its
 * device does not know, or one of tiny segments. */
static bool peer_takes(const struct pump *p, const uint8_t *frame, size_t size)
{
	enum vnet_fault why;
	struct vnet_hdr h;

	if (!p->device.carry_vnet || size <= VNET_HDR_SIZE)
		return true;
	vnet_get(frame, &h);
	return vnet_check(p->device.type, p->peer_features, &h, frame + VNET_HDR_SIZE,
			  size - VNET_HDR_SIZE, &why) == 0;
}

/* A frame as the packets that it stands for, whose headers ask for nothing. */
static void send_cut(struct pump *p, const uint8_t *frame, size_t size)
{
	struct vnet_hdr h;
	struct segment s;
	uint32_t i;

	vnet_get(frame, &h);
	if (segment_begin(p->device.type, &h, frame + VNET_HDR_SIZE, size - VNET_HDR_SIZE, &s) < 0) {
		p->tally.tx_drops++;
		return;
	}
	for (i = 0; i < s.count; i++) {
		size_t n = VNET_HDR_SIZE + (i + 1 < s.count ? s.size : s.last);
		uint8_t *room = link_room(p->link, n);

		if (!room) {
			p->tally.tx_drops++;
			return;
		}
		memset(room, 0, VNET_HDR_SIZE);
		segment_packet(&s, i, room + VNET_HDR_SIZE);
		commit(p, room, n);
	}
}

/* Reads frames into the link until there is a batch.  Their number, or a negative errno. */
static int read_batch(struct pump *p)
{
	int frames = 0, most = p->sparse ? 1 : INT_MAX;
	uint8_t *room;

	while (frames < most && link_queued(p->link) < BATCH_BYTES && pace_may_send(&p->pace, p->now_us) &&
	       (room = link_room(p->link, device_io_most(&p->device)))) {
		ssize_t n = device_io_read(&p->device, room);

		if (n == -EAGAIN) {
			pace_unused(&p->pace, p->now_us);
			break;
		}
		if (n < 0)
			return (int)n;
		frames++;
		if (n == 0 && device_io_is_stream(&p->device)) {
			p->read_eof = true;
			link_commit(p->link, FRAME_DATA_EOF, 0);
			break;
		}
		if (peer_takes(p, room, (size_t)n)) {
			commit(p, room, (size_t)n);
		} else {
			memcpy(p->frame, room, (size_t)n);
			send_cut(p, p->frame, (size_t)n);
		}
	}
	return frames;
}

static void send_over_link(struct pump *p, const uint8_t *frame, size_t size)
{
	uint8_t *room = link_room(p->link, size);

	if (!peer_takes(p, frame, size)) {
		send_cut(p, frame, size);
	} else if (!room) {
		p->tally.tx_drops++;
	} else {
		memcpy(room, frame, size);
		commit(p, room, size);
	}
}

/* A frame that UDP cannot take (yet) goes over TLS; the other end takes both at any time. */
static void send_over_udp(struct pump *p, uint8_t *frame, size_t size)
{
	if (udp_send(p->udp, p->now_us / 1000, frame, size) < 0)
		send_over_link(p, frame, size);
	else
		pace_spend(&p->pace, p->now_us, pump_inner_size(p, size));
}

/* Any frame for UDP may have to go over TLS, and wants room there. */
static bool has_room(const struct pump *p)
{
	return link_room(p->link, FRAME_MOST) != NULL;
}

static int read_udp_batch(struct pump *p)
{
	int frames, most = p->sparse ? 1 : BATCH_FRAMES;

	for (frames = 0; frames < most && has_room(p); frames++) {
		ssize_t n;

		if (frames > 0 ? udp_should_pause(p->udp) : udp_must_wait(p->udp))
			break;
		n = device_io_read(&p->device, p->frame);

		if (n == -EAGAIN)
			break;
		if (n < 0)
			return (int)n;
		send_over_udp(p, p->frame, (size_t)n);
	}
	udp_flush(p->udp, p->now_us / 1000);
	return frames;
}

/* ---- device -> queue -> link: a slow network, or a limited speed */

/* Takes what the device has; what is too much for the queue, the queue drops. */
static int fill_queue(struct pump *p)
{
	int i;

	for (i = 0; i < QUEUE_FRAMES_MOST; i++) {
		ssize_t n = device_io_read(&p->device, p->frame);

		if (n == -EAGAIN)
			break;
		if (n < 0)
			return (int)n;
		if (queue_put(p->pace.queue, p->now_us, p->frame, (size_t)n) < 0)
			p->tally.tx_drops++;
	}
	return 0;
}

static bool over_udp(const struct pump *p)
{
	return p->udp && udp_is_up(p->udp);
}

/* Until the peer has answered: what does not go out waits in the device's queue, or in ours. */
static bool waits(const struct pump *p)
{
	return over_udp(p) && udp_must_wait(p->udp);
}

/* Sends as much as is good to send in one go.  Whether there was anything. */
static bool send_queued(struct pump *p)
{
	size_t most = pace_batch(&p->pace, p->now_us), sent = 0, size;

	while (sent < most && queue_frames(p->pace.queue) > 0 && pace_may_send(&p->pace, p->now_us) &&
	       !waits(p)) {
		uint8_t *frame = queue_get(p->pace.queue, p->now_us, &size);

		if (!frame)
			break;
		if (over_udp(p))
			send_over_udp(p, frame, size);
		else
			send_over_link(p, frame, size);
		sent += size;
	}
	if (queue_frames(p->pace.queue) == 0)
		pace_unused(&p->pace, p->now_us);
	if (p->udp)
		udp_flush(p->udp, p->now_us / 1000);
	return sent > 0;
}

/* One turn; 1: something was moved. */
static int turn_slow(struct pump *p)
{
	int r = fill_queue(p);

	return r < 0 ? r : send_queued(p);
}

static int turn_fast(struct pump *p)
{
	return over_udp(p) ? read_udp_batch(p) : read_batch(p);
}

/* On a slow network the kernel is full as soon as a few ms of data lie there. */
static enum tls_io flush(struct pump *p, bool slow)
{
	struct tls *tls = link_tls(p->link);
	enum tls_io io = link_flush(p->link);

	if (io == TLS_OK && slow && !over_udp(p) && !tls_is_writable(tls))
		io = TLS_WANT_WRITE;
	if (io == TLS_WANT_WRITE)
		pace_full(&p->pace, p->now_us, tls_bytes_out(tls));
	return io;
}

enum tls_io pump_out(struct pump *p, uint64_t now_us, bool *ret_more, int *ret_error)
{
	bool sparse = p->sparse;
	int turn, n, frames = 0;

	*ret_more = false;
	*ret_error = 0;
	p->now_us = now_us;
	p->pace.due_us = CLOCK_NEVER; /* unless `speed` is asked, and says when: it may be the network that is full */
	for (turn = 0; turn < TURNS_MOST; turn++) {
		bool slow = pace_is_slow(&p->pace, now_us);
		enum tls_io io = flush(p, slow);

		if (!p->live || p->read_eof || (io != TLS_OK && io != TLS_WANT_WRITE))
			return io;
		if (io == TLS_WANT_WRITE && !over_udp(p)) {
			*ret_error = slow ? fill_queue(p) : 0;
			return *ret_error ? TLS_FAILED : io;
		}
		n = slow ? turn_slow(p) : turn_fast(p);
		if (n < 0) {
			*ret_error = n;
			return TLS_FAILED;
		}
		if (n == 0) {
			if (io == TLS_OK)
				pace_idle(&p->pace);
			p->sparse = frames > 0 ? frames == 1 : sparse;
			return io;
		}
		frames += n;
		p->sparse = false;
		if (over_udp(p) && udp_should_pause(p->udp))
			break;
	}
	*ret_more = true;
	return link_flush(p->link);
}

bool pump_wants_device(const struct pump *p, bool full)
{
	if (!p->live || p->read_eof)
		return false;
	if (p->pace.queue && queue_frames(p->pace.queue) > 0)
		return true; /* a full queue drops: the device never waits */
	if (p->pace.due_us != CLOCK_NEVER)
		return p->pace.queue;
	if (waits(p))
		return false;
	return !full || (over_udp(p) && has_room(p)) || p->pace.slow_until_us > p->now_us;
}
