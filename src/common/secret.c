/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secret.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int secret_init(void)
{
	const struct rlimit no_core = { 0, 0 };

	if (sodium_init() < 0)
		return -ENOSYS;
	if (setrlimit(RLIMIT_CORE, &no_core) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return -errno;
	return 0;
}
