/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "login.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "confread.h"
#include "report.h"
#include "setup.h"

/* ---- client */

static int begin(struct session *s)
{
	struct ipc_message answer = { .op = IPC_AUTH_INIT };
	int r;

	r = auth_client_start(s->sid, s->name, s->password, s->password_size, &s->auth,
			      answer.auth_init.message);
	if (r < 0)
		return session_refuse(s, REASON_AUTH, 0, EXIT_CONFIG, NULL,
				      "the login could not be begun: %s; see session %s in vtund.conf",
				      strerror(-r), s->name);
	return session_send(s, &answer, NULL, 0);
}

int login_channel(struct session *s, const struct ipc_message *m)
{
	memcpy(s->sid, m->channel.sid, sizeof(s->sid));
	return s->role == ROLE_CLIENT ? begin(s) : ANSWERED;
}

int login_prove(struct session *s, const struct ipc_message *m)
{
	struct ipc_message answer = { .op = IPC_AUTH_CONF };

	if (auth_client_answer(s->auth, m->auth_resp.message, answer.auth_tag.tag) < 0)
		return session_refuse(s, REASON_PROTOCOL, 0, EXIT_PROTOCOL, NULL,
				      "the server's answer to our login is not acceptable");
	return session_send(s, &answer, NULL, 0);
}

int login_accept(struct session *s, const struct ipc_message *m)
{
	struct ipc_message answer = { .op = IPC_AUTH_OK };
	int r;

	r = auth_client_confirm(s->auth, m->auth_tag.tag, answer.auth_ok.secret);
	auth_free(s->auth);
	s->auth = NULL;
	if (r < 0)
		return session_refuse(s, REASON_AUTH, 0, EXIT_NOPERM, NULL,
				      "the server could not prove that it knows the password: it is not "
				      "the one that was meant, or somebody sits in between");
	s->logged_in = true;
	r = session_send(s, &answer, NULL, 0);
	secret_wipe(&answer);
	return r;
}

/* ---- server */

/* The password of the session that the peer named.  Its length; or a negative errno, and s->denial
 * says why there is none.  Everything is looked up whatever the throttle says, so that a throttled
 * name costs the same time as others. */
static ssize_t find_password(struct session *s, char password[static 256])
{
	int may = throttle_attempt(s->throttle, (struct sockaddr *)&s->ends.peer, s->name);
	char why[CONFIG_WHY_SIZE] = "";
	ssize_t size = config_find(s->config, s->name, confread_sink, NULL, &s->section);

	if (size < 0)
		s->denial = size == -ENOENT ? "there is no such session in the configuration"
					    : "the session's section in the configuration is broken";
	else
		size = config_password(s->section, password, why);
	if (size == -ENOKEY) {
		s->denial = "the session has no password (passwd, pass_file)";
	} else if (size < 0 && !s->denial) {
		s->denial = "the session's pass_file cannot be used";
		log_error("%s: pass_file %s cannot be used: %s", s->name, s->section->pass_file, why);
	}
	if (!may)
		s->denial = "too many attempts";
	return s->denial ? -EACCES : size;
}

/* To look up a name that is there takes longer than one that is not, and passwords in files longer
 * again.  The answer leaves at the next point of a coarse grid of time, so this cannot be seen. */
static void wait_for_grid(uint64_t asked_us, unsigned grid_ms)
{
	uint64_t grid = (uint64_t)grid_ms * 1000, past = clock_us() - asked_us;
	uint64_t left = grid ? grid - past % grid : 0;
	struct timespec ts = {
		.tv_sec = (time_t)(left / 1000000),
		.tv_nsec = (long)(left % 1000000) * 1000,
	};

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

static int answer_name(struct session *s, const uint8_t *init, uint8_t *ret_resp)
{
	char password[256];
	ssize_t size = find_password(s, password);
	int r;

	r = auth_server_answer(s->sid, init, size < 0 ? NULL : password, size < 0 ? 0 : (size_t)size,
			       throttle_boot_secret(s->throttle), &s->auth, ret_resp);
	secret_wipe(&password);
	return r;
}

int login_answer(struct session *s, const struct ipc_message *m)
{
	struct ipc_message answer = { .op = IPC_AUTH_RESP };
	uint64_t asked_us = clock_us();
	int r;

	if (auth_init_name(m->auth_init.message, s->name) < 0)
		return session_refuse(s, REASON_PROTOCOL, 0, EXIT_PROTOCOL, NULL,
				      "the peer's login message is not well-formed");
	r = answer_name(s, m->auth_init.message, answer.auth_resp.message);
	wait_for_grid(asked_us, s->deadlines.answer);
	if (r == -ENOMEM)
		return session_refuse(s, REASON_TIMEOUT, 0, EXIT_OSERR, NULL, "out of memory");
	if (r < 0) {
		report_auth_failure("the peer's key share is not acceptable");
		return session_refuse(s, REASON_AUTH, 0, EXIT_NOPERM, NULL,
				      "login as %s refused: the key share is not acceptable", s->name);
	}
	return session_send(s, &answer, NULL, 0);
}

static int refuse_login(struct session *s)
{
	const char *why = s->denial ? s->denial : "wrong password";
	char text[160];

	snprintf(text, sizeof(text), "session %s: %s", s->name, why);
	report_auth_failure(text);
	return session_refuse(s, REASON_AUTH, 0, EXIT_NOPERM, NULL, "login as %s refused: %s", s->name,
			      why);
}

int login_confirm(struct session *s, const struct ipc_message *m)
{
	struct ipc_message answer = { .op = IPC_AUTH_OK };
	uint64_t asked_us = clock_us();
	int sent, r;

	r = auth_server_confirm(s->auth, m->auth_tag.tag, answer.auth_ok.tag, answer.auth_ok.secret);
	auth_free(s->auth);
	s->auth = NULL;
	if (r < 0 || s->denial) {
		secret_wipe(&answer);
		r = refuse_login(s);
		wait_for_grid(asked_us, s->deadlines.answer);
		return r;
	}
	s->logged_in = true;
	throttle_success(s->throttle, (struct sockaddr *)&s->ends.peer, s->name);
	throttle_free(s->throttle); /* a session needs neither the table nor the secret of this boot */
	s->throttle = NULL;
	config_forget(s->config);
	report_set(NULL, s->name, NULL, NULL);
	/* Refused or not: who knows the password may know why, and that takes AUTH_OK first. */
	r = setup_offer(s);
	answer.auth_ok.offer = s->offer;
	sent = session_send(s, &answer, NULL, 0);
	secret_wipe(&answer);
	return sent < 0 ? sent : r;
}
