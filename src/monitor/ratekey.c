/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ratekey.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "common/bytes.h"
#include "common/terms.h"

enum { SOURCE_MAX = 1 + 8 };

/* All of 127.0.0.0/8 is this machine. */
static size_t v4_prefix(const uint8_t address[static 4], uint8_t out[static SOURCE_MAX])
{
	out[0] = 4;
	memcpy(out + 1, address, 4);
	if (address[0] == 127)
		memset(out + 2, 0, 3);
	return 5;
}

/* The link of fe80::/64 stands in its zeros: on each there are others. */
static size_t v6_prefix(const struct sockaddr_in6 *source, uint8_t out[static SOURCE_MAX])
{
	out[0] = 6;
	memcpy(out + 1, source->sin6_addr.s6_addr, 8);
	if (IN6_IS_ADDR_LINKLOCAL(&source->sin6_addr))
		put_be32(out + 3, source->sin6_scope_id);
	return 9;
}

/* A kind, then /32 or /64.  Returns its size. */
static size_t source_prefix(const struct sockaddr *source, uint8_t out[static SOURCE_MAX])
{
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)source;
	const uint8_t *a = v6->sin6_addr.s6_addr;

	if (source->sa_family == AF_INET)
		return v4_prefix((const uint8_t *)&((const struct sockaddr_in *)source)->sin_addr, out);
	if (source->sa_family == AF_INET6) {
		bool is_v4 = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) || memcmp(a, nat64, sizeof(nat64)) == 0;

		return is_v4 ? v4_prefix(a + 12, out) : v6_prefix(v6, out);
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
