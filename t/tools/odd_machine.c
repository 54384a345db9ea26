/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * t/tools/odd-vtund: vtund, on a machine that nobody has at hand.  Which one, its own file name says:
 *
 *	suite-2        all but this cipher suite of the UDP path (or GMAC) is unknown
 *	no-vnet        Linux without IFF_VNET_HDR: before 2.6.27
 *	no-offload     TUNSETOFFLOAD is refused
 *	no-uso         ... for UDP: before 6.2
 *	counts-often   "stat yes" writes every second, not every five minutes
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "monitor/suites.h"

static char name[40];

/* Before main(), which makes a title of argv. */
__attribute__((constructor)) static void remember_name(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;

	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : "");
}

unsigned __real_statlog_every_ms(void);
unsigned __wrap_statlog_every_ms(void);

unsigned __wrap_statlog_every_ms(void)
{
	return strcmp(name, "counts-often") ? __real_statlog_every_ms() : 1000;
}

void suites_offered(bool encrypt, uint8_t ret[static SUITES_MAX])
{
	int known = SUITE_AES_128_GCM;

	sscanf(name, "suite-%d", &known);
	memset(ret, 0, SUITES_MAX);
	ret[0] = (uint8_t)(encrypt ? known : SUITE_AES_128_GMAC);
}

uint8_t suites_choose(const uint8_t offered[static SUITES_MAX], bool encrypt)
{
	(void)encrypt;
	return offered[0];
}

/* In the program itself, so that it stands before the C library's. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;
	int r;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == TUNSETOFFLOAD && arg &&
	    (!strcmp(name, "no-offload") || (!strcmp(name, "no-uso") && ((uintptr_t)arg & 0x60)))) {
		errno = EINVAL;
		return -1;
	}
	r = (int)syscall(SYS_ioctl, fd, request, arg);
	if (r == 0 && request == TUNGETFEATURES && !strcmp(name, "no-vnet"))
		*(unsigned *)arg &= ~(unsigned)IFF_VNET_HDR;
	return r;
}
