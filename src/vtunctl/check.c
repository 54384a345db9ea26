/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "common/exitcode.h"
#include "remark.h"

struct tally {
	bool show_lines;
	unsigned count[DIAG_ERROR + 1];
};

static void take_remark(void *context, const struct diag *d)
{
	struct tally *tally = context;

	tally->count[d->level]++;
	remark_print(stdout, d);
	if (tally->show_lines)
		remark_print_line(stdout, d);
}

static void print_summary(const char *path, const struct tally *t)
{
	unsigned errors = t->count[DIAG_ERROR], warnings = t->count[DIAG_WARNING];

	if (errors == 0 && warnings == 0)
		printf("%s: in good order\n", path);
	else
		printf("%s: %u error%s, %u warning%s\n", path, errors, errors == 1 ? "" : "s",
		       warnings, warnings == 1 ? "" : "s");
}

int command_check(int argc, char **argv)
{
	static const struct option options[] = { { "file-only", no_argument, NULL, 'f' }, {} };
	const char *path = SYSCONFDIR "/vtund.conf";
	struct tally tally = { .show_lines = isatty(STDOUT_FILENO) };
	bool machine = true;
	int option, errors;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'f')
			return command_usage("check");
		machine = false;
	}
	if (argc - optind > 1)
		return command_usage("check");
	if (optind < argc)
		path = argv[optind];
	errors = config_check(path, machine, take_remark, &tally);
	if (errors < 0) {
		fprintf(stderr, "vtunctl: %s cannot be read: %s\n", path, strerror(-errors));
		return EXIT_CONFIG;
	}
	print_summary(path, &tally);
	return errors > 0 ? EXIT_CONFIG : EXIT_DONE;
}
