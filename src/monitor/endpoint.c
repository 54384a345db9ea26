/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/fdutil.h"

void endpoint_unmap(struct sockaddr_storage *address)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (address->ss_family != AF_INET6)
		return;
	memcpy(&in6, address, sizeof(in6));
	if (!IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
		return;
	in.sin_port = in6.sin6_port;
	memcpy(&in.sin_addr, &in6.sin6_addr.s6_addr[12], sizeof(in.sin_addr));
	memset(address, 0, sizeof(*address));
	memcpy(address, &in, sizeof(in));
}

int endpoint_text(const struct sockaddr_storage *address, char ret_addr[static ENDPOINT_ADDR_SIZE],
		  char ret_port[static ENDPOINT_PORT_SIZE])
{
	socklen_t size = address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
						       : sizeof(struct sockaddr_in6);

	if (address->ss_family != AF_INET && address->ss_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (getnameinfo((const struct sockaddr *)address, size, ret_addr, ENDPOINT_ADDR_SIZE,
			ret_port, ENDPOINT_PORT_SIZE, NI_NUMERICHOST | NI_NUMERICSERV))
		return -EAFNOSUPPORT;
	return 0;
}

int endpoints_of(int fd, struct endpoints *ret)
{
	struct endpoints e = {};
	struct sockaddr_storage local = {};
	socklen_t size = sizeof(e.peer), local_size = sizeof(local);
	int r;

	if (getpeername(fd, (struct sockaddr *)&e.peer, &size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&local, &local_size) < 0)
		return errno == ENOTSOCK ? -EAFNOSUPPORT : -errno;
	endpoint_unmap(&e.peer);
	endpoint_unmap(&local);
	r = endpoint_text(&local, e.local_addr, e.local_port);
	if (r == 0)
		r = endpoint_text(&e.peer, e.remote_addr, e.remote_port);
	if (r < 0)
		return r;
	snprintf(e.peer_name, sizeof(e.peer_name), "%s port %s", e.remote_addr, e.remote_port);
	*ret = e;
	return 0;
}

int endpoint_give_up_after(int fd, unsigned seconds)
{
	unsigned ms = seconds * 1000;

	return setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms)) < 0 ? -errno : 0;
}

int endpoint_tune(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 15 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 4 },
		{ IPPROTO_TCP, TCP_NOTSENT_LOWAT, 128 * 1024 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			       sizeof(options[i].value)) < 0)
			return -errno;
	return fd_set_nonblock(fd, 1);
}
