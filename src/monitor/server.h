/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The life of a server: one connection that somebody else has accepted.
 */
#pragma once

#include "common/exitcode.h"
#include "options.h"
#include "signals.h"

/* Serves the peer on `fd`, which is closed, until it is gone. */
enum exit_code server_run(const struct options *opt, int fd, struct signals *signals);
