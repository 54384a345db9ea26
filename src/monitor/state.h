/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * status.json of a running session: one flat object, one member a line, for "vtunctl status" and
 * whoever else wants to read it.
 */
#pragma once

#include "common/ipc.h"

struct state {
	const char *session, *role, *device, *peer;
	int64_t since;             /* seconds since 1970 */
	const struct terms *terms;
	const struct tally *tally;
	int udp_up;
};

/* Written to $RUNTIME_DIRECTORY (systemd), else to RUNDIR/PID, and put in place by rename(): a
 * reader sees the old one or the new one.  0 or a negative errno. */
int state_write(const struct state *s);
void state_remove(void);
