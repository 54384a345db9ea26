/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sanitized.h"

#include "log.h"

#ifdef VTUN_SANITIZED

const char *__asan_default_options(void);

/* The environment of a worker is empty.  Leaks would be looked for in another process, which its filter
 * forbids; valgrind does that.  A report in few system calls: bare addresses, for addr2line(1), as the
 * program is linked to a fixed one. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:symbolize=0:color=never";
}

#endif

void sanitized_warn(void)
{
	if (SANITIZED)
		log_warning("built with --enable-sanitizers: the worker's sandbox is weaker; for tests "
			    "alone, never for a network");
}
