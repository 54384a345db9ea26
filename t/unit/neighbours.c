/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "neighbours.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "monitor/claim.h"
#include "monitor/commands.h"
#include "monitor/report.h"
#include "monitor/udpsock.h"
#include "monitor/will.h"

struct neighbours nb;

static void count_line(int priority, const char *line)
{
	(void)priority;
	nb.lines++;
	snprintf(nb.line, sizeof(nb.line), "%s", line);
	nb.overruns += strstr(line, "logs too much") != NULL;
	if (strstr(line, ": worker: ")) {
		nb.worker_lines++;
		snprintf(nb.worker_line, sizeof(nb.worker_line), "%s", line);
	}
}

void neighbours_reset(void)
{
	nb = (struct neighbours){
		.general = { .mtu_clamp = true, .rekey_s = 3600, .timeout_s = 60 },
		.section = {
			.name = (char *)"wireless2",
			.type = TUNNEL_TUN,
			.proto = PROTO_TCP,
			.encrypt = true,
			.keepalive_s = 30,
			.keepalive_misses = 4,
		},
	};
	log_set_sink(count_line);
}

/* ---- config */

const struct config_general *config_general(const struct config *c)
{
	(void)c;
	return &nb.general;
}

int config_find(struct config *c, const char *name, diag_sink *sink, void *context,
		const struct config_session **ret)
{
	(void)c, (void)name, (void)sink, (void)context;
	if (nb.find_error == 0)
		*ret = &nb.section;
	return nb.find_error;
}

int config_password(const struct config_session *s, char buf[static 256],
		    char ret_why[static CONFIG_WHY_SIZE])
{
	(void)s;
	strcpy(ret_why, nb.password_error ? strerror(-nb.password_error) : "");
	strcpy(buf, "SecretPassword");
	return nb.password_error ? nb.password_error : (int)strlen(buf);
}

int config_open(const char *path, diag_sink *sink, void *context, struct config **ret)
{
	(void)path, (void)sink, (void)context, (void)ret;
	return -ENOENT;
}

void config_forget(struct config *c)
{
	(void)c;
	nb.forgets++;
}

void config_free(struct config *c)
{
	(void)c;
}

/* ---- login */

struct auth {
	int unused;
};

int auth_init_name(const uint8_t message[static AUTH_INIT_SIZE],
		   char ret_name[static SESSION_NAME_MAX + 1])
{
	(void)message;
	strcpy(ret_name, "wireless2");
	return nb.name_error;
}

int auth_server_answer(const uint8_t sid[static AUTH_SID_SIZE],
		       const uint8_t init[static AUTH_INIT_SIZE],
		       const char *password, size_t password_size,
		       const uint8_t boot_secret[static 32],
		       struct auth **ret, uint8_t ret_resp[static AUTH_RESP_SIZE])
{
	(void)sid, (void)init, (void)password_size, (void)boot_secret, (void)ret_resp;
	nb.with_password += password != NULL;
	nb.without_password += password == NULL;
	if (nb.answer_error == 0)
		*ret = malloc(sizeof(**ret));
	return nb.answer_error;
}

int auth_server_confirm(struct auth *a, const uint8_t tag[static AUTH_TAG_SIZE],
			uint8_t ret_tag[static AUTH_TAG_SIZE],
			uint8_t ret_secret[static AUTH_SECRET_SIZE])
{
	(void)a, (void)tag, (void)ret_tag, (void)ret_secret;
	return nb.confirm_error;
}

int auth_client_start(const uint8_t sid[static AUTH_SID_SIZE], const char *name,
		      const char *password, size_t password_size,
		      struct auth **ret, uint8_t ret_init[static AUTH_INIT_SIZE])
{
	(void)sid, (void)name, (void)password, (void)password_size, (void)ret_init;
	*ret = malloc(sizeof(**ret));
	return 0;
}

int auth_client_answer(struct auth *a, const uint8_t resp[static AUTH_RESP_SIZE],
		       uint8_t ret_tag[static AUTH_TAG_SIZE])
{
	(void)a, (void)resp, (void)ret_tag;
	return nb.answer_error;
}

int auth_client_confirm(struct auth *a, const uint8_t tag[static AUTH_TAG_SIZE],
			uint8_t ret_secret[static AUTH_SECRET_SIZE])
{
	(void)a, (void)tag, (void)ret_secret;
	return nb.confirm_error;
}

void auth_free(struct auth *a)
{
	free(a);
}

const uint8_t *throttle_boot_secret(const struct throttle *t)
{
	static const uint8_t secret[32];

	(void)t;
	return secret;
}

int throttle_attempt(struct throttle *t, const struct sockaddr *source, const char *name)
{
	(void)t, (void)source, (void)name;
	nb.attempts++;
	return !nb.throttled;
}

void throttle_success(struct throttle *t, const struct sockaddr *source, const char *name)
{
	(void)t, (void)source, (void)name;
	nb.successes++;
}

void throttle_free(struct throttle *t)
{
	(void)t;
	nb.leaves++;
}

/* ---- set-up */

int claim_take(const char *name, enum multi multi, const char *peer, int *ret_fd,
	       char ret_holder[static 128])
{
	(void)name, (void)multi, (void)peer;
	strcpy(ret_holder, "in use since 12:03 by 192.0.2.7");
	*ret_fd = -1;
	return nb.claim_error;
}

int device_open(enum tunnel_type type, const char *want, struct device *ret,
		char ret_hint[static 256])
{
	(void)want;
	strcpy(ret_hint, "/dev/net/tun is missing: modprobe tun");
	if (nb.device_error)
		return nb.device_error;
	nb.opened++;
	*ret = (struct device){
		.type = type,
		.fd = open("/dev/null", O_RDWR | O_CLOEXEC),
		.program_fd = -1,
		.name = "tun0",
	};
	return 0;
}

void device_close(struct device *d)
{
	if (d->fd < 0) /* as the real one, it may be told twice */
		return;
	nb.closed++;
	close(d->fd);
	d->fd = -1;
}

int device_set_offload(const struct device *d, uint32_t features)
{
	(void)d, (void)features;
	return nb.offload_error;
}

int device_set_mtu(const struct device *d, unsigned mtu)
{
	(void)d;
	if (!nb.mtu_error)
		nb.mtu_set = (int)mtu;
	return nb.mtu_error;
}

int device_get_mtu(const struct device *d)
{
	(void)d;
	return nb.mtu_set;
}

bool device_has_ipv6(const struct device *d)
{
	(void)d;
	return nb.has_ipv6;
}

bool device_follow_name(struct device *d)
{
	(void)d;
	return true;
}

void commands_say_not_ours(const struct command_vars *vars)
{
	(void)vars;
}

int udpsock_open(int tcp_fd, uint16_t low, uint16_t high, int *ret_fd, uint16_t *ret_port)
{
	(void)tcp_fd, (void)low, (void)high, (void)ret_fd, (void)ret_port;
	return -EADDRINUSE;
}

int commands_run(const struct command *list, const char *which, const struct command_vars *vars,
		 int program_fd, unsigned timeout_s, int abort_fd, bool strict,
		 char ret_text[static 128])
{
	(void)list, (void)vars, (void)program_fd, (void)timeout_s, (void)abort_fd, (void)strict;
	if (strcmp(which, "up") != 0) {
		nb.downs++;
		return 0;
	}
	nb.ups++;
	if (nb.raise_in_up)
		raise(nb.raise_in_up);
	snprintf(ret_text, 128, "up command %d failed: exit status 2", nb.up_fails);
	return nb.up_fails;
}

int commands_fd(void)
{
	return -1;
}

void commands_settle(unsigned timeout_s, int abort_fd)
{
	(void)timeout_s;
	(void)abort_fd;
}

void commands_tend(void)
{
}

int will_write(const struct command_vars *vars, unsigned timeout_s, const struct command *down)
{
	(void)vars, (void)timeout_s, (void)down;
	return 0;
}

void will_remove(void)
{
}

void will_execute_left(int abort_fd)
{
	(void)abort_fd;
}

/* ---- report */

void report_set_facility(int syslog_facility)
{
	(void)syslog_facility;
}

void report_set(const char *role, const char *session, const char *device, const char *peer)
{
	(void)role, (void)session, (void)device, (void)peer;
}

void report_title(const char *format, ...)
{
	(void)format;
}

void report_status(int ready, const char *format, ...)
{
	(void)ready, (void)format;
}

void report_stopping(void)
{
}

void report_session_up(const struct terms *t)
{
	(void)t;
	nb.sessions_up++;
}

void report_session_end(const char *why, int exit_code, const struct tally *t, uint64_t seconds)
{
	(void)why, (void)exit_code, (void)t, (void)seconds;
	nb.sessions_ended++;
}

void report_auth_failure(const char *why_for_us)
{
	nb.auth_failures++;
	snprintf(nb.auth_failure, sizeof(nb.auth_failure), "%s", why_for_us);
}

void report_state(const struct terms *t, const struct tally *tally, int udp_up)
{
	(void)t, (void)tally, (void)udp_up;
	nb.states++;
}
