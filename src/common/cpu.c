/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cpu.h"

#if defined(__x86_64__)

#include <cpuid.h>

bool cpu_has_aes(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_AES) && (c & bit_PCLMUL);
}

#elif defined(__aarch64__)

#include <asm/hwcap.h>
#include <sys/auxv.h>

bool cpu_has_aes(void)
{
	unsigned long caps = getauxval(AT_HWCAP);

	return (caps & HWCAP_AES) && (caps & HWCAP_PMULL);
}

#else

bool cpu_has_aes(void)
{
	return false;
}

#endif
