/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/log.h"
#include "report.h"
#include "statlog.h"

enum {
	STATE_EVERY_MS = 1000,
	LOG_BURST = 100,
	LOG_EVERY_MS = 200,          /* one line more */
};

void watch_init(struct session *s)
{
	s->log_room = LOG_BURST;
	s->log_filled_ms = s->counted_ms = clock_ms();
}

/* ---- counters */

static void log_counters(const struct session *s)
{
	const struct tally *t = &s->tally;
	char round_trip[48] = ""; /* unknown as long as the line was never idle */

	if (t->srtt_us)
		snprintf(round_trip, sizeof(round_trip), ", round trip %" PRIu64 ".%03" PRIu64 " ms",
			 t->srtt_us / 1000, t->srtt_us % 1000);
	log_info("%s: sent %" PRIu64 " bytes in %" PRIu64 " frames (%" PRIu64 " dropped), received %"
		 PRIu64 " in %" PRIu64 " (%" PRIu64 " dropped); on the wire %" PRIu64 " and %" PRIu64
		 " bytes, data over %s%s", s->name, t->tx_bytes, t->tx_frames, t->tx_drops, t->rx_bytes,
		 t->rx_frames, t->rx_drops, t->tx_wire, t->rx_wire, s->udp_up ? "UDP" : "TLS",
		 round_trip);
}

void watch_count(struct session *s)
{
	int r;

	if (!s->section->stat || s->count_failed)
		return;
	r = statlog_write(s->name, &s->tally);
	s->count_failed = r < 0;
	if (r < 0)
		log_errno(LOG_WARNING, r, "%s: stat: no counters in /var/log/vtund/%s", s->name, s->name);
}

int watch_status(struct session *s, const struct ipc_message *m)
{
	uint64_t now = clock_ms();

	s->tally = m->status.tally;
	s->udp_up = m->status.udp_up;
	/* One line for one question, however many answers there are. */
	if (m->status.answer && s->asked) {
		s->asked = false;
		log_counters(s);
	}
	if (now - s->told_ms >= STATE_EVERY_MS) {
		s->told_ms = now;
		report_state(&s->terms, &s->tally, s->udp_up);
	}
	if (s->section->stat && now - s->counted_ms >= statlog_every_ms()) {
		s->counted_ms = now;
		log_counters(s);
		watch_count(s);
	}
	return ANSWERED;
}

void watch_ask(struct session *s)
{
	const struct ipc_message m = { .op = IPC_QUERY };

	if (s->phase != PHASE_RUN)
		log_info("SIGUSR1: the session is not up, so there are no counters");
	else
		/* If it cannot be sent, the worker is dying, and that will be seen. */
		s->asked = session_send(s, &m, NULL, 0) == 0;
}

/* ---- log */

static bool may_log(struct session *s)
{
	uint64_t now = clock_ms(), more = (now - s->log_filled_ms) / LOG_EVERY_MS;

	if (more > 0) {
		s->log_room = more >= LOG_BURST - s->log_room ? LOG_BURST : s->log_room + (unsigned)more;
		s->log_filled_ms = now;
	}
	if (s->log_room == LOG_BURST)
		s->log_overrun = false;
	if (s->log_room == 0)
		return false;
	if (--s->log_room > 0 || s->log_overrun)
		return true;
	s->log_overrun = true;
	log_warning("%s: the worker logs too much: most of its further lines are dropped", session_who(s));
	return false;
}

void watch_log(struct session *s, const struct ipc_message *m)
{
	int priority = m->log.priority;

	if (priority < LOG_ERR)
		priority = LOG_ERR;
	if (priority > LOG_DEBUG)
		priority = LOG_DEBUG;
	/* The mark keeps it from passing for a line of ours, "auth failure from..." above all. */
	if (priority <= log_max() && may_log(s))
		log_line(priority, "%s: worker: %s", session_who(s), m->log.text);
}
