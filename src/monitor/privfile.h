/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Files that carry trust from one session to the next: nobody else may have made or changed them.
 */
#pragma once

#include <sys/types.h>

struct privdir {
	int fd;
	uid_t owner;
	const char *path; /* the caller's */
};

/* Opens `path` as the directory of private files; it is made if it is missing and its parent allows
 * it.  0 and *ret, whose descriptor is the caller's to close; or a negative errno, -EPERM if others
 * could have put files there (has been logged). */
int privfile_open_dir(const char *path, struct privdir *ret);

/* Opens `name` in that directory; close-on-exec, mode 0600.  `flags` are open(2)'s.  A file that is
 * made belongs to the directory's owner, also where root makes it.
 * The descriptor or a negative errno: -EPERM (has been logged) if it is no plain file with one
 * name, or belongs to somebody else, or others may read or write it. */
int privfile_open(const struct privdir *dir, const char *name, int flags);
