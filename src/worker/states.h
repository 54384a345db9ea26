/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The states of a session that have something to say: login.c, negotiate.c, run.c.
 */
#pragma once

#include "session.h"

/* What each state makes of a frame of the peer.  0, or -EAGAIN: keep it, it cannot be taken now. */
int login_on_frame(struct session *s, const struct frame *f);
int negotiate_on_frame(struct session *s, const struct frame *f);
int run_on_frame(struct session *s, const struct frame *f);

/* ... and of a message of the monitor.  Descriptors that they take are set to -1.  -EBADMSG: not
 * one that can come now. */
int login_on_message(struct session *s, const struct ipc_message *m);
int negotiate_on_message(struct session *s, const struct ipc_message *m, int fds[static IPC_FDS_MAX]);
int run_on_message(struct session *s, const struct ipc_message *m);

/* Both ends agree; and later: the device is up, frames may flow. */
void run_begin(struct session *s);
void run_device_up(struct session *s, uint16_t mtu);

/* Moves what can be moved, and does what time demands; or only sends what the device has. */
void run_step(struct session *s);
void run_send(struct session *s);
uint64_t run_deadline(const struct session *s); /* ms */

/* Nothing is to be read from the device now: a new key for TLS goes first. */
bool run_holds_device(const struct session *s);
