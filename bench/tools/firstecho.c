/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firstecho ADDRESS SECONDS: says when the first ICMP echo reply came from that address, as nanoseconds of
 * the real-time clock (as date +%s%N).  Asks every millisecond, and does not mind that there is neither
 * route nor device at first.  Exit status 1 if nothing came within that time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void echo_request(int fd, const struct sockaddr_in *to, uint16_t id, uint16_t seq)
{
	struct icmphdr icmp = { .type = ICMP_ECHO, .un.echo = { .id = id, .sequence = seq } };
	uint32_t sum = (ICMP_ECHO << 8) + ntohs(id) + ntohs(seq);

	/* RFC 1071, over the only fields that are not zero. */
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	icmp.checksum = htons(~sum);
	(void)!sendto(fd, &icmp, sizeof(icmp), MSG_DONTWAIT, (const struct sockaddr *)to, sizeof(*to));
}

static bool is_reply(int fd, const struct sockaddr_in *from, uint16_t id)
{
	uint8_t packet[1500];
	struct iphdr ip;
	struct icmphdr icmp;
	ssize_t n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);

	if (n < (ssize_t)(sizeof(ip) + sizeof(icmp)))
		return false;
	memcpy(&ip, packet, sizeof(ip));
	memcpy(&icmp, packet + sizeof(ip), sizeof(icmp));	/* the kernel sends no IP options */
	return ip.saddr == from->sin_addr.s_addr && icmp.type == ICMP_ECHOREPLY && icmp.un.echo.id == id;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	uint16_t id = htons(getpid() & 0xffff), seq = 0;
	int64_t end;
	int fd;

	if (argc != 3 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: firstecho ADDRESS SECONDS\n");
		return 64;
	}
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (fd < 0) {
		perror("firstecho: socket");
		return 1;
	}
	end = now() + (int64_t)(atof(argv[2]) * 1e9);
	while (now() < end) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		echo_request(fd, &to, id, htons(seq++));
		if (poll(&p, 1, 1) == 1 && is_reply(fd, &to, id)) {
			printf("%lld\n", (long long)now());
			return 0;
		}
	}
	return 1;
}
