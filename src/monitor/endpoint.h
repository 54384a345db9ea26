/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The two ends of the TCP connection: as socket addresses for those who count or bind, and as
 * numeric text for logs and for what %A %P %a %p in `up` and `down` stand for.
 */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

enum { ENDPOINT_ADDR_SIZE = 64, ENDPOINT_PORT_SIZE = 6 };

struct endpoints {
	struct sockaddr_storage peer; /* an IPv4 address mapped to IPv6 is an IPv4 address here */
	char local_addr[ENDPOINT_ADDR_SIZE], local_port[ENDPOINT_PORT_SIZE];
	char remote_addr[ENDPOINT_ADDR_SIZE], remote_port[ENDPOINT_PORT_SIZE];
	char peer_name[ENDPOINT_ADDR_SIZE + 12]; /* "192.0.2.1 port 5000" */
};

/* 0; -ENOTCONN if the peer has gone; -EAFNOSUPPORT if it is no TCP connection of IPv4 or IPv6;
 * another negative errno. */
int endpoints_of(int fd, struct endpoints *ret);

/* An IPv4 address mapped to IPv6 (RFC 4291, 2.5.5.2) becomes an IPv4 address. */
void endpoint_unmap(struct sockaddr_storage *address);

/* Numeric text; a link-local address carries its %interface.  0 or -EAFNOSUPPORT. */
int endpoint_text(const struct sockaddr_storage *address, char ret_addr[static ENDPOINT_ADDR_SIZE],
		  char ret_port[static ENDPOINT_PORT_SIZE]);

/* What every connection of ours is set to: non-blocking, no Nagle (frames are gathered by us),
 * TCP keepalive for the time before our own works, and little unsent data in the kernel, so that a
 * ping inside the tunnel does not stand behind a megabyte. */
int endpoint_tune(int fd);

/* What is sent and not acknowledged for so long ends the connection (RFC 5482).  0 or a negative
 * errno. */
int endpoint_give_up_after(int fd, unsigned seconds);
