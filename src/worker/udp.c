/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "outbox.h"
#include "reliable.h"
#include "udp_in.h"
#include "udp_out.h"

struct udp {
	int fd;
	const struct device_io *device;
	struct tally *tally;
	struct rekey *keys;
	struct path path;
	struct outbox box;
	struct reliable *reliable; /* NULL: not agreed */
	struct udp_out out;
	struct batch_in batch;
	struct udp_in in;
};

static uint64_t random_nonce(void)
{
	uint64_t nonce;

	randombytes_buf(&nonce, sizeof(nonce));
	return nonce;
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

static void open_path(struct udp *u, const struct udp_config *c, uint64_t now)
{
	/* With a VLAN tag that is in no MTU, one more tag for the bridge's, and ARQ's header. */
	size_t frame = c->terms->mtu + (c->terms->type == TUNNEL_ETHER ? 22u : 0) +
		       (c->terms->caps & CAP_ARQ ? ARQ_HEADER : 0u);
	struct path_config path = {
		.role = c->role,
		.roam = c->terms->caps & CAP_UDP_ROAM,
		.peer = c->peer,
		.most = esp_size(frame),
		.random = random_nonce,
		.times = path_times(),
	};

	path_init(&u->path, &path, now);
}

static int open_in(struct udp *u, const struct udp_config *c)
{
	int r = batch_in_open(&u->batch, c->fd);

	u->in = (struct udp_in){
		.compress = c->compress, .policer = c->policer, .tally = c->tally,
	};
	return r < 0 ? r : udp_in_open(&u->in, c->device);
}

static int open_out(struct udp *u, const struct udp_config *c)
{
	int r = outbox_open(&u->box, c->fd, u->keys, &u->path);

	if (r == 0 && c->terms->caps & CAP_ARQ)
		r = reliable_new(c->terms, &u->box, &u->reliable);
	u->out = (struct udp_out){
		.device = c->device, .compress = c->compress, .reliable = u->reliable,
		.box = &u->box, .tally = c->tally,
	};
	return r < 0 ? r : udp_out_open(&u->out);
}

int udp_new(const struct udp_config *c, uint64_t now, struct udp **ret)
{
	struct udp *u = calloc(1, sizeof(*u));
	int r;

	if (!u) {
		close(c->fd);
		return -ENOMEM;
	}
	u->fd = c->fd;
	u->device = c->device;
	u->tally = c->tally;
	open_path(u, c, now);
	r = open_keys(u, c, now);
	if (r == 0)
		r = open_in(u, c);
	if (r == 0)
		r = open_out(u, c);
	if (r < 0) {
		udp_free(u);
		return r;
	}
	*ret = u;
	return 0;
}

void udp_free(struct udp *u)
{
	if (!u)
		return;
	udp_out_close(&u->out);
	udp_in_close(&u->in);
	reliable_free(u->reliable);
	outbox_close(&u->box);
	batch_in_close(&u->batch);
	rekey_free(u->keys);
	close(u->fd);
	free(u);
}

int udp_fd(const struct udp *u)
{
	return u->fd;
}

/* ---- out */

bool udp_is_up(const struct udp *u)
{
	return path_most(&u->path) > 0;
}

void udp_flush(struct udp *u, uint64_t now)
{
	outbox_flush(&u->box, now);
}

bool udp_should_pause(const struct udp *u)
{
	return u->reliable && reliable_crowd(u->reliable) != CROWD_NONE;
}

bool udp_must_wait(const struct udp *u)
{
	return u->reliable && reliable_crowd(u->reliable) == CROWD_WAIT;
}

int udp_send(struct udp *u, uint64_t now, uint8_t *frame, size_t size)
{
	return udp_out_frame(&u->out, now, frame, size);
}

/* ---- in */

static union endpoint sender(const struct udp *u)
{
	union endpoint e = {};

	memcpy(&e, &u->batch.from, u->batch.from_size < sizeof(e) ? u->batch.from_size : sizeof(e));
	return e;
}

/* A protected packet: what may go to the device now, of this one and of those that waited for it. */
static void take_protected(struct udp *u, uint64_t now, uint64_t now_us, const struct esp_payload *p)
{
	struct esp_payload frame;
	bool waited = false;

	if (!u->reliable || reliable_take(u->reliable, now_us, p) < 0) {
		u->tally->rx_drops++;
		return;
	}
	while (reliable_next(u->reliable, now_us, &frame)) {
		waited |= frame.data < p->data || frame.data >= p->data + p->size;
		udp_in_packet(&u->in, now, &frame);
	}
	if (waited) /* those are gone when the next one is taken */
		udp_in_write(&u->in);
}

static void take_control(struct udp *u, uint64_t now, uint64_t now_us, const union endpoint *from,
			 const struct esp_payload *p)
{
	if (u->reliable && p->size > 0 && p->data[0] == ARQ_ACK)
		reliable_acked(u->reliable, now_us, p);
	else
		path_control(&u->path, now, from, p->data, p->size);
}

static void take_batch(struct udp *u, uint64_t now)
{
	uint64_t now_us = u->reliable ? clock_us() : 0;
	union endpoint from = sender(u);
	bool authentic = false, newest = false;
	uint8_t *datagram;
	size_t size;

	while ((datagram = batch_in_next(&u->batch, &size))) {
		struct esp_payload p;

		if (rekey_open(u->keys, now, datagram, size, &p) < 0)
			continue;
		authentic = true;
		newest |= p.newest;
		if (p.next == ESP_CONTROL)
			take_control(u, now, now_us, &from, &p);
		else if (p.next == ESP_ARQ)
			take_protected(u, now, now_us, &p);
		else
			udp_in_packet(&u->in, now, &p);
	}
	if (authentic)
		path_heard(&u->path, now, &from, newest);
	if (authentic && u->reliable)
		reliable_step(u->reliable, now_us);
}

bool udp_receive(struct udp *u, uint64_t now, int most)
{
	int i;

	batch_in_begin(&u->batch);
	/* A superframe seldom ends where a datagram's batch does: it is merged beyond that. */
	for (i = 0; i < most && batch_in_receive(&u->batch) == 0; i++) {
		take_batch(u, now);
		if ((i + 1) % BATCH_BUFFERS == 0)
			udp_in_write(&u->in);
	}
	udp_in_write(&u->in);
	return i == most;
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

/* What a frame has beside the packet that the device's MTU counts: an Ethernet header with a VLAN tag,
 * and what protects it. */
static size_t beside_mtu(const struct udp *u)
{
	return (u->device->type == TUNNEL_ETHER ? 18 : 0) + (u->reliable ? ARQ_HEADER : 0);
}

/* For a path that carries datagrams of that size.  The least one has no room for what is beside
 * the least MTU: what becomes too large then goes over TLS. */
static uint16_t device_mtu(const struct udp *u, size_t datagram)
{
	size_t mtu = esp_payload_most(datagram) - beside_mtu(u);

	return (uint16_t)(mtu < MTU_LEAST ? MTU_LEAST : mtu);
}

static void do_path(struct udp *u, uint64_t now, struct udp_news *news)
{
	struct path_action a;

	while (path_next(&u->path, now, &a) == 1) {
		switch (a.act) {
		case PATH_SEND:
			outbox_control(&u->box, now, &a.to, a.payload, PATH_CONTROL_SIZE,
				       esp_payload_most(a.size));
			break;
		case PATH_IS_UP:
			news->up = true;
			break;
		case PATH_IS_DOWN:
			news->down = true;
			if (u->reliable)
				reliable_forget(u->reliable);
			if (a.tell_peer && news->n_frames < ARRAY_SIZE(news->frames)) {
				struct rekey_frame *f = &news->frames[news->n_frames++];

				f->type = FRAME_PATH_STATE;
				f->size = 4;
				put_be32(f->payload, PATH_STATE_DOWN);
			}
			break;
		case PATH_FOUND:
			news->mtu = device_mtu(u, a.size);
			break;
		}
	}
}

/* What waited for a gap that is too old now, and what is due to be sent. */
static void do_reliable(struct udp *u, uint64_t now)
{
	uint64_t now_us = clock_us();
	struct esp_payload frame;

	while (reliable_next(u->reliable, now_us, &frame))
		udp_in_packet(&u->in, now, &frame);
	udp_in_write(&u->in);
	reliable_step(u->reliable, now_us);
}

int udp_step(struct udp *u, uint64_t now, struct udp_news *ret)
{
	struct udp_news news = {};
	int r = 0;

	if (u->reliable)
		do_reliable(u, now);
	do_path(u, now, &news);
	while (news.n_frames < ARRAY_SIZE(news.frames) &&
	       (r = rekey_next(u->keys, now, &news.frames[news.n_frames])) == 1)
		news.n_frames++;
	*ret = news;
	return r < 0 ? r : 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t udp_deadline(const struct udp *u)
{
	uint64_t due = earlier(path_deadline(&u->path), rekey_deadline(u->keys));
	uint64_t us = u->reliable ? reliable_deadline(u->reliable) : CLOCK_NEVER;

	/* Awake too early there would be nothing to do but to ask again. */
	return us == CLOCK_NEVER ? due : earlier(due, (us + 999) / 1000);
}

void udp_tally(const struct udp *u, struct tally *t)
{
	rekey_tally(u->keys, t);
	if (u->reliable)
		reliable_tally(u->reliable, t);
	t->tx_wire += u->box.batch.sent_bytes;
	t->rx_wire += u->batch.received_bytes;
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
