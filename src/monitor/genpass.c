/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "genpass.h"

#include <errno.h>

#include "common/secret.h"

enum { GROUPS = 4, GROUP_SIZE = 7 };

int genpass(char out[static 32])
{
	/* No l, o, 0, 1.  32 characters: five bits of a random byte choose one, without a bias. */
	static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t noise[GROUPS * GROUP_SIZE];
	unsigned i;

	_Static_assert(sizeof(alphabet) == 32 + 1, "five bits a character");
	if (sodium_init() < 0)
		return -ENOSYS;
	randombytes_buf(noise, sizeof(noise));
	for (i = 0; i < sizeof(noise); i++) {
		*out++ = alphabet[noise[i] % 32];
		if (i % GROUP_SIZE == GROUP_SIZE - 1)
			*out++ = i + 1 < sizeof(noise) ? '-' : '\0';
	}
	secret_wipe(&noise);
	return 0;
}
