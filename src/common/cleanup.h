/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One owner for each resource, visible in its declaration.
 */
#pragma once

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

/* A local that closes or frees itself when it goes out of scope. */
#define auto_close __attribute__((cleanup(cleanup_fd)))
#define auto_free  __attribute__((cleanup(cleanup_free)))

/* Hands a descriptor over: the caller owns it now, *fd is empty (-1). */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
