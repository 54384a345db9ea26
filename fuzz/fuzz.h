/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the harnesses share.  Each is one LLVMFuzzerTestOneInput(): "fuzz/run NAME" feeds it by
 * libFuzzer, and as a test it replays its corpus (fuzz/replay.c, t/13-corpus.t).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise of the code under test. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The bytes in memory of their own, so that an access behind them is noticed. */
__attribute__((unused)) static uint8_t *exact_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	must(copy);
	if (size)
		memcpy(copy, data, size);
	return copy;
}
