/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A client's connection, in a network of our own: what can be made of it by somebody who has only its
 * descriptor.
 */
#include "monitor/dial.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include "common/cleanup.h"
#include "own_net.h"
#include "tap.h"

/* Listens on loopback. */
static int listener(struct sockaddr_in *ret)
{
	socklen_t size = sizeof(*ret);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (struct sockaddr *)ret, size) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)ret, &size) < 0)
		abort();
	return fd;
}

static int dial(const struct signals *signals, const struct sockaddr_in *to, int *ret_fd)
{
	const struct dial d = {
		.host = "127.0.0.1", .port = ntohs(to->sin_port), .family = AF_INET, .timeout_s = 5,
	};
	char why[256] = "";

	return dial_connect(&d, signals, ret_fd, why);
}

/* The peer ends it by a reset. */
static void reset(int listening, int fd)
{
	const struct linger at_once = { .l_onoff = 1 };
	int accepted = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	if (setsockopt(accepted, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) < 0 ||
	    close(accepted) < 0 || poll(&p, 1, 5000) != 1 || recv(fd, &byte, 1, 0) != -1)
		abort();
}

static bool connects_anew(int fd, int other, const struct sockaddr_in *to)
{
	struct pollfd p = { .fd = other, .events = POLLIN };
	int i;

	for (i = 0; i < 3; i++)
		(void)sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (const struct sockaddr *)to, sizeof(*to));
	return poll(&p, 1, 300) > 0;
}

int main(void)
{
	struct sockaddr_in server, private;
	int listening, other, fd = -1, once;
	struct signals signals;

	need_own_net();
	listening = listener(&server);
	other = listener(&private);
	if (signals_open(&signals) < 0)
		abort();
	ok(dial(&signals, &server, &fd) == 0, "connected");
	reset(listening, fd);
	ok(!connects_anew(fd, other, &private), "after a reset the socket connects to nobody else");
	close(fd);

	once = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)connect(once, (struct sockaddr *)&server, sizeof(server));
	reset(listening, once);
	ok(connects_anew(once, other, &private), "as it would if connect() had been asked for once only");
	close(once);
	close(listening);
	close(other);
	signals_close(&signals);
	return finish();
}
