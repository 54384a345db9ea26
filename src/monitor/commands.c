/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "program.h"
#include "report.h"

enum { TEXT_SIZE = 128, ENV_MOST = 24 };

/* What all commands of one commands_run() have in common. */
struct run {
	const char *which;
	const struct command_vars *vars;
	int program_fd;
	unsigned timeout_s;
	int abort_fd;
	char **envp;
};

/* ---- words */

static const char *command_name(const struct command *c)
{
	static const char *const names[] = {
		[COMMAND_SHELL] = "sh", [COMMAND_PPP] = "ppp", [COMMAND_IFCONFIG] = "ifconfig",
		[COMMAND_ROUTE] = "route", [COMMAND_IP] = "ip", [COMMAND_FIREWALL] = "firewall",
	};
	const char *slash;

	if (c->kind != COMMAND_PROGRAM)
		return names[c->kind];
	slash = strrchr(c->program, '/');
	return slash ? slash + 1 : c->program;
}

/* What to do about a program that is not there. */
static const char *missing_hint(const struct command *c)
{
	switch (c->kind) {
	case COMMAND_IFCONFIG:
		return "install net-tools, or use ip \"...\" in its place";
	case COMMAND_ROUTE:
		return "install net-tools, or use ip \"route ...\" in its place";
	case COMMAND_IP:
		return "install iproute2, or say in options where it is: ip PATH;";
	case COMMAND_PPP:
		return "install ppp, or say in options where it is: ppp PATH;";
	case COMMAND_FIREWALL:
		if (strstr(c->program, "ipchains"))
			return "Linux has had no ipchains since 2.6: say in options "
			       "\"firewall /sbin/iptables;\", or use program \"nft ...\"";
		return "install iptables, or say in options where it is: firewall PATH;";
	default:
		return "is the path right, the package installed?";
	}
}

__attribute__((format(printf, 3, 4))) static void
fail(char why[static TEXT_SIZE], char hint[static TEXT_SIZE], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, TEXT_SIZE, format, ap);
	va_end(ap);
	hint[0] = '\0';
}

static void explain_start(int error, const struct command *c, const char *path,
			  char why[static TEXT_SIZE], char hint[static TEXT_SIZE])
{
	if (error == ENOENT && access(path, F_OK) < 0) {
		fail(why, hint, "%.80s not found", path);
		snprintf(hint, TEXT_SIZE, "%s", missing_hint(c));
		return;
	}
	fail(why, hint, "%.80s: %s", path, strerror(error));
	if (error == ENOENT)
		snprintf(hint, TEXT_SIZE, "the interpreter that its first line names is not there");
	else if (error == ENOEXEC)
		snprintf(hint, TEXT_SIZE, "a script needs #!/bin/sh as its first line");
	else if (error == EACCES)
		snprintf(hint, TEXT_SIZE, "is it executable for user id %u, is its file system "
			 "mounted noexec?", (unsigned)geteuid());
}

/* ---- environment */

static const char safe_path[] =
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static bool is_harmless(const char *setting)
{
	return strncmp(setting, "TZ=", 3) == 0 || strncmp(setting, "LANG=", 5) == 0 ||
	       strncmp(setting, "LANGUAGE=", 9) == 0 || strncmp(setting, "LC_", 3) == 0;
}

/* One block: the pointers, then our four settings; the rest points into our own environment. */
static char **make_environment(const struct command_vars *v)
{
	const char *const ours[][2] = {
		{ "VTUN_SESSION", v->session }, { "VTUN_DEVICE", v->device },
		{ "VTUN_PEER", v->remote_addr }, { "VTUN_ROLE", v->role },
	};
	size_t i, n = 0, size = ENV_MOST * sizeof(char *);
	char **envp, **inherited, *text;

	for (i = 0; i < ARRAY_SIZE(ours); i++)
		size += strlen(ours[i][0]) + strlen("=") + strlen(ours[i][1]) + 1;
	envp = malloc(size);
	if (!envp)
		return NULL;
	text = (char *)(envp + ENV_MOST);
	envp[n++] = (char *)safe_path;
	for (i = 0; i < ARRAY_SIZE(ours); i++) {
		envp[n++] = text;
		text = stpcpy(stpcpy(stpcpy(text, ours[i][0]), "="), ours[i][1]) + 1;
	}
	for (inherited = environ; *inherited && n < ENV_MOST - 1; inherited++)
		if (is_harmless(*inherited))
			envp[n++] = *inherited;
	envp[n] = NULL;
	return envp;
}

/* ---- running */

static bool is_aborted(int abort_fd)
{
	struct pollfd p = { .fd = abort_fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static int wait_for(const struct run *run, struct program *p, const char *label,
		    char why[static TEXT_SIZE], char hint[static TEXT_SIZE])
{
	char text[64];
	int status, r;

	r = program_wait(p, run->timeout_s * 1000, run->abort_fd, &status);
	if (r == -ETIMEDOUT)
		fail(why, hint, "not done within %u s, killed", run->timeout_s);
	else if (r == -ECANCELED)
		fail(why, hint, "killed, as the session ends");
	else if (r < 0)
		fail(why, hint, "cannot be waited for: %s", strerror(-r));
	else if (status)
		fail(why, hint, "%s", program_status_text(status, text));
	else
		log_info("%s: done, exit status 0", label);
	return r == 0 && status ? -EIO : r;
}

static void log_start(const char *label, char *const *argv)
{
	char text[512] = "";
	size_t used = 0;

	for (; *argv && used < sizeof(text); argv++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " [%s]", *argv);
	log_debug("%s:%s", label, text);
}

/* 0, or a negative errno and its words for the peer and (hint) for the log alone. */
static int run_one(const struct run *run, const struct command *c,
		   char why[static TEXT_SIZE], char hint[static TEXT_SIZE])
{
	char label[TEXT_SIZE];
	auto_free char **argv = NULL;
	struct program_spec spec = { .envp = run->envp, .label = label, .stdio_fd = -1 };
	struct program *p;
	int r;

	hint[0] = '\0';
	if (is_aborted(run->abort_fd)) {
		fail(why, hint, "not run, as the session ends");
		return -ECANCELED;
	}
	r = command_argv(c, run->vars, &argv, why);
	if (r < 0)
		return r;
	snprintf(label, sizeof(label), "%.63s: %.8s: %.48s", run->vars->session, run->which,
		 command_name(c));
	log_start(label, argv);
	spec.argv = argv;
	if (command_uses_tunnel(c))
		spec.stdio_fd = run->program_fd;
	r = program_start(&spec, &p);
	if (r < 0) {
		explain_start(-r, c, argv[0], why, hint);
		return r;
	}
	if (command_is_waited_for(c))
		return wait_for(run, p, label, why, hint);
	program_leave(p);
	return 0;
}

int commands_run(const struct command *list, const char *which, const struct command_vars *vars,
		 int program_fd, unsigned timeout_s, int abort_fd, bool strict,
		 char ret_text[static 128])
{
	auto_free char **envp = make_environment(vars);
	const struct run run = { which, vars, program_fd, timeout_s, abort_fd, envp };
	const struct command *c;
	int number = 0, failed = 0, r = 0;

	if (list && !envp) {
		snprintf(ret_text, TEXT_SIZE, "%s commands not run: out of memory", which);
		log_error("%s: %s", vars->session, ret_text);
		return 1;
	}
	for (c = list; c && r != -ECANCELED && !(strict && failed); c = c->next) {
		char why[TEXT_SIZE], hint[TEXT_SIZE];

		number++;
		r = run_one(&run, c, why, hint);
		if (r == 0)
			continue;
		report_command_failure(vars->session, which, (unsigned)number, command_name(c),
				       why, hint);
		if (failed)
			continue;
		failed = number;
		snprintf(ret_text, TEXT_SIZE, "%s command %d failed: %.96s", which, number, why);
	}
	return failed;
}

void commands_say_not_ours(const struct command_vars *vars)
{
	log_error("%s: down is not run: %s is another device by now, which it could hit; see \"vtunctl explain "
		  "%s\" for what has to be undone by hand", vars->session, vars->device, vars->session);
}

int commands_fd(void)
{
	return program_tend_fd();
}

void commands_tend(void)
{
	program_tend();
}

void commands_settle(unsigned timeout_s, int abort_fd)
{
	program_settle(timeout_s * 1000, abort_fd);
}
