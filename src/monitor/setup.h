/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From the login to the first frame: claim, device, UDP socket, terms, `up`.  The worker's questions
 * return ANSWERED, REFUSED or a negative errno (session.h).
 */
#pragma once

#include "session.h"

/* Server, logged in: takes the claim, opens the device and the UDP socket and makes s->offer of it.
 * ANSWERED, or REFUSED with an s->offer that is fit to be sent before FAIL. */
int setup_offer(struct session *s);

/* DEVICE: what the client accepts (server), what the server offers (client). */
int setup_accepted(struct session *s, const struct ipc_message *m);
int setup_offered(struct session *s, const struct ipc_message *m);

/* UP: runs `up`, then the session is up. */
int setup_up(struct session *s, const struct ipc_message *m);

/* MTU: the path does not carry packets of the device's size. */
int setup_mtu(struct session *s, const struct ipc_message *m);
