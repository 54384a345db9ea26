/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "login.h"
#include "report.h"
#include "setup.h"
#include "watch.h"

enum { SERVER = 1 << ROLE_SERVER, CLIENT = 1 << ROLE_CLIENT, BOTH = SERVER | CLIENT };

/* THE TABLE: what a worker may ask, of whom, when, and where that leads.  Phases only go forward, so
 * whatever leads to another phase can be asked once.  LOG and END, which answer nothing, are not in
 * it: see on_message(). */
static const struct request {
	enum ipc_op op;
	unsigned roles;
	enum phase phase, next;
	int (*answer)(struct session *s, const struct ipc_message *m);
} requests[] = {
	{ IPC_CHANNEL,   BOTH,   PHASE_TLS,       PHASE_LOGIN,     login_channel },
	{ IPC_AUTH_INIT, SERVER, PHASE_LOGIN,     PHASE_CONFIRM,   login_answer },
	{ IPC_AUTH_RESP, CLIENT, PHASE_LOGIN,     PHASE_CONFIRM,   login_prove },
	{ IPC_AUTH_CONF, SERVER, PHASE_CONFIRM,   PHASE_NEGOTIATE, login_confirm },
	{ IPC_AUTH_TAG,  CLIENT, PHASE_CONFIRM,   PHASE_NEGOTIATE, login_accept },
	{ IPC_DEVICE,    SERVER, PHASE_NEGOTIATE, PHASE_SETUP,     setup_accepted },
	{ IPC_DEVICE,    CLIENT, PHASE_NEGOTIATE, PHASE_SETUP,     setup_offered },
	{ IPC_UP,        BOTH,   PHASE_SETUP,     PHASE_RUN,       setup_up },
	{ IPC_STATUS,    BOTH,   PHASE_RUN,       PHASE_RUN,       watch_status },
	{ IPC_MTU,       BOTH,   PHASE_RUN,       PHASE_RUN,       setup_mtu },
};

/* ---- phases and deadlines */

static unsigned phase_limit(const struct session *s)
{
	switch (s->phase) {
	case PHASE_TLS:
	case PHASE_LOGIN:
	case PHASE_CONFIRM:
		return s->deadlines.login;
	case PHASE_NEGOTIATE:
		return s->deadlines.offer;
	case PHASE_SETUP:
		return s->deadlines.setup;
	case PHASE_RUN:
		return 0;
	default:
		return s->deadlines.closing;
	}
}

/* The one place where the phase changes. */
static void enter(struct session *s, enum phase phase)
{
	if (phase == s->phase && s->deadline_ms)
		return;
	if (phase != s->phase)
		log_debug("phase %s -> %s", phase_name(s->phase), phase_name(phase));
	s->phase = phase;
	if (phase == PHASE_RUN)
		s->deadline_ms = CLOCK_NEVER;
	else if (phase <= PHASE_CONFIRM)
		/* One deadline for all of the login, from the first moment on. */
		s->deadline_ms = s->began_ms + phase_limit(s);
	else
		s->deadline_ms = clock_ms() + phase_limit(s);
}

/* ---- the ways to an end */

/* The worker is not listened to any more: it is dead, or has to be. */
static void hang_up(struct session *s)
{
	if (s->phase != PHASE_ENDED)
		s->left = s->phase;
	cleanup_fd(&s->worker.ipc);
	s->worker.ipc = -1;
	enter(s, PHASE_ENDED);
}

__attribute__((format(printf, 2, 3)))
static void kill_deviant(struct session *s, const char *format, ...)
{
	struct ending *e = session_ends(s, ENDING_DEVIATED);
	va_list ap;

	if (e) {
		va_start(ap, format);
		vsnprintf(e->text, sizeof(e->text), format, ap);
		va_end(ap);
	}
	spawn_kill(&s->worker);
	hang_up(s);
}

/* Sends FAIL or STOP.  Before both sides are known to each other a peer is told next to nothing. */
static void part(struct session *s, enum ipc_op op, const struct ipc_reason *why)
{
	struct ipc_message m = { .op = (uint16_t)op, .reason = *why };
	int r;

	if (!s->logged_in) {
		memset(&m.reason, 0, sizeof(m.reason));
		m.reason.reason = why->reason == REASON_AUTH || why->reason == REASON_PROTOCOL
				? why->reason : REASON_TIMEOUT;
	}
	enter(s, PHASE_CLOSING);
	r = session_send(s, &m, NULL, 0);
	if (r < 0 && r != -EPIPE)
		kill_deviant(s, "it does not read what it is told (%s)", strerror(-r));
}

static void on_deadline(struct session *s)
{
	struct ending *e;

	if (s->phase >= PHASE_CLOSING) {
		spawn_kill(&s->worker);
		s->deadline_ms = CLOCK_NEVER;
		return;
	}
	e = session_ends(s, ENDING_DEADLINE);
	if (e)
		e->seconds = (phase_limit(s) + 999) / 1000;
	part(s, IPC_FAIL, &(struct ipc_reason){ .reason = REASON_TIMEOUT });
}

static void end_by_signal(struct session *s, int number, enum reason reason)
{
	struct ipc_reason why = { .reason = (uint16_t)reason };
	const char *text = signals_why_stopped(s->signals);
	struct ending *e;

	if (s->phase >= PHASE_CLOSING) {
		/* Asked twice: then at once. */
		spawn_kill(&s->worker);
		return;
	}
	e = session_ends(s, ENDING_SIGNAL);
	if (text)
		snprintf(why.text, sizeof(why.text), "%s", text);
	if (e) {
		e->number = number;
		strcpy(e->text, why.text);
	}
	report_stopping();
	part(s, IPC_STOP, &why);
}

static void on_stop(struct session *s)
{
	int number = signals_take_stop(s->signals);

	if (number)
		end_by_signal(s, number, REASON_ADMIN);
}

static void on_wish(struct session *s)
{
	switch (signals_take_wish(s->signals)) {
	case SIGHUP:
		if (s->role == ROLE_CLIENT)
			end_by_signal(s, SIGHUP, REASON_NONE);
		else
			log_info("SIGHUP: nothing to do, the configuration is read for each connection");
		break;
	case SIGUSR1:
		watch_ask(s);
		break;
	}
}

/* ---- what the worker says */

static void on_end(struct session *s, const struct ipc_message *m)
{
	struct ending *e = session_ends(s, ENDING_REPORTED);

	if (e)
		e->end = m->end;
	s->tally = m->end.tally;
	enter(s, PHASE_ENDED);
}

static const struct request *find_request(const struct session *s, unsigned op)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(requests); i++)
		if (requests[i].op == op && requests[i].phase == s->phase &&
		    (requests[i].roles & 1u << s->role))
			return &requests[i];
	return NULL;
}

static void on_question(struct session *s, const struct ipc_message *m)
{
	const struct request *q = find_request(s, m->op);
	int r;

	if (!q) {
		kill_deviant(s, "%s in phase %s", ipc_op_name(m->op), phase_name(s->phase));
		return;
	}
	r = q->answer(s, m);
	if (r == REFUSED) {
		part(s, IPC_FAIL, &s->parting);
		return;
	}
	if (r < 0 && r != -EPIPE) {
		kill_deviant(s, "%s: %s", ipc_op_name(m->op),
			     r == -EBADMSG ? "not what it may say" : strerror(-r));
		return;
	}
	enter(s, q->next);
	/* Gone in the middle: its death will be found and explained.  Or it only pretends to be, by
	 * shutdown(2): that must not be a way to ask the same twice, nor to live on. */
	if (r == -EPIPE)
		s->deadline_ms = clock_ms() + s->deadlines.closing;
}

static void on_message(struct session *s, const struct ipc_message *m)
{
	if (s->phase == PHASE_ENDED)
		kill_deviant(s, "%s after END", ipc_op_name(m->op));
	else if (m->op == IPC_END)
		on_end(s, m);
	else if (m->op == IPC_LOG)
		watch_log(s, m);
	else if (s->phase < PHASE_CLOSING)
		on_question(s, m);
	/* else: it has crossed our FAIL or STOP, and is not answered any more */
}

static void on_ipc(struct session *s)
{
	int fds[IPC_FDS_MAX];
	struct ipc_message m;
	int r = ipc_recv(s->worker.ipc, &m, fds);

	if (r == -EAGAIN)
		return;
	if (r == -EPIPE) {
		hang_up(s);
		return;
	}
	if (r < 0) {
		kill_deviant(s, "a message that is not in the contract (%s)", strerror(-r));
		return;
	}
	if (fds[0] >= 0 || fds[1] >= 0) {
		cleanup_fd(&fds[0]);
		cleanup_fd(&fds[1]);
		kill_deviant(s, "%s with descriptors", ipc_op_name(m.op));
	} else {
		on_message(s, &m);
	}
	secret_wipe(&m);
}

static void on_death(struct session *s)
{
	struct ending *e;
	char how[160];

	spawn_reap(&s->worker);
	e = session_ends(s, ENDING_DIED);
	if (e) {
		if (e->phase == PHASE_ENDED)
			e->phase = s->left; /* what matters is how far it had come: a guess is a guess */
		spawn_why_died(&s->worker, how);
		snprintf(e->text, sizeof(e->text), "%s", how);
	}
}

/* ---- the loop */

enum { POLL_IPC, POLL_WORKER, POLL_STOP, POLL_WISH, POLL_COMMANDS, POLL_COUNT };

static int wait_for(const struct session *s, struct pollfd p[static POLL_COUNT])
{
	const int fds[POLL_COUNT] = {
		[POLL_IPC] = s->worker.ipc,
		[POLL_WORKER] = s->worker.pidfd,
		[POLL_STOP] = s->signals->stop_fd,
		[POLL_WISH] = s->signals->wish_fd,
		[POLL_COMMANDS] = commands_fd(),
	};
	uint64_t now = clock_ms(), left = 0;
	int i;

	for (i = 0; i < POLL_COUNT; i++)
		p[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	if (s->deadline_ms == CLOCK_NEVER)
		return poll(p, POLL_COUNT, -1);
	if (s->deadline_ms > now)
		left = s->deadline_ms - now;
	return poll(p, POLL_COUNT, left > INT32_MAX ? INT32_MAX : (int)left);
}

static void turn(struct session *s)
{
	struct pollfd p[POLL_COUNT];

	if (wait_for(s, p) < 0 && errno != EINTR) {
		kill_deviant(s, "poll: %s", strerror(errno));
		on_death(s);
		return;
	}
	if (p[POLL_STOP].revents)
		on_stop(s);
	if (p[POLL_WISH].revents)
		on_wish(s);
	if (p[POLL_COMMANDS].revents)
		commands_tend();
	/* What a dead worker has said comes before that it is dead. */
	if (p[POLL_IPC].revents && s->worker.ipc >= 0)
		on_ipc(s);
	else if (p[POLL_WORKER].revents)
		on_death(s);
	if (clock_ms() >= s->deadline_ms)
		on_deadline(s);
}

static int begin(struct session *s)
{
	struct ipc_message m = {
		.op = IPC_BEGIN,
		.begin = {
			.role = (uint8_t)s->role,
			.log_max = (uint8_t)log_max(),
			.single_uid = s->single_uid,
		},
	};
	const char *sni = config_general(s->config)->sni;

	if (s->role == ROLE_CLIENT && sni)
		snprintf(m.begin.sni, sizeof(m.begin.sni), "%s", sni);
	return session_send(s, &m, NULL, 0);
}

void monitor_run(struct session *s)
{
	int r;

	enter(s, PHASE_TLS);
	watch_init(s);
	r = begin(s);
	if (r < 0 && r != -EPIPE)
		kill_deviant(s, "BEGIN cannot be sent: %s", strerror(-r));
	while (!s->worker.dead)
		turn(s);
}
