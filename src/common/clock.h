/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Time for deadlines and measurements: monotonic, so that a clock that is set does no harm, and
 * CLOCK_BOOTTIME, so that a machine that slept knows that its peer has long given up.
 */
#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static inline uint64_t clock_ms(void)
{
	return clock_us() / 1000;
}

/* "No deadline": later than every time that clock_ms() or clock_us() returns. */
#define CLOCK_NEVER UINT64_MAX
