/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The UDP socket beside a TCP connection, in a network of our own.
 */
#include "monitor/udpsock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include "common/cleanup.h"
#include "common/secret.h"
#include "own_net.h"
#include "tap.h"

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* An accepted TCP connection from `family` to a listener of `listen_family` on loopback. */
static int accepted(int listen_family, const char *text)
{
	union address a = { .any.sa_family = (sa_family_t)listen_family };
	socklen_t size = sizeof(a);
	auto_close int listener = socket(listen_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_close int client = -1;
	int fd;

	if (bind(listener, &a.any, sizeof(a)) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, &a.any, &size) < 0)
		abort();
	if (strchr(text, ':')) {
		client = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
		inet_pton(AF_INET6, text, &a.in6.sin6_addr);
	} else {
		uint16_t port = a.in.sin_port; /* at the same place in both */

		client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		a.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
		inet_pton(AF_INET, text, &a.in.sin_addr);
	}
	if (connect(client, &a.any, sizeof(a)) < 0)
		abort();
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		abort();
	return fd;
}

static int option(int fd, int level, int name)
{
	socklen_t size = sizeof(int);
	int value = -1;

	return getsockopt(fd, level, name, &value, &size) < 0 ? -1 : value;
}

static void test_ipv4(int listen_family, const char *promise)
{
	auto_close int tcp = accepted(listen_family, "127.0.0.5");
	auto_close int plain = socket(AF_INET, SOCK_DGRAM, 0);
	auto_close int fd = -1;
	union address a;
	socklen_t size = sizeof(a);
	uint16_t port = 0;
	char text[64] = "";

	ok(udpsock_open(tcp, 0, 0, &fd, &port) == 0, "%s", promise);
	ok(getsockname(fd, &a.any, &size) == 0 && a.any.sa_family == AF_INET &&
	   inet_ntop(AF_INET, &a.in.sin_addr, text, sizeof(text)) && strcmp(text, "127.0.0.5") == 0,
	   "an IPv4 socket on the address that the peer has called (%s)", text);
	ok(port != 0 && ntohs(a.in.sin_port) == port, "its port is told");
	ok(option(fd, IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_PROBE, "Don't Fragment is set");
	ok(fcntl(fd, F_GETFL) & O_NONBLOCK, "non-blocking");
	ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "close-on-exec");
	ok(option(fd, IPPROTO_UDP, 104 /* UDP_GRO */) != 0,
	   "datagrams come merged, or this kernel cannot");
	size = sizeof(a);
	ok(getpeername(fd, &a.any, &size) < 0 && errno == ENOTCONN, "not connected");
	ok(option(fd, SOL_SOCKET, SO_RCVBUF) >= option(plain, SOL_SOCKET, SO_RCVBUF),
	   "the receive buffer is no smaller than usual");
}

static void test_ipv6(void)
{
	auto_close int tcp = accepted(AF_INET6, "::1");
	auto_close int fd = -1;
	union address a;
	socklen_t size = sizeof(a);
	uint16_t port = 0;

	ok(udpsock_open(tcp, 0, 0, &fd, &port) == 0, "IPv6");
	ok(getsockname(fd, &a.any, &size) == 0 && a.any.sa_family == AF_INET6 &&
	   IN6_IS_ADDR_LOOPBACK(&a.in6.sin6_addr) && ntohs(a.in6.sin6_port) == port,
	   "an IPv6 socket on the address that the peer has called");
	ok(option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER) == IPV6_PMTUDISC_PROBE,
	   "Don't Fragment is set");
	ok(option(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1, "IPv6 only");
}

static void test_ports(void)
{
	enum { LOW = 5001, HIGH = 5004, N = HIGH - LOW + 1 };
	auto_close int tcp = accepted(AF_INET, "127.0.0.1");
	int fds[N], fd = -7, i, in_range = 0, seen = 0, tries;
	uint16_t port = 0;

	for (i = 0; i < N; i++) {
		int r = -1;

		/* 32 random picks may all miss the last free port of four: once in 10,000 times. */
		for (tries = 0; tries < 10 && r < 0; tries++)
			r = udpsock_open(tcp, LOW, HIGH, &fds[i], &port);
		in_range += r == 0 && port >= LOW && port <= HIGH;
		seen |= 1 << (port - LOW);
	}
	ok(in_range == N && seen == (1 << N) - 1, "each port of a range is used");
	ok(udpsock_open(tcp, LOW, HIGH, &fd, &port) == -EADDRINUSE && fd == -7,
	   "a range with no free port is an error");
	close(fds[0]);
	close(fds[1]);
	close(fds[2]);
	close(fds[3]);
	ok(udpsock_open(tcp, HIGH, HIGH, &fd, &port) == 0 && port == HIGH, "a range of one");
	close(fd);
}

static void test_wrong_socket(void)
{
	int pair[2], fd = -7;
	uint16_t port = 7;

	ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 &&
	   udpsock_open(pair[0], 0, 0, &fd, &port) == -EAFNOSUPPORT && fd == -7 && port == 7,
	   "a connection without addresses gets no UDP socket");
	ok(udpsock_open(-1, 0, 0, &fd, &port) == -EBADF, "nor does none at all");
}

int main(void)
{
	need_own_net();
	if (secret_init() < 0)
		return 99;
	test_ipv4(AF_INET, "IPv4");
	test_ipv4(AF_INET6, "IPv4 to a dual-stack listener");
	test_ipv6();
	test_ports();
	test_wrong_socket();
	return finish();
}
