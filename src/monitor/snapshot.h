/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A file as it is at one moment, in memory that is wiped when freed.
 */
#pragma once

#include <stddef.h>

#include "exposure.h"

enum { SNAPSHOT_MAX = 16 << 20 };

struct snapshot {
	char *text;   /* and a NUL behind it */
	size_t size;
	struct exposure exposure; /* none for a systemd credential */
};

/* 0 or a negative errno from open() or read(); -EFBIG if there is more than SNAPSHOT_MAX. */
int snapshot_read(const char *path, struct snapshot *ret);

/* The system's configuration.  The unit hands it over as a credential, so that it can stay root's:
 * read is that copy then, but the original is what messages should name and whose owner and mode
 * count. */
#define SNAPSHOT_SYSTEM SYSCONFDIR "/vtund.conf"
int snapshot_read_system(struct snapshot *ret);

int snapshot_copy(const char *text, size_t size, struct snapshot *ret);
void snapshot_free(struct snapshot *s);

/* The path of a password's file: absolute, or a name in $CREDENTIALS_DIRECTORY, which is only
 * looked up for names without a slash.  0; -ENOENT without such a directory, -ENAMETOOLONG. */
int snapshot_credential_path(const char *name, char *ret, size_t size);
