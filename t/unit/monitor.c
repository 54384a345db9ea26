/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The monitor believes no worker: a worker of a few scripted lines asks what it may not, hangs,
 * crashes, lies, and the monitor's neighbours count what it got by that.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scripted.h"
#include "tap.h"

/* Parameters of scripts. */
static enum phase at;
static enum ipc_op what;

/* ---- a whole life */

static void good_worker(int sock)
{
	climb(sock, PHASE_RUN);
	say(sock, IPC_STATUS);
	say(sock, IPC_LOG);
	say(sock, IPC_END);
}

static void test_life(enum ipc_role as, const char *name)
{
	prepare(as);
	ok(play(good_worker) == EXIT_DONE && worker_was_content(), "%s: a whole life ends with 0", name);
	ok(nb.opened == 1 && nb.ups == 1 && nb.downs == 1 && nb.closed == 1,
	   "%s: one device, one up, one down", name);
	ok(nb.sessions_up == 1 && nb.sessions_ended == 1 && session.tally.rx_frames == 7,
	   "%s: reported up, ended, with the last count", name);
	ok(as == ROLE_CLIENT || (nb.attempts == 1 && nb.successes == 1 && nb.leaves == 1 &&
				 nb.forgets == 1),
	   "%s: the login was counted and taken back, the other passwords forgotten", name);
	clear();
}

/* ---- every question in every phase */

static void asker(int sock)
{
	climb(sock, at);
	say(sock, what);
	/* The monitor must end this, not the script. */
	hang();
}

static bool is_allowed(enum ipc_role as, enum phase phase, enum ipc_op op)
{
	switch (op) {
	case IPC_LOG:
	case IPC_END:
		return true;
	case IPC_CHANNEL:
		return phase == PHASE_TLS;
	case IPC_AUTH_INIT:
		return phase == PHASE_LOGIN && as == ROLE_SERVER;
	case IPC_AUTH_RESP:
		return phase == PHASE_LOGIN && as == ROLE_CLIENT;
	case IPC_AUTH_CONF:
		return phase == PHASE_CONFIRM && as == ROLE_SERVER;
	case IPC_AUTH_TAG:
		return phase == PHASE_CONFIRM && as == ROLE_CLIENT;
	case IPC_DEVICE:
		return phase == PHASE_NEGOTIATE;
	case IPC_UP:
		return phase == PHASE_SETUP;
	case IPC_STATUS:
		return phase == PHASE_RUN;
	default: /* MTU: only with proto udp; the rest is the monitor's to say */
		return false;
	}
}

static bool refuses(enum ipc_role as, enum phase phase, enum ipc_op op)
{
	enum exit_code code;
	bool fine;

	prepare(as);
	at = phase;
	what = op;
	code = play(asker);
	fine = code == EXIT_SOFTWARE && session.ending.cause == ENDING_DEVIATED &&
	       session.ending.phase == phase && worker_was_killed() && balanced() &&
	       nb.ups == (phase == PHASE_RUN) &&
	       nb.opened == (phase >= (as == ROLE_SERVER ? PHASE_NEGOTIATE : PHASE_SETUP));
	if (!fine)
		printf("# %s in %s: code %d, cause %d, opened %d, up %d, down %d\n", ipc_op_name(op),
		       phase_name(phase), (int)code, session.ending.cause, nb.opened, nb.ups, nb.downs);
	clear();
	return fine;
}

static void test_table(enum ipc_role as, const char *name)
{
	enum phase phase;
	unsigned op;

	for (phase = PHASE_TLS; phase <= PHASE_RUN; phase++) {
		bool fine = true;

		for (op = IPC_BEGIN; op < IPC_OP_COUNT; op++)
			if (!is_allowed(as, phase, op))
				fine = refuses(as, phase, op) && fine;
		ok(fine, "%s, phase %s: whoever asks what is not due is killed and has gained nothing",
		   name, phase_name(phase));
	}
}

/* ---- malformed messages */

static void short_record(int sock)
{
	uint16_t bytes[2] = { IPC_CHANNEL, 0 };

	climb(sock, PHASE_TLS);
	(void)!send(sock, bytes, sizeof(bytes), 0);
	hang();
}

static void unknown_operation(int sock)
{
	uint16_t op = IPC_OP_COUNT;

	climb(sock, PHASE_LOGIN);
	(void)!send(sock, &op, sizeof(op), 0);
	hang();
}

static void with_descriptor(int sock)
{
	struct ipc_message m = { .op = IPC_DEVICE_OK };
	int zero = 0;

	climb(sock, PHASE_SETUP);
	(void)ipc_send(sock, &m, &zero, 1);
	hang();
}

static void after_end(int sock)
{
	climb(sock, PHASE_RUN);
	say(sock, IPC_END);
	say(sock, IPC_STATUS);
	hang();
}

static void lies_about_terms(int sock)
{
	climb(sock, PHASE_NEGOTIATE);
	offered.mtu++;
	say(sock, IPC_DEVICE);
	hang();
}

static void test_malformed(void)
{
	static const struct {
		void (*script)(int sock);
		const char *name;
		int opened;
	} cases[] = {
		{ short_record, "a record of the wrong length", 0 },
		{ unknown_operation, "an unknown operation", 0 },
		{ with_descriptor, "a descriptor that nobody asked for", 1 },
		{ lies_about_terms, "terms that were not offered", 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		prepare(ROLE_SERVER);
		ok(play(cases[i].script) == EXIT_SOFTWARE && worker_was_killed() &&
		   nb.opened == cases[i].opened && nb.ups == 0 && balanced(),
		   "%s: killed", cases[i].name);
		clear();
	}
	prepare(ROLE_SERVER);
	ok(play(after_end) == EXIT_DONE && worker_was_killed() && nb.downs == 1,
	   "a word after END: killed, and the end stays the one that was said");
	clear();
}

/* ---- a worker that makes answers fail, and lives */

static void asks_twice(int sock)
{
	climb(sock, at);
	shutdown(sock, SHUT_RD);
	say(sock, what);
	say(sock, what);
	hang();
}

static void asks_and_stays(int sock)
{
	climb(sock, at);
	shutdown(sock, SHUT_RD);
	say(sock, what);
	hang();
}

static void test_deaf(void)
{
	static const struct {
		enum ipc_role role;
		enum phase phase;
		enum ipc_op op;
	} cases[] = {
		{ ROLE_SERVER, PHASE_LOGIN, IPC_AUTH_INIT }, { ROLE_SERVER, PHASE_CONFIRM, IPC_AUTH_CONF },
		{ ROLE_SERVER, PHASE_NEGOTIATE, IPC_DEVICE }, { ROLE_SERVER, PHASE_SETUP, IPC_UP },
		{ ROLE_CLIENT, PHASE_TLS, IPC_CHANNEL }, { ROLE_CLIENT, PHASE_LOGIN, IPC_AUTH_RESP },
		{ ROLE_CLIENT, PHASE_CONFIRM, IPC_AUTH_TAG }, { ROLE_CLIENT, PHASE_NEGOTIATE, IPC_DEVICE },
		{ ROLE_CLIENT, PHASE_SETUP, IPC_UP },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		at = cases[i].phase;
		what = cases[i].op;
		prepare(cases[i].role);
		ok(play(asks_twice) == EXIT_SOFTWARE && session.ending.cause == ENDING_DEVIATED &&
		   worker_was_killed() && nb.attempts <= 1 && nb.ups <= 1 && balanced(),
		   "%s cannot be asked twice by a worker that hears no answer", ipc_op_name(what));
		clear();
		prepare(cases[i].role);
		session.deadlines.closing = SHORT_MS;
		play(asks_and_stays);
		ok(session.ending.cause == ENDING_DEADLINE && worker_was_killed() && balanced() &&
		   nb.sessions_up == 0, "... which does not live on either");
		clear();
	}
}

/* ---- deadlines */

static void waits_for_fail(int sock)
{
	struct ipc_message m;

	climb(sock, at);
	m = hear(sock, IPC_FAIL);
	must(m.reason.reason == REASON_TIMEOUT && !m.reason.text[0]);
	say(sock, IPC_END);
}

static void ignores_fail(int sock)
{
	climb(sock, PHASE_SETUP);
	hang();
}

static void lingers(int sock)
{
	climb(sock, PHASE_RUN);
	say(sock, IPC_END);
	hang();
}

/* The login has one deadline for three phases, and a busy machine may not get as far as the one
 * that is meant: then once more with more time. */
static enum exit_code expire(enum ipc_role as, enum phase phase)
{
	enum exit_code code;
	unsigned ms;

	for (ms = SHORT_MS; ; ms *= 8) {
		prepare(as);
		at = phase;
		if (phase <= PHASE_CONFIRM)
			session.deadlines.login = ms;
		else if (phase == PHASE_NEGOTIATE)
			session.deadlines.offer = ms;
		else
			session.deadlines.setup = ms;
		code = play(waits_for_fail);
		if (worker_was_content() || ms > LONG_MS)
			return code;
		clear();
	}
}

static void test_deadlines(enum ipc_role as, const char *name)
{
	enum phase phase;

	for (phase = PHASE_TLS; phase <= PHASE_SETUP; phase++) {
		enum exit_code code = expire(as, phase);

		ok(session.ending.cause == ENDING_DEADLINE && session.ending.phase == phase &&
		   worker_was_content() && nb.ups == 0 && balanced() &&
		   code == (as == ROLE_SERVER && phase <= PHASE_CONFIRM ? EXIT_DONE : EXIT_TEMPFAIL),
		   "%s, phase %s: the deadline fires, and the peer is told nothing but that", name,
		   phase_name(phase));
		clear();
	}
}

static void test_closing(void)
{
	prepare(ROLE_CLIENT);
	session.deadlines.setup = session.deadlines.closing = SHORT_MS;
	ok(play(ignores_fail) == EXIT_TEMPFAIL && worker_was_killed() &&
	   session.ending.cause == ENDING_DEADLINE, "who ignores FAIL is killed in the end");
	clear();

	prepare(ROLE_CLIENT);
	session.deadlines.closing = SHORT_MS;
	ok(play(lingers) == EXIT_DONE && worker_was_killed() && nb.downs == 1,
	   "who lingers after END too, and the end stays the one that was said");
	clear();
}

/* ---- death */

static void crashes(int sock)
{
	climb(sock, at);
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void leaves(int sock)
{
	climb(sock, at);
	_exit(3);
}

static void test_death(void)
{
	enum phase phase;

	for (phase = PHASE_TLS; phase <= PHASE_RUN; phase++) {
		prepare(ROLE_SERVER);
		at = phase;
		ok(play(phase % 2 ? crashes : leaves) == EXIT_SOFTWARE &&
		   session.ending.cause == ENDING_DIED && session.ending.phase == phase &&
		   !session.worker.killed && balanced() && nb.downs == (phase == PHASE_RUN),
		   "phase %s: a worker that dies without a word is our fault; down runs if up has",
		   phase_name(phase));
		clear();
	}
}

/* ---- signals */

static void stopped_running(int sock)
{
	struct ipc_message m;

	climb(sock, PHASE_RUN);
	kill(getppid(), SIGTERM);
	m = hear(sock, IPC_STOP);
	must(m.reason.reason == REASON_ADMIN);
	say(sock, IPC_STATUS); /* has crossed it: no sin */
	say(sock, IPC_END);
}

static void stopped_early(int sock)
{
	struct ipc_message m;

	climb(sock, PHASE_LOGIN);
	kill(getppid(), SIGTERM);
	m = hear(sock, IPC_STOP);
	must(m.reason.reason == REASON_TIMEOUT && !m.reason.text[0]);
	say(sock, role == ROLE_SERVER ? IPC_AUTH_INIT : IPC_AUTH_RESP); /* has crossed it */
	say(sock, IPC_END);
}

static void stopped_in_up(int sock)
{
	struct ipc_message m;

	climb(sock, PHASE_SETUP);
	say(sock, IPC_UP);
	m = hear(sock, IPC_FAIL);
	must(m.reason.reason == REASON_ADMIN);
	say(sock, IPC_END);
}

static void hung_up(int sock)
{
	struct ipc_message m;

	climb(sock, PHASE_RUN);
	kill(getppid(), SIGHUP);
	if (role == ROLE_CLIENT) {
		m = hear(sock, IPC_STOP);
		must(m.reason.reason == REASON_NONE);
	}
	say(sock, IPC_END);
}

static void asked_for_counters(int sock)
{
	struct ipc_message m = { .op = IPC_STATUS };

	climb(sock, PHASE_RUN);
	kill(getppid(), SIGUSR1);
	(void)hear(sock, IPC_QUERY);
	m.status.answer = 1;
	m.status.tally.tx_frames = 4711;
	(void)ipc_send(sock, &m, NULL, 0);
	say(sock, IPC_END);
}

static void test_signals(void)
{
	prepare(ROLE_SERVER);
	ok(play(stopped_running) == EXIT_DONE && worker_was_content() && nb.downs == 1 &&
	   signals.stopped && session.tally.rx_frames == 7,
	   "TERM: closed in good order, down, 0, and the last count is not lost");
	clear();
	prepare(ROLE_SERVER);
	ok(play(stopped_early) == EXIT_DONE && worker_was_content() && nb.attempts == 0,
	   "TERM during the login: a stranger learns nothing, and nothing is answered any more");
	clear();
	prepare(ROLE_SERVER);
	nb.raise_in_up = SIGTERM;
	ok(play(stopped_in_up) == EXIT_DONE && worker_was_content() && nb.ups == 1 && nb.downs == 1 &&
	   nb.sessions_up == 0, "TERM during up: never up, but down runs");
	clear();
	prepare(ROLE_CLIENT);
	ok(play(hung_up) == EXIT_TEMPFAIL && worker_was_content() &&
	   session.ending.cause == ENDING_SIGNAL && session.ending.number == SIGHUP,
	   "HUP ends a client's session, to be made again");
	clear();
	prepare(ROLE_SERVER);
	ok(play(hung_up) == EXIT_DONE && session.ending.cause == ENDING_REPORTED,
	   "HUP does nothing to a server's");
	clear();
	prepare(ROLE_SERVER);
	(void)play(asked_for_counters);
	ok(worker_was_content() && strstr(nb.line, "4711 frames"), "USR1: the counters are logged");
	clear();
}

/* ---- log */

static void forges(int sock)
{
	struct ipc_message m = { .op = IPC_LOG };

	climb(sock, PHASE_TLS);
	strcpy(m.log.text, "auth failure from 192.0.2.1 port 1\nforged");
	(void)ipc_send(sock, &m, NULL, 0);
	say(sock, IPC_END);
}

static void floods(int sock)
{
	int i;

	climb(sock, PHASE_TLS);
	for (i = 0; i < 5000; i++)
		say(sock, IPC_LOG);
	/* Each finds room for one line more. */
	for (i = 0; i < 4; i++) {
		usleep(250 * 1000);
		say(sock, IPC_LOG);
	}
	say(sock, IPC_END);
}

static void answers_unasked(int sock)
{
	struct ipc_message m = { .op = IPC_STATUS, .status.answer = 1 };
	int i;

	climb(sock, PHASE_RUN);
	kill(getppid(), SIGUSR1);
	(void)hear(sock, IPC_QUERY);
	for (i = 0; i < 500; i++)
		(void)ipc_send(sock, &m, NULL, 0);
	say(sock, IPC_END);
}

/* 500 questions of which none can be granted. */
static void cannot_be_lower(int sock)
{
	struct ipc_message m = { .op = IPC_MTU };

	climb(sock, PHASE_RUN);
	for (m.mtu.mtu = 1400; m.mtu.mtu > 900; m.mtu.mtu--)
		(void)ipc_send(sock, &m, NULL, 0);
	say(sock, IPC_END);
}

static void test_log(void)
{
	prepare(ROLE_CLIENT);
	(void)play(forges);
	ok(nb.worker_lines == 1 && !strchr(nb.worker_line, '\n') && nb.auth_failures == 0,
	   "a worker's line is marked as its own and cannot become two");
	clear();
	prepare(ROLE_CLIENT);
	(void)play(floods);
	ok(nb.worker_lines < 1000 && session.ending.cause == ENDING_REPORTED, "a flood of lines is cut off");
	ok(nb.overruns == 1, "... which is said once, not with each line that there is room for again");
	clear();
	prepare(ROLE_SERVER);
	(void)play(answers_unasked);
	ok(nb.lines > 0 && nb.lines < 20 && worker_was_content(),
	   "one question has one answer in the log, however often the worker gives it (%d lines)", nb.lines);
	clear();
	prepare(ROLE_SERVER);
	nb.section.proto = PROTO_UDP;
	nb.mtu_error = -EPERM;
	(void)play(cannot_be_lower);
	ok(nb.lines < 20 && worker_was_content(), "an MTU that cannot be set is said once (%d lines)", nb.lines);
	clear();
}

int main(void)
{
	scripted_init();
	test_life(ROLE_SERVER, "server");
	test_life(ROLE_CLIENT, "client");
	test_table(ROLE_SERVER, "server");
	test_table(ROLE_CLIENT, "client");
	test_malformed();
	test_deaf();
	test_deadlines(ROLE_SERVER, "server");
	test_deadlines(ROLE_CLIENT, "client");
	test_closing();
	test_death();
	test_signals();
	test_log();
	return finish();
}
