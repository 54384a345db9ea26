/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"

static int monitor_fd = -1;

static int send_message(const struct ipc_message *m)
{
	return ipc_send(monitor_fd, m, NULL, 0);
}

/* A line that does not fit into the socket's buffer is lost, not waited for. */
static void send_log(int priority, const char *line)
{
	struct ipc_message m = { .op = IPC_LOG, .log.priority = (uint8_t)priority };

	snprintf(m.log.text, sizeof(m.log.text), "%s", line);
	ipc_send(monitor_fd, &m, NULL, 0);
}

void ask_init(int fd)
{
	monitor_fd = fd;
	log_set_sink(send_log);
}

int ask_channel(const uint8_t sid[static AUTH_SID_SIZE])
{
	struct ipc_message m = { .op = IPC_CHANNEL };

	memcpy(m.channel.sid, sid, AUTH_SID_SIZE);
	return send_message(&m);
}

int ask_auth_init(const uint8_t message[static AUTH_INIT_SIZE])
{
	struct ipc_message m = { .op = IPC_AUTH_INIT };

	memcpy(m.auth_init.message, message, AUTH_INIT_SIZE);
	return send_message(&m);
}

int ask_auth_resp(const uint8_t message[static AUTH_RESP_SIZE])
{
	struct ipc_message m = { .op = IPC_AUTH_RESP };

	memcpy(m.auth_resp.message, message, AUTH_RESP_SIZE);
	return send_message(&m);
}

static int ask_with_tag(enum ipc_op op, const uint8_t tag[static AUTH_TAG_SIZE])
{
	struct ipc_message m = { .op = op };

	memcpy(m.auth_tag.tag, tag, AUTH_TAG_SIZE);
	return send_message(&m);
}

int ask_auth_conf(const uint8_t tag[static AUTH_TAG_SIZE])
{
	return ask_with_tag(IPC_AUTH_CONF, tag);
}

int ask_auth_tag(const uint8_t tag[static AUTH_TAG_SIZE])
{
	return ask_with_tag(IPC_AUTH_TAG, tag);
}

int ask_device(const struct terms *terms)
{
	return send_message(&(struct ipc_message){ .op = IPC_DEVICE, .device.terms = *terms });
}

int ask_up(void)
{
	return send_message(&(struct ipc_message){ .op = IPC_UP });
}

int ask_mtu(uint16_t mtu)
{
	return send_message(&(struct ipc_message){ .op = IPC_MTU, .mtu.mtu = mtu });
}

int ask_status(const struct ipc_status *status)
{
	return send_message(&(struct ipc_message){ .op = IPC_STATUS, .status = *status });
}

int ask_end(const struct ipc_end *end)
{
	return send_message(&(struct ipc_message){ .op = IPC_END, .end = *end });
}

int ask_receive(struct ipc_message *ret, int ret_fds[static IPC_FDS_MAX])
{
	return ipc_recv(monitor_fd, ret, ret_fds);
}
