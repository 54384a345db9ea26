/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What wakes a session up: the network, the monitor, the device, time.  Each wake-up goes to the state
 * that the session is in.
 */
#pragma once

#include "common/ipc.h"

/* Runs the session of `begin` to its end on the connected socket `net` (taken over).  The monitor
 * has been told how it ended, unless the monitor itself is gone.  0 or a negative errno. */
int loop_run(const struct ipc_begin *begin, int net);
