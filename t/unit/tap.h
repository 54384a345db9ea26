/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The Test Anything Protocol, as much of it as a unit test needs.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

#define ok(condition, ...) tap_ok(!!(condition), __FILE__, __LINE__, #condition, __VA_ARGS__)

__attribute__((format(printf, 5, 6), unused)) static int
tap_ok(int passed, const char *file, int line, const char *condition, const char *format, ...)
{
	__builtin_va_list ap;

	printf("%sok %d - ", passed ? "" : "not ", ++tap_count);
	__builtin_va_start(ap, format);
	vprintf(format, ap);
	__builtin_va_end(ap);
	printf("\n");
	if (!passed) {
		tap_failed++;
		printf("# %s:%d: %s\n", file, line, condition);
	}
	fflush(stdout);
	return passed;
}

/* "00ff" -> bytes; returns their number.  Aborts on what is not hex or too long. */
__attribute__((unused)) static size_t unhex(const char *hex, unsigned char *out, size_t size)
{
	size_t n;

	for (n = 0; hex[0] && hex[1]; hex += 2, n++) {
		unsigned v;

		if (n == size || sscanf(hex, "%2x", &v) != 1)
			abort();
		out[n] = (unsigned char)v;
	}
	return n;
}

/* Compares bytes with a hex string. */
__attribute__((unused)) static int is_hex(const void *got, size_t size, const char *hex)
{
	const unsigned char *p = got;
	size_t i;

	if (strlen(hex) != 2 * size)
		return 0;
	for (i = 0; i < size; i++) {
		unsigned v;

		if (sscanf(hex + 2 * i, "%2x", &v) != 1 || v != p[i])
			return 0;
	}
	return 1;
}

/* To be returned by main(). */
__attribute__((unused)) static int finish(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}
