/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ratekey.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "common/terms.h"

enum { SOURCE_MAX = 1 + 8 };

/* A kind, then /32 or /64.  Returns its size. */
static size_t source_prefix(const struct sockaddr *source, uint8_t out[static SOURCE_MAX])
{
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	const struct in6_addr *a = &((const struct sockaddr_in6 *)source)->sin6_addr;
	bool is_v4 = false;

	if (source->sa_family == AF_INET) {
		out[0] = 4;
		memcpy(out + 1, &((const struct sockaddr_in *)source)->sin_addr, 4);
		return 5;
	}
	if (source->sa_family == AF_INET6) {
		is_v4 = IN6_IS_ADDR_V4MAPPED(a) || memcmp(a, nat64, sizeof(nat64)) == 0;
		out[0] = is_v4 ? 4 : 6;
		memcpy(out + 1, a->s6_addr + (is_v4 ? 12 : 0), is_v4 ? 4 : 8);
		return is_v4 ? 5 : 9;
	}
	out[0] = 0;
	return 1;
}

uint64_t ratekey_of(const uint8_t secret[static RATEKEY_SECRET_SIZE], enum rate_area area,
		    const struct sockaddr *source, const char *name)
{
	uint8_t data[1 + SOURCE_MAX + SESSION_NAME_MAX];
	size_t size = 0, name_size;
	uint64_t key;

	data[size++] = (uint8_t)area;
	if (source)
		size += source_prefix(source, data + size);
	if (name) {
		name_size = strnlen(name, SESSION_NAME_MAX);
		memcpy(data + size, name, name_size);
		size += name_size;
	}
	crypto_shorthash((uint8_t *)&key, data, size, secret);
	return key;
}

/* Told from a source by its size. */
uint64_t ratekey_neighbourhood(const uint8_t secret[static RATEKEY_SECRET_SIZE],
			       const struct sockaddr *source)
{
	uint8_t data[1 + SOURCE_MAX] = { RATE_SOURCES };
	size_t size = source_prefix(source, data + 1);
	uint64_t key;

	if (data[1])
		size -= data[1] == 4 ? 1 : 2;
	crypto_shorthash((uint8_t *)&key, data, 1 + size, secret);
	return key;
}

static uint64_t in_group(uint64_t key, uint64_t group)
{
	const uint64_t bits = UINT64_C(0xffff) << 48;

	return (key & ~bits) | (group & bits);
}

uint64_t ratekey_known(const uint8_t secret[static RATEKEY_SECRET_SIZE], const struct sockaddr *source,
		       const char *name)
{
	uint64_t of_name = ratekey_of(secret, RATE_NAMES, NULL, name);
	uint64_t key = in_group(ratekey_of(secret, RATE_KNOWN, source, name), of_name);

	return key - key % RATEFILE_KNOWN_SETS + of_name % RATEFILE_KNOWN_SETS;
}

uint64_t ratekey_guest(const uint8_t secret[static RATEKEY_SECRET_SIZE], const struct sockaddr *source,
		       const char *name)
{
	uint64_t key = ratekey_of(secret, RATE_GUESTS, source, NULL);

	return in_group(key, name ? ratekey_of(secret, RATE_NAMES, NULL, name) : 0);
}
