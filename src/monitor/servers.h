/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where a client connects to: one list, whoever named the servers.
 */
#pragma once

#include <stdint.h>

#include "config.h"

enum { SERVER_HOST_SIZE = 256, SERVER_LIST_MOST = 64 };

struct server_place {
	char host[SERVER_HOST_SIZE];
	uint16_t port;
};

/* HOST, "HOST PORT", HOST:PORT, [v6], [v6]:PORT or a bare IPv6 address.  ret->port is 0 where none
 * is said.  0 or -EINVAL. */
int server_parse(const char *text, struct server_place *ret);

/* What was said, strongest first. */
struct server_sources {
	const char *command_line;           /* SERVER, may be NULL */
	uint16_t command_port;              /* -P, 0: not said */
	const char *environment;            /* VTUN_SERVER, may be NULL */
	const struct config_server *section; /* `server` lines */
	uint16_t general_port;              /* `port` in options */
};

/* The servers to try in this order.  Returns their number, 1..SERVER_LIST_MOST; -ENOENT if nobody
 * named one, -EINVAL if a name cannot be understood (*ret_bad is it). */
int server_list(const struct server_sources *from, struct server_place ret[static SERVER_LIST_MOST],
		const char **ret_bad);
