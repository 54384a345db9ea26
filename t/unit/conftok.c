/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vtund.conf as words: white space, comments, strings, and what cannot be read.
 */
#include "monitor/conftok.h"
#include "tap.h"

enum { MOST = CONFTOK_LINE_MAX };

/* Reads `text` as the letters c and v of `pattern` say: where a comment may stand, where a value.
 * Returns "kind text@line:column" of each token. */
static const char *tokens(const char *text, size_t size, const char *pattern)
{
	static const char *const kinds[] = { "end", "word", "string", "{", "}", ";", "open-quote",
					     "long-line", "inner-quote" };
	static char out[1000];
	struct conftok t;
	size_t used = 0;

	conftok_init(&t, text, size);
	out[0] = '\0';
	for (; *pattern; pattern++) {
		struct token token = conftok_next(&t, *pattern == 'c');

		used += (size_t)snprintf(out + used, sizeof(out) - used, "%s%s", used ? " " : "",
					 kinds[token.kind]);
		if (token.kind == TOKEN_WORD || token.kind == TOKEN_STRING)
			used += (size_t)snprintf(out + used, sizeof(out) - used, "(%.*s)",
						 (int)token.size, token.text);
		used += (size_t)snprintf(out + used, sizeof(out) - used, "%u:%u", token.line,
					 token.column);
	}
	return out;
}

static int reads(const char *text, const char *pattern, const char *expected)
{
	const char *got = tokens(text, strlen(text), pattern);

	if (strcmp(got, expected) == 0)
		return 1;
	printf("# got      %s\n# expected %s\n", got, expected);
	return 0;
}

static void words(void)
{
	ok(reads("", "cc", "end1:1 end1:1"), "an empty text ends, again and again");
	ok(reads("port 5000;", "cvcc", "word(port)1:1 word(5000)1:6 ;1:10 end1:11"),
	   "words and their places");
	ok(reads("a\tb\r\nc \n\n d", "cccc", "word(a)1:1 word(b)1:3 word(c)2:1 word(d)4:2"),
	   "space, TAB, CR and LF separate; CR LF is one line");
	ok(reads("\xef\xbb\xbf" "a", "c", "word(a)1:1"), "a byte-order mark is skipped");
	ok(reads("a \xef\xbb\xbf", "cc", "word(a)1:1 word(\xef\xbb\xbf)1:3"), "only at the start");
	ok(reads("a{b}c;", "cccccc", "word(a)1:1 {1:2 word(b)1:3 }1:4 word(c)1:5 ;1:6"),
	   "braces and ; end a word");
	ok(reads("lzo:9 /sbin/ip a=b,c'd\\", "vvv", "word(lzo:9)1:1 word(/sbin/ip)1:7 word(a=b,c'd\\)1:16"),
	   "a word may hold any other byte");
	ok(reads("\xc3\xa4\x01\x7f", "v", "word(\xc3\xa4\x01\x7f)1:1"), "also bytes that are no text");
}

static void strings(void)
{
	ok(reads("\"a b;{}#\" c", "vv", "string(a b;{}#)1:1 word(c)1:11"),
	   "in a string all bytes are ordinary");
	ok(reads("\"a\\\" b", "vv", "string(a\\)1:1 word(b)1:6"), "a backslash does not escape its end");
	ok(reads("\"\"", "v", "string()1:1"), "a string may be empty");
	ok(reads("\"a\"b", "vv", "string(a)1:1 word(b)1:4"), "a word may follow a string directly");
	ok(reads("a\"b c\"d e", "vvv", "inner-quote1:1 word(d)1:7 word(e)1:9"),
	   "a quote inside a value is none");
	ok(reads("a\"b\nc", "vv", "inner-quote1:1 word(c)2:1"),
	   "reading goes on at the next line if it is open as well");
	ok(reads("ip\"b\"", "cv", "word(ip)1:1 string(b)1:3"), "behind a keyword it is a string");
	ok(reads("\"a ; b\n;", "vc", "open-quote1:1 ;2:1"), "a quote left open takes the line, no more");
	ok(reads("\"a", "vc", "open-quote1:1 end2:1"), "also the last line");
}

static void comments(void)
{
	ok(reads("# a { } \" ;\nb", "c", "word(b)2:1"), "a comment goes to the end of the line");
	ok(reads("a # b", "cc", "word(a)1:1 end2:1"), "also of the last line");
	ok(reads("#x foo#bar", "vv", "word(#x)1:1 word(foo#bar)1:4"), "a value may hold a #");
	ok(reads("a#b", "c", "word(a#b)1:1"), "and a keyword too, behind its first byte");
}

/* A line of `size` bytes: a word, and as much of `fill` as it takes. */
static char *line_of(size_t size, const char *head, char fill, const char *tail)
{
	static char line[2 * MOST + 100];

	memset(line, fill, size);
	memcpy(line, head, strlen(head));
	strcpy(line + size, tail);
	return line;
}

static void long_lines(void)
{
	ok(reads(line_of(MOST, "a ", ' ', "\nb"), "cc", "word(a)1:1 word(b)2:1"), "%d bytes are a line",
	   MOST);
	ok(reads(line_of(MOST, "a ", ' ', "\r\nb"), "cc", "word(a)1:1 word(b)2:1"),
	   "its end does not count, be it CR LF");
	ok(reads(line_of(MOST + 1, "a ", ' ', "\nb"), "ccc", "word(a)1:1 long-line1:4097 word(b)2:1"),
	   "%d bytes are too many, and reading goes on behind them", MOST + 1);
	ok(reads(line_of(MOST + 1, "", 'x', "\nb"), "cc", "long-line1:4097 word(b)2:1"),
	   "also if they are one word");
	ok(reads(line_of(MOST + 2, "\"", 'x', "\"\nb"), "cc", "long-line1:4097 word(b)2:1"),
	   "or a string");
	ok(reads(line_of(MOST + 1, "", ' ', "a;\nb"), "cc", "long-line1:4097 word(b)2:1"),
	   "or white space before a word");
	ok(reads(line_of(MOST + 1, "a ", ' ', ""), "ccc", "word(a)1:1 long-line1:4097 end2:1"),
	   "also on the last line");
	ok(reads(line_of(2 * MOST, "a #", '-', "\nb"), "cc", "word(a)1:1 word(b)2:1"),
	   "a comment does not count");
	ok(reads(line_of(MOST, "a ", ' ', "#---\nb"), "cc", "word(a)1:1 word(b)2:1"),
	   "if it begins in time");
	ok(reads(line_of(MOST + 1, "a ", ' ', "#-\nb"), "ccc",
		 "word(a)1:1 long-line1:4097 word(b)2:1"), "and does if not");
	ok(reads(line_of(2 * MOST, "a #", '-', ";\nb"), "cvc", "word(a)1:1 long-line1:4097 word(b)2:1"),
	   "in value position a # saves nothing");
}

static void looking_ahead(void)
{
	struct conftok t;

	conftok_init(&t, " # c {\n\t{", 9);
	ok(conftok_brace_follows(&t), "a { is seen behind white space and comments");
	conftok_init(&t, "# {", 3);
	ok(!conftok_brace_follows(&t), "not in a comment");
	ok(t.line == 1 && *t.at == '#', "and looking moves nothing");
}

int main(void)
{
	words();
	strings();
	comments();
	long_lines();
	looking_ahead();
	return finish();
}
