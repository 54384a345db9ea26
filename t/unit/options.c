/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The command line: vtun's own words keep their meaning, and what is wrong is said in a sentence.
 */
#include "monitor/options.h"

#include "common/exitcode.h"
#include "tap.h"

enum { WORDS_MOST = 16 };

static struct options o;
static int code;

/* Parses a command line whose words are separated by single blanks. */
static bool parse(const char *line)
{
	static char copy[256];
	char *argv[WORDS_MOST] = {}, *word;
	int argc = 0;

	options_free(&o);
	code = -1;
	snprintf(copy, sizeof(copy), "%s", line);
	for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(argc, argv, &o, &code);
}

static bool wrong(const char *line, const char *sentence)
{
	bool refused = !parse(line) && code == EXIT_USAGE && strstr(o.error, sentence);

	if (!refused)
		printf("# %s: code %d: %s\n", line, code, o.error);
	return refused;
}

static bool is(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

int main(void)
{
	ok(parse("vtund -i") && o.inetd && !o.session, "-i is a server under inetd");
	ok(parse("vtund -f /etc/other.conf -P 5001 -t 30 -p -n -m wireless2 cobra.example") &&
	   is(o.config_path, "/etc/other.conf") && o.port == 5001 && o.timeout_s == 30 && o.persist &&
	   o.lock_memory && is(o.session, "wireless2") && is(o.server, "cobra.example"),
	   "vtun's client line keeps its meaning");
	ok(parse("vtund wireless2 cobra.example -p -P 5001") && o.persist && o.port == 5001 &&
	   is(o.server, "cobra.example"), "flags may follow the positionals");
	ok(parse("vtund wireless2") && is(o.session, "wireless2") && !o.server,
	   "the server may stand elsewhere");
	ok(parse("vtund --instance=wireless2 -v") && is(o.instance, "wireless2") && o.verbose,
	   "--instance names the session, too");
	ok(parse("vtund --instance=3-192.0.2.1:5000-192.0.2.2:4711"), "or whatever systemd calls it");
	ok(parse("vtund --worker=/usr/libexec/w --single-uid -q x") && o.single_uid && o.quiet &&
	   is(o.worker, "/usr/libexec/w"), "--worker, --single-uid, -q");
	ok(parse("vtund -- -x") && is(o.session, "-x"), "-- ends the options");

	ok(wrong("vtund -s", "vtun.socket") && strstr(o.error, "inetd"),
	   "-s says where listening has gone");
	ok(wrong("vtund -s -P 5000 -f /etc/vtund.conf", "vtun.socket"), "also with all that follows it");
	ok(wrong("vtund -L 192.0.2.1 x", "ListenStream="), "so does -L");
	ok(wrong("vtund -P 0 x", "1 to 65535") && wrong("vtund -P 65536 x", "1 to 65535") &&
	   wrong("vtund -P 5000x x", "5000x") && wrong("vtund -P -1 x", "-1") &&
	   wrong("vtund -P 99999999999999999999 x", "999"), "a port is a port");
	ok(wrong("vtund -t 0 x", "1 to 86400") && wrong("vtund -t abc x", "abc"), "a time-out is a time");
	ok(wrong("vtund -x", "-x") && wrong("vtund --frobnicate", "--frobnicate"),
	   "an unknown option is named");
	ok(wrong("vtund -f", "-f needs a value") && wrong("vtund x --worker", "--worker needs a value"),
	   "so is one that lacks its value");
	ok(wrong("vtund a b c", "c:"), "three positionals are too many");
	ok(wrong("vtund -i wireless2", "-i takes no"), "-i takes no session");
	ok(wrong("vtund --instance=a b", "--instance"), "--instance takes no second one");
	ok(wrong("vtund -i -p", "-p"), "-p is for clients");
	ok(wrong("vtund --worker=w x", "absolute"), "--worker is an absolute path");
	ok(wrong("vtund -i -x", "-x") && o.inetd, "-i is known even if something else is wrong: "
	   "the complaint must not go to the peer");
	options_free(&o);
	return finish();
}
