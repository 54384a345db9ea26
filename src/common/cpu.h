/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the processor can do in hardware.
 */
#pragma once

#include <stdbool.h>

/* AES and carry-less multiplication: without both, ChaCha20-Poly1305 is the faster AEAD. */
bool cpu_has_aes(void);
