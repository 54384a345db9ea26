/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 how | bytes: what a stranger sends first.  One byte is looked at, none is taken, and no more than
 * the 50 bytes of the greeting are said.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "monitor/peek.h"

enum { MOST = 4096 };

static void judge(int ours, int theirs, const uint8_t *data, size_t size)
{
	uint8_t back[MOST];
	enum peek p = peek_first_byte(ours, -1, 0);
	const char *hint = peek_hint(p);

	must(p == (size ? peek_first_byte(ours, -1, 0) : p));
	must((p == PEEK_TLS) == (size && data[0] == 0x16));
	must(size || p == PEEK_SILENT || p == PEEK_GONE);
	must(!hint == (p == PEEK_TLS));
	if (p == PEEK_SILENT) {
		peek_greet_legacy(ours);
		must(recv(theirs, back, sizeof(back), MSG_DONTWAIT) == 50);
	}
	if (size) {
		must(recv(ours, back, sizeof(back), MSG_DONTWAIT) == (ssize_t)size);
		must(!memcmp(back, data, size));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];

	if (size < 1 || size > MOST)
		return 0;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	if (size > 1)
		must(send(pair[1], data + 1, size - 1, MSG_DONTWAIT) == (ssize_t)size - 1);
	if (data[0] & 1)
		shutdown(pair[1], SHUT_WR);
	judge(pair[0], pair[1], data + 1, size - 1);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
