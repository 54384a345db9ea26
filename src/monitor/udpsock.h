/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The session's UDP socket, beside its TCP connection.
 */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

/* Bound to the local address of the TCP socket `tcp_fd` and a port of low..high (0: any; else a
 * random pick, 32 tries), non-blocking, unconnected, DF set (IP_PMTUDISC_PROBE), UDP_GRO on where
 * the kernel has it, large buffers.  An IPv4 connection of a dual-stack socket gets an IPv4 one.
 * 0 and the descriptor and port; -EADDRINUSE if no port is free, -EAFNOSUPPORT if `tcp_fd` is no
 * internet socket, or another negative errno. */
int udpsock_open(int tcp_fd, uint16_t low, uint16_t high, int *ret_fd, uint16_t *ret_port);
