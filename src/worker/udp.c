/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "batch.h"
#include "coalesce.h"
#include "common/bytes.h"
#include "common/cleanup.h"
#include "esp.h"
#include "segment.h"

enum {
	BATCHES_MOST = 16, /* of one udp_receive() */
	PACKED_HEADER = 4, /* u8 next header | u8 0 | u16 original size */
	UNPACKED_MOST = 4 * 65536, /* of one batch, before it is written */
};

struct udp {
	int role;
	const struct device_io *device;
	struct compress *compress;
	struct shaper *policer;
	struct tally *tally;
	struct rekey *keys;
	struct path path;
	struct batch_out out;
	struct batch_in in;
	struct coalesce merge;
	uint8_t *plain, *packed; /* compression: one packet each, 64 KiB */
	uint8_t *unpacked;       /* and a batch of them, UNPACKED_MOST */
	size_t n_unpacked;       /* bytes */
};

static uint64_t random_nonce(void)
{
	uint64_t nonce;

	randombytes_buf(&nonce, sizeof(nonce));
	return nonce;
}

static socklen_t endpoint_size(const union endpoint *e)
{
	return e->any.sa_family == AF_INET6 ? sizeof(e->v6) : sizeof(e->v4);
}

/* ---- life */

static int open_keys(struct udp *u, const struct udp_config *c, uint64_t now)
{
	struct rekey_config rekey = {
		.role = c->role,
		.type = (enum tunnel_type)c->terms->type,
		.suite = c->terms->suites[0],
		.spi_in = c->spi,
		.spi_out = c->terms->spi,
		.limits = rekey_limits(c->terms->rekey_s),
	};

	return rekey_new(&rekey, c->exporter, c->auth_secret, now, &u->keys);
}

static int open_compression(struct udp *u)
{
	if (!u->compress)
		return 0;
	u->plain = malloc(65536);
	u->packed = malloc(65536);
	u->unpacked = malloc(UNPACKED_MOST);
	return u->plain && u->packed && u->unpacked ? 0 : -ENOMEM;
}

int udp_new(const struct udp_config *c, uint64_t now, struct udp **ret)
{
	struct udp *u = calloc(1, sizeof(*u));
	struct path_config path = {
		.role = c->role,
		.roam = c->terms->caps & CAP_UDP_ROAM,
		.peer = c->peer,
		.most = esp_size(c->terms->mtu + (c->terms->type == TUNNEL_ETHER ? 22u : 0)),
		.random = random_nonce,
		.times = path_times(),
	};
	int r;

	if (!u) {
		close(c->fd);
		return -ENOMEM;
	}
	u->role = c->role;
	u->device = c->device;
	u->compress = c->compress;
	u->policer = c->policer;
	u->tally = c->tally;
	r = batch_in_open(&u->in, c->fd);
	if (r == 0)
		r = batch_out_open(&u->out, c->fd);
	if (r == 0)
		r = open_compression(u);
	if (r == 0)
		r = open_keys(u, c, now);
	if (r < 0) {
		udp_free(u);
		return r;
	}
	coalesce_init(&u->merge, c->device->type, c->device->vnet ? c->device->features : 0);
	path_init(&u->path, &path, now);
	*ret = u;
	return 0;
}

void udp_free(struct udp *u)
{
	if (!u)
		return;
	rekey_free(u->keys);
	batch_out_close(&u->out);
	batch_in_close(&u->in);
	free(u->plain);
	free(u->packed);
	free(u->unpacked);
	close(u->in.fd);
	free(u);
}

int udp_fd(const struct udp *u)
{
	return u->in.fd;
}

/* ---- out */

bool udp_is_up(const struct udp *u)
{
	return path_most(&u->path) > 0;
}

void udp_flush(struct udp *u, uint64_t now)
{
	size_t segment = u->out.segment;

	if (u->out.count == 0)
		return;
	if (batch_out_flush(&u->out, &u->path.peer.any, endpoint_size(&u->path.peer)) == -EMSGSIZE)
		path_refused(&u->path, now, segment);
	path_sent(&u->path, now);
}

static enum esp_next next_header(const struct udp *u, const uint8_t *packet)
{
	if (u->device->type == TUNNEL_ETHER)
		return ESP_ETHERNET;
	return packet[0] >> 4 == 6 ? ESP_IPV6 : ESP_IPV4;
}

static uint8_t *room_for(struct udp *u, uint64_t now, size_t payload)
{
	uint8_t *out = batch_out_room(&u->out, esp_size(payload));

	if (!out) {
		udp_flush(u, now);
		out = batch_out_room(&u->out, esp_size(payload));
	}
	return out;
}

static int seal(struct udp *u, uint8_t *out, size_t payload, enum esp_next next)
{
	ssize_t n = rekey_seal(u->keys, out, payload, next);

	if (n < 0)
		return (int)n;
	batch_out_commit(&u->out, (size_t)n);
	return 0;
}

/* Cut, sealed and queued while it is in the cache. */
static int send_plain(struct udp *u, uint64_t now, const struct segment *s, uint32_t i, size_t size)
{
	uint8_t *out = room_for(u, now, size);

	segment_packet(s, i, out + ESP_HEADER);
	return seal(u, out, size, next_header(u, out + ESP_HEADER));
}

/* Smaller if that is possible; the sizes differ, so that hardly two leave in one batch. */
static int send_packed(struct udp *u, uint64_t now, const struct segment *s, uint32_t i, size_t size)
{
	uint8_t *out;
	ssize_t n;

	segment_packet(s, i, u->plain);
	n = compress_pack(u->compress, u->plain, size, u->packed, size);
	u->tally->tx_raw += size;
	u->tally->tx_packed += n > 0 ? (size_t)n + PACKED_HEADER : size;
	if (n <= 0 || (size_t)n + PACKED_HEADER >= size) {
		out = room_for(u, now, size);
		memcpy(out + ESP_HEADER, u->plain, size);
		return seal(u, out, size, next_header(u, u->plain));
	}
	out = room_for(u, now, (size_t)n + PACKED_HEADER);
	out[ESP_HEADER] = (uint8_t)next_header(u, u->plain);
	out[ESP_HEADER + 1] = 0;
	put_be16(out + ESP_HEADER + 2, (uint16_t)size);
	memcpy(out + ESP_HEADER + PACKED_HEADER, u->packed, (size_t)n);
	return seal(u, out, (size_t)n + PACKED_HEADER, ESP_PACKED);
}

static int send_packet(struct udp *u, uint64_t now, const struct segment *s, uint32_t i)
{
	size_t size = i + 1 < s->count ? s->size : s->last;
	int r = u->compress ? send_packed(u, now, s, i, size) : send_plain(u, now, s, i, size);

	if (r < 0)
		return r;
	u->tally->tx_frames++;
	u->tally->tx_bytes += size;
	return 0;
}

int udp_send(struct udp *u, uint64_t now, uint8_t *frame, size_t size)
{
	size_t carried = u->device->carry_vnet ? VNET_HDR_SIZE : 0;
	struct vnet_hdr h = {};
	struct segment s;
	uint32_t i;
	int r = 0;

	if (size <= carried)
		return 0;
	if (carried)
		vnet_get(frame, &h);
	if (segment_begin(u->device->type, &h, frame + carried, size - carried, &s) < 0) {
		u->tally->tx_drops++;
		return 0;
	}
	if (esp_size(s.size) > path_most(&u->path))
		return -EMSGSIZE;
	for (i = 0; i < s.count && r == 0; i++)
		r = send_packet(u, now, &s, i);
	if (r < 0 && i > 1) { /* a part of it is on its way: the rest is lost, not sent twice */
		u->tally->tx_drops++;
		return 0;
	}
	return r;
}

/* ---- in */

static void write_frames(struct udp *u)
{
	const struct iovec *iov;
	int n;

	while ((n = coalesce_next(&u->merge, &iov)) > 0) {
		if (!u->device->vnet) {
			iov++;
			n--;
		}
		if (writev(u->device->fd, iov, n) < 0)
			u->tally->rx_drops++;
	}
	u->n_unpacked = 0;
}

static void take_packet(struct udp *u, uint64_t now, struct esp_payload *p)
{
	int r;

	if (!policer_pass(u->policer, now * 1000, (uint32_t)p->size)) {
		u->tally->rx_drops++;
		return;
	}
	r = coalesce_add(&u->merge, p->data, p->size);
	if (r == -ENOBUFS) {
		write_frames(u);
		r = coalesce_add(&u->merge, p->data, p->size);
	}
	if (r < 0) {
		u->tally->rx_drops++;
		return;
	}
	u->tally->rx_frames++;
	u->tally->rx_bytes += p->size;
}

/* Bounded by the size that the peer announces, which must be exactly right; RFC 3173 in spirit. */
static void take_packed(struct udp *u, uint64_t now, struct esp_payload *p)
{
	size_t size = p->size > PACKED_HEADER ? get_be16(p->data + 2) : 0;

	if (u->n_unpacked + size > UNPACKED_MOST)
		write_frames(u);
	if (!u->compress || size == 0 || p->data[1] != 0 ||
	    compress_unpack(u->compress, p->data + PACKED_HEADER, p->size - PACKED_HEADER,
			    u->unpacked + u->n_unpacked, size) < 0) {
		u->tally->rx_drops++;
		return;
	}
	p->data = u->unpacked + u->n_unpacked;
	p->size = size;
	u->n_unpacked += size;
	take_packet(u, now, p);
}

static union endpoint sender(const struct udp *u)
{
	union endpoint e = {};

	memcpy(&e, &u->in.from, u->in.from_size < sizeof(e) ? u->in.from_size : sizeof(e));
	return e;
}

static void take_batch(struct udp *u, uint64_t now)
{
	union endpoint from = sender(u);
	bool authentic = false, newest = false;
	uint8_t *datagram;
	size_t size;

	while ((datagram = batch_in_next(&u->in, &size))) {
		struct esp_payload p;

		if (rekey_open(u->keys, now, datagram, size, &p) < 0)
			continue;
		authentic = true;
		newest |= p.newest;
		if (p.next == ESP_CONTROL)
			path_control(&u->path, now, &from, p.data, p.size);
		else if (p.next == ESP_PACKED)
			take_packed(u, now, &p);
		else if (p.next != ESP_DUMMY)
			take_packet(u, now, &p);
	}
	write_frames(u);
	if (authentic)
		path_heard(&u->path, now, &from, newest);
}

bool udp_receive(struct udp *u, uint64_t now)
{
	int i;

	for (i = 0; i < BATCHES_MOST; i++) {
		if (batch_in_receive(&u->in) < 0)
			return false;
		take_batch(u, now);
	}
	return true;
}

int udp_on_frame(struct udp *u, uint64_t now, uint8_t type, const uint8_t *payload)
{
	if (type != FRAME_PATH_STATE)
		return rekey_take(u->keys, now, type, payload);
	if (get_be32(payload) == PATH_STATE_DOWN)
		path_peer_down(&u->path, now);
	return 0;
}

/* ---- time */

/* A control payload leaves at once, in a datagram of its own. */
static void send_control(struct udp *u, uint64_t now, const struct path_action *a)
{
	size_t room, size = esp_payload_most(a->size);
	uint8_t *out;
	ssize_t n;

	if (size < PATH_CONTROL_SIZE)
		size = PATH_CONTROL_SIZE;
	udp_flush(u, now);
	room = esp_size(size);
	out = batch_out_room(&u->out, room);
	if (!out)
		return;
	memcpy(out + ESP_HEADER, a->payload, PATH_CONTROL_SIZE);
	memset(out + ESP_HEADER + PATH_CONTROL_SIZE, 0, size - PATH_CONTROL_SIZE);
	n = rekey_seal(u->keys, out, size, ESP_CONTROL);
	if (n < 0)
		return;
	batch_out_commit(&u->out, (size_t)n);
	if (batch_out_flush(&u->out, &a->to.any, endpoint_size(&a->to)) == -EMSGSIZE)
		path_refused(&u->path, now, room);
}

/* What stands before the packet in a frame, and is not counted in the device's MTU: with a VLAN tag. */
static size_t ether_header(const struct udp *u)
{
	return u->device->type == TUNNEL_ETHER ? 18 : 0;
}

static void do_path(struct udp *u, uint64_t now, struct udp_news *news)
{
	struct path_action a;

	while (path_next(&u->path, now, &a) == 1) {
		switch (a.act) {
		case PATH_SEND:
			send_control(u, now, &a);
			break;
		case PATH_IS_UP:
			news->up = true;
			break;
		case PATH_IS_DOWN:
			news->down = true;
			if (a.tell_peer && news->n_frames < ARRAY_SIZE(news->frames)) {
				struct rekey_frame *f = &news->frames[news->n_frames++];

				f->type = FRAME_PATH_STATE;
				f->size = 4;
				put_be32(f->payload, PATH_STATE_DOWN);
			}
			break;
		case PATH_FOUND:
			news->mtu = (uint16_t)(esp_payload_most(a.size) - ether_header(u));
			break;
		}
	}
}

int udp_step(struct udp *u, uint64_t now, struct udp_news *ret)
{
	struct udp_news news = {};
	int r = 0;

	do_path(u, now, &news);
	while (news.n_frames < ARRAY_SIZE(news.frames) &&
	       (r = rekey_next(u->keys, now, &news.frames[news.n_frames])) == 1)
		news.n_frames++;
	*ret = news;
	return r < 0 ? r : 0;
}

uint64_t udp_deadline(const struct udp *u)
{
	uint64_t p = path_deadline(&u->path), k = rekey_deadline(u->keys);

	return p < k ? p : k;
}

void udp_tally(const struct udp *u, struct tally *t)
{
	rekey_tally(u->keys, t);
	t->tx_wire += u->out.sent_bytes;
	t->rx_wire += u->in.received_bytes;
}

const char *udp_peer_text(const struct udp *u, char text[static 64])
{
	const union endpoint *e = &u->path.peer;
	char address[INET6_ADDRSTRLEN] = "?";

	if (e->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &e->v6.sin6_addr, address, sizeof(address));
		snprintf(text, 64, "[%s]:%u", address, ntohs(e->v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &e->v4.sin_addr, address, sizeof(address));
		snprintf(text, 64, "%s:%u", address, ntohs(e->v4.sin_port));
	}
	return text;
}
