/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tunnel.h"

#include "commands.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "report.h"
#include "will.h"

enum { TIMEOUT_DEFAULT_S = 60, STOPPED_TIMEOUT_S = 3 };

static struct command_vars vars_of(const struct tunnel *t)
{
	return (struct command_vars){
		.device = t->device.name,
		.local_addr = t->ends.local_addr,
		.local_port = t->ends.local_port,
		.remote_addr = t->ends.remote_addr,
		.remote_port = t->ends.remote_port,
		.session = t->section->name,
		.role = t->role == ROLE_SERVER ? "server" : "client",
	};
}

/* Each command is a step of setting up. */
static unsigned command_timeout_s(const struct tunnel *t)
{
	return t->section->timeout_s ? t->section->timeout_s : TIMEOUT_DEFAULT_S;
}

int tunnel_open(struct tunnel *t, const struct config_session *section, enum tunnel_type type,
		enum ipc_role role, const struct endpoints *ends, const struct signals *signals,
		char ret_hint[static 256])
{
	int r;

	/* What somebody who was killed has left comes first: it may be about a device of this name. */
	will_execute_left(signals->stop_fd);
	r = device_open(type, section->device, &t->device, ret_hint);
	if (r < 0)
		return r;
	t->open = true;
	t->role = role;
	t->signals = signals;
	t->section = section;
	t->ends = *ends;
	return 0;
}

int tunnel_up(struct tunnel *t, char ret_text[static 128])
{
	struct command_vars vars = vars_of(t);
	int failed, r;

	t->up_started = true;
	r = will_write(&vars, command_timeout_s(t), t->section->down);
	if (r < 0)
		log_errno(LOG_WARNING, r, "%s: should this vtund be killed, nobody will run down: what "
			  "has to be done cannot be written to /run", t->section->name);
	report_title("%s running up commands", t->section->name);
	failed = commands_run(t->section->up, "up", &vars, t->device.program_fd,
			      command_timeout_s(t), t->signals->stop_fd, t->section->strict,
			      ret_text);
	/* The programs have it now: when they have ended, the worker shall see that. */
	if (t->device.program_fd >= 0)
		close(take_fd(&t->device.program_fd));
	return failed;
}

static void run_down(struct tunnel *t)
{
	bool is_ours = device_follow_name(&t->device);
	struct command_vars vars = vars_of(t);
	char text[128];

	report_title("%s running down commands", t->section->name);
	if (is_ours)
		(void)commands_run(t->section->down, "down", &vars, -1, command_timeout_s(t), -1, false,
				   text);
	else if (t->section->down)
		commands_say_not_ours(&vars);
	will_remove();
}

/* The end of the stream is what makes its programs end; their work may not be done with that. */
static void end_stream(struct tunnel *t)
{
	report_title("%s waiting for its programs", t->section->name);
	device_close(&t->device);
	commands_settle(t->signals->stopped ? STOPPED_TIMEOUT_S : command_timeout_s(t),
			t->signals->stop_fd);
}

void tunnel_close(struct tunnel *t)
{
	if (t->up_started && device_is_stream(&t->device))
		end_stream(t);
	if (t->up_started)
		run_down(t);
	if (t->open)
		device_close(&t->device);
	config_free(t->config);
	*t = (struct tunnel){};
}
