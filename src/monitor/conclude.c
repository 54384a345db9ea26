/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conclude.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/log.h"
#include "report.h"
#include "watch.h"

/* A guess that was broken off is one all the same, unless it was us who broke it off. */
static bool is_auth_failure(const struct session *s)
{
	return s->role == ROLE_SERVER && s->ending.phase == PHASE_CONFIRM &&
	       s->ending.cause != ENDING_REFUSED && s->ending.cause != ENDING_SIGNAL;
}

/* Whether it was the peer's fault that there is no session. */
static bool is_turned_away(const struct ending *e)
{
	if (e->cause == ENDING_REPORTED)
		return e->end.by != END_BY_LOSS && e->end.by != END_BY_PEER;
	return e->cause == ENDING_REFUSED || e->cause == ENDING_DEADLINE;
}

static void log_unfinished(const struct session *s, enum exit_code code, const char *why)
{
	int priority = code == EXIT_DONE ? LOG_NOTICE : LOG_ERR;
	char text[SESSION_NAME_MAX + 64];

	if (s->role == ROLE_CLIENT || s->logged_in) {
		log_line(priority, "%s: no session with %s: %s", s->name, s->ends.peer_name, why);
		return;
	}
	if (is_auth_failure(s)) {
		snprintf(text, sizeof(text), "session %s: left without proof", s->name);
		report_auth_failure(text);
	}
	/* Refused logins have their own line already. */
	if (s->ending.cause == ENDING_REFUSED && s->parting.reason == REASON_AUTH)
		priority = LOG_DEBUG;
	log_line(priority, "%s: %s: %s", s->ends.peer_name,
		 is_turned_away(&s->ending) ? "turned away" : "no session", why);
}

enum exit_code conclude(struct session *s, bool keep)
{
	char why[ENDING_TEXT_SIZE];
	enum exit_code code = ending_judge(&s->ending, why);
	uint64_t now = clock_ms();

	if (!keep)
		tunnel_close(s->tunnel);
	if (s->up_ms) {
		watch_count(s);
		report_session_end(why, (int)code, &s->tally, (now - s->up_ms) / 1000);
	} else {
		log_unfinished(s, code, why);
	}
	return code;
}
