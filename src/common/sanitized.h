/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A build with --enable-sanitizers, for tests: memory errors and undefined behaviour end the process
 * with a report.  It is weaker in three things: the worker's address space is not limited, which a
 * sanitizer's shadow memory would exceed; its stderr is the monitor's, where the report goes; and it
 * may try to open files (worker/syscalls.h), which Landlock still forbids.
 */
#pragma once

#ifdef VTUN_SANITIZED
#define SANITIZED_NOTE ", --enable-sanitizers: weaker, for tests alone"
enum { SANITIZED = 1 };
#else
#define SANITIZED_NOTE ""
enum { SANITIZED = 0 };
#endif

/* Says so in the log, loudly, where it is so. */
void sanitized_warn(void);
