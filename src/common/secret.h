/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Short-lived secrets: wiped when their owner goes out of scope, compared in constant time.
 */
#pragma once

#include <sodium.h>
#include <stddef.h>

#define secret_wipe(object) sodium_memzero((object), sizeof(*(object)))

/* sodium_init() and no core dumps, no ptrace by equals: first thing in main().  0 or -errno. */
int secret_init(void);
