/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Small certainties about descriptors.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* 0 or a negative errno. */
int fd_set_nonblock(int fd, int on);
int fd_set_cloexec(int fd, int on);

/* Makes `from` be descriptor `to`, inheritable over exec; `from` is closed unless it is `to`.
 * (dup2(n, n) would leave close-on-exec set.)  0 or a negative errno. */
int fd_move(int from, int to);

/* Whether both are one and the same file, pipe or socket; not if one of them is closed. */
int fd_is_same_file(int a, int b);

/* Writes all of the bytes to a blocking descriptor.  0 or a negative errno. */
int fd_write_all(int fd, const void *data, size_t size);

/* Reads a whole small file as one block.  Returns the number of bytes, or a negative errno:
 * -EFBIG if it is larger than `size`. */
ssize_t fd_read_file(const char *path, void *data, size_t size);
