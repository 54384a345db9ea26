/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * No text of a peer's makes more of a line than text, nor hides it.
 */
#include "common/log.h"

#include "tap.h"

static char last[2048];

static void keep(int priority, const char *line)
{
	(void)priority;
	snprintf(last, sizeof(last), "%s", line);
}

/* Whether that becomes this in the log. */
static int becomes(const char *text, const char *line)
{
	log_info("%s", text);
	if (strcmp(last, line) != 0)
		printf("# %s\n", last);
	return strcmp(last, line) == 0;
}

int main(void)
{
	char longer[3000] = "";

	log_set_sink(keep);
	ok(becomes("plain ~", "plain ~"), "ASCII stays");
	ok(becomes("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf \xf4\x8f\xbf\xbd",
		   "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf \xf4\x8f\xbf\xbd"), "UTF-8 stays");
	ok(becomes("a\nb\033[2J\177", "a\\x0ab\\x1b[2J\\x7f"), "controls are escaped");
	ok(becomes("\xc2\x9b", "\\xc2\\x9b"), "... those of C1 as well");
	ok(becomes("\xe0\x82\x9b", "\\xe0\\x82\\x9b") && becomes("\xc0\x8a", "\\xc0\\x8a") &&
	   becomes("\xf0\x80\x82\x9b", "\\xf0\\x80\\x82\\x9b"), "... and written longer than need be");
	ok(becomes("\xed\xa0\x80", "\\xed\\xa0\\x80"), "no surrogates");
	ok(becomes("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80") && becomes("\xff", "\\xff"),
	   "nothing beyond Unicode");
	ok(becomes("\xef\xbf\xbe", "\\xef\\xbf\\xbe") && becomes("\xef\xb7\x90", "\\xef\\xb7\\x90") &&
	   becomes("\xf0\x9f\xbf\xbf", "\\xf0\\x9f\\xbf\\xbf"), "no noncharacters");
	ok(becomes("\xe2\x80\xae", "\\xe2\\x80\\xae") && becomes("\xe2\x80\xa8", "\\xe2\\x80\\xa8") &&
	   becomes("\xef\xbb\xbf", "\\xef\\xbb\\xbf") && becomes("\xd8\x9c", "\\xd8\\x9c") &&
	   becomes("\xe1\xa0\x8e", "\\xe1\\xa0\\x8e"), "nothing that turns or breaks the line, or is not seen");
	ok(becomes("\xe2\x82", "\\xe2\\x82"), "nothing that is cut short");
	memset(longer, '\n', sizeof(longer) - 1);
	log_info("%s", longer);
	ok(strlen(last) <= 1023 && strspn(last, "\\x0a") == strlen(last), "what is long is cut");
	return finish();
}
