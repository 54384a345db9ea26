/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reading the configuration for one connection: which file, and what there is to say about it as
 * lines of log.
 */
#pragma once

#include "common/exitcode.h"
#include "config.h"

/* Opens `path`, NULL as in config_open().
 * EXIT_DONE and *ret, or EXIT_CONFIG: has been logged. */
enum exit_code confread_open(const char *path, struct config **ret);

/* A diag_sink: "FILE:LINE:COLUMN: error: TEXT".  Notes are for vtunctl check and not logged. */
void confread_sink(void *context, const struct diag *d);
