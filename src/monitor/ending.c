/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ending.h"

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/cleanup.h"

__attribute__((format(printf, 2, 3)))
static void say(char *ret_why, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(ret_why, ENDING_TEXT_SIZE, format, ap);
	va_end(ap);
}

/* What a reason says about trying again, whoever had it. */
static enum exit_code code_of(unsigned reason)
{
	switch (reason) {
	case REASON_AUTH:
		return EXIT_NOPERM;
	case REASON_PROTOCOL:
	case REASON_VERSION:
	case REASON_REKEY:
		return EXIT_PROTOCOL;
	case REASON_OPTION:
		return EXIT_CONFIG;
	default:
		return EXIT_TEMPFAIL;
	}
}

static const char *other_side(const struct ending *e)
{
	return e->role == ROLE_SERVER ? "client" : "server";
}

enum { WORDS_SIZE = 320 };

/* The reason and its text; the text alone where it says all. */
static const char *words_of(const struct ipc_end *end, char text[static WORDS_SIZE])
{
	const char *name = reason_name(end->reason);

	if (!end->text[0])
		return end->reason == REASON_NONE ? "in good order" : name;
	if (end->reason == REASON_NONE || end->reason == REASON_ADMIN || end->reason == REASON_IN_USE)
		return end->text;
	snprintf(text, WORDS_SIZE, "%s: %s", name, end->text);
	return text;
}

static enum exit_code judge_peer(const struct ending *e, char *ret_why)
{
	const struct ipc_end *end = &e->end;
	char text[WORDS_SIZE];

	if (end->closed) {
		say(ret_why, "closed by the %s: %s", other_side(e), words_of(end, text));
		return EXIT_DONE;
	}
	if (end->reason == REASON_AUTH && e->role == ROLE_CLIENT) {
		say(ret_why, "authentication failed: the server does not know this session with this "
		    "password, or refuses it for a while after too many attempts; its own log says which");
		return EXIT_NOPERM;
	}
	if (end->reason == REASON_OPTION && end->text[0])
		say(ret_why, "the %s does not accept the terms: %s", other_side(e), end->text);
	else if (end->reason == REASON_OPTION)
		say(ret_why, "the %s does not accept option 0x%04x of the terms", other_side(e),
		    end->detail);
	else if (end->reason == REASON_BUSY && end->detail)
		say(ret_why, "the %s is busy, try again in %u s%s%s", other_side(e), end->detail,
		    end->text[0] ? ": " : "", end->text);
	else
		say(ret_why, "the %s ended it: %s", other_side(e), words_of(end, text));
	return code_of(end->reason);
}

static enum exit_code judge_us(const struct ending *e, char *ret_why)
{
	const struct ipc_end *end = &e->end;

	say(ret_why, "%s%s%s", reason_name(end->reason), end->text[0] ? ": " : "", end->text);
	if (end->reason == REASON_NONE || (end->closed && end->reason == REASON_ADMIN))
		return EXIT_DONE;
	return end->reason == REASON_INTERNAL ? EXIT_SOFTWARE : code_of(end->reason);
}

static enum exit_code judge_end(const struct ending *e, char *ret_why)
{
	const char *text = e->end.text;

	switch (e->end.by) {
	case END_BY_US:
		return judge_us(e, ret_why);
	case END_BY_PEER:
		return judge_peer(e, ret_why);
	case END_BY_LOSS:
		say(ret_why, "the connection to the %s was lost%s%s", other_side(e), text[0] ? ": " : "",
		    text);
		return EXIT_TEMPFAIL;
	case END_BY_TLS:
		say(ret_why, "no TLS session with the %s%s%s", other_side(e), text[0] ? ": " : "", text);
		return EXIT_PROTOCOL;
	case END_BY_FOREIGN:
		say(ret_why, "%s", text[0] ? text : "the server does not speak our protocol");
		return EXIT_PROTOCOL;
	default:
		say(ret_why, "the worker gave a reason that does not exist (%u)", e->end.by);
		return EXIT_SOFTWARE;
	}
}

static enum exit_code judge_deadline(const struct ending *e, char *ret_why)
{
	switch (e->phase) {
	case PHASE_TLS:
		say(ret_why, "no TLS session with the %s within %u s", other_side(e), e->seconds);
		break;
	case PHASE_LOGIN:
	case PHASE_CONFIRM:
		say(ret_why, "the login was not finished within %u s", e->seconds);
		break;
	case PHASE_NEGOTIATE:
		say(ret_why, e->role == ROLE_SERVER ? "the client did not accept the terms within %u s"
						    : "the server sent no terms within %u s", e->seconds);
		break;
	default:
		say(ret_why, e->role == ROLE_SERVER
		    ? "the session was not set up within %u s"
		    : "the server was not ready within %u s (do its up commands take longer? see timeout)",
		    e->seconds);
	}
	return EXIT_TEMPFAIL;
}

static enum exit_code judge_signal(const struct ending *e, char *ret_why)
{
	if (e->number == SIGHUP) {
		say(ret_why, "asked to connect again (SIGHUP)");
		return EXIT_TEMPFAIL;
	}
	if (e->text[0])
		say(ret_why, "%s", e->text);
	else
		say(ret_why, "stopped by %s", e->number == SIGINT ? "SIGINT" : "SIGTERM");
	return EXIT_DONE;
}

static enum exit_code judge(const struct ending *e, char *ret_why)
{
	switch (e->cause) {
	case ENDING_REPORTED:
		return judge_end(e, ret_why);
	case ENDING_REFUSED:
		say(ret_why, "%s", e->text);
		return e->exit_code;
	case ENDING_DEADLINE:
		return judge_deadline(e, ret_why);
	case ENDING_SIGNAL:
		return judge_signal(e, ret_why);
	case ENDING_DIED:
		say(ret_why, "the worker %s", e->text);
		return EXIT_SOFTWARE;
	case ENDING_DEVIATED:
		say(ret_why, "the worker broke its contract and was killed: %s", e->text);
		return EXIT_SOFTWARE;
	default:
		say(ret_why, "ended without a cause");
		return EXIT_SOFTWARE;
	}
}

enum exit_code ending_judge(const struct ending *e, char ret_why[static ENDING_TEXT_SIZE])
{
	enum exit_code code = judge(e, ret_why);

	if (e->role == ROLE_SERVER && e->phase < PHASE_NEGOTIATE &&
	    (code == EXIT_TEMPFAIL || code == EXIT_PROTOCOL || code == EXIT_NOPERM))
		return EXIT_DONE;
	return code;
}
