/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/sanitized.h"
#include "common/secret.h"

#ifdef HAVE_LZO
#define COMPRESS_LZO " lzo"
#else
#define COMPRESS_LZO ""
#endif

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments, *text;
} commands[] = {
	{ "check", command_check, "[--file-only] [FILE]", "say everything that is wrong with vtund.conf" },
	{ "explain", command_explain, "[FILE] SESSION",
	  "show the terms of a session, and its commands word by word" },
	{ "genpass", command_genpass, "", "make a password" },
};

static void print_help(FILE *out)
{
	unsigned i;

	fputs("usage: vtunctl COMMAND [ARGUMENTS]\n\n", out);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %s %s\n      %s\n", commands[i].name, commands[i].arguments,
			commands[i].text);
	fputs("\n  vtunctl --help, vtunctl --version\n", out);
}

int command_usage(const char *name)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			fprintf(stderr, "usage: vtunctl %s %s\n", name, commands[i].arguments);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	unsigned i;

	if (secret_init() < 0)
		return EXIT_OSERR;
	if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
		print_help(stdout);
		return EXIT_DONE;
	}
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		puts("vtunctl " PACKAGE_VERSION ", compress zlib" COMPRESS_LZO SANITIZED_NOTE);
		return EXIT_DONE;
	}
	for (i = 0; argc >= 2 && i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].name, argv[1]) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "vtunctl: unknown command \"%s\"\n", argv[1]);
	print_help(stderr);
	return EXIT_USAGE;
}
