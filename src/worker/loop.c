/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ask.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "sandbox.h"
#include "states.h"

/* ---- frames */

static void take_error(struct session *s, const struct frame *f)
{
	struct wire_reason r;

	if (wire_get_error(f->data, f->size, &r) < 0) {
		session_end(s, REASON_PROTOCOL, 0, "malformed ERROR");
		return;
	}
	/* Before the login nobody has anything to say for whom our log would be the place. */
	if (s->state == STATE_LOGIN)
		session_reduce(&r);
	s->end.reason = r.reason;
	s->end.detail = r.detail;
	session_lost(s, END_BY_PEER, r.text);
}

static int on_frame(struct session *s, const struct frame *f)
{
	if (s->state == STATE_CLOSING) { /* nothing counts any more but the last count */
		if (f->type == FRAME_STATS)
			wire_get_stats(f->data, &s->pump.tally);
		return 0;
	}
	if (f->type == FRAME_ERROR) {
		take_error(s, f);
		return 0;
	}
	switch (s->state) {
	case STATE_LOGIN:
		return login_on_frame(s, f);
	case STATE_NEGO:
		return negotiate_on_frame(s, f);
	default:
		return run_on_frame(s, f);
	}
}

/* Those of data are merged on their way to the device: see take_frames(). */
static void take_each_frame(struct session *s)
{
	struct frame f;

	while (!s->waiting && !s->held && s->state != STATE_OVER) {
		int r = link_next(s->link, session_wire_state(s), &f);

		if (r == 0)
			return;
		if (r < 0) {
			if (s->state == STATE_CLOSING) /* what comes is drained: see step_closing() */
				link_discard(s->link);
			session_end(s, REASON_PROTOCOL, 0, "a frame of a type or length that must not come here");
			return;
		}
		s->held = on_frame(s, &f) == -EAGAIN;
		if (!s->held)
			link_release(s->link);
	}
}

/* What has been taken lies in the link's buffer, until that is filled again. */
static void take_frames(struct session *s)
{
	take_each_frame(s);
	pump_in_flush(&s->pump);
}

static void on_link_down(struct session *s, enum tls_io io)
{
	const char *text = tls_error(link_tls(s->link));

	if (s->state == STATE_CLOSING && io == TLS_CLOSED)
		s->waiting = true; /* heard all; what we have to say may still be on its way */
	else if (s->state == STATE_CLOSING)
		session_enter(s, STATE_OVER);
	else if (io == TLS_CLOSED || io == TLS_LOST)
		session_lost(s, END_BY_LOSS, text);
	else /* a record that does not decrypt, a flood of key updates, the budget */
		session_end(s, REASON_PROTOCOL, 0, "%s", text);
}

/* Whether the peer's frames can be taken at all just now. */
static bool wants_input(const struct session *s)
{
	return !s->waiting && !s->held;
}

static void take_input(struct session *s)
{
	int turn;

	for (turn = 0; turn < 4; turn++) {
		enum tls_io io;

		take_frames(s);
		/* The monitor or the device is waited for: asleep, so this is no `more`. */
		if (!wants_input(s) || s->state == STATE_OVER)
			return;
		io = link_fill(s->link);
		if (io == TLS_WANT_READ || io == TLS_WANT_WRITE)
			return;
		if (s->state == STATE_CLOSING && io == TLS_FAILED) {
			s->waiting = true; /* what is wrong is known, and the peer is being told */
			return;
		}
		if (io != TLS_OK) {
			on_link_down(s, io);
			return;
		}
	}
	s->more = true;
}

/* ---- states that are short */

static void step_handshake(struct session *s)
{
	struct tls *tls = link_tls(s->link);
	uint8_t sid[AUTH_SID_SIZE];
	enum tls_io io = tls_handshake(tls);

	s->want_write = io == TLS_WANT_WRITE;
	if (io == TLS_WANT_READ || io == TLS_WANT_WRITE)
		return;
	if (io != TLS_OK || tls_export_sid(tls, sid) < 0) {
		session_lost(s, io == TLS_FOREIGN ? END_BY_FOREIGN :
				io == TLS_LOST ? END_BY_LOSS : END_BY_TLS, tls_error(tls));
		return;
	}
	session_enter(s, STATE_LOGIN);
	s->waiting = s->role == ROLE_CLIENT;
	session_ask(s, ask_channel(sid));
}

static void flush(struct session *s)
{
	enum tls_io io = link_flush(s->link);

	s->want_write = io == TLS_WANT_WRITE;
	if (io >= TLS_CLOSED)
		on_link_down(s, io);
}

/* Everything said, the peer's last count and its close_notify awaited: a close of ours with anything
 * of the peer's unread would be a reset, and could take our last word with it. */
static void step_closing(struct session *s)
{
	flush(s);
	if (link_is_flushed(s->link) && s->step == 0) {
		tls_close(link_tls(s->link));
		shutdown(s->net, SHUT_WR);
		s->step = 1;
	}
	if ((s->step == 1 && s->waiting) || clock_ms() >= s->closing_due)
		session_enter(s, STATE_OVER);
}

static void step(struct session *s)
{
	s->more = false;
	if (s->state == STATE_HANDSHAKE)
		step_handshake(s);
	else
		take_input(s);
	if (s->state == STATE_RUN)
		run_step(s);
	else if (s->state == STATE_LOGIN || s->state == STATE_NEGO)
		flush(s);
	if (s->state == STATE_CLOSING)
		step_closing(s);
}

/* ---- monitor */

static int on_message(struct session *s, const struct ipc_message *m, int fds[static IPC_FDS_MAX])
{
	if (m->op == IPC_STOP || m->op == IPC_FAIL) {
		session_end(s, m->reason.reason, m->reason.detail, "%s", m->reason.text);
		return 0;
	}
	switch (s->state) {
	case STATE_LOGIN:
		return login_on_message(s, m);
	case STATE_NEGO:
		return negotiate_on_message(s, m, fds);
	case STATE_RUN:
		return run_on_message(s, m);
	default:
		return 0; /* too late to matter */
	}
}

static int take_messages(struct session *s)
{
	struct ipc_message m;
	int fds[IPC_FDS_MAX] = { -1, -1 };
	size_t i;
	int r;

	while ((r = ask_receive(&m, fds)) == 0) {
		r = on_message(s, &m, fds);
		for (i = 0; i < IPC_FDS_MAX; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		secret_wipe(&m);
		if (r < 0)
			return r;
	}
	return r == -EAGAIN ? 0 : r;
}

/* ---- the loop */

static short net_events(const struct session *s)
{
	short events = 0;

	if (wants_input(s))
		events |= POLLIN;
	if (s->want_write)
		events |= POLLOUT;
	return events;
}

static short device_events(const struct session *s)
{
	const struct pump *p = &s->pump;
	short events = 0;

	if (s->state != STATE_RUN || !p->live)
		return 0;
	if (pump_wants_device(p, s->want_write) && !run_holds_device(s))
		events |= POLLIN;
	if (s->held && p->police_us == CLOCK_NEVER)
		events |= POLLOUT;
	return events;
}

static short udp_events(const struct session *s)
{
	return s->state == STATE_RUN && s->pump.udp && s->pump.live ? POLLIN : 0;
}

static int timeout_ms(const struct session *s)
{
	uint64_t now = clock_ms(), due = CLOCK_NEVER;

	if (s->more)
		return 0;
	if (s->state == STATE_RUN)
		due = run_deadline(s);
	else if (s->state == STATE_CLOSING)
		due = s->closing_due;
	if (due == CLOCK_NEVER)
		return -1;
	return due <= now ? 0 : (int)(due - now);
}

/* poll() reports errors even of what nobody asked about: such a descriptor is left out. */
static struct pollfd watch(int fd, short events)
{
	return (struct pollfd){ .fd = events ? fd : -1, .events = events };
}

static bool police_lets_pass(const struct session *s)
{
	return s->pump.police_us != CLOCK_NEVER && clock_us() >= s->pump.police_us;
}

static int loop(struct session *s)
{
	while (s->state != STATE_OVER) {
		struct pollfd p[] = {
			{ .fd = WORKER_FD_MONITOR, .events = POLLIN },
			watch(s->net, net_events(s)),
			watch(s->pump.device.fd, device_events(s)),
			watch(s->pump.udp ? udp_fd(s->pump.udp) : -1, udp_events(s)),
		};
		int timeout = timeout_ms(s), r = poll(p, ARRAY_SIZE(p), timeout);

		if (r < 0 && errno != EINTR)
			return log_errno(LOG_ERR, errno, "poll");
		if (timeout != 0 && r == 1 && p[2].revents == POLLIN) {
			run_send(s); /* nothing else has come, or is due */
			if (s->state == STATE_RUN)
				continue;
		}
		if (p[2].revents & (POLLOUT | POLLERR | POLLHUP) || police_lets_pass(s))
			s->held = false;
		s->udp_readable = p[3].revents;
		if (p[1].revents)
			tls_readable(link_tls(s->link));
		if (p[0].revents) {
			r = take_messages(s);
			if (r < 0)
				return r;
		}
		step(s);
	}
	return 0;
}

int loop_run(const struct ipc_begin *begin, int net)
{
	struct session s = { .role = begin->role, .net = net, .udp_fd = -1 };
	socklen_t size = sizeof(s.peer);
	struct tls *tls;
	int r = tls_new(begin->role, net, begin->sni, &tls);

	if (r < 0)
		return r;
	r = link_new(begin->role, tls, &s.link);
	if (r < 0) {
		tls_free(tls);
		return log_errno(LOG_ERR, r, "session");
	}
	pump_init(&s.pump, s.link);
	getpeername(net, &s.peer.any, &size); /* only UDP needs it, and UDP needs it to be right */
	r = sandbox_enter();
	if (r == 0) {
		s.more = true;
		r = loop(&s);
	}
	if (r == 0) {
		s.end.tally = *session_tally(&s);
		r = ask_end(&s.end);
	}
	secret_wipe(&s.auth_secret);
	pump_free(&s.pump);
	cleanup_fd(&s.udp_fd);
	link_free(s.link);
	close(net);
	return r;
}
