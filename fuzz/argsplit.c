/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 flags | u8 n | n bytes: a value | bytes: the argument string of a command.  Whatever a value holds
 * (a device, a peer's address), it adds no word, and what the file says stays where it is.
 */
#include "fuzz.h"
#include "monitor/argsplit.h"

enum { MOST = 2048 };

static char value[256];
static const char *const head[] = { "/sbin/ip", "-6", NULL };

static const char *given(void *context, char letter)
{
	return strchr(context, letter) ? value : NULL;
}

static const char *harmless(void *context, char letter)
{
	return strchr(context, letter) ? "x" : NULL;
}

static size_t count(char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	return n;
}

/* As long as x is short: each value is as much longer as it is. */
static void must_be_the_same_words(char *const *argv, char *const *plain)
{
	size_t i, n = count(argv), longer = strlen(value);

	must(n == count(plain));
	for (i = 0; i < n; i++) {
		must(longer < 1 || strlen(argv[i]) >= strlen(plain[i]));
		must(!strchr(plain[i], 'x') || longer < 2 || strlen(argv[i]) <= strlen(plain[i]) * longer);
		must(strchr(plain[i], 'x') || !strcmp(argv[i], plain[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char **argv, **plain, *text, letters[] = "dA";
	bool shell;
	size_t n;

	if (size < 2 || size > MOST)
		return 0;
	shell = data[0] & 1;
	n = data[1] < size - 2 ? data[1] : size - 2;
	memcpy(value, data + 2, n);
	value[n] = '\0';
	text = malloc(size - 2 - n + 1);
	must(text);
	memcpy(text, data + 2 + n, size - 2 - n);
	text[size - 2 - n] = '\0';

	must(argsplit(head, text, shell, given, letters, &argv) == 0);
	must(argsplit(head, text, shell, harmless, letters, &plain) == 0);
	must(!strcmp(argv[0], head[0]) && !strcmp(argv[1], head[1]));
	must(!shell || count(argv) == 3);
	must_be_the_same_words(argv, plain);
	free(argv);
	free(plain);
	free(text);
	return 0;
}
