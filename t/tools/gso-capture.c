/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Records what the kernel takes for superframes, and what it makes of them: the vectors of
 * t/data/gso.  Not installed, not part of any test; run it by hand, as root, when a kernel brings
 * something new:
 *
 *	gcc -D_GNU_SOURCE -o gso-capture t/tools/gso-capture.c && ./gso-capture t/data/gso
 *
 *   namespace A                             namespace B       namespace C
 *   TCP and UDP sockets == tunnel device == (this program) == tunnel device == sockets
 *                          offloads on        records         offloads on
 *
 * Each recorded superframe, and some that are derived from them by hand, goes through a packet
 * socket (PACKET_VNET_HDR) into a third device that has no offloads at all, so that the kernel has
 * to cut it and to complete its checksums; what it cuts is read from that device's descriptor.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HDR = sizeof(struct virtio_net_hdr), MOST = 70000, MSS = 300 };

struct side {
	int tun, ns;
} a, b, plain;

static struct record {
	uint8_t bytes[MOST]; /* virtio-net header, frame */
	size_t size;
} record;

static const char *directory;
static int tap; /* devices are Ethernet now */

/* ---- devices and namespaces */

static void run(const char *format, ...)
{
	char command[500];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	if (system(command) != 0)
		errx(1, "failed: %s", command);
}

static void enter(const struct side *s)
{
	if (setns(s->ns, CLONE_NEWNET) < 0)
		err(1, "setns");
}

static void make_side(struct side *s, const char *name, int offloads)
{
	struct ifreq ifr = { .ifr_flags = (short)((tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI) };
	unsigned features = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | 0x60 /* USO */;

	if (unshare(CLONE_NEWNET) < 0)
		err(1, "unshare: root is needed");
	s->ns = open("/proc/self/ns/net", O_RDONLY);
	s->tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (offloads)
		ifr.ifr_flags |= IFF_VNET_HDR;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (s->ns < 0 || s->tun < 0 || ioctl(s->tun, TUNSETIFF, &ifr) < 0)
		err(1, "no device %s", name);
	if (ioctl(s->tun, TUNSETOFFLOAD, offloads ? features : 0) < 0)
		err(1, "TUNSETOFFLOAD: the kernel must know USO (6.2)");
}

static void make_devices(void)
{
	make_side(&a, "gsoa", 1);
	run("ip addr add 10.9.0.1/24 dev gsoa && ip addr add fd09::1/64 dev gsoa nodad && "
	    "ip link set gsoa up mtu 1420");
	make_side(&b, "gsob", 1);
	run("ip addr add 10.9.0.2/24 dev gsob && ip addr add fd09::2/64 dev gsob nodad && "
	    "ip link set gsob up mtu 1420");
	make_side(&plain, "gsoc", 0);
	run("sysctl -q net.ipv6.conf.gsoc.disable_ipv6=1; ip link set gsoc up mtu 1420");
}

static void close_side(struct side *s)
{
	close(s->tun);
	close(s->ns);
}

/* ---- recording */

/* Carries frames between A and B until both are silent; keeps A's last superframe, or its last
 * frame with a partial checksum when no superframe is wanted. */
static void carry(int want_plain)
{
	struct pollfd pfd[2] = {
		{ .fd = a.tun, .events = POLLIN },
		{ .fd = b.tun, .events = POLLIN },
	};
	static uint8_t buf[MOST];
	ssize_t n;

	while (poll(pfd, 2, 150) > 0) {
		while ((n = read(a.tun, buf, sizeof(buf))) > 0) {
			const struct virtio_net_hdr *h = (const void *)buf;

			if (want_plain ? h->gso_type == 0 && (h->flags & 1) : h->gso_type != 0) {
				memcpy(record.bytes, buf, (size_t)n);
				record.size = (size_t)n;
			}
			(void)!write(b.tun, buf, (size_t)n);
		}
		while ((n = read(b.tun, buf, sizeof(buf))) > 0)
			(void)!write(a.tun, buf, (size_t)n);
	}
}

static socklen_t address(int family, int host, int port, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *six = (void *)ss;
	struct sockaddr_in *four = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		four->sin_port = htons((uint16_t)port);
		four->sin_addr.s_addr = htonl(0x0a090000u + (unsigned)host);
		return sizeof(*four);
	}
	six->sin6_port = htons((uint16_t)port);
	inet_pton(AF_INET6, host == 1 ? "fd09::1" : "fd09::2", &six->sin6_addr);
	return sizeof(*six);
}

static int make_socket(const struct side *s, int family, int type, int host, int port)
{
	struct sockaddr_storage ss;
	socklen_t size = address(family, host, port, &ss);
	int fd, on = 1;

	enter(s);
	fd = socket(family, type | SOCK_NONBLOCK, 0);
	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (void *)&ss, size) < 0)
		err(1, "bind");
	return fd;
}

static void fill(uint8_t *p, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		p[i] = (uint8_t)(i * 7 + i / 251);
}

/* `size` bytes in one superframe. */
static void record_tcp(int family, size_t size)
{
	struct sockaddr_storage ss;
	int listener = make_socket(&b, family, SOCK_STREAM, 2, 7000);
	int client = make_socket(&a, family, SOCK_STREAM, 1, 0), mss = MSS;
	socklen_t ss_size = address(family, 2, 7000, &ss);
	uint8_t data[10 * MSS];

	fill(data, sizeof(data));
	setsockopt(client, IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof(mss));
	listen(listener, 1);
	(void)!connect(client, (void *)&ss, ss_size);
	carry(0);
	if (write(client, data, size) != (ssize_t)size)
		err(1, "no TCP connection between the devices");
	record.size = 0;
	carry(0);
	close(client);
	close(listener);
	carry(0);
}

static void record_udp(int family, size_t size, int segment)
{
	struct sockaddr_storage ss;
	int fd = make_socket(&a, family, SOCK_DGRAM, 1, 7001);
	socklen_t ss_size = address(family, 2, 7001, &ss);
	uint8_t data[10 * MSS];

	fill(data, sizeof(data));
	if (segment)
		setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	record.size = 0;
	if (sendto(fd, data, size, 0, (void *)&ss, ss_size) != (ssize_t)size)
		err(1, "sendto");
	carry(!segment);
	close(fd);
}

/* ---- the kernel's own segmentation */

static void print_hex(FILE *f, const char *word, const uint8_t *p, size_t size)
{
	fprintf(f, "%s ", word);
	while (size--)
		fprintf(f, "%02x", *p++);
	fprintf(f, "\n");
}

/* Cuts the record and writes both into a file. */
static void store(const char *name, const char *explanation)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET };
	struct pollfd pfd = { .fd = plain.tun, .events = POLLIN };
	uint8_t buf[2000];
	char path[500];
	int fd, on = 1, packets = 0;
	ssize_t n;
	FILE *f;

	if (record.size == 0)
		errx(1, "%s: nothing was recorded", name);
	enter(&plain);
	while (read(plain.tun, buf, sizeof(buf)) > 0)
		;
	fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	ll.sll_ifindex = (int)if_nametoindex("gsoc");
	ll.sll_protocol = htons(ETH_P_ALL);
	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (void *)&ll, sizeof(ll)) < 0)
		err(1, "packet socket");
	if (write(fd, record.bytes, record.size) != (ssize_t)record.size)
		err(1, "%s: refused by the kernel", name);

	snprintf(path, sizeof(path), "%s/%s.txt", directory, name);
	f = fopen(path, "w");
	if (!f)
		err(1, "%s", path);
	fprintf(f, "# %s\ntype %s\n", explanation, tap ? "ether" : "tun");
	print_hex(f, "superframe", record.bytes, record.size);
	while (poll(&pfd, 1, 200) > 0 && (n = read(plain.tun, buf, sizeof(buf))) > 0) {
		print_hex(f, "packet", buf, (size_t)n);
		packets++;
	}
	if (packets == 0 || fclose(f) != 0)
		errx(1, "%s: nothing came out", name);
	printf("%s: %zu bytes, %d packets\n", name, record.size - HDR, packets);
	close(fd);
}

/* A file of packets alone, as the kernel gives them to the device: a datagram that is larger
 * than the MTU. */
static void store_fragments(int family, const char *name, const char *explanation)
{
	struct pollfd pfd = { .fd = a.tun, .events = POLLIN };
	struct sockaddr_storage ss;
	int fd = make_socket(&a, family, SOCK_DGRAM, 1, 7001), packets = 0;
	socklen_t ss_size = address(family, 2, 7001, &ss);
	uint8_t data[3000], buf[MOST];
	char path[500];
	ssize_t n;
	FILE *f;

	fill(data, sizeof(data));
	if (sendto(fd, data, sizeof(data), 0, (void *)&ss, ss_size) != sizeof(data))
		err(1, "sendto");
	snprintf(path, sizeof(path), "%s/%s.txt", directory, name);
	f = fopen(path, "w");
	if (!f)
		err(1, "%s", path);
	fprintf(f, "# %s\ntype %s\n", explanation, tap ? "ether" : "tun");
	while (poll(&pfd, 1, 200) > 0 && (n = read(a.tun, buf, sizeof(buf))) > HDR) {
		print_hex(f, "packet", buf + HDR, (size_t)n - HDR);
		packets++;
	}
	if (packets != 3 || fclose(f) != 0)
		errx(1, "%s: %d fragments", name, packets);
	printf("%s: %d fragments\n", name, packets);
	close(fd);
}

/* ---- variations */

static uint8_t *frame(void)
{
	return record.bytes + HDR;
}

static struct virtio_net_hdr *header(void)
{
	return (void *)record.bytes;
}

/* Bytes put into the frame, with the offsets behind them moved. */
static void insert(size_t at, const void *bytes, size_t size)
{
	memmove(frame() + at + size, frame() + at, record.size - HDR - at);
	memcpy(frame() + at, bytes, size);
	record.size += size;
	header()->hdr_len = (uint16_t)(header()->hdr_len + size);
	header()->csum_start = (uint16_t)(header()->csum_start + size);
}

static void add_to_be16(uint8_t *p, unsigned n)
{
	unsigned v = (unsigned)(p[0] << 8 | p[1]) + n;

	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void tun_vectors(void)
{
	uint8_t *ip = frame();

	record_tcp(AF_INET, 3 * MSS + 101);
	store("tcp4", "TCP over IPv4, with timestamps, an odd last segment with PSH");
	ip[20 + 13] |= 0x80;
	header()->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	store("tcp4-cwr", "derived: CWR is in the first segment only");
	memset(ip + 4, 0xff, 2);
	memset(ip + 20 + 4, 0xff, 4);
	store("tcp4-wrap", "derived: identification and sequence number run over");
	ip[0] = 0x47;
	insert(20, "\x01\x01\x01\x01\x01\x01\x01\x00", 8);
	add_to_be16(ip + 2, 8);
	store("tcp4-options", "derived: IPv4 options (no-operation)");

	record_tcp(AF_INET, 2 * MSS);
	ip[20 + 13] |= 0x01;
	store("tcp4-fin", "derived: FIN and PSH are in the last of two segments only");
	record_tcp(AF_INET6, 3 * MSS + 64);
	store("tcp6", "TCP over IPv6");
	insert(40, "\x06\x00\x01\x04\x00\x00\x00\x00", 8);
	add_to_be16(ip + 4, 8);
	ip[6] = 60;
	store("tcp6-extension", "derived: a destination options header before TCP");

	record_tcp(AF_INET, 3 * MSS + 5);
	ip[1] |= 2;
	store("tcp4-ect", "derived: ECN-capable, ECT(0), RFC 3168");
	record_tcp(AF_INET6, 3 * MSS + 5);
	ip[1] |= 3 << 4;
	store("tcp6-ce", "derived: marked by a congested router, CE, RFC 3168");

	record_udp(AF_INET, 1001, 250);
	store("udp4", "UDP over IPv4 (UDP_SEGMENT), the last datagram has 1 byte");
	record_udp(AF_INET6, 1000, 250);
	store("udp6", "UDP over IPv6 (UDP_SEGMENT), all datagrams are equal");
	record_udp(AF_INET6, 99, 0);
	store("udp6-plain", "a plain datagram with a partial checksum");
	record_udp(AF_INET, 99, 0);
	store("udp4-plain", "a plain datagram with a partial checksum");
	store_fragments(AF_INET, "udp4-fragments", "a datagram of 3,000 bytes over IPv4");
	store_fragments(AF_INET6, "udp6-fragments", "a datagram of 3,000 bytes over IPv6");
}

static void ether_vectors(void)
{
	record_tcp(AF_INET, 3 * MSS + 1);
	store("ether-tcp4", "TCP over IPv4 over Ethernet, the last segment has 1 byte");
	insert(12, "\x81\x00\x00\x64", 4);
	store("ether-vlan-tcp4", "derived: a VLAN tag (IEEE 802.1Q)");
	insert(12, "\x88\xa8\x00\x07", 4);
	store("ether-qinq-tcp4", "derived: two VLAN tags (IEEE 802.1ad)");
	record_udp(AF_INET6, 700, 300);
	store("ether-udp6", "UDP over IPv6 over Ethernet (UDP_SEGMENT)");
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(1, "usage: gso-capture DIRECTORY");
	directory = argv[1];
	for (tap = 0; tap < 2; tap++) {
		make_devices();
		if (tap)
			ether_vectors();
		else
			tun_vectors();
		close_side(&a);
		close_side(&b);
		close_side(&plain);
	}
	return 0;
}
