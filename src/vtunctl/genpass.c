/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "common/exitcode.h"
#include "common/secret.h"
#include "monitor/genpass.h"

int command_genpass(int argc, char **argv)
{
	char password[32];
	int r;

	(void)argv;
	if (argc > 1)
		return command_usage("genpass");
	r = genpass(password);
	if (r == 0 && (puts(password) < 0 || fflush(stdout) != 0))
		r = -errno;
	secret_wipe(&password);
	if (r < 0) {
		fprintf(stderr, "vtunctl: no password made: %s\n", strerror(-r));
		return EXIT_OSERR;
	}
	return EXIT_DONE;
}
