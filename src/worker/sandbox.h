/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The worker locks itself in: no privilege, no file, no new descriptor, and of the system calls
 * only those in syscalls.h.  Whoever takes it over has a connection to its own peer and nothing
 * else.  doc/PRIVILEGES.md.
 */
#pragma once

/* Checks that the monitor has dropped what it had to drop: no capabilities, no_new_privs, not uid 0
 * (but for the single-uid exception).  0, or -EPERM (logged): the caller gives up. */
int sandbox_verify(int single_uid);

/* Before the first byte of the network, and for good: there is no seccomp() on the list.  0, or a negative
 * errno (logged): no sandbox, no session. */
int sandbox_enter(void);
