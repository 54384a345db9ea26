/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peek.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "common/clock.h"

enum { TLS_HANDSHAKE = 0x16 /* ContentType of every first TLS record, RFC 8446, 5.1 */ };

static enum peek judge(unsigned char first)
{
	switch (first) {
	case TLS_HANDSHAKE:
		return PEEK_TLS;
	case 'G': /* GET */
	case 'P': /* POST, PRI */
		return PEEK_HTTP;
	case 'S':
		return PEEK_SSH;
	case 'H': /* "HOST: name" */
		return PEEK_LEGACY;
	default:
		return PEEK_OTHER;
	}
}

enum peek peek_first_byte(int fd, int abort_fd, unsigned timeout_ms)
{
	struct pollfd p[] = { { fd, POLLIN, 0 }, { abort_fd, POLLIN, 0 } };
	uint64_t now, until = clock_ms() + timeout_ms;
	unsigned char first;
	ssize_t n;

	for (;;) {
		now = clock_ms();
		if (poll(p, ARRAY_SIZE(p), now < until ? (int)(until - now) : 0) < 0 && errno != EINTR)
			return PEEK_FAILED;
		if (p[1].revents)
			return PEEK_STOPPED;
		n = recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
		if (n == 1)
			return judge(first);
		if (n == 0 || errno == ECONNRESET)
			return PEEK_GONE;
		if (errno != EAGAIN && errno != EINTR)
			return PEEK_FAILED;
		if (clock_ms() >= until)
			return PEEK_SILENT;
	}
}

const char *peek_hint(enum peek p)
{
	static const char *const hints[] = {
		[PEEK_SILENT] = "the peer sent nothing: probably a VTun 2 or 3 client; it was told "
				"that TLS is required, upgrade it to VTun 4",
		[PEEK_GONE] = "the peer closed the connection without a word",
		[PEEK_LEGACY] = "the peer speaks the old unencrypted VTun protocol: upgrade it to VTun 4",
		[PEEK_HTTP] = "the peer speaks HTTP: this is no web server",
		[PEEK_SSH] = "the peer speaks SSH: wrong port?",
		[PEEK_OTHER] = "the peer does not speak TLS: wrong program or a scan",
	};

	return (size_t)p < ARRAY_SIZE(hints) ? hints[p] : NULL;
}

void peek_greet_legacy(int fd)
{
	/* Not "VTUN...": the old client would answer that with its session's name in clear. */
	static const char greeting[50] = "ERR: VTun 4 server, TLS required, upgrade client\n";

	(void)!send(fd, greeting, sizeof(greeting), MSG_NOSIGNAL | MSG_DONTWAIT);
}
