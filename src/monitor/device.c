/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "common/cleanup.h"

/* Linux 6.2 has them; headers of the build machine may be older than the kernel that runs this. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

enum { HINT_SIZE = 256 };

static const char tun_path[] = "/dev/net/tun";

/* ---- tun and ether */

static int name_ok(const char *name)
{
	/* '%' would be a pattern to the kernel, ':' an alias to ifconfig. */
	return strlen(name) < IFNAMSIZ && !strpbrk(name, "/:% \t\r\n\v\f") &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void hint_no_tun(int error, char hint[static HINT_SIZE])
{
	switch (error) {
	case ENOENT:
		snprintf(hint, HINT_SIZE, "%s is missing: modprobe tun, or allow the device in the "
			 "container", tun_path);
		break;
	case ENODEV:
	case ENXIO:
		snprintf(hint, HINT_SIZE, "this kernel has no tun driver: modprobe tun, "
			 "or install the kernel's package of modules");
		break;
	case EACCES:
	case EPERM:
		snprintf(hint, HINT_SIZE, "%s must not be opened by this user: check its mode, and "
			 "DeviceAllow= of the unit or the container's list of devices", tun_path);
		break;
	default:
		snprintf(hint, HINT_SIZE, "%s: %s", tun_path, strerror(error));
	}
}

static void hint_no_device(int error, const char *want, char hint[static HINT_SIZE])
{
	const char *name = *want ? want : "a device";

	if (error == EPERM)
		snprintf(hint, HINT_SIZE, "no right to open %s: run as root, with CAP_NET_ADMIN, "
			 "or make the device for this user by \"ip tuntap add\"", name);
	else if (error == EBUSY)
		snprintf(hint, HINT_SIZE, "device %s is in use by another program (fuser -v %s): "
			 "stop that one, or choose another name", name, tun_path);
	else if (error == EINVAL && *want && if_nametoindex(want))
		snprintf(hint, HINT_SIZE, "%s exists and is no device of this type: see "
			 "\"ip -d link show %s\", delete it, or choose another name", want, want);
	else
		snprintf(hint, HINT_SIZE, "cannot make %s: %s", name, strerror(error));
}

/* Headers of 10 bytes, little-endian, as they go on the wire, whatever the machine and whatever a
 * persistent device was used for before. */
static int set_vnet(int fd)
{
	int size = VNET_HDR_SIZE, little = 1;

	if (ioctl(fd, TUNSETVNETHDRSZ, &size) < 0 || ioctl(fd, TUNSETVNETLE, &little) < 0)
		return -errno;
	return 0;
}

/* What the kernel can do for this device, found by trying.  No offload is left on: frames are
 * ordinary ones until the peer has agreed to more. */
static uint32_t probe_offloads(int fd)
{
	static const unsigned long tries[] = {
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_USO4 | TUN_F_USO6,
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6,
		TUN_F_CSUM | TUN_F_TSO4,
		TUN_F_CSUM,
	};
	uint32_t found = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tries) && !found; i++)
		if (ioctl(fd, TUNSETOFFLOAD, tries[i]) == 0)
			found = (uint32_t)tries[i];
	return ioctl(fd, TUNSETOFFLOAD, 0UL) == 0 ? found : 0;
}

static int attach(struct device *d, const char *want, bool vnet, char hint[static HINT_SIZE])
{
	auto_close int fd = open(tun_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct ifreq ifr = { 0 };
	unsigned features = 0;
	int r;

	if (fd < 0) {
		r = -errno;
		hint_no_tun(-r, hint);
		return r;
	}
	if (ioctl(fd, TUNGETFEATURES, &features) < 0)
		features = 0;
	vnet = vnet && (features & IFF_VNET_HDR);
	ifr.ifr_flags = (short)((d->type == TUNNEL_TUN ? IFF_TUN : IFF_TAP) | IFF_NO_PI |
				(vnet ? IFF_VNET_HDR : 0));
	strcpy(ifr.ifr_name, want);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		r = -errno;
		hint_no_device(-r, want, hint);
		return r;
	}
	if (vnet && set_vnet(fd) < 0)
		return -EOPNOTSUPP;
	d->vnet = vnet;
	d->vnet_features = vnet ? probe_offloads(fd) : 0;
	snprintf(d->name, sizeof(d->name), "%s", ifr.ifr_name);
	d->ifindex = if_nametoindex(d->name);
	d->fd = take_fd(&fd);
	return 0;
}

static int open_tun(struct device *d, const char *want, char hint[static HINT_SIZE])
{
	int r;

	if (!name_ok(want)) {
		snprintf(hint, HINT_SIZE, "\"%.40s\" cannot be the name of a device: 1 to 15 bytes "
			 "without /, :, %% and white space", want);
		return -EINVAL;
	}
	r = attach(d, want, true, hint);
	return r == -EOPNOTSUPP ? attach(d, want, false, hint) : r;
}

/* ---- tty and pipe */

/* Raw from the start: what arrives before pppd has set its own modes must not be echoed back. */
static int set_raw(int fd)
{
	struct termios mode;

	if (tcgetattr(fd, &mode) < 0)
		return -errno;
	cfmakeraw(&mode);
	return tcsetattr(fd, TCSANOW, &mode) < 0 ? -errno : 0;
}

static int open_pty(struct device *d)
{
	auto_close int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	auto_close int slave = -1;
	char name[sizeof(d->name)];
	int r;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return -errno;
	r = ptsname_r(master, name, sizeof(name));
	if (r)
		return -r;
	slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -errno;
	r = set_raw(slave);
	if (r < 0)
		return r;
	strcpy(d->name, name);
	d->fd = take_fd(&master);
	d->program_fd = take_fd(&slave);
	return 0;
}

static int open_pair(struct device *d)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	/* Our end only: programs do not expect their stdin to be non-blocking. */
	r = fcntl(pair[0], F_SETFL, O_RDWR | O_NONBLOCK) < 0 ? -errno : 0;
	if (r < 0) {
		close(pair[0]);
		close(pair[1]);
		return r;
	}
	strcpy(d->name, "pipe");
	d->fd = pair[0];
	d->program_fd = pair[1];
	return 0;
}

/* ---- all */

int device_open(enum tunnel_type type, const char *want, struct device *ret,
		char ret_hint[static 256])
{
	struct device d = { .type = type, .fd = -1, .program_fd = -1 };
	int r;

	if (type == TUNNEL_TUN || type == TUNNEL_ETHER)
		r = open_tun(&d, want, ret_hint);
	else
		r = type == TUNNEL_TTY ? open_pty(&d) : open_pair(&d);
	if (r == 0)
		*ret = d;
	else if (type == TUNNEL_TTY)
		snprintf(ret_hint, HINT_SIZE, "cannot open a pseudo-terminal: %s: is /dev/pts "
			 "mounted, is kernel.pty.max reached?", strerror(-r));
	else if (type == TUNNEL_PIPE)
		snprintf(ret_hint, HINT_SIZE, "cannot make a socket pair: %s", strerror(-r));
	return r;
}

void device_close(struct device *d)
{
	cleanup_fd(&d->fd);
	cleanup_fd(&d->program_fd);
	d->fd = d->program_fd = -1;
}

int device_set_offload(const struct device *d, uint32_t features)
{
	return ioctl(d->fd, TUNSETOFFLOAD, (unsigned long)features) < 0 ? -errno : 0;
}

/* `up` may have given it another name; or moved it to another network, where it has one that here may be that
 * of a network card. */
static int name_now(const struct device *d, char ret[static IFNAMSIZ])
{
	return if_indextoname(d->ifindex, ret) ? 0 : -ENODEV;
}

bool device_follow_name(struct device *d)
{
	char name[IFNAMSIZ];

	if (!d->ifindex)
		return true;
	if (name_now(d, name) < 0)
		return if_nametoindex(d->name) == 0;
	strcpy(d->name, name);
	return true;
}

static int mtu_request(const struct device *d, unsigned long request, struct ifreq *ifr)
{
	auto_close int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (sock < 0)
		return -errno;
	r = name_now(d, ifr->ifr_name);
	if (r < 0)
		return r;
	return ioctl(sock, request, ifr) < 0 ? -errno : 0;
}

int device_set_mtu(const struct device *d, unsigned mtu)
{
	struct ifreq ifr = { .ifr_mtu = (int)mtu };

	return mtu_request(d, SIOCSIFMTU, &ifr);
}

int device_get_mtu(const struct device *d)
{
	struct ifreq ifr = { 0 };
	int r = mtu_request(d, SIOCGIFMTU, &ifr);

	return r < 0 ? r : ifr.ifr_mtu;
}

/* A line of ipv6_route: 32 digits of a destination... and the device's name in the end.  What each
 * device has by itself, link-local (fe80::/10) and multicast (ff00::/8) routes, does not count. */
bool device_has_ipv6(const struct device *d)
{
	FILE *f = fopen("/proc/self/net/ipv6_route", "re");
	char line[256], name[IFNAMSIZ], *last;
	bool found = false;

	if (!f)
		return errno != ENOENT; /* Linux without IPv6 has no such file */
	if (name_now(d, name) < 0)
		found = true;
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		last = strrchr(line, ' ');
		found = last && !strcmp(last + 1, name) && strncmp(line, "fe8", 3) != 0 &&
			strncmp(line, "ff", 2) != 0;
	}
	fclose(f);
	return found;
}
