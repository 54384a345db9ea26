/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * flood ADDRESS PORT RATE SECONDS [HEX [NETWORK]]: opens RATE connections a second for so long, to a
 * machine of the test's own, says HEX in each, or nothing, and holds the newest 1,000 open.  They come
 * from addresses of an IPv6 /64, if there is one that is ours.  Prints how many it has begun.  Neither count nor time can be more than 5,000 a second for 30 s.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HELD = 1000, RATE_MOST = 5000, SECONDS_MOST = 30 };

static int held[HELD];

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse(const char *text, union address *ret)
{
	*ret = (union address){ .any.sa_family = strchr(text, ':') ? AF_INET6 : AF_INET };
	return inet_pton(ret->any.sa_family, text, ret->any.sa_family == AF_INET6
			 ? (void *)&ret->v6.sin6_addr : (void *)&ret->v4.sin_addr) == 1;
}

/* Any address of that network. */
static void bind_in(int fd, const union address *network)
{
	union address from = *network;

	if (from.any.sa_family == AF_INET6 &&
	    (getrandom(from.v6.sin6_addr.s6_addr + 8, 8, 0) != 8 || bind(fd, &from.any, sizeof(from)) < 0))
		abort();
}

static size_t unhex(const char *hex, unsigned char *out, size_t size)
{
	size_t n;
	unsigned v;

	for (n = 0; n < size && sscanf(hex + 2 * n, "%2x", &v) == 1; n++)
		out[n] = (unsigned char)v;
	return n;
}

/* What was to be said goes out once the connection stands: the kernel has it until then. */
static void open_one(const union address *to, const union address *network, const unsigned char *say,
		     size_t size, int *slot)
{
	int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (*slot >= 0)
		close(*slot);
	*slot = fd;
	if (fd < 0)
		return;
	bind_in(fd, network);
	/* TCP Fast Open without a cookie: an ordinary connection, and the data is queued. */
	if (size && sendto(fd, say, size, MSG_FASTOPEN | MSG_NOSIGNAL, &to->any, sizeof(*to)) < 0 && errno == EOPNOTSUPP)
		abort();
	if (!size && connect(fd, &to->any, sizeof(*to)) < 0 && errno != EINPROGRESS) {
		close(fd);
		*slot = -1;
	}
}

int main(int argc, char **argv)
{
	union address to, network = {};
	unsigned char say[512];
	struct timespec at;
	long rate, n, count;
	size_t size;

	if (argc < 5 || !parse(argv[1], &to) || (argc > 6 && !parse(argv[6], &network)))
		return 64;
	to.v4.sin_port = htons((uint16_t)atoi(argv[2]));
	rate = atol(argv[3]);
	count = atol(argv[4]);
	if (rate < 1 || rate > RATE_MOST || count < 1 || count > SECONDS_MOST)
		return 64;
	count *= rate;
	size = argc > 5 ? unhex(argv[5], say, sizeof(say)) : 0;
	for (n = 0; n < HELD; n++)
		held[n] = -1;
	clock_gettime(CLOCK_MONOTONIC, &at);
	for (n = 0; n < count; n++) {
		open_one(&to, &network, say, size, &held[n % HELD]);
		at.tv_nsec += 1000000000 / rate;
		at.tv_sec += at.tv_nsec / 1000000000;
		at.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
	printf("%ld\n", n);
	return 0;
}
