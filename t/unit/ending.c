/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every way a session can end has its sentence and its exit code.
 */
#include "monitor/ending.h"

#include <signal.h>

#include "tap.h"

#define BOTH 0

/* One row: what happened, in which phase, to whom; what is said and what is returned. */
static const struct {
	struct ending e;
	const char *says;
	enum exit_code server, client;
} rows[] = {
	/* the peer's words */
	{ { ENDING_REPORTED, BOTH, PHASE_RUN, .end = { END_BY_PEER, 1, REASON_NONE } },
	  "closed by the", EXIT_DONE, EXIT_DONE },
	{ { ENDING_REPORTED, BOTH, PHASE_RUN, .end = { END_BY_PEER, 1, REASON_ADMIN } },
	  "stopped by the administrator", EXIT_DONE, EXIT_DONE },
	{ { ENDING_REPORTED, BOTH, PHASE_CONFIRM, .end = { END_BY_PEER, 0, REASON_AUTH } },
	  "authentication failed", EXIT_DONE, EXIT_NOPERM },
	{ { ENDING_REPORTED, BOTH, PHASE_NEGOTIATE,
	    .end = { END_BY_PEER, 0, REASON_IN_USE, 0, "in use since 12:03 by 192.0.2.7" } },
	  "ended it: in use since 12:03 by 192.0.2.7", EXIT_TEMPFAIL, EXIT_TEMPFAIL },
	{ { ENDING_REPORTED, BOTH, PHASE_NEGOTIATE, .end = { END_BY_PEER, 0, REASON_BUSY, 30 } },
	  "try again in 30 s", EXIT_TEMPFAIL, EXIT_TEMPFAIL },
	{ { ENDING_REPORTED, BOTH, PHASE_NEGOTIATE, .end = { END_BY_PEER, 0, REASON_OPTION, 0x8003 } },
	  "option 0x8003", EXIT_CONFIG, EXIT_CONFIG },
	{ { ENDING_REPORTED, BOTH, PHASE_SETUP,
	    .end = { END_BY_PEER, 0, REASON_DEVICE, 0, "up command 2 failed: exit status 2" } },
	  "up command 2 failed", EXIT_TEMPFAIL, EXIT_TEMPFAIL },
	{ { ENDING_REPORTED, BOTH, PHASE_RUN, .end = { END_BY_PEER, 0, REASON_PROTOCOL } },
	  "protocol violation", EXIT_PROTOCOL, EXIT_PROTOCOL },
	{ { ENDING_REPORTED, BOTH, PHASE_RUN, .end = { END_BY_PEER, 0, 999 } },
	  "unknown reason", EXIT_TEMPFAIL, EXIT_TEMPFAIL },

	/* our worker's decisions */
	{ { ENDING_REPORTED, BOTH, PHASE_RUN, .end = { END_BY_US, 0, REASON_PEER_DEAD } },
	  "peer does not answer", EXIT_TEMPFAIL, EXIT_TEMPFAIL },
	{ { ENDING_REPORTED, BOTH, PHASE_RUN, .end = { END_BY_US, 0, REASON_PROTOCOL, 0, "DATA" } },
	  "protocol violation: DATA", EXIT_PROTOCOL, EXIT_PROTOCOL },
	{ { ENDING_REPORTED, BOTH, PHASE_LOGIN, .end = { END_BY_US, 0, REASON_PROTOCOL } },
	  "protocol violation", EXIT_DONE, EXIT_PROTOCOL },
	{ { ENDING_REPORTED, BOTH, PHASE_TLS, .end = { END_BY_US, 0, REASON_INTERNAL } },
	  "internal error", EXIT_SOFTWARE, EXIT_SOFTWARE },
	{ { ENDING_REPORTED, BOTH, PHASE_RUN, .end = { END_BY_US, 1, REASON_NONE } },
	  "closed", EXIT_DONE, EXIT_DONE },

	/* no words at all */
	{ { ENDING_REPORTED, BOTH, PHASE_RUN, .end = { END_BY_LOSS } },
	  "was lost", EXIT_TEMPFAIL, EXIT_TEMPFAIL },
	{ { ENDING_REPORTED, BOTH, PHASE_TLS, .end = { END_BY_TLS, .text = "alert 40" } },
	  "no TLS session", EXIT_DONE, EXIT_PROTOCOL },
	{ { ENDING_REPORTED, BOTH, PHASE_TLS,
	    .end = { END_BY_FOREIGN, .text = "the old unencrypted VTun protocol" } },
	  "old unencrypted", EXIT_DONE, EXIT_PROTOCOL },
	{ { ENDING_REPORTED, BOTH, PHASE_RUN, .end = { .by = 77 } },
	  "does not exist", EXIT_SOFTWARE, EXIT_SOFTWARE },

	/* our own decisions */
	{ { ENDING_REFUSED, BOTH, PHASE_CONFIRM, .exit_code = EXIT_NOPERM, .text = "wrong password" },
	  "wrong password", EXIT_DONE, EXIT_NOPERM },
	{ { ENDING_REFUSED, BOTH, PHASE_NEGOTIATE, .exit_code = EXIT_OSERR, .text = "no device" },
	  "no device", EXIT_OSERR, EXIT_OSERR },
	{ { ENDING_REFUSED, BOTH, PHASE_LOGIN, .exit_code = EXIT_OSERR, .text = "out of memory" },
	  "out of memory", EXIT_OSERR, EXIT_OSERR },
	{ { ENDING_DEADLINE, BOTH, PHASE_TLS, .seconds = 15 },
	  "within 15 s", EXIT_DONE, EXIT_TEMPFAIL },
	{ { ENDING_DEADLINE, BOTH, PHASE_CONFIRM, .seconds = 15 },
	  "login was not finished", EXIT_DONE, EXIT_TEMPFAIL },
	{ { ENDING_DEADLINE, BOTH, PHASE_NEGOTIATE, .seconds = 30 },
	  "terms within 30 s", EXIT_TEMPFAIL, EXIT_TEMPFAIL },
	{ { ENDING_DEADLINE, BOTH, PHASE_SETUP, .seconds = 60 },
	  "within 60 s", EXIT_TEMPFAIL, EXIT_TEMPFAIL },
	{ { ENDING_SIGNAL, BOTH, PHASE_RUN, .number = SIGTERM }, "SIGTERM", EXIT_DONE, EXIT_DONE },
	{ { ENDING_SIGNAL, BOTH, PHASE_TLS, .number = SIGINT }, "SIGINT", EXIT_DONE, EXIT_DONE },
	{ { ENDING_SIGNAL, BOTH, PHASE_RUN, .number = SIGHUP },
	  "SIGHUP", EXIT_TEMPFAIL, EXIT_TEMPFAIL },

	/* local faults show, however early */
	{ { ENDING_DIED, BOTH, PHASE_TLS, .text = "was killed by signal 11" },
	  "the worker was killed by signal 11", EXIT_SOFTWARE, EXIT_SOFTWARE },
	{ { ENDING_DEVIATED, BOTH, PHASE_TLS, .text = "DEVICE in phase tls" },
	  "DEVICE in phase tls", EXIT_SOFTWARE, EXIT_SOFTWARE },
	{ { ENDING_NONE, BOTH, PHASE_TLS }, "without a cause", EXIT_SOFTWARE, EXIT_SOFTWARE },
};

static void check(struct ending e, enum ipc_role role, const char *says, enum exit_code want)
{
	char why[ENDING_TEXT_SIZE];
	enum exit_code got;

	e.role = role;
	got = ending_judge(&e, why);
	ok(got == want && strstr(why, says), "%s, %s: \"%s\", exit %d",
	   role == ROLE_SERVER ? "server" : "client", phase_name(e.phase), why, (int)want);
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check(rows[i].e, ROLE_SERVER, rows[i].says, rows[i].server);
		check(rows[i].e, ROLE_CLIENT, rows[i].says, rows[i].client);
	}
	return finish();
}
