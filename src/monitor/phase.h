/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How far a session has come.  Phases only go forward.
 */
#pragma once

enum phase {
	PHASE_TLS,       /* BEGIN is sent; CHANNEL is to come */
	PHASE_LOGIN,     /* AUTH_INIT (server), AUTH_RESP (client) */
	PHASE_CONFIRM,   /* AUTH_CONF, AUTH_TAG */
	PHASE_NEGOTIATE, /* both know the password; DEVICE */
	PHASE_SETUP,     /* the worker has the device; UP */
	PHASE_RUN,       /* `up` has run; frames flow */
	PHASE_CLOSING,   /* FAIL or STOP is sent */
	PHASE_ENDED,     /* END has come, or the worker is not to be listened to any more */
};

static inline const char *phase_name(enum phase p)
{
	static const char *const names[] = {
		"tls", "login", "confirm", "negotiate", "setup", "run", "closing", "ended",
	};

	return names[p];
}
