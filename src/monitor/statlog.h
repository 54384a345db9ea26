/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "stat yes": counters in a file a session, for those who draw curves of them.
 */
#pragma once

#include "common/ipc.h"

/* How often, while the session lasts. */
unsigned statlog_every_ms(void);

/* Appends a line to NAME in $LOGS_DIRECTORY, or in /var/log/vtund: date, time, bytes received and
 * sent through the device, bytes received and sent on the network, since the session began.
 * 0 or a negative errno. */
int statlog_write(const char *session, const struct tally *t);
