/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dial.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "endpoint.h"

static void free_addresses(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

#define auto_addresses __attribute__((cleanup(free_addresses)))

static int resolve(const struct dial *d, struct addrinfo **ret, char *ret_why)
{
	const struct addrinfo hints = {
		.ai_family = d->family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV,
	};
	char port[ENDPOINT_PORT_SIZE];
	int r;

	snprintf(port, sizeof(port), "%u", d->port);
	if (d->resolver_may_die)
		signals_deadly(true);
	r = getaddrinfo(d->host, port, &hints, ret);
	if (d->resolver_may_die)
		signals_deadly(false);
	if (r == 0)
		return 0;
	if (r == EAI_AGAIN)
		snprintf(ret_why, 256, "%s: no name server answers, see /etc/resolv.conf", gai_strerror(r));
	else if (r == EAI_SYSTEM)
		snprintf(ret_why, 256, "%s", strerror(errno));
	else
		snprintf(ret_why, 256, "%s: is the name right?", gai_strerror(r));
	return r == EAI_AGAIN ? -EAGAIN : -EHOSTUNREACH;
}

/* The first address of that family on the interface. */
static int interface_address(const char *iface, int family, struct sockaddr_storage *ret)
{
	size_t size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	struct ifaddrs *list, *a;
	int r = -EADDRNOTAVAIL;

	if (getifaddrs(&list) < 0)
		return -errno;
	for (a = list; a && r < 0; a = a->ifa_next) {
		if (!a->ifa_addr || a->ifa_addr->sa_family != family || strcmp(a->ifa_name, iface) != 0)
			continue;
		memcpy(ret, a->ifa_addr, size);
		r = 0;
	}
	freeifaddrs(list);
	return r;
}

static int literal_address(const char *text, int family, struct sockaddr_storage *ret)
{
	const struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST,
	};
	auto_addresses struct addrinfo *a = NULL;

	if (getaddrinfo(text, NULL, &hints, &a))
		return -EADDRNOTAVAIL;
	memcpy(ret, a->ai_addr, a->ai_addrlen);
	return 0;
}

static int bind_source(const struct dial *d, int fd, int family)
{
	struct sockaddr_storage source = { .ss_family = (sa_family_t)family };
	const int on = 1;
	int r = 0;

	if (!d->src_addr && !d->src_iface && !d->src_port)
		return 0;
	if (d->src_addr)
		r = literal_address(d->src_addr, family, &source);
	else if (d->src_iface)
		r = interface_address(d->src_iface, family, &source);
	if (r < 0)
		return r;
	/* The same place for both families. */
	((struct sockaddr_in *)&source)->sin_port = htons(d->src_port);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&source,
		 family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)) < 0)
		return errno == EADDRINUSE ? -EADDRNOTAVAIL : -errno;
	return 0;
}

static int wait_connected(int fd, const struct signals *signals, uint64_t until)
{
	struct pollfd p[] = {
		{ fd, POLLOUT, 0 },
		{ signals->stop_fd, POLLIN, 0 },
		{ signals->wish_fd, POLLIN, 0 },
	};
	uint64_t now = clock_ms();
	socklen_t size;
	int n, error;

	n = poll(p, ARRAY_SIZE(p), now < until ? (int)(until - now) : 0);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ETIMEDOUT;
	if (p[1].revents || p[2].revents)
		return -EINTR;
	size = sizeof(error);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return -error;
}

/* Asked once more, the kernel makes a note that it is connected.  Without that the socket could be
 * connected to another peer when this one resets it: by our worker, should it be taken over. */
static int settle_connected(int fd, const struct addrinfo *a)
{
	return connect(fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EISCONN ? -errno : 0;
}

static int connect_one(const struct dial *d, const struct addrinfo *a, const struct signals *signals,
		       uint64_t until, int *ret_fd)
{
	auto_close int fd = -1;
	int r;

	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = endpoint_tune(fd);
	if (r == 0)
		r = bind_source(d, fd, a->ai_family);
	if (r < 0)
		return r;
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			return -errno;
		r = wait_connected(fd, signals, until);
		if (r == 0)
			r = settle_connected(fd, a);
		if (r < 0)
			return r;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Which failure of several addresses tells most: one that names our own setting, else the last. */
static int fold(int error)
{
	switch (error) {
	case -EINTR:
	case -EADDRNOTAVAIL:
	case -ETIMEDOUT:
	case -EMFILE:
	case -ENOMEM:
		return error;
	default:
		return -ECONNREFUSED;
	}
}

static const char *next_step(int error)
{
	switch (error) {
	case -ECONNREFUSED:
		return ": does vtun.socket or inetd listen there, on this port?";
	case -ETIMEDOUT:
		return ": is that machine up, does a firewall drop the port?";
	case -ENETUNREACH:
	case -EHOSTUNREACH:
		return ": is there a route, see \"ip route get\"?";
	case -EADDRNOTAVAIL:
		return ": this machine has no such source, see srcaddr";
	default:
		return "";
	}
}

/* The address is news only where a name was dialled. */
static void say_why(const struct dial *d, const struct sockaddr *address, int error, char *ret_why)
{
	char addr[ENDPOINT_ADDR_SIZE] = "?", port[ENDPOINT_PORT_SIZE] = "?";
	struct sockaddr_storage a = {};
	bool literal;

	memcpy(&a, address, address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
							  : sizeof(struct sockaddr_in6));
	(void)endpoint_text(&a, addr, port);
	literal = strcmp(addr, d->host) == 0;
	snprintf(ret_why, 256, "%s%s%s%s", literal ? "" : addr, literal ? "" : ": ",
		 strerror(-error), next_step(error));
}

int dial_connect(const struct dial *d, const struct signals *signals, int *ret_fd,
		 char ret_why[static 256])
{
	uint64_t until = clock_ms() + (uint64_t)d->timeout_s * 1000;
	auto_addresses struct addrinfo *list = NULL;
	const struct addrinfo *a;
	unsigned left = 0;
	int r;

	r = resolve(d, &list, ret_why);
	if (r < 0)
		return r;
	for (a = list; a; a = a->ai_next)
		left++;
	r = -ECONNREFUSED;
	for (a = list; a; a = a->ai_next, left--) {
		uint64_t now = clock_ms();

		/* A silent address gets its share of the time, not all of it. */
		r = connect_one(d, a, signals, now + (now < until ? (until - now) / left : 0), ret_fd);
		if (r == 0 || r == -EINTR)
			return r;
		say_why(d, a->ai_addr, r, ret_why);
	}
	return fold(r);
}
