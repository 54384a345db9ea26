/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Watches one worker from BEGIN to its death: which question may come in which phase, how long a
 * phase may last, what signals ask for.
 */
#pragma once

#include "session.h"

/* Runs the session whose worker has just been spawned.  Returns when the worker is dead and reaped;
 * s->ending says how it came to that.  The tunnel is left as it is: `down` is the caller's. */
void monitor_run(struct session *s);
