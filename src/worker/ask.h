/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The worker's side of the contract: each question to the monitor as one typed call.  The answers
 * arrive as messages; session.c takes them.  0 or a negative errno.
 */
#pragma once

#include "common/ipc.h"

/* `fd` is the monitor's socket, non-blocking; log lines go there from now on. */
void ask_init(int fd);

int ask_channel(const uint8_t sid[static AUTH_SID_SIZE]);
int ask_auth_init(const uint8_t message[static AUTH_INIT_SIZE]);
int ask_auth_resp(const uint8_t message[static AUTH_RESP_SIZE]);
int ask_auth_conf(const uint8_t tag[static AUTH_TAG_SIZE]);
int ask_auth_tag(const uint8_t tag[static AUTH_TAG_SIZE]);
int ask_device(const struct terms *terms);
int ask_up(void);
int ask_mtu(uint16_t mtu);
int ask_status(const struct ipc_status *status);
int ask_end(const struct ipc_end *end);

/* The next message; see ipc_recv(). */
int ask_receive(struct ipc_message *ret, int ret_fds[static IPC_FDS_MAX]);
