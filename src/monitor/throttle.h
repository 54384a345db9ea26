/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rate limits for logins, kept in a small file that all sessions of this machine share
 * (RUNDIR/rl): a token bucket per source (/32, /64) and per session name, keyed by SipHash with a
 * secret made at each boot, so that nobody can aim at a slot.  doc/PROTOCOL.md, "Rate limiting".
 */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

struct throttle;

/* Opens or makes the table and the boot secret in `dir` (made if its parent allows it).  Damaged
 * files of ours are made anew.  A negative errno where they cannot be used, and the caller refuses
 * to serve (fail closed); -EPERM if somebody else can have had a hand in them: has been logged. */
int throttle_open(const char *dir, struct throttle **ret);
void throttle_free(struct throttle *t);

/* 32 bytes, the same for all sessions since boot. */
const uint8_t *throttle_boot_secret(const struct throttle *t);

/* One connection of this source: 1 if it may go on, 0 if it is banned, drops at random, comes
 * too often, or the table cannot be used (has been logged).  It counts as unauthenticated until
 * throttle_free() or the end of this process, whichever way it ends; a child must not inherit
 * the descriptor (close-on-exec). */
int throttle_admit(struct throttle *t, const struct sockaddr *source);

/* One attempt at this name from this source, counted as a failure until throttle_success().
 * 1: go on; 0: go on with a made-up password (or the table cannot be used: has been logged). */
int throttle_attempt(struct throttle *t, const struct sockaddr *source, const char *name);

/* Gives back what the attempt has cost.  Without one it only remembers, for 30 days, that this source has this
 * session, whose owner gets in from there even if others have used up the name. */
void throttle_success(struct throttle *t, const struct sockaddr *source, const char *name);
