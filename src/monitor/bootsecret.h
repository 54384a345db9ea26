/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A secret that all sessions of this machine share from one boot to the next: it keys the
 * rate-limit table and the passwords that are made up for unknown names.
 */
#pragma once

#include <stdint.h>

#include "privfile.h"

enum { BOOT_ID_SIZE = 36, BOOT_SECRET_SIZE = 32 };

/* The kernel's name for this boot, as text without a NUL.  0 or a negative errno. */
int bootsecret_boot_id(char ret_id[static BOOT_ID_SIZE]);

/* The secret of this boot from the file "rl.key" in `dir`, which is made, or made anew where it is
 * damaged or of another boot.  The caller holds the table's lock, so that the first two sessions
 * agree, and wipes the secret.  0 or a negative errno. */
int bootsecret_load(const struct privdir *dir, const char boot_id[static BOOT_ID_SIZE],
		    uint8_t ret_secret[static BOOT_SECRET_SIZE]);
