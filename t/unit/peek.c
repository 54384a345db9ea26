/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Who is it?  The first byte decides, nothing is taken away from TLS, and an old client is told.
 */
#include "monitor/peek.h"

#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

enum { PATIENCE_MS = 10 * 1000, HARDLY_ANY_MS = 20 };

static enum peek after(const char *bytes, size_t size)
{
	int pair[2], never[2];
	char first;
	enum peek p;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || pipe(never) < 0 ||
	    write(pair[1], bytes, size) != (ssize_t)size)
		abort();
	p = peek_first_byte(pair[0], never[0], PATIENCE_MS);
	if (read(pair[0], &first, 1) != 1 || first != bytes[0])
		abort(); /* it was only looked at */
	close(pair[0]);
	close(pair[1]);
	close(never[0]);
	close(never[1]);
	return p;
}

int main(void)
{
	int pair[2], never[2], stop[2];
	char greeting[100];
	ssize_t n;

	ok(after("\x16\x03\x01", 3) == PEEK_TLS, "a TLS record");
	ok(after("GET / HTTP/1.1\r\n", 16) == PEEK_HTTP, "HTTP");
	ok(after("SSH-2.0-OpenSSH\r\n", 17) == PEEK_SSH, "SSH");
	ok(after("HOST: wireless2\n", 16) == PEEK_LEGACY, "a VTun 2 or 3 client that does not wait");
	ok(after("\0", 1) == PEEK_OTHER && after("\xff", 1) == PEEK_OTHER, "anything else");
	ok(!peek_hint(PEEK_TLS) && !peek_hint(PEEK_STOPPED) && !peek_hint(PEEK_FAILED) &&
	   peek_hint(PEEK_HTTP) && peek_hint(PEEK_SILENT) && peek_hint(PEEK_GONE) &&
	   peek_hint(PEEK_SSH) && peek_hint(PEEK_LEGACY) && peek_hint(PEEK_OTHER),
	   "a sentence for each stranger");

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || pipe(never) < 0 || pipe(stop) < 0)
		return 1;
	ok(peek_first_byte(pair[0], never[0], HARDLY_ANY_MS) == PEEK_SILENT, "silence has an end");
	if (write(stop[1], "x", 1) != 1)
		return 1;
	ok(peek_first_byte(pair[0], stop[0], PATIENCE_MS) == PEEK_STOPPED, "so has patience");
	peek_greet_legacy(pair[0]);
	n = read(pair[1], greeting, sizeof(greeting));
	ok(n == 50 && greeting[49] == '\0' && strstr(greeting, "upgrade"),
	   "an old client gets the 50 bytes that it waits for");
	ok(memcmp(greeting, "VTUN", 4) != 0, "which do not make it send its session's name");
	close(pair[1]);
	ok(peek_first_byte(pair[0], never[0], PATIENCE_MS) == PEEK_GONE, "a peer that hangs up");
	peek_greet_legacy(pair[0]);
	return finish();
}
