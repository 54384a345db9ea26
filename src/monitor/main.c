/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vtund: one tunnel session, as the server of a connection that is handed to it, or as a client that
 * makes one.  From here on it goes down in privilege: what faces the network is another program.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "activation.h"
#include "client.h"
#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/log.h"
#include "common/sanitized.h"
#include "common/secret.h"
#include "options.h"
#include "report.h"
#include "server.h"
#include "signals.h"
#include "spawn.h"
#include "will.h"

/* A descriptor that we open must never be 0, 1 or 2. */
static void hold_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void open_log(int argc, char **argv, const struct options *opt)
{
	report_init(argc, argv, opt->inetd);
	if (opt->verbose)
		log_set_max(LOG_DEBUG);
	else if (opt->quiet)
		log_set_max(LOG_WARNING);
}

static enum exit_code check_worker(const struct options *opt)
{
	int r = opt->worker ? spawn_check_path(opt->worker) : 0;

	if (opt->single_uid)
		log_warning("--single-uid: the worker keeps user id %u; only for a user namespace that "
			    "has no second one", (unsigned)geteuid());
	if (r == 0)
		return EXIT_DONE;
	if (r == -EPERM)
		log_error("--worker=%s: must belong to root or to this user, and nobody else may be "
			  "allowed to write to it", opt->worker);
	else
		log_errno(LOG_ERR, r, "--worker=%s", opt->worker);
	return EXIT_USAGE;
}

static enum exit_code protect_memory(const struct options *opt)
{
	int r = secret_init();

	if (r < 0) {
		log_errno(LOG_ERR, r, "the memory of secrets cannot be protected");
		return EXIT_OSERR;
	}
	if (opt->lock_memory && mlockall(MCL_CURRENT | MCL_FUTURE) < 0) {
		log_errno(LOG_ERR, errno, "-m: memory cannot be locked (see ulimit -l, LimitMEMLOCK=)");
		return EXIT_OSERR;
	}
	return EXIT_DONE;
}

/* EXIT_DONE; *ret_fd is the connection, -1 if there is none: then we are a client. */
static enum exit_code take_connection(const struct options *opt, int *ret_fd)
{
	char hint[160] = "";
	int r;

	*ret_fd = -1;
	if (opt->session)
		return EXIT_DONE;
	r = activation_take(opt->inetd, ret_fd, hint);
	if (r == -ENOENT && opt->instance)
		return EXIT_DONE;
	if (r == -ENOENT) {
		log_error("which session? vtund SESSION [SERVER], or vtund -i from inetd; see vtund --help");
		return EXIT_USAGE;
	}
	if (r == -EINVAL && hint[0])
		log_error("%s", hint);
	else if (r < 0)
		log_errno(LOG_ERR, r, "the connection cannot be taken over");
	return r < 0 ? EXIT_USAGE : EXIT_DONE;
}

static enum exit_code run(const struct options *opt)
{
	struct signals signals;
	enum exit_code code;
	int fd, r;

	sanitized_warn();
	if (opt->down)
		return will_execute();
	code = take_connection(opt, &fd);       /* systemd's or inetd's, or none: then we dial */
	if (code == EXIT_DONE)
		code = check_worker(opt);
	if (code == EXIT_DONE)
		code = protect_memory(opt);     /* from here on there may be secrets in it */
	if (code != EXIT_DONE)
		return code;
	r = signals_open(&signals);
	if (r < 0) {
		log_errno(LOG_ERR, r, "signalfd");
		return EXIT_OSERR;
	}
	code = fd >= 0 ? server_run(opt, fd, &signals) : client_run(opt, &signals);
	signals_close(&signals);
	return code;
}

int main(int argc, char **argv)
{
	struct options opt;
	int code;
	bool go_on;

	hold_standard_descriptors();
	go_on = options_parse(argc, argv, &opt, &code);
	if (go_on || code != EXIT_DONE)
		open_log(argc, argv, &opt);     /* under inetd stderr is the peer */
	if (go_on)
		code = (int)run(&opt);
	else if (code != EXIT_DONE)
		log_error("%s", opt.error);
	options_free(&opt);
	report_close();
	return code;
}
