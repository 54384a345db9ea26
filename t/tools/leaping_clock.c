/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The time of day as everybody in this program sees it, libraries included, when somebody sets the
 * clock each second, by a day forth and back.  The kernel's own clock is the whole machine's, and left
 * alone.
 */
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long leap(void)
{
	struct timespec up = { 0 };

	syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &up);
	return up.tv_sec % 2 ? 86400 : 0;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ret);

	if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ret->tv_sec += leap();
	return r;
}

time_t time(time_t *ret)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now = { 0 };

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	ret->tv_sec = now.tv_sec;
	ret->tv_usec = now.tv_nsec / 1000;
	return 0;
}
