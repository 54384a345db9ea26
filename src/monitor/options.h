/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The command line of vtund: vtun's own, and what is new in 4.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Strings are copies, as report_init() writes titles over argv; NULL where nothing was said. */
struct options {
	bool inetd;         /* -i: the connection is descriptor 0 */
	bool down;          /* --down: run what those have left who were killed */
	bool persist;       /* -p */
	bool quiet;         /* -q: warnings and errors only */
	bool verbose;       /* -v: debug lines too */
	bool lock_memory;   /* -m */
	bool single_uid;    /* --single-uid */
	uint16_t port;      /* -P, 0: not said */
	unsigned timeout_s; /* -t, 0: not said */
	char *config_path;  /* -f */
	char *instance;     /* --instance */
	char *worker;       /* --worker */
	char *session, *server;
	char error[320];    /* what is wrong, one sentence */
};

/* Reads the command line.  Returns true to go on; else the program ends with *ret_exit: 0 after
 * --help and --version (printed to stdout), EXIT_USAGE with ret->error for the log.  *ret is valid
 * in either case, so that the log can be opened as `inetd` demands; freed by options_free(). */
bool options_parse(int argc, char **argv, struct options *ret, int *ret_exit);
void options_free(struct options *o);
