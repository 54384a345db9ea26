/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/sanitized.h"

enum { OPT_DOWN = 256, OPT_INSTANCE, OPT_SINGLE_UID, OPT_WORKER, OPT_HELP, OPT_VERSION };

static const char short_options[] = ":if:P:L:t:pnqmsv";
static const struct option long_options[] = {
	{ "verbose", no_argument, NULL, 'v' },
	{ "down", no_argument, NULL, OPT_DOWN },
	{ "instance", required_argument, NULL, OPT_INSTANCE },
	{ "single-uid", no_argument, NULL, OPT_SINGLE_UID },
	{ "worker", required_argument, NULL, OPT_WORKER },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{},
};

static const char help[] =
	"usage: vtund [-f FILE] [-P PORT] [-t SECONDS] [-pmqv] SESSION [SERVER]\n"
	"       vtund -i [-f FILE] [-t SECONDS] [-mqv]\n"
	"       vtund --down [-qv]\n"
	"\n"
	"The first is a client of SESSION, in the foreground; the second serves the one\n"
	"connection on descriptor 0 (inetd).  A connection passed by systemd is served\n"
	"without -i.\n"
	"\n"
	"  -f FILE            configuration, " SYSCONFDIR "/vtund.conf by default\n"
	"  -P PORT            port to connect to\n"
	"  -t SECONDS         time-out of connecting and of set-up steps\n"
	"  -p                 connect again whenever the session has ended\n"
	"  -m                 keep all memory out of swap\n"
	"  -q                 log warnings and errors only\n"
	"  -v, --verbose      log what happens in detail\n"
	"  -n                 accepted: vtund always stays in the foreground\n"
	"  --down             run down for sessions whose vtund was killed, and nothing else\n"
	"  --instance=NAME    serve the connection that systemd passed, else be the\n"
	"                     client of session NAME\n"
	"  --single-uid       the worker keeps this user id (user namespaces; see vtund(8))\n"
	"  --worker=PATH      the worker program, " WORKER_PATH " by default\n"
	"  --help, --version\n"
	"\n"
	"vtund(8), vtund.conf(5), vtun(7)\n";

static const char no_listener[] =
	"-s: vtund does not listen by itself any more; with systemd: "
	"systemctl enable --now vtun.socket; with inetd, in inetd.conf: "
	"5000 stream tcp nowait.2000 root /usr/sbin/vtund vtund -i";

__attribute__((format(printf, 2, 3)))
static int usage(struct options *o, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(o->error, sizeof(o->error), format, ap);
	va_end(ap);
	return EXIT_USAGE;
}

static int take_number(struct options *o, const char *option, unsigned long most, unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(optarg, &end, 10);
	if (errno || *end || optarg[0] < '0' || optarg[0] > '9' || *ret < 1 || *ret > most)
		return usage(o, "%s %s: a number from 1 to %lu is needed", option, optarg, most);
	return 0;
}

static int take_text(struct options *o, char **slot)
{
	free(*slot);
	*slot = strdup(optarg);
	return *slot ? 0 : usage(o, "out of memory");
}

static int unknown(struct options *o, int c, const char *word)
{
	if (c == ':')
		return usage(o, "%s needs a value; see vtund --help", word);
	if (optopt && optopt < OPT_DOWN)
		return usage(o, "unknown option -%c; see vtund --help", optopt);
	return usage(o, "unknown option %s; see vtund --help", word);
}

/* One option.  Returns 0, or the exit code of a wrong one. */
static int take_option(struct options *o, int c, const char *word)
{
	unsigned long number;
	int r;

	switch (c) {
	case 'i':
		o->inetd = true;
		return 0;
	case 'p':
		o->persist = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case 'm':
		o->lock_memory = true;
		return 0;
	case 'n':
		return 0;
	case 's':
		return usage(o, "%s", no_listener);
	case 'L':
		return usage(o, "-L: the listening address is ListenStream= of vtun.socket, or inetd's");
	case 'f':
		return take_text(o, &o->config_path);
	case 'P':
		r = take_number(o, "-P", 65535, &number);
		o->port = r ? 0 : (uint16_t)number;
		return r;
	case 't':
		r = take_number(o, "-t", 86400, &number);
		o->timeout_s = r ? 0 : (unsigned)number;
		return r;
	case OPT_DOWN:
		o->down = true;
		return 0;
	case OPT_INSTANCE:
		return take_text(o, &o->instance);
	case OPT_SINGLE_UID:
		o->single_uid = true;
		return 0;
	case OPT_WORKER:
		return take_text(o, &o->worker);
	default:
		return unknown(o, c, word);
	}
}

static int take_positionals(struct options *o, char **words, int n)
{
	if (o->inetd && n > 0)
		return usage(o, "-i takes no session name: the peer says which session it wants");
	if (o->down && n > 0)
		return usage(o, "--down takes no session name: it is for all whose vtund was killed");
	if (o->instance && n > 0)
		return usage(o, "--instance names the session already: %s is one too many", words[0]);
	if (n > 2)
		return usage(o, "%s: one session and one server are enough; see vtund --help", words[2]);
	if ((n > 0 && !(o->session = strdup(words[0]))) ||
	    (n > 1 && !(o->server = strdup(words[1]))))
		return usage(o, "out of memory");
	return 0;
}

/* The worker runs with what little we leave it, but under our name: a path that others can write to
 * is refused when it is used (spawn.c), a relative one here, as it would depend on where we stand. */
static int check_together(struct options *o)
{
	if (o->worker && o->worker[0] != '/')
		return usage(o, "--worker=%s: an absolute path is needed", o->worker);
	if (o->inetd && o->persist)
		return usage(o, "-p is for clients: a server's connection cannot be made again");
	return 0;
}

bool options_parse(int argc, char **argv, struct options *ret, int *ret_exit)
{
	struct options o = {};
	int c, code = 0;

	/* 0, not 1: GNU getopt starts afresh, also when a test calls it again. */
	optind = 0;
	opterr = 0;
	while (code == 0) {
		c = getopt_long(argc, argv, short_options, long_options, NULL);
		if (c < 0)
			break;
		if (c == OPT_HELP || c == OPT_VERSION) {
			fputs(c == OPT_HELP ? help : "vtund " PACKAGE_VERSION SANITIZED_NOTE "\n", stdout);
			*ret = o;
			*ret_exit = EXIT_DONE;
			return false;
		}
		code = take_option(&o, c, argv[optind - 1]);
	}
	if (code == 0)
		code = take_positionals(&o, argv + optind, argc - optind);
	if (code == 0)
		code = check_together(&o);
	*ret = o;
	*ret_exit = code;
	return code == 0;
}

void options_free(struct options *o)
{
	char **const texts[] = { &o->config_path, &o->instance, &o->worker, &o->session, &o->server };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		free(*texts[i]);
		*texts[i] = NULL;
	}
}
