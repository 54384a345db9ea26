/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How a session came to its end, in one sentence for the log and one exit code.
 */
#pragma once

#include "common/exitcode.h"
#include "common/ipc.h"
#include "phase.h"

enum ending_cause {
	ENDING_NONE,     /* it goes on */
	ENDING_REPORTED, /* the worker's END */
	ENDING_REFUSED,  /* our own decision: text and exit_code are given */
	ENDING_DEADLINE, /* of `phase`, after `seconds` */
	ENDING_SIGNAL,   /* `number`: TERM, INT; HUP on a client; `text` if more is known */
	ENDING_DIED,     /* the worker is gone without END: `text` is how */
	ENDING_DEVIATED, /* the worker broke the contract: `text` is what it did; it was killed */
};

struct ending {
	enum ending_cause cause; /* the first one counts */
	enum ipc_role role;
	enum phase phase;        /* in which it happened */
	enum exit_code exit_code;
	unsigned seconds;
	int number;
	struct ipc_end end;
	char text[256];
};

enum { ENDING_TEXT_SIZE = 640 };

/* The exit code.  A server that turned a stranger away has done what it is for and ends with 0, as
 * else every scan would leave a failed unit behind; a client's failures always show. */
enum exit_code ending_judge(const struct ending *e, char ret_why[static ENDING_TEXT_SIZE]);
