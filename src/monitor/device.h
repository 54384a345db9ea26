/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The local end of the tunnel: a TUN or TAP device, a pty, or a socket pair for a program's stdin
 * and stdout.  Opened here, read and written by the worker alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/terms.h"

struct device {
	enum tunnel_type type;
	int fd;                 /* for the worker; the owner of the struct closes it */
	int program_fd;         /* tty: the slave (raw), pipe: the program's end; else -1.  To be
				   closed when the programs have it: only then is there an end
				   of file when they go */
	char name[64];          /* "tun0"; tty: path of the slave; pipe: "pipe" */
	unsigned ifindex;       /* tun, ether: what it is, whatever its name is by now */
	bool vnet;              /* frames begin with a virtio-net header */
	uint32_t vnet_features; /* TUN_F_* that the kernel can do for this device */
};

static inline bool device_is_stream(const struct device *d)
{
	return d->type == TUNNEL_TTY || d->type == TUNNEL_PIPE;
}

/* `want` is a name or "" for the next free one.  The descriptor is non-blocking, close-on-exec.
 * 0, or a negative errno; ret_hint is then a sentence for the log that names the next step
 * (for example "/dev/net/tun is missing: modprobe tun, or allow the device in the container"). */
int device_open(enum tunnel_type type, const char *want, struct device *ret, char ret_hint[static 256]);
void device_close(struct device *d);

/* tun and ether.  Offloads are TUN_F_*, all off after device_open(), for which the descriptor must
 * still be open; for the MTU it need not be.  0 (device_get_mtu(): the MTU) or a negative errno: -ENODEV
 * if it is not in our network any more, where another one may have its name. */
int device_set_offload(const struct device *d, uint32_t features);
int device_set_mtu(const struct device *d, unsigned mtu);
int device_get_mtu(const struct device *d);

/* Whether IPv6 packets are routed into it, or nobody can say.  With an MTU below 1,280 Linux would take
 * its IPv6 addresses and routes away, and not give them back. */
bool device_has_ipv6(const struct device *d);

/* `up` may have given it another name, by which d->name goes from now on.  False: it is not in our network
 * any more, and its name is that of another one. */
bool device_follow_name(struct device *d);
