/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"

void session_init(struct session *s, enum ipc_role role)
{
	*s = (struct session){
		.role = role,
		.began_ms = clock_ms(),
		.net_fd = -1,
		.claim_fd = -1,
		.udp_fd = -1,
		.worker = { .pidfd = -1, .ipc = -1 },
	};
}

void session_free(struct session *s)
{
	spawn_free(&s->worker);
	cleanup_fd(&s->net_fd);
	cleanup_fd(&s->claim_fd);
	cleanup_fd(&s->udp_fd);
	auth_free(s->auth);
	secret_wipe(s);
}

const char *session_who(const struct session *s)
{
	return s->role == ROLE_CLIENT || s->logged_in ? s->name : s->ends.peer_name;
}

int session_send(struct session *s, const struct ipc_message *m, const int *fds, size_t n_fds)
{
	return ipc_send(s->worker.ipc, m, fds, n_fds);
}

struct ending *session_ends(struct session *s, enum ending_cause cause)
{
	if (s->ending.cause != ENDING_NONE)
		return NULL;
	s->ending.cause = cause;
	s->ending.role = s->role;
	s->ending.phase = s->phase;
	return &s->ending;
}

int session_refuse(struct session *s, enum reason reason, unsigned detail, enum exit_code code,
		   const char *for_peer, const char *format, ...)
{
	struct ending *e = session_ends(s, ENDING_REFUSED);
	va_list ap;

	if (!e)
		return REFUSED;
	/* A login that has just succeeded is one, though its answer is not on its way yet. */
	if (s->logged_in && e->phase < PHASE_NEGOTIATE)
		e->phase = PHASE_NEGOTIATE;
	e->exit_code = code;
	va_start(ap, format);
	vsnprintf(e->text, sizeof(e->text), format, ap);
	va_end(ap);
	s->parting = (struct ipc_reason){ .reason = (uint16_t)reason, .detail = (uint16_t)detail };
	if (for_peer)
		snprintf(s->parting.text, sizeof(s->parting.text), "%s", for_peer);
	return REFUSED;
}
