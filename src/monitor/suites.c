/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "suites.h"

#include <string.h>

#include "common/cpu.h"

/* ChaCha20 is six times as slow as AES in hardware, and the faster one without. */
void suites_offered(bool encrypt, uint8_t ret[static SUITES_MAX])
{
	static const uint8_t with_aes[] = {
		SUITE_AES_128_GCM, SUITE_AES_256_GCM, SUITE_CHACHA20_POLY1305,
	};
	static const uint8_t without[] = {
		SUITE_CHACHA20_POLY1305, SUITE_AES_128_GCM, SUITE_AES_256_GCM,
	};

	memset(ret, 0, SUITES_MAX);
	if (!encrypt)
		*ret++ = SUITE_AES_128_GMAC;
	memcpy(ret, cpu_has_aes() ? with_aes : without, sizeof(with_aes));
}

/* The server's order of preference; but ChaCha20 where we have no AES in hardware. */
uint8_t suites_choose(const uint8_t offered[static SUITES_MAX], bool encrypt)
{
	size_t i;

	if (encrypt && !cpu_has_aes() && memchr(offered, SUITE_CHACHA20_POLY1305, SUITES_MAX))
		return SUITE_CHACHA20_POLY1305;
	for (i = 0; i < SUITES_MAX; i++)
		if (offered[i] && (offered[i] == SUITE_AES_128_GMAC) == !encrypt)
			return offered[i];
	return 0;
}
