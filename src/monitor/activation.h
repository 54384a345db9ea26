/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The connection that somebody else has accepted for us: systemd (vtun.socket, Accept=yes) or inetd.
 */
#pragma once

#include <stdbool.h>

/* With `inetd` the connection is descriptor 0.  What of 0, 1, 2 is this same socket becomes /dev/null,
 * so that nothing can ever be written to the peer by accident; what is not, such as a descriptor 2 for
 * the log, stays.  Else it is what systemd has passed (sd_listen_fds(3)).
 * 0 and *ret_fd, close-on-exec and above 2; -ENOENT if systemd has passed nothing; -EINVAL if it has
 * passed something else than one connected stream socket: ret_hint then says what to change;
 * another negative errno. */
int activation_take(bool inetd, int *ret_fd, char ret_hint[static 160]);
