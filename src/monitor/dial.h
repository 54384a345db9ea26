/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A client's connection: resolve, try every address, give up in time.
 */
#pragma once

#include <stdint.h>

#include "signals.h"

struct dial {
	const char *host;
	uint16_t port;
	int family;           /* AF_UNSPEC, AF_INET, AF_INET6 */
	unsigned timeout_s;   /* for all addresses together */
	const char *src_addr; /* where the connection shall come from; NULL, NULL, 0: anywhere */
	const char *src_iface;
	uint16_t src_port;
	bool resolver_may_die; /* nothing is up: a signal may end us inside the resolver */
};

/* Connects to the first address that answers.  0 and *ret_fd (close-on-exec, non-blocking).
 * On failure ret_why is a sentence without the host's name, and what comes back is
 * -EHOSTUNREACH   the name is unknown
 * -EAGAIN         it may be known, but nobody can be asked now
 * -ECONNREFUSED   no address answered
 * -ETIMEDOUT      nor in time
 * -EINTR          a signal of `signals` has come, still to be taken
 * -EADDRNOTAVAIL  src_addr, src_iface or src_port cannot be had
 * or what else the system says. */
int dial_connect(const struct dial *d, const struct signals *signals, int *ret_fd,
		 char ret_why[static 256]);
