/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Devices of all four types, in a network of our own.
 */
#include "monitor/device.h"

#include <linux/if_tun.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include "common/cleanup.h"
#include "own_net.h"
#include "tap.h"

static char hint[256];

static int open_it(enum tunnel_type type, const char *name, struct device *d)
{
	strcpy(hint, "none");
	return device_open(type, name, d, hint);
}

static unsigned flags_of(const struct device *d)
{
	struct ifreq ifr = { 0 };

	return ioctl(d->fd, TUNGETIFF, &ifr) < 0 ? 0 : (unsigned short)ifr.ifr_flags;
}

static int is_ours_alone(int fd)
{
	return (fcntl(fd, F_GETFD) & FD_CLOEXEC) && (fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static void test_tun(enum tunnel_type type, const char *name, const char *next_name)
{
	const char *type_name = tunnel_type_name(type);
	struct device d, next;
	unsigned flags;

	ok(open_it(type, name, &d) == 0 && strcmp(d.name, name) == 0,
	   "%s: opened by its name (%s)", type_name, hint);
	flags = flags_of(&d);
	ok((flags & (type == TUNNEL_TUN ? IFF_TUN : IFF_TAP)) && (flags & IFF_NO_PI),
	   "%s: of its type, without packet information", type_name);
	ok(!(flags & IFF_PERSIST) && is_ours_alone(d.fd) && d.program_fd == -1,
	   "%s: non-blocking, close-on-exec, not persistent", type_name);
	ok(if_nametoindex(name) != 0, "%s: the system has it", type_name);
	ok(open_it(type, "", &next) == 0 && strcmp(next.name, next_name) == 0,
	   "%s: without a name it is the next free one, %s", type_name, next_name);
	device_close(&next);
	ok(next.fd == -1 && if_nametoindex(next_name) == 0, "%s: it goes away when closed",
	   type_name);
	device_close(&next);
	device_close(&d);
	ok(if_nametoindex(name) == 0, "%s: closing twice is harmless", type_name);
}

/* The virtio-net header, by the frame that carries it. */
static void test_vnet(void)
{
	struct device d;
	int size = 0, little = 0;
	unsigned all = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;

	ok(open_it(TUNNEL_TUN, "v0", &d) == 0 && d.vnet && (flags_of(&d) & IFF_VNET_HDR),
	   "frames begin with a virtio-net header");
	ok(ioctl(d.fd, TUNGETVNETHDRSZ, &size) == 0 && size == VNET_HDR_SIZE, "of ten bytes");
	ok(ioctl(d.fd, TUNGETVNETLE, &little) == 0 && little == 1, "little-endian");
	ok((d.vnet_features & all) == all, "the kernel's offloads are found (%#x)", d.vnet_features);
	ok(device_set_offload(&d, d.vnet_features) == 0 && device_set_offload(&d, 0) == 0,
	   "what was found can be set, and unset");
	ok(device_set_offload(&d, 1u << 31) == -EINVAL, "what no kernel knows is an error");
	device_close(&d);
}

static void test_persistent(void)
{
	struct device d, again;

	ok(open_it(TUNNEL_TUN, "keep0", &d) == 0 && ioctl(d.fd, TUNSETPERSIST, 1UL) == 0,
	   "(a persistent device, as \"ip tuntap add\" makes it)");
	device_close(&d);
	ok(if_nametoindex("keep0") && open_it(TUNNEL_TUN, "keep0", &again) == 0 && again.vnet,
	   "it can be opened by its name");
	device_close(&again);
	ok(if_nametoindex("keep0") != 0, "and stays when closed");
	ok(open_it(TUNNEL_ETHER, "keep0", &d) == -EINVAL &&
		   strstr(hint, "keep0 exists and is no device"),
	   "as the other type it is refused: %s", hint);
}

/* Where a device of ours has been moved to, its name is another one's, or means something else here. */
static void test_moved(void)
{
	struct device d, card;

	open_it(TUNNEL_TUN, "mv0", &d);
	open_it(TUNNEL_TUN, "card0", &card);
	ok(system("unshare --net sleep 2 & sleep 0.3; ip link set mv0 netns $!; "
		  "nsenter --net=/proc/$!/ns/net ip link set mv0 name card0") == 0,
	   "(a device that up moves into another network, and calls card0 there)");
	ok(device_set_mtu(&d, 1300) == -ENODEV && device_get_mtu(&d) == -ENODEV &&
	   device_get_mtu(&card) == 1500, "the card0 of our network keeps its MTU");
	ok(device_has_ipv6(&d), "whether it has IPv6, nobody knows");
	ok(device_follow_name(&d) && strcmp(d.name, "mv0") == 0, "nobody else has its name");
	device_close(&card);
	open_it(TUNNEL_TUN, "mv0", &card);
	ok(!device_follow_name(&d), "until somebody has");
	device_close(&card);
	device_close(&d);
	open_it(TUNNEL_PIPE, "", &d);
	ok(device_follow_name(&d) && strcmp(d.name, "pipe") == 0, "a pipe has no name to be taken");
	device_close(&d);
}

static void test_mtu(void)
{
	struct device d, pipe_end;

	open_it(TUNNEL_TUN, "m0", &d);
	ok(device_get_mtu(&d) == 1500, "the MTU is 1500 at first");
	ok(device_set_mtu(&d, 1446) == 0 && device_get_mtu(&d) == 1446, "it can be set");
	ok(device_set_mtu(&d, MTU_MOST) == 0 && device_get_mtu(&d) == MTU_MOST, "up to %d",
	   MTU_MOST);
	ok(device_set_mtu(&d, 70000) == -EINVAL && device_get_mtu(&d) == MTU_MOST,
	   "what the kernel does not take is an error");
	ok(system("ip link set m0 name renamed0") == 0 && device_set_mtu(&d, 1400) == 0 &&
	   device_get_mtu(&d) == 1400, "a device that got another name is found all the same");
	ok(system("ip link set renamed0 up") == 0 && !device_has_ipv6(&d),
	   "link-local IPv6 is not counted as IPv6");
	ok(system("ip address add fd00::1/64 dev renamed0 nodad") == 0 && device_has_ipv6(&d),
	   "an address is");
	ok(system("ip link set renamed0 mtu 1279") == 0 && !device_has_ipv6(&d),
	   "below 1280 Linux takes it away");
	ok(device_follow_name(&d) && strcmp(d.name, "renamed0") == 0, "it goes by its new name from then on");
	device_close(&d);
	ok(device_get_mtu(&d) == -ENODEV, "one that is gone is an error");
	open_it(TUNNEL_PIPE, "", &pipe_end);
	ok(device_get_mtu(&pipe_end) < 0, "and so is a pipe");
	device_close(&pipe_end);
}

static void test_names(void)
{
	static const char *const bad[] = {
		"a/b", "a b", "a\tb", "tun%d", "tun0:1", ".", "..", "sixteen-bytes-16",
		"longer-than-any-interface-name-of-the-kernel-could-be-by-far-and-then-some-more",
	};
	struct device d = { .fd = -7 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok(open_it(TUNNEL_TUN, bad[i], &d) == -EINVAL && d.fd == -7 &&
		   strstr(hint, "cannot be the name of a device"), "\"%s\" is refused", bad[i]);
	ok(open_it(TUNNEL_TUN, "fifteen-bytes15", &d) == 0, "15 bytes are a name");
	device_close(&d);
	ok(open_it(TUNNEL_TUN, "lo", &d) == -EINVAL && strstr(hint, "lo exists and is no device"),
	   "an interface that is no tun device is refused: %s", hint);
}

static void test_busy(void)
{
	struct device d, second = { .fd = -7 };

	open_it(TUNNEL_TUN, "busy0", &d);
	ok(open_it(TUNNEL_TUN, "busy0", &second) == -EBUSY && second.fd == -7,
	   "a device that is open is refused");
	ok(strstr(hint, "busy0 is in use") && strstr(hint, "fuser"), "the hint: %s", hint);
	device_close(&d);
}

/* In a child, as it cannot be undone. */
static int in_child(int (*check)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(check() ? 0 : 1);
	waitpid(pid, &status, 0);
	return status == 0;
}

/* A user namespace further down has no rights over our network. */
static int refused_without_right(void)
{
	struct device d;

	return unshare(CLONE_NEWUSER) == 0 && open_it(TUNNEL_TUN, "no0", &d) == -EPERM &&
	       strstr(hint, "no right to open no0") && strstr(hint, "CAP_NET_ADMIN");
}

static int hide_dev(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", "/dev", "tmpfs", 0, NULL) == 0;
}

static int hint_when_missing(void)
{
	struct device d;

	return hide_dev() && open_it(TUNNEL_TUN, "", &d) == -ENOENT &&
	       strstr(hint, "/dev/net/tun is missing: modprobe tun");
}

static int hint_when_strange(void)
{
	struct device d;

	return hide_dev() && mkdir("/dev/net", 0755) == 0 && mkdir("/dev/net/tun", 0755) == 0 &&
	       open_it(TUNNEL_TUN, "", &d) == -EISDIR &&
	       strstr(hint, "/dev/net/tun: Is a directory");
}

static int hint_when_no_ptys(void)
{
	struct device d;

	return hide_dev() && open_it(TUNNEL_TTY, "", &d) == -ENOENT &&
	       strstr(hint, "is /dev/pts mounted");
}

static void test_tty(void)
{
	struct device d;
	struct termios mode;
	char data[8] = "";

	ok(open_it(TUNNEL_TTY, "", &d) == 0 && strncmp(d.name, "/dev/pts/", 9) == 0,
	   "tty: a pseudo-terminal (%s)", hint);
	ok(is_ours_alone(d.fd) && (fcntl(d.program_fd, F_GETFD) & FD_CLOEXEC) &&
		   !(fcntl(d.program_fd, F_GETFL) & O_NONBLOCK),
	   "tty: our end non-blocking, the program's not");
	ok(tcgetattr(d.program_fd, &mode) == 0 && !(mode.c_lflag & (ECHO | ICANON | ISIG)) &&
	   !(mode.c_oflag & OPOST), "tty: raw");
	ok(write(d.fd, "a\n\003", 3) == 3 && read(d.program_fd, data, 8) == 3 &&
	   memcmp(data, "a\n\003", 3) == 0, "tty: bytes arrive as they are");
	ok(read(d.fd, data, 8) < 0 && errno == EAGAIN, "tty: nothing is echoed");
	ok(!d.vnet && d.vnet_features == 0, "tty: no virtio-net header");
	device_close(&d);
}

static void test_pipe(void)
{
	struct device d;
	char data[8] = "";
	int program;

	ok(open_it(TUNNEL_PIPE, "", &d) == 0 && strcmp(d.name, "pipe") == 0, "pipe: a pair");
	ok(is_ours_alone(d.fd) && (fcntl(d.program_fd, F_GETFD) & FD_CLOEXEC) &&
		   !(fcntl(d.program_fd, F_GETFL) & O_NONBLOCK),
	   "pipe: our end non-blocking, the program's not");
	ok(write(d.fd, "in", 2) == 2 && read(d.program_fd, data, 8) == 2 &&
	   write(d.program_fd, "out", 3) == 3 && read(d.fd, data, 8) == 3, "pipe: both ways");
	program = take_fd(&d.program_fd);
	device_close(&d);
	ok(read(program, data, 8) == 0, "pipe: closing our end is the end of file");
	close(program);
}

int main(void)
{
	need_own_net();
	test_tun(TUNNEL_TUN, "tun0", "tun1");
	test_tun(TUNNEL_ETHER, "tap0", "tap1");
	test_vnet();
	test_persistent();
	test_mtu();
	test_moved();
	test_names();
	test_busy();
	ok(in_child(refused_without_right), "without the right to make it: EPERM, and a hint");
	ok(in_child(hint_when_missing), "without /dev/net/tun: a hint to modprobe");
	ok(in_child(hint_when_strange), "with a strange /dev/net/tun: the reason");
	ok(in_child(hint_when_no_ptys), "without /dev/pts: a hint");
	test_tty();
	test_pipe();
	return finish();
}
