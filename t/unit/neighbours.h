/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What stands around the monitor, played by stubs: passwords, limits, devices, commands, reports.
 * They do nothing but what they are told here, and count how often they were asked.
 */
#pragma once

#include <stdbool.h>

#include "monitor/config.h"
#include "monitor/session.h"

extern struct neighbours {
	/* told */
	struct config_general general;
	struct config_session section;
	int find_error, password_error; /* config_find(), config_password() */
	bool throttled;
	int name_error;                 /* auth_init_name() */
	int answer_error;               /* auth_server_answer(), auth_client_answer() */
	int confirm_error;              /* auth_server_confirm(), auth_client_confirm() */
	int claim_error, device_error, offload_error;
	int up_fails;                   /* number of the command */
	int mtu_error;                  /* device_set_mtu() */
	int raise_in_up;                /* a signal that comes while `up` runs */
	/* counted */
	int with_password, without_password;
	int attempts, successes, leaves, forgets;
	int opened, closed, ups, downs;
	int mtu_set;
	bool has_ipv6;
	int sessions_up, sessions_ended, auth_failures, states;
	char auth_failure[256];
	int lines;                      /* lines of log... */
	char line[1024];                /* ...and the last of them */
	int overruns;                   /* lines that say that it logs too much */
	int worker_lines;               /* lines that are marked as the worker's... */
	char worker_line[1024];         /* ...and the last of them */
} nb;

/* All well, nothing counted. */
void neighbours_reset(void);
