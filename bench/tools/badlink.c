/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * badlink NETNS DEVICE NETNS DEVICE LOST DOUBLED SWAPPED
 *
 * Two TAP devices in two network namespaces, and a bad piece of cable between them: of 10,000 datagrams so
 * many are lost, arrive twice, or behind the one that was sent after them.  TCP gets a tenth of that, as much
 * as its senders bear without crawling; ARP and the rest gets nothing.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	FRAME_MAX = 2048,
	HOLD_MS = 10,			/* a frame that nothing follows is late, not lost */
	BATCH = 64,			/* frames in one direction before it is the other's turn */
	PROTOCOL = ETH_HLEN + 9,	/* in a frame with an IPv4 packet */
};

struct frame {
	size_t size;
	uint8_t data[FRAME_MAX];
};

struct side {
	int fd;
	struct frame held;		/* of what came from here; size 0: nothing */
};

static unsigned lost, doubled, swapped;	/* of 10,000 */

static int open_tap(const char *netns, const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int ns = open(netns, O_RDONLY | O_CLOEXEC);
	int fd;

	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		err(1, "%s", netns);
	close(ns);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		err(1, "/dev/net/tun");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		err(1, "%s", name);
	return fd;
}

static unsigned rate(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n > 10000)
		errx(64, "%s is no number from 0 to 10000", text);
	return (unsigned)n;
}

static bool happens(unsigned of_10000, unsigned less)
{
	return (unsigned)(random() % 10000) < of_10000 / less;
}

/* A device that is down, or full, loses it: so does a cable. */
static void deliver(struct side *to, const struct frame *f)
{
	if (write(to->fd, f->data, f->size) < 0 && errno != EAGAIN && errno != EIO && errno != ENOBUFS)
		err(1, "write");
}

static void release(struct side *from, struct side *to)
{
	if (from->held.size)
		deliver(to, &from->held);
	from->held.size = 0;
}

static void pass(struct side *from, struct side *to, const struct frame *f)
{
	bool ipv4 = f->size > PROTOCOL && f->data[12] == 8 && f->data[13] == 0;
	bool udp = ipv4 && f->data[PROTOCOL] == IPPROTO_UDP;
	unsigned less = udp ? 1 : 10;

	if (!udp && !(ipv4 && f->data[PROTOCOL] == IPPROTO_TCP)) {
		deliver(to, f);
		return;
	}
	if (happens(lost, less))
		return;
	if (!from->held.size && happens(swapped, less)) {
		from->held = *f;
		return;
	}
	deliver(to, f);
	if (happens(doubled, less))
		deliver(to, f);
	release(from, to);
}

static void forward(struct side *from, struct side *to)
{
	struct frame f;
	ssize_t n;
	int i;

	for (i = 0; i < BATCH; i++) {
		n = read(from->fd, f.data, sizeof(f.data));
		if (n < 0 && (errno == EAGAIN || errno == EIO))
			return;
		if (n < 0)
			err(1, "read");
		f.size = (size_t)n;
		pass(from, to, &f);
	}
}

int main(int argc, char **argv)
{
	static struct side side[2];
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
	bool holds;
	int i, n;

	if (argc != 8)
		errx(64, "usage: badlink NETNS DEVICE NETNS DEVICE LOST DOUBLED SWAPPED");
	lost = rate(argv[5]);
	doubled = rate(argv[6]);
	swapped = rate(argv[7]);
	for (i = 0; i < 2; i++)
		side[i].fd = p[i].fd = open_tap(argv[1 + 2 * i], argv[2 + 2 * i]);
	puts("ready");
	fflush(stdout);
	for (;;) {
		holds = side[0].held.size || side[1].held.size;
		n = poll(p, 2, holds ? HOLD_MS : -1);
		if (n < 0 && errno != EINTR)
			err(1, "poll");
		for (i = 0; i < 2; i++) {
			if (n > 0 && p[i].revents)
				forward(&side[i], &side[!i]);
			else if (n == 0)
				release(&side[i], &side[!i]);
		}
	}
}
