/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The worker's questions that belong to the login.  Each returns ANSWERED, REFUSED or a negative
 * errno (session.h).
 */
#pragma once

#include "session.h"

/* CHANNEL: the server notes the channel, the client begins its login. */
int login_channel(struct session *s, const struct ipc_message *m);

/* Server: AUTH_INIT, AUTH_CONF. */
int login_answer(struct session *s, const struct ipc_message *m);
int login_confirm(struct session *s, const struct ipc_message *m);

/* Client: AUTH_RESP, AUTH_TAG. */
int login_prove(struct session *s, const struct ipc_message *m);
int login_accept(struct session *s, const struct ipc_message *m);
