/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RUN: frames flow, the peer is known to be alive, both ends tell each other what they counted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "ask.h"
#include "common/bytes.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "rekey.h"
#include "states.h"
#include "transport.h"

enum { STATS_MS = 60000, TLS_KEY_LEAST_MS = 1000, FIRST_ATTEMPT_MS = 5000, ALONE_US = 200 };

/* The server's UDP address is that of the TCP connection unless its offer names another one. */
static union endpoint server_endpoint(const struct session *s)
{
	union endpoint e = s->peer;

	if (s->terms.udp_family == 4) {
		e = (union endpoint){ .v4.sin_family = AF_INET };
		memcpy(&e.v4.sin_addr, s->terms.udp_addr, sizeof(e.v4.sin_addr));
	} else if (s->terms.udp_family == 6) {
		e = (union endpoint){ .v6.sin6_family = AF_INET6 };
		memcpy(&e.v6.sin6_addr, s->terms.udp_addr, sizeof(e.v6.sin6_addr));
	}
	if (e.any.sa_family == AF_INET6)
		e.v6.sin6_port = htons(s->terms.udp_port);
	else
		e.v4.sin_port = htons(s->terms.udp_port);
	return e;
}

/* Without a UDP path the session runs all the same, over TLS. */
static void open_udp(struct session *s, uint64_t now)
{
	uint8_t exporter[32];
	struct udp_config c = {
		.role = s->role,
		.fd = take_fd(&s->udp_fd),
		.terms = &s->terms,
		.spi = s->spi,
		.device = &s->pump.device,
		.compress = s->pump.compress,
		.policer = &s->pump.policer,
		.tally = &s->pump.tally,
		.exporter = exporter,
		.auth_secret = s->auth_secret,
	};
	struct udp *udp;
	int r;

	if (c.fd < 0)
		return;
	if (s->role == ROLE_CLIENT)
		c.peer = server_endpoint(s);
	r = tls_export_udp(link_tls(s->link), exporter);
	if (r == 0)
		r = udp_new(&c, now, &udp);
	if (r == 0)
		pump_use_udp(&s->pump, udp);
	sodium_memzero(exporter, sizeof(exporter));
	if (r < 0)
		log_errno(LOG_WARNING, r, "no UDP path, data goes over TLS");
}

/* As old as a key of the UDP path may become; a peer takes no more than one in a second. */
static uint64_t tls_key_age(const struct session *s)
{
	uint64_t age = rekey_limits(s->terms.rekey_s).interval_ms;

	return age < TLS_KEY_LEAST_MS ? TLS_KEY_LEAST_MS : age;
}

void run_begin(struct session *s)
{
	uint64_t now = clock_ms();

	open_udp(s, now);
	/* With it and the TLS session the first keys could be made again, after they were wiped. */
	secret_wipe(&s->auth_secret);
	keepalive_init(&s->keepalive, s->terms.keepalive_s, s->terms.keepalive_misses, now);
	s->stats_due = now + STATS_MS;
	s->udp_first_until = now + FIRST_ATTEMPT_MS;
	s->tls_key_since = now;
	s->tls_key_due = now + tls_key_age(s);
}

static bool udp_up(const struct session *s)
{
	return s->pump.udp && udp_is_up(s->pump.udp);
}

static void send_status(struct session *s, bool answer)
{
	struct ipc_status status = {
		.running = s->pump.live,
		.udp_up = udp_up(s),
		.answer = answer,
		.tally = *session_tally(s),
	};
	int r;

	r = ask_status(&status);
	if (r != -EAGAIN) /* a monitor that is busy gets the next one */
		session_ask(s, r);
}

void run_device_up(struct session *s, uint16_t mtu)
{
	s->mtu = mtu;
	s->pump.live = s->more = true;
	s->held = false;
	send_status(s, false);
}

int run_on_message(struct session *s, const struct ipc_message *m)
{
	if (m->op == IPC_UP_OK && s->role == ROLE_CLIENT && !s->pump.live)
		run_device_up(s, m->up_ok.mtu);
	else if (m->op == IPC_QUERY)
		send_status(s, true);
	else
		return -EBADMSG;
	return 0;
}

/* ---- frames */

/* While a peer that is alive takes nothing, as the program behind it does not read, questions and
 * answers would pile up until there is no room for what matters. */
static bool has_room_for_echo(const struct session *s)
{
	return link_room(s->link, WIRE_ECHO_SIZE) != NULL;
}

static void answer_echo(struct session *s, const struct frame *f)
{
	if (keepalive_may_answer(&s->keepalive, clock_ms()) && has_room_for_echo(s))
		session_put(s, FRAME_ECHO_REP, f->data, WIRE_ECHO_SIZE);
}

/* Smoothed as TCP does it (RFC 6298 section 2): one eighth of each new sample. */
static void take_echo(struct session *s, const struct frame *f)
{
	uint64_t sent = get_be64(f->data + 4), now = clock_us(), *srtt = &s->pump.tally.srtt_us;

	if (get_be32(f->data) != s->echo_id || sent > now)
		return;
	s->echo_heard = s->echo_id;
	*srtt = *srtt ? *srtt - *srtt / 8 + (now - sent) / 8 : now - sent;
}

static void take_close(struct session *s, const struct frame *f)
{
	struct wire_reason r;

	if (wire_get_close(f->data, f->size, &r) < 0) {
		session_end(s, REASON_PROTOCOL, 0, "malformed CLOSE");
		return;
	}
	/* The peer waits for our last count. */
	s->end.closed = 1;
	s->end.reason = r.reason;
	session_lost(s, END_BY_PEER, r.text);
}

static int take_data(struct session *s, const struct frame *f)
{
	int r;

	if (!s->pump.live)
		return -EAGAIN; /* our own `up` still runs: what comes early waits */
	r = pump_in(&s->pump, f);
	if (r == -EPROTO)
		session_end(s, REASON_PROTOCOL, 0, "frame does not unpack, or has no place here");
	return r == -EAGAIN ? r : 0;
}

static void take_udp_frame(struct session *s, const struct frame *f)
{
	/* A new key retires the last but one, under which the peer has sent until now. */
	if (f->type == FRAME_REKEY_REQ || f->type == FRAME_REKEY_RESP)
		session_drain_udp(s);
	if (!s->pump.udp)
		session_end(s, REASON_PROTOCOL, 0, "frame 0x%02x without a UDP path", f->type);
	else if (udp_on_frame(s->pump.udp, clock_ms(), f->type, f->data) < 0)
		session_end(s, REASON_REKEY, 0, "the peer's rekeying is out of order");
}

int run_on_frame(struct session *s, const struct frame *f)
{
	keepalive_heard(&s->keepalive, clock_ms());
	switch (f->type) {
	case FRAME_DATA:
	case FRAME_DATA_Z:
	case FRAME_DATA_EOF:
		return take_data(s, f);
	case FRAME_ECHO_REQ:
		answer_echo(s, f);
		break;
	case FRAME_ECHO_REP:
		take_echo(s, f);
		break;
	case FRAME_STATS:
		wire_get_stats(f->data, &s->pump.tally);
		break;
	case FRAME_CLOSE:
		take_close(s, f);
		break;
	case FRAME_MTU_HINT:
		break;
	default:
		take_udp_frame(s, f);
	}
	return 0;
}

/* ---- time */

static void send_echo(struct session *s)
{
	uint8_t echo[WIRE_ECHO_SIZE];

	if (!has_room_for_echo(s))
		return;
	put_be32(echo, ++s->echo_id);
	put_be64(echo + 4, clock_us());
	session_put(s, FRAME_ECHO_REQ, echo, sizeof(echo));
}

static void send_stats(struct session *s)
{
	uint8_t stats[WIRE_STATS_SIZE];

	wire_put_stats(session_tally(s), stats);
	session_put(s, FRAME_STATS, stats, sizeof(stats));
}

static void on_time(struct session *s, uint64_t now)
{
	bool paused = !s->pump.live || s->held;

	switch (keepalive_check(&s->keepalive, now, paused)) {
	case KEEPALIVE_ASK:
		send_echo(s);
		break;
	case KEEPALIVE_DEAD:
		session_end(s, REASON_PEER_DEAD, 0, "nothing came from the peer for %u s",
			    s->terms.keepalive_s * (s->terms.keepalive_misses + 1u));
		return;
	case KEEPALIVE_WAIT:
		break;
	}
	if (now >= s->stats_due) {
		s->stats_due = now + STATS_MS;
		send_stats(s);
		send_status(s, false);
	}
}

/* A new key is due, and can be sent when the network takes something again. */
static bool waits_for_key(const struct session *s)
{
	return s->want_write && clock_ms() >= s->tls_key_due;
}

bool run_holds_device(const struct session *s)
{
	return waits_for_key(s) && !udp_up(s);
}

uint64_t run_deadline(const struct session *s)
{
	uint64_t due = keepalive_deadline(&s->keepalive);
	uint64_t udp = s->pump.udp ? udp_deadline(s->pump.udp) : CLOCK_NEVER;

	if (s->stats_due < due)
		due = s->stats_due;
	if (pace_deadline(&s->pump.pace) < due)
		due = pace_deadline(&s->pump.pace);
	if (s->pump.police_us != CLOCK_NEVER && (s->pump.police_us + 999) / 1000 < due)
		due = (s->pump.police_us + 999) / 1000;
	if (s->tls_key_due < due && !waits_for_key(s))
		due = s->tls_key_due;
	return udp < due ? udp : due;
}

/* The peer answers what is about keys before it answers the ECHO_REQ behind that. */
static void put_frame(struct session *s, const struct rekey_frame *f)
{
	session_put(s, f->type, f->payload, f->size);
	if (f->type != FRAME_REKEY_REQ && f->type != FRAME_REKEY_RESP)
		return;
	s->rekey_echo = s->echo_id + 1;
	send_echo(s);
}

/* Without an answer to that ECHO_REQ the question may not have arrived: the connection stalls,
 * and for how long it may is the keepalive's affair. */
static void rekey_overdue(struct session *s)
{
	if (s->echo_heard >= s->rekey_echo)
		session_end(s, REASON_REKEY, 0, "the peer does not answer to rekeying");
	else if (s->echo_id < s->rekey_echo)
		send_echo(s);
}

static void take_news(struct session *s, const struct udp_news *news)
{
	char text[64];
	unsigned i;

	for (i = 0; i < news->n_frames; i++)
		put_frame(s, &news->frames[i]);
	if (news->up)
		log_info("data goes over UDP, peer %s", udp_peer_text(s->pump.udp, text));
	if (news->down)
		log_notice("UDP does not get through, data goes over TLS");
	if (news->up || news->down)
		send_status(s, false);
	if (news->mtu && news->mtu < s->mtu) {
		s->mtu = news->mtu;
		session_ask(s, ask_mtu(news->mtu));
	}
}

/* What comes alone does not wait until the socket has been asked for more: poll(2) will say so. */
static void receive_udp(struct session *s, uint64_t now_us)
{
	bool alone = now_us - s->udp_received_us > ALONE_US;

	if (!s->udp_readable)
		return;
	s->udp_received_us = now_us;
	if (udp_receive(s->pump.udp, now_us / 1000, alone ? 1 : UDP_BATCHES_MOST) && !alone)
		s->more = true;
}

static void step_udp(struct session *s, uint64_t now)
{
	struct udp_news news;

	if (!s->pump.udp)
		return;
	if (udp_step(s->pump.udp, now, &news) < 0)
		rekey_overdue(s);
	if (s->state == STATE_RUN)
		take_news(s, &news);
}

/* A terminal has no half that could be closed: its end is a hang-up, for both sides. */
static void stream_done(struct session *s)
{
	const struct pump *p = &s->pump;

	if (!link_is_flushed(s->link))
		return;
	if (p->read_eof && p->write_eof)
		session_end(s, REASON_NONE, 0, "both ends of the stream are closed");
	else if (p->device.type == TUNNEL_TTY && (p->read_eof || p->write_eof))
		session_end(s, REASON_NONE, 0, "the terminal has hung up");
}

/* Nothing of the device is read until the old key has sent all that was queued. */
static enum tls_io update_tls_key(struct session *s, uint64_t now)
{
	enum tls_io io = link_flush(s->link);

	if (io == TLS_OK)
		io = tls_update_key(link_tls(s->link));
	if (io == TLS_OK) {
		log_debug("new key for sending over TLS");
		s->tls_key_since = now;
		s->tls_key_due = now + tls_key_age(s);
		s->more = true;
	}
	return io;
}

/* To a peer that is stopped, or cut off, all that became due meanwhile would come at once, and
 * more than 8 in a second end the session: so after each one there has to be a sign of life. */
static bool wants_tls_key(struct session *s, uint64_t now)
{
	if (now < s->tls_key_due)
		return false;
	if (s->keepalive.heard > s->tls_key_since)
		return true;
	s->tls_key_due = now + TLS_KEY_LEAST_MS;
	return false;
}

/* Beside UDP the TLS connection carries little, but all depends on it: new keys above all.
 * Frames that are too large for the UDP path must not block it, as they would where the path
 * carries less than the kernel thinks: so it has segments that pass everywhere, until the first
 * attempt with UDP is over.  What our own search has found is no measure: what is on its way
 * when the path shrinks stays as large as it is. */
static size_t tls_segment(const struct session *s, uint64_t now)
{
	return s->pump.udp && (udp_up(s) || now < s->udp_first_until) ? TRANSPORT_SEGMENT_LEAST : 0;
}

/* Where the key has to wait, what goes over UDP need not. */
static enum tls_io move(struct session *s, uint64_t now_us, bool *ret_more, int *ret_error)
{
	if (wants_tls_key(s, now_us / 1000)) {
		enum tls_io io = update_tls_key(s, now_us / 1000);

		if (io != TLS_WANT_WRITE || link_is_flushed(s->link) || !udp_up(s))
			return io;
	}
	return pump_out(&s->pump, now_us, ret_more, ret_error);
}

void run_send(struct session *s)
{
	uint64_t now_us = clock_us();
	bool more = false;
	int error = 0;
	enum tls_io io = move(s, now_us, &more, &error);

	s->more |= more;
	s->want_write = io == TLS_WANT_WRITE;
	if (error)
		session_end(s, REASON_DEVICE, 0, "device: %s", strerror(-error));
	else if (io >= TLS_CLOSED)
		session_lost(s, END_BY_LOSS, tls_error(link_tls(s->link)));
	else
		stream_done(s);
}

void run_step(struct session *s)
{
	uint64_t now_us = clock_us(), now = now_us / 1000;

	receive_udp(s, now_us);
	on_time(s, now);
	step_udp(s, now);
	if (s->state != STATE_RUN)
		return;
	tls_limit_segments(link_tls(s->link), tls_segment(s, now));
	run_send(s);
}
