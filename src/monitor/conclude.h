/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The last words about a session.
 */
#pragma once

#include <stdbool.h>

#include "session.h"

/* After monitor_run(): `down` and the device, unless `keep`; then the final record.  Returns the
 * exit code. */
enum exit_code conclude(struct session *s, bool keep);
