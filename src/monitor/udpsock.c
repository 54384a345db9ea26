/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "udpsock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
	BUFFER_SIZE = 4 << 20, /* 10 ms at 3 Gbit/s: so long may a worker have to wait */
	PORT_TRIES = 32,
};

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* The address alone: an IPv4 peer of a dual-stack listener gets an IPv4 socket, as DF and the
 * length of its headers are IPv4's. */
static int local_address(int tcp_fd, union address *ret)
{
	union address a;
	socklen_t size = sizeof(a);

	if (getsockname(tcp_fd, &a.any, &size) < 0)
		return -errno;
	if (a.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a.in6.sin6_addr)) {
		struct sockaddr_in in = { .sin_family = AF_INET };

		memcpy(&in.sin_addr, &a.in6.sin6_addr.s6_addr[12], sizeof(in.sin_addr));
		a.in = in;
	}
	if (a.any.sa_family != AF_INET && a.any.sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	*ret = a;
	return 0;
}

static socklen_t address_size(const union address *a)
{
	return a->any.sa_family == AF_INET ? sizeof(a->in) : sizeof(a->in6);
}

static void set_port(union address *a, uint16_t port)
{
	if (a->any.sa_family == AF_INET)
		a->in.sin_port = htons(port);
	else
		a->in6.sin6_port = htons(port);
}

static int bind_port(int fd, union address *a, uint16_t low, uint16_t high)
{
	int tries = low ? PORT_TRIES : 1;
	uint32_t span = high > low ? (uint32_t)(high - low) + 1 : 1;

	while (tries-- > 0) {
		set_port(a, low ? (uint16_t)(low + randombytes_uniform(span)) : 0);
		if (bind(fd, &a->any, address_size(a)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -errno;
	}
	return -EADDRINUSE;
}

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Don't Fragment without the kernel's own path MTU: the worker searches for it (RFC 8899). */
static int set_dont_fragment(int fd, int family)
{
	if (family == AF_INET)
		return set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
	return set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
}

/* None of these is worth a session: without them it is only slower. */
static void set_speed_options(int fd)
{
	set_int(fd, IPPROTO_UDP, UDP_GRO, 1);
	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_SIZE) < 0)
		set_int(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_SIZE);
	if (set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_SIZE) < 0)
		set_int(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_SIZE);
}

int udpsock_open(int tcp_fd, uint16_t low, uint16_t high, int *ret_fd, uint16_t *ret_port)
{
	auto_close int fd = -1;
	union address a;
	socklen_t size = sizeof(a);
	int r;

	r = local_address(tcp_fd, &a);
	if (r < 0)
		return r;
	fd = socket(a.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	if (fd < 0)
		return -errno;
	r = set_dont_fragment(fd, a.any.sa_family);
	if (r == 0 && a.any.sa_family == AF_INET6)
		r = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (r == 0)
		r = bind_port(fd, &a, low, high);
	if (r < 0)
		return r;
	set_speed_options(fd);
	if (getsockname(fd, &a.any, &size) < 0)
		return -errno;
	*ret_port = ntohs(a.any.sa_family == AF_INET ? a.in.sin_port : a.in6.sin6_port);
	*ret_fd = take_fd(&fd);
	return 0;
}
