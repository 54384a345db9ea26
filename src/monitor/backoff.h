/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How long a client waits before it connects again.  Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct backoff {
	unsigned seconds; /* the wait before; 0: none yet */
	bool auth;        /* a login was refused since the last session */
};

/* The next wait in ms: 1 s doubling to 60 s, once a login was refused 5 s doubling to 300 s, from the
 * start again after a session that was up alone: a false server has a guess in each login, whatever it
 * does then.  +-25 % as `random` (any 32 bits) has it, so that a
 * thousand clients of a server that restarts do not come all at once. */
unsigned backoff_next(struct backoff *b, bool refused, bool was_up, uint32_t random);
