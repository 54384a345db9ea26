/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pps sink PORT                              receives from one sender and acknowledges, until killed
 * pps send ADDRESS PORT SIZE SECONDS         says how many packets a second the sink got, and what was lost
 *
 * A sender that fills a tunnel's device without end measures the wrong thing: the packets that the device
 * drops cost the cores that the tunnel needs.  So there is a window: at most WINDOW packets are under way,
 * fewer than a TUN device queues (500), and the sink acknowledges every CREDIT packets.  Many packets pass
 * with each system call, so that the generator costs a fraction of what it measures.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	WINDOW = 384,
	CREDIT = 32,
	BATCH = 64,
	HEADERS = 20 + 8,		/* IPv4 and UDP */
	SIZE_MAX_IP = 1500,
	BUFFER = 4 << 20,
	LOST_MS = 50,			/* nothing for so long: what was under way is lost */
};
static const double WARM_UP = 0.2;	/* seconds that are not counted */

/* The head of each packet, and all of an acknowledgement.  Host byte order: both ends are one machine. */
struct mark {
	uint64_t seq;			/* the highest one seen, in an acknowledgement */
	uint64_t received;		/* only in an acknowledgement */
};

struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	uint8_t data[BATCH][SIZE_MAX_IP];
};

static void die(const char *what)
{
	fprintf(stderr, "pps: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int udp_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = BUFFER;

	if (fd < 0)
		die("socket");
	/* The default holds 200 small packets; without root it has to do. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return fd;
}

static struct sockaddr_in address(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	if (inet_pton(AF_INET, host, &a.sin_addr) != 1) {
		errno = EINVAL;
		die(host);
	}
	return a;
}

static void batch_init(struct batch *b, size_t length)
{
	for (int i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){ b->data[i], length };
		b->msg[i].msg_hdr = (struct msghdr){ .msg_iov = &b->iov[i], .msg_iovlen = 1 };
		/* As traffic that is encrypted already: nothing to gain by compression. */
		for (size_t j = 0; j < length; j++)
			b->data[i][j] = random();
	}
}

/* ---- the receiving end */

static void sink(const char *port)
{
	static struct batch b;
	struct sockaddr_in at = address("0.0.0.0", port), peer;
	struct mark seen = { 0 }, mark;
	uint64_t acknowledged = 0;
	int fd = udp_socket(), n;

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("bind");
	batch_init(&b, SIZE_MAX_IP);
	b.msg[0].msg_hdr.msg_name = &peer;
	for (;;) {
		b.msg[0].msg_hdr.msg_namelen = sizeof(peer);
		n = recvmmsg(fd, b.msg, BATCH, MSG_WAITFORONE, NULL);
		if (n < 0)
			die("recvmmsg");
		for (int i = 0; i < n; i++) {
			memcpy(&mark, b.data[i], sizeof(mark));
			seen.received++;
			if (mark.seq > seen.seq)
				seen.seq = mark.seq;
		}
		if (seen.seq < acknowledged + CREDIT)
			continue;
		acknowledged = seen.seq;
		/* A lost one is as good as a lost packet. */
		(void)!sendto(fd, &seen, sizeof(seen), 0, (struct sockaddr *)&peer, sizeof(peer));
	}
}

/* ---- the sending end */

struct sender {
	int fd;
	uint64_t sent;			/* the sequence numbers of packets begin with 1 */
	uint64_t settled;		/* arrived or lost */
	struct mark seen;		/* the sink's last word */
};

static void send_batch(struct sender *s, struct batch *b)
{
	int n;

	for (int i = 0; i < CREDIT; i++) {
		struct mark mark = { .seq = s->sent + 1 + i };

		memcpy(b->data[i], &mark, sizeof(mark));
	}
	n = sendmmsg(s->fd, b->msg, CREDIT, 0);
	if (n > 0)
		s->sent += n;
	else if (errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
		die("sendmmsg");
}

/* Takes what the sink says; waits for it if the window is full. */
static void take_credit(struct sender *s, bool full)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	struct mark mark;

	if (full && poll(&p, 1, LOST_MS) == 0)
		s->settled = s->sent;
	while (recv(s->fd, &mark, sizeof(mark), MSG_DONTWAIT) == sizeof(mark)) {
		if (mark.seq > s->settled)
			s->settled = mark.seq;
		if (mark.received > s->seen.received)
			s->seen = mark;
	}
}

static void send_to(const char *host, const char *port, size_t length, double seconds)
{
	static struct batch b;
	struct sockaddr_in to = address(host, port);
	struct sender s = { .fd = udp_socket() };
	struct mark first = { 0 };
	double t = now(), end = t + WARM_UP + seconds, begin = t + WARM_UP, counted = 0;

	if (connect(s.fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die(host);
	batch_init(&b, length);
	while ((t = now()) < end) {
		bool full = s.sent - s.settled > WINDOW - CREDIT;

		if (!full)
			send_batch(&s, &b);
		take_credit(&s, full);
		if (!counted && t >= begin) {
			first = s.seen;
			counted = t;
		}
	}
	if (!s.seen.received) {
		errno = ETIMEDOUT;
		die("nothing came back");
	}
	printf("%.0f %.2f\n", (s.seen.received - first.received) / (t - counted),
	       100.0 * (s.seen.seq - s.seen.received) / s.seen.seq);
}

int main(int argc, char **argv)
{
	long size = argc == 6 ? atol(argv[4]) : 0;

	if (argc == 3 && !strcmp(argv[1], "sink")) {
		sink(argv[2]);
	} else if (argc == 6 && !strcmp(argv[1], "send") && size <= SIZE_MAX_IP &&
		   size >= HEADERS + (long)sizeof(struct mark)) {
		send_to(argv[2], argv[3], size - HEADERS, atof(argv[5]));
		return 0;
	}
	fprintf(stderr, "usage: pps sink PORT | pps send ADDRESS PORT SIZE SECONDS\n");
	return 64;
}
