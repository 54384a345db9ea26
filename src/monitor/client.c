/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "conclude.h"
#include "confread.h"
#include "dial.h"
#include "monitor.h"
#include "report.h"
#include "servers.h"

enum {
	LOGIN_MS = 30 * 1000, /* twice the server's patience, for the way there and back */
	OFFER_MS = 30 * 1000,
	CLOSING_MS = 3 * 1000,
	TIMEOUT_DEFAULT_S = 60,
	PATIENCE_S = 10, /* systemd's beyond our own, so that we are who says what was in vain */
};

/* One round: the configuration is read afresh, its servers are tried in their order. */
struct round {
	struct config *config;
	const struct config_session *section;
	struct server_place places[SERVER_LIST_MOST];
	int n_places;
	char password[256];
	size_t password_size;
	bool came_up;         /* a session was up in this round */
	bool refused;         /* a server refused the login, or has had its guess and gone */
};

struct client {
	const struct options *opt;
	struct signals *signals;
	const char *name;
	struct tunnel tunnel;   /* from session to session with "persist keep" */
	enum persist persist;   /* as last read */
	bool again_at_once;     /* SIGHUP */
	struct backoff backoff;
};

static unsigned timeout_of(const struct client *c, const struct round *r)
{
	unsigned s = c->opt->timeout_s ? c->opt->timeout_s : r->section->timeout_s;

	return s ? s : TIMEOUT_DEFAULT_S;
}

/* ---- what a round needs before it dials */

static enum exit_code find_section(struct client *c, struct round *r)
{
	char why[CONFIG_WHY_SIZE] = "";
	ssize_t size;
	int error = config_find(r->config, c->name, confread_sink, NULL, &r->section);

	if (error == -ENOENT)
		log_error("%s: there is no such session in %s", c->name, config_path(r->config));
	if (error < 0)
		return EXIT_CONFIG;
	c->persist = c->opt->persist && r->section->persist == PERSIST_NO ? PERSIST_YES
									  : r->section->persist;
	size = config_password(r->section, r->password, why);
	if (size == -ENOKEY)
		log_error("%s: the session has no password: passwd SECRET; or pass_file FILE;", c->name);
	else if (size < 0)
		log_error("%s: pass_file %s cannot be used: %s", c->name, r->section->pass_file, why);
	if (size < 0)
		return EXIT_CONFIG;
	r->password_size = (size_t)size;
	return EXIT_DONE;
}

static enum exit_code find_servers(const struct client *c, struct round *r)
{
	const struct server_sources from = {
		.command_line = c->opt->server,
		.command_port = c->opt->port,
		.environment = getenv("VTUN_SERVER"),
		.section = r->section->servers,
		.general_port = config_general(r->config)->port,
	};
	const char *bad;

	r->n_places = server_list(&from, r->places, &bad);
	if (r->n_places == -EINVAL)
		log_error("%s: \"%s\" is no server: HOST, HOST:PORT or [ADDRESS]:PORT is", c->name, bad);
	else if (r->n_places < 0)
		log_error("%s: which server? Name it on the command line (vtund %s SERVER), in the "
			  "environment (VTUN_SERVER=HOST in " SYSCONFDIR "/default/vtun-%s), or in the "
			  "session (server HOST;)", c->name, c->name, c->name);
	return r->n_places < 0 ? EXIT_CONFIG : EXIT_DONE;
}

static enum exit_code prepare(struct client *c, struct round *r)
{
	enum exit_code code = confread_open(c->opt->config_path, &r->config);

	if (code == EXIT_DONE)
		code = find_section(c, r);
	if (code == EXIT_DONE)
		code = find_servers(c, r);
	if (code == EXIT_DONE)
		config_forget(r->config); /* what is left is in r->password, until it is used */
	return code;
}

/* ---- one server */

static enum exit_code dial_code(int error)
{
	switch (error) {
	case -EHOSTUNREACH:
		return EXIT_NOHOST;
	case -ECONNREFUSED:
	case -ETIMEDOUT:
		return EXIT_UNAVAILABLE;
	case -EAGAIN:
		return EXIT_TEMPFAIL;
	case -EADDRNOTAVAIL:
		return EXIT_CONFIG;
	default:
		return EXIT_OSERR;
	}
}

static void on_signal(struct client *c)
{
	signals_take_stop(c->signals);
	switch (signals_take_wish(c->signals)) {
	case SIGHUP:
		c->again_at_once = true;
		break;
	case SIGUSR1:
		log_info("SIGUSR1: the session is not up, so there are no counters");
		break;
	}
}

static enum exit_code dial(struct client *c, const struct round *r, const struct server_place *place,
			   int *ret_fd)
{
	const struct dial d = {
		.host = place->host,
		.port = place->port,
		.family = config_general(r->config)->family,
		.timeout_s = timeout_of(c, r),
		.src_addr = r->section->src_addr,
		.src_iface = r->section->src_iface,
		.src_port = r->section->src_port,
		.resolver_may_die = !c->tunnel.up_started,
	};
	char why[256] = "";
	int error;

	report_title("%s connecting to %s", c->name, place->host);
	report_status(0, "%s: connecting to %s port %u", c->name, place->host, place->port);
	report_patience(d.timeout_s + PATIENCE_S);
	do {
		error = dial_connect(&d, c->signals, ret_fd, why);
		if (error == -EINTR)
			on_signal(c);
	} while (error == -EINTR && !c->signals->stopped && !c->again_at_once);
	if (error == 0 || error == -EINTR)
		return error ? EXIT_TEMPFAIL : EXIT_DONE;
	log_error("%s: cannot connect to %s port %u: %s", c->name, place->host, place->port, why);
	return dial_code(error);
}

static void fill_session(const struct client *c, struct round *r, struct session *s)
{
	s->single_uid = c->opt->single_uid;
	s->config = r->config;
	s->section = r->section;
	s->signals = c->signals;
	strcpy(s->name, r->section->name);
	s->password = r->password;
	s->password_size = r->password_size;
	s->deadlines = (struct deadlines){
		.login = LOGIN_MS,
		.offer = OFFER_MS,
		.setup = timeout_of(c, r) * 1000,
		.closing = CLOSING_MS,
	};
}

/* A stream that was cut off cannot be gone on with: a device with addresses and routes can. */
static bool keeps_tunnel(const struct client *c)
{
	return c->persist == PERSIST_KEEP && !c->signals->stopped && !device_is_stream(&c->tunnel.device);
}

static enum exit_code run_session(struct client *c, struct round *r, struct session *s)
{
	const char *worker = c->opt->worker ? c->opt->worker : WORKER_PATH;
	enum exit_code code;
	char why[256];
	int error = endpoints_of(s->net_fd, &s->ends);

	if (error < 0) {
		log_errno(LOG_ERR, error, "%s: the server hung up at once", c->name);
		return EXIT_UNAVAILABLE;
	}
	report_set(NULL, c->name, "", s->ends.peer_name);
	report_title("%s authentication", c->name);
	report_status(0, "%s: authentication at %s", c->name, s->ends.peer_name);
	if (spawn_worker(worker, s->single_uid, s->net_fd, &s->worker, why) < 0) {
		log_error("%s: %s", c->name, why);
		return EXIT_OSERR;
	}
	report_patience((s->deadlines.login + s->deadlines.offer + s->deadlines.setup) / 1000 + PATIENCE_S);
	monitor_run(s);
	if (s->ending.cause == ENDING_SIGNAL && s->ending.number == SIGHUP)
		c->again_at_once = true;
	code = conclude(s, keeps_tunnel(c));
	r->came_up = s->up_ms != 0;
	r->refused = r->refused || code == EXIT_NOPERM || s->ending.phase == PHASE_CONFIRM;
	return code;
}

static enum exit_code try_server(struct client *c, struct round *r, const struct server_place *place)
{
	enum exit_code code;
	struct session s;

	session_init(&s, ROLE_CLIENT);
	s.tunnel = &c->tunnel;
	fill_session(c, r, &s);
	code = dial(c, r, place, &s.net_fd);
	if (code == EXIT_DONE) {
		/* The login's time begins now, not with the dialling. */
		s.began_ms = clock_ms();
		code = run_session(c, r, &s);
	}
	session_free(&s);
	return code;
}

/* ---- one round, and whether there is another */

/* A kept tunnel needs its `down` commands for as long as it lives. */
static void end_round(struct client *c, struct round *r)
{
	if (c->tunnel.open && !c->tunnel.config)
		c->tunnel.config = r->config;
	else
		config_free(r->config);
	r->config = NULL;
	secret_wipe(&r->password);
}

/* The next server is tried until a session has been up. */
static enum exit_code go_round(struct client *c, struct round *r)
{
	enum exit_code code = prepare(c, r);
	int i;

	if (code != EXIT_DONE)
		return code;
	for (i = 0; i < r->n_places; i++) {
		code = try_server(c, r, &r->places[i]);
		if (r->came_up || c->signals->stopped || c->again_at_once)
			break;
	}
	return code;
}

/* Under systemd the timer tries again, and sees each failure. */
static bool may_go_on(const struct client *c)
{
	return !c->signals->stopped &&
	       (c->again_at_once || (c->persist != PERSIST_NO && !getenv("NOTIFY_SOCKET")));
}

static void wait_before_next(struct client *c, const struct round *r)
{
	unsigned ms;

	if (c->again_at_once) {
		c->again_at_once = false;
		return;
	}
	ms = backoff_next(&c->backoff, r->refused, r->came_up, randombytes_random());
	log_info("%s: next attempt in %u s", c->name, (ms + 500) / 1000);
	report_title("%s waiting", c->name);
	signals_sleep(c->signals, ms);
	on_signal(c);
	c->again_at_once = false;
}

enum exit_code client_run(const struct options *opt, struct signals *signals)
{
	struct client c = {
		.opt = opt,
		.signals = signals,
		.name = opt->session ? opt->session : opt->instance,
	};
	enum exit_code code;
	bool ready = false; /* a round has got as far as dialling */

	report_set("client", c.name, NULL, NULL);
	do {
		struct round r = {};

		code = go_round(&c, &r);
		ready = ready || r.n_places > 0;
		end_round(&c, &r);
		if (!ready || !may_go_on(&c))
			break;
		wait_before_next(&c, &r);
	} while (!signals->stopped);
	report_stopping();
	tunnel_close(&c.tunnel);
	return signals->stopped ? EXIT_DONE : code;
}
