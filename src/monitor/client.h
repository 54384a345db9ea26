/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The life of a client: connect, be logged in, run; and with `persist` again and again.
 */
#pragma once

#include "common/exitcode.h"
#include "options.h"
#include "signals.h"

enum exit_code client_run(const struct options *opt, struct signals *signals);
