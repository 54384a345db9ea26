/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/log.h"

enum { CLOSING_MS = 2000, DRAIN_TURNS = 8 };

void session_enter(struct session *s, enum session_state next)
{
	static const char *const names[] = {
		"HANDSHAKE", "LOGIN", "NEGO", "RUN", "CLOSING", "OVER",
	};

	if (next <= s->state)
		return;
	log_debug("state %s -> %s", names[s->state], names[next]);
	s->state = next;
	s->step = 0;
	s->more = true;
}

enum wire_state session_wire_state(const struct session *s)
{
	if (s->state == STATE_CLOSING)
		return s->closing_from;
	if (s->state == STATE_LOGIN)
		return WIRE_AUTH;
	if (s->state == STATE_NEGO)
		return WIRE_NEGO;
	if (device_io_is_stream(&s->pump.device))
		return WIRE_RUN_STREAM;
	return s->terms.udp_port ? WIRE_RUN_UDP : WIRE_RUN;
}

/* ---- what is counted */

struct tally *session_tally(struct session *s)
{
	struct tally *t = &s->pump.tally;

	t->tx_wire = tls_bytes_out(link_tls(s->link));
	t->rx_wire = tls_bytes_in(link_tls(s->link));
	if (s->pump.udp)
		udp_tally(s->pump.udp, t);
	return t;
}

void session_drain_udp(struct session *s)
{
	int turn;

	for (turn = 0; turn < DRAIN_TURNS && s->pump.live && s->pump.udp; turn++)
		if (!udp_receive(s->pump.udp, clock_ms(), UDP_BATCHES_MOST))
			return;
}

/* ---- ending */

static void close_link(struct session *s)
{
	s->closing_from = session_wire_state(s);
	s->waiting = s->held = false;
	s->closing_due = clock_ms() + CLOSING_MS;
	session_enter(s, STATE_CLOSING);
}

static void say_stats(struct session *s)
{
	uint8_t stats[WIRE_STATS_SIZE];

	session_drain_udp(s); /* what has arrived is not lost */
	wire_put_stats(session_tally(s), stats);
	link_put(s->link, FRAME_STATS, stats, sizeof(stats));
}

static void say_end(struct session *s, const struct wire_reason *r)
{
	uint8_t bytes[WIRE_REASON_MOST];
	bool in_order = r->reason == REASON_NONE || r->reason == REASON_ADMIN;

	if (s->state == STATE_RUN)
		say_stats(s);
	if (s->state == STATE_RUN && in_order)
		link_put(s->link, FRAME_CLOSE, bytes, wire_put_close(r, bytes));
	else
		link_put(s->link, FRAME_ERROR, bytes, wire_put_error(r, bytes));
}

void session_reduce(struct wire_reason *r)
{
	r->text[0] = '\0';
	r->detail = 0;
	if (r->reason != REASON_AUTH && r->reason != REASON_TIMEOUT)
		r->reason = REASON_PROTOCOL;
}

void session_end(struct session *s, unsigned reason, unsigned detail, const char *format, ...)
{
	struct wire_reason r = { .reason = (uint16_t)reason, .detail = (uint16_t)detail };
	va_list ap;

	if (s->state >= STATE_CLOSING)
		return;
	va_start(ap, format);
	vsnprintf(s->end.text, sizeof(s->end.text), format, ap);
	va_end(ap);
	s->end.by = END_BY_US;
	s->end.reason = r.reason;
	s->end.detail = r.detail;
	s->end.closed = reason == REASON_NONE || reason == REASON_ADMIN;
	if (s->state == STATE_HANDSHAKE) {
		session_enter(s, STATE_OVER); /* no TLS to say it in */
		return;
	}
	snprintf(r.text, sizeof(r.text), "%.*s", REASON_TEXT_MAX, s->end.text);
	if (s->state == STATE_LOGIN)
		session_reduce(&r);
	say_end(s, &r);
	close_link(s);
}

void session_lost(struct session *s, enum ipc_end_by by, const char *text)
{
	if (s->state >= STATE_CLOSING)
		return;
	s->end.by = (uint8_t)by;
	snprintf(s->end.text, sizeof(s->end.text), "%s", text);
	if (by != END_BY_PEER) {
		session_enter(s, STATE_OVER);
		return;
	}
	if (s->end.closed && s->state == STATE_RUN)
		say_stats(s);
	close_link(s); /* its close_notify is on its way: not to wait for it would be a reset */
}

void session_ask(struct session *s, int r)
{
	if (r < 0) /* the monitor is gone, and with it the reason for our existence */
		session_enter(s, STATE_OVER);
}

void session_put(struct session *s, uint8_t type, const void *payload, size_t size)
{
	if (link_put(s->link, type, payload, size) < 0)
		session_end(s, REASON_LIMIT, 0, "the peer does not read");
}
