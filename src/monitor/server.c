/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server.h"

#include <errno.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "conclude.h"
#include "confread.h"
#include "monitor.h"
#include "peek.h"
#include "report.h"

/* What a step says: go on, or end with an exit code.  A stranger turned away is EXIT_DONE: a server
 * that does that is in order. */
enum { GO_ON = -1 };

enum {
	FIRST_BYTE_MS = 10 * 1000,
	OFFER_MS = 30 * 1000,
	CLOSING_MS = 3 * 1000,
	ANSWER_GRID_MS = 5,
	TIMEOUT_DEFAULT_S = 60,
};

/* Who is it?  READY is said at once: a stranger who says nothing must be no pending job. */
static int meet(struct session *s)
{
	int r = endpoints_of(s->net_fd, &s->ends);

	report_status(1, "authentication");
	if (r == -ENOTCONN) {
		log_info("the peer was gone before it could be served");
		return EXIT_DONE;
	}
	if (r == 0)
		r = endpoint_tune(s->net_fd);
	if (r < 0) {
		log_errno(LOG_ERR, r, "this is not a TCP connection of IPv4 or IPv6");
		return EXIT_OSERR;
	}
	report_set(NULL, NULL, NULL, s->ends.peer_name);
	report_title("authentication");
	report_status(1, "authentication of %s", s->ends.peer_name);
	return GO_ON;
}

static int admit(struct session *s)
{
	int r = throttle_open(RUNDIR, &s->throttle);

	if (r < 0) {
		log_errno(LOG_ERR, r, "%s: no login limits in " RUNDIR ", so nobody is served; is it "
			  "there and writable (systemd-tmpfiles --create)?", s->ends.peer_name);
		return EXIT_OSERR;
	}
	if (!throttle_admit(s->throttle, (struct sockaddr *)&s->ends.peer)) {
		log_info("%s: turned away: too many connections or failed logins", s->ends.peer_name);
		return EXIT_DONE;
	}
	return GO_ON;
}

static int read_config(struct session *s, const struct options *opt)
{
	enum exit_code code = confread_open(opt->config_path, &s->config);
	const struct config_general *g;
	unsigned timeout_s;

	if (code != EXIT_DONE)
		return (int)code;
	g = config_general(s->config);
	timeout_s = opt->timeout_s ? opt->timeout_s : g->timeout_s;
	s->deadlines = (struct deadlines){
		.login = g->auth_timeout_s * 1000,
		.offer = OFFER_MS,
		.setup = (timeout_s ? timeout_s : TIMEOUT_DEFAULT_S) * 1000,
		.closing = CLOSING_MS,
		.answer = ANSWER_GRID_MS,
	};
	return GO_ON;
}

/* TLS or not, before anything is executed for it. */
static int look(struct session *s)
{
	enum peek p = peek_first_byte(s->net_fd, s->signals->stop_fd, FIRST_BYTE_MS);

	switch (p) {
	case PEEK_TLS:
		return GO_ON;
	case PEEK_STOPPED:
		signals_take_stop(s->signals);
		return EXIT_DONE;
	case PEEK_FAILED:
		log_errno(LOG_NOTICE, errno, "%s: the connection cannot be read", s->ends.peer_name);
		return EXIT_DONE;
	case PEEK_SILENT:
		peek_greet_legacy(s->net_fd);
		break;
	default:
		break;
	}
	log_line(p == PEEK_GONE ? LOG_INFO : LOG_NOTICE, "%s: turned away: %s", s->ends.peer_name,
		 peek_hint(p));
	return EXIT_DONE;
}

static int spawn(struct session *s, const struct options *opt)
{
	char why[256];

	if (spawn_worker(opt->worker ? opt->worker : WORKER_PATH, opt->single_uid, s->net_fd,
			 &s->worker, why) < 0) {
		log_error("%s: %s", s->ends.peer_name, why);
		return EXIT_OSERR;
	}
	return GO_ON;
}

/* The story, in order. */
static int serve(struct session *s, const struct options *opt)
{
	int code = meet(s);

	if (code == GO_ON)
		code = admit(s);
	if (code == GO_ON)
		code = read_config(s, opt);
	if (code == GO_ON)
		code = look(s);
	if (code == GO_ON)
		code = spawn(s, opt);
	if (code != GO_ON)
		return code;
	monitor_run(s);
	return (int)conclude(s, false);
}

/* Its owner will be back: whoever guesses at the name meanwhile is not to keep him out. */
static void remember(const struct session *s)
{
	struct throttle *t;

	if (!s->logged_in || throttle_open(RUNDIR, &t) < 0)
		return;
	throttle_success(t, (const struct sockaddr *)&s->ends.peer, s->name);
	throttle_free(t);
}

enum exit_code server_run(const struct options *opt, int fd, struct signals *signals)
{
	struct tunnel tunnel = {};
	struct session s;
	int code;

	report_set("server", NULL, NULL, NULL);
	session_init(&s, ROLE_SERVER);
	s.net_fd = fd;
	s.signals = signals;
	s.single_uid = opt->single_uid;
	s.tunnel = &tunnel;
	code = serve(&s, opt);
	remember(&s);
	report_stopping();
	throttle_free(s.throttle);
	config_free(s.config);
	session_free(&s);
	return (enum exit_code)code;
}
