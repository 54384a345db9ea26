/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A remark about vtund.conf as a line: "FILE:LINE:COLUMN: error|warning|note: TEXT".
 */
#pragma once

#include <stdio.h>

#include "monitor/config.h"

void remark_print(FILE *out, const struct diag *d);

/* The line that it is about, if there is one, and a caret under the place. */
void remark_print_line(FILE *out, const struct diag *d);
