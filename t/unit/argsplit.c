/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The argument strings of up and down: the rules of vtund.conf(5), one by one.
 */
#include "monitor/argsplit.h"

#include <errno.h>

#include "common/cleanup.h"
#include "monitor/commands.h"
#include "tap.h"

static const struct command_vars vars = {
	.device = "tun7", .local_addr = "192.0.2.1", .local_port = "5000",
	.remote_addr = "fe80::2%eth0", .remote_port = "40001", .session = "wireless2",
	.role = "server",
};

/* "a|b|" : every word closed by a bar, so that empty ones can be seen. */
static const char *joined(char **argv)
{
	static char text[4096];
	size_t used = 0;

	text[0] = '\0';
	for (; *argv; argv++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s|", *argv);
	return text;
}

static const struct {
	const char *args, *words, *promise;
} word_cases[] = {
	{ "", "", "no text, no words" },
	{ " \t ", "", "white space alone is no word" },
	{ "a b", "a|b|", "a space separates" },
	{ "a\tb", "a|b|", "a TAB separates" },
	{ "  a \t  b ", "a|b|", "a run of white space counts once, at the ends not at all" },
	{ "'a b' c", "a b|c|", "quotes group" },
	{ "''", "|", "'' is an empty argument" },
	{ "a '' b", "a||b|", "'' is an empty argument between others" },
	{ "x'a b'y", "xa by|", "quotes may begin and end inside a word" },
	{ "'a'' b'", "a b|", "quotes that touch are one word" },
	{ "'a b", "a b|", "a quote may stay open to the end" },
	{ "a '", "a||", "an open quote with nothing in it is an empty argument" },
	{ "a\\ b", "a b|", "backslash space is a space" },
	{ "\\'a\\'", "'a'|", "backslash quote is a quote" },
	{ "'a\\'b c'", "a'b c|", "a backslash works inside of quotes" },
	{ "\\n\\t\\0", "nt0|", "backslash makes no control characters" },
	{ "\\\\", "\\|", "two backslashes are one" },
	{ "a\\", "a\\|", "a backslash at the end is one" },
	{ "\"a b\"", "\"a|b\"|", "double quotes are ordinary characters" },
	{ "%%", "tun7|", "%% is the device" },
	{ "%d", "tun7|", "%d is the device" },
	{ "%% 192.168.2.1 pointopoint 192.168.2.2 mtu 1450",
	  "tun7|192.168.2.1|pointopoint|192.168.2.2|mtu|1450|", "the article's own line" },
	{ "%A %P %a %p %h", "192.0.2.1|5000|fe80::2%eth0|40001|wireless2|", "all of the others" },
	{ "dev%%x%hy", "devtun7xwireless2y|", "inside a word" },
	{ "'%% %h'", "tun7 wireless2|", "inside of quotes" },
	{ "%%%%", "tun7tun7|", "two in a row" },
	{ "%%%d%%", "tun7tun7tun7|", "read from the left" },
	{ "%x %D %1", "%x|%D|%1|", "unknown sequences stay" },
	{ "50%", "50%|", "a percent sign at the end stays" },
	{ "50% off", "50%|off|", "a percent sign before a space stays" },
	{ "%'a b'", "%a b|", "a percent sign before a quote stays, the quote counts" },
	{ "\\%d", "%d|", "\\% is a percent sign" },
	{ "\\%\\%", "%%|", "two of them" },
	{ "%\\%", "%%|", "a plain percent sign and one with a backslash" },
	{ "\\\\%d", "\\tun7|", "\\\\%d is a backslash and the device" },
	{ "\\\\\\%d", "\\%d|", "three backslashes: a backslash and a percent sign" },
	{ "$HOME `id` ; | & > *", "$HOME|`id`|;|||&|>|*|", "nothing means anything to a shell" },
	{ "caf\303\251 \377", "caf\303\251|\377|", "bytes above ASCII pass" },
};

static const struct {
	const char *args, *text, *promise;
} shell_cases[] = {
	{ "", "", "no text is an empty script" },
	{ "ip link set %% up; echo 'a  b' \"c\"", "ip link set tun7 up; echo 'a  b' \"c\"",
	  "only % is touched" },
	{ "a\\ b \\n \\' \\\"", "a\\ b \\n \\' \\\"", "backslashes are the shell's" },
	{ "date +\\%H", "date +%H", "\\% is a percent sign" },
	{ "echo \\\\", "echo \\\\", "two backslashes stay two" },
	{ "echo \\\\%d", "echo \\\\tun7", "two backslashes and the device" },
	{ "echo \\\\\\%d", "echo \\\\%d", "three: a pair stays, then a percent sign" },
	{ "date +%H", "date +%H", "unknown sequences stay" },
	{ "echo 5%", "echo 5%", "a percent sign at the end stays" },
	{ "a\\", "a\\", "a backslash at the end stays" },
	{ "  %h  ", "  wireless2  ", "white space stays" },
};

static void test_words(void)
{
	struct command c = { .kind = COMMAND_PROGRAM, .program = (char *)"/bin/x" };
	char text[128], want[4200];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(word_cases); i++) {
		auto_free char **argv = NULL;

		c.args = (char *)word_cases[i].args;
		snprintf(want, sizeof(want), "/bin/x|%s", word_cases[i].words);
		ok(command_argv(&c, &vars, &argv, text) == 0 && strcmp(joined(argv), want) == 0,
		   "words: %s", word_cases[i].promise);
	}
}

static void test_shell(void)
{
	struct command c = { .kind = COMMAND_SHELL };
	char text[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shell_cases); i++) {
		auto_free char **argv = NULL;

		c.args = (char *)shell_cases[i].args;
		ok(command_argv(&c, &vars, &argv, text) == 0 &&
		   strcmp(argv[0], "/bin/sh") == 0 && strcmp(argv[1], "-c") == 0 &&
		   strcmp(argv[2], shell_cases[i].text) == 0 && !argv[3],
		   "sh -c: %s", shell_cases[i].promise);
	}
}

static const char *letter_x(void *context, char letter)
{
	return letter == 'x' ? context : NULL;
}

static void test_values(void)
{
	const char *const head[] = { NULL };
	auto_free char **argv = NULL;

	argsplit(head, "a%xb", false, letter_x, (void *)"1 2\\ '3' %x", &argv);
	ok(argv[0] && strcmp(argv[0], "a1 2\\ '3' %xb") == 0 && !argv[1],
	   "a value is neither split, unquoted nor replaced again");
}

static void test_limits(void)
{
	const char *const head[] = { "p", NULL };
	enum { WORDS = 5000 };
	auto_free char *text = malloc(2 * WORDS + 1);
	auto_free char **argv = NULL;
	int i, n = 0;

	for (i = 0; i < WORDS; i++)
		memcpy(text + 2 * i, "y ", 3);
	argsplit(head, text, false, letter_x, NULL, &argv);
	while (argv[n])
		n++;
	ok(n == WORDS + 1 && strcmp(argv[WORDS], "y") == 0, "no limit on the number of words");
}

static int substitute(const char *device, const char *args, enum command_kind kind)
{
	struct command_vars v = vars;
	struct command c = { .kind = kind, .program = (char *)"/bin/x", .args = (char *)args };
	auto_free char **argv = NULL;
	char text[128] = "";
	int r;

	v.device = device;
	r = command_argv(&c, &v, &argv, text);
	return r == -EINVAL && *text ? r : r == 0 && argv ? 0 : 1;
}

static void test_checks(void)
{
	static const char *const bad[] = {
		"",	"-f",  "tun0;id", "tun0 up", "$(id)", "`id`", "a'b",  "a\"b",
		"a\\b", "a|b", "a&b",	  "a>b",     "a<b",   "a*",   "a?",   "[a]",
		"{a}",	"~",   "#a",	  "!a",	     "a\nb",  "a\tb", "\x7f", "\xc3\xa9",
	};
	static const char *const good[] = {
		"tun0", "v-0a1b2c3d4e5f", "br0.100", "fe80::1%eth0", "/dev/pts/3", "a_b", "eth0:1",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok(substitute(bad[i], "%%", COMMAND_PROGRAM) == -EINVAL &&
		   substitute(bad[i], "echo %d", COMMAND_SHELL) == -EINVAL,
		   "value %zu with a meaning to shells or programs is refused", i + 1);
	for (i = 0; i < ARRAY_SIZE(good); i++)
		ok(substitute(good[i], "%%", COMMAND_SHELL) == 0, "%s may be substituted", good[i]);
	ok(substitute("$(id)", "no device here", COMMAND_SHELL) == 0,
	   "a value that is not used is not looked at");
}

static void test_unknown_yet(void)
{
	struct command_vars none = { 0 };
	struct command c = { .kind = COMMAND_PROGRAM, .program = (char *)"/bin/x",
			     .args = (char *)"%% %a" };
	auto_free char **argv = NULL;
	char text[128];

	ok(command_argv(&c, &none, &argv, text) == 0 && strcmp(joined(argv), "/bin/x|%%|%a|") == 0,
	   "what is not known yet stays as it is written");
}

int main(void)
{
	test_words();
	test_shell();
	test_values();
	test_limits();
	test_checks();
	test_unknown_yet();
	return finish();
}
