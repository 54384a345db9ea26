/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1024 };

static void write_to_stderr(int priority, const char *line)
{
	(void)priority;
	fprintf(stderr, "vtun: %s\n", line);
}

static log_sink *current_sink = write_to_stderr;
static int max_priority = LOG_INFO;

void log_set_sink(log_sink *sink)
{
	current_sink = sink;
}

void log_set_max(int priority)
{
	max_priority = priority;
}

int log_max(void)
{
	return max_priority;
}

/* What is in Unicode, but not to be in a line of log: what journalctl takes for no text, and shows
 * "blob data" in place of the whole line (surrogates, noncharacters); what has no width, breaks lines,
 * or turns the direction of all that follows. */
static int is_unfit(uint32_t c)
{
	return c > 0x10ffff || (c & ~0x7ffu) == 0xd800 || (c >= 0xfdd0 && c <= 0xfdef) ||
	       (c & 0xfffe) == 0xfffe || c == 0x061c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* Length of the well-formed UTF-8 sequence at s (RFC 3629), 0 if there is none, or none that may be
 * shown. */
static size_t utf8_length(const unsigned char *s)
{
	/* Of so many bytes: less is written longer than need be.  C1 controls (U+0080..9F) move cursors
	 * as well as ESC does. */
	static const uint32_t least[] = { [2] = 0xa0, [3] = 0x800, [4] = 0x10000 };
	uint32_t c;
	size_t n, i;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	c = s[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[n] || is_unfit(c) ? 0 : n;
}

void log_escape(const char *in, char *out, size_t size)
{
	const unsigned char *s = (const unsigned char *)in;
	size_t used = 0;

	while (*s && used + 5 < size) {
		size_t n = *s >= 0x20 && *s < 0x7f ? 1 : utf8_length(s);

		if (n == 0) {
			used += (size_t)snprintf(out + used, size - used, "\\x%02x", *s++);
			continue;
		}
		memcpy(out + used, s, n);
		used += n;
		s += n;
	}
	out[used] = '\0';
}

static void emit(int priority, const char *text)
{
	char line[LINE_MAX_BYTES];

	log_escape(text, line, sizeof(line));
	current_sink(priority, line);
}

void log_line(int priority, const char *format, ...)
{
	char text[LINE_MAX_BYTES];
	va_list ap;

	if (priority > max_priority)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	emit(priority, text);
}

int log_errno(int priority, int error, const char *format, ...)
{
	char text[LINE_MAX_BYTES];
	size_t used;
	va_list ap;

	error = abs(error);
	if (priority > max_priority)
		return -error;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	used = strlen(text);
	snprintf(text + used, sizeof(text) - used, ": %s", strerror(error));
	emit(priority, text);
	return -error;
}
