/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the peer sends in many small frames reaches the device in few writes: all of it, in order, and
 * nothing that must not be written.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames.h"
#include "tap.h"
#include "worker/checksum.h"
#include "worker/inlet.h"

enum { ALL = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6, FRAMES = 200 };

static struct inlet inlet;
static struct tally tally;
static struct device_io device = { .type = TUNNEL_TUN, .vnet = true, .carry_vnet = true, .features = ALL };
static int peer; /* the other end of the device */
static uint8_t frames[FRAMES][VNET_HDR_SIZE + 2000], got[FRAME_ROOM];

static void begin(bool vnet, bool carry)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds) < 0)
		abort();
	close(device.fd);
	close(peer);
	device.fd = fds[0];
	peer = fds[1];
	device.vnet = vnet;
	device.carry_vnet = carry;
	tally = (struct tally){};
	inlet_init(&inlet, &device, &tally);
}

/* The next write, its virtio-net header first; 0: there was none. */
static size_t written(void)
{
	ssize_t n = recv(peer, got, sizeof(got), 0);

	return n < 0 ? 0 : (size_t)n;
}

static struct shape datagrams(void)
{
	return (struct shape){ .type = TUNNEL_TUN, .family = 4, .proto = IPPROTO_UDP, .frag = IP4_DF,
			       .ttl = 64, .port = 7, .payload = FRAMES * 36, .gso_size = 36 };
}

/* Datagram i as a kernel hands it over that leaves the checksum to others: its size. */
static size_t unfinished(const struct shape *s, uint32_t i)
{
	uint8_t *frame = frames[i] + VNET_HDR_SIZE, *udp = frame + shape_l4(s);
	size_t size = write_segment(s, i, frame);
	struct vnet_hdr h = { .flags = VNET_NEEDS_CSUM, .csum_start = (uint16_t)shape_l4(s),
			      .csum_offset = UDP_CHECK };
	uint64_t sum = (uint64_t)htons(IPPROTO_UDP) + htons((uint16_t)(size - shape_l4(s)));

	checksum_put(udp + UDP_CHECK, checksum_fold(checksum_add(sum, frame + IP4_ADDR, 8)));
	vnet_put(&h, frames[i]);
	return VNET_HDR_SIZE + size;
}

static void test_merged(void)
{
	struct shape s = datagrams();
	struct vnet_hdr h;
	uint32_t i, taken = 0, writes = 0, whole = 0;
	size_t size;

	begin(true, true);
	for (i = 0; i < FRAMES; i++)
		taken += inlet_frame(&inlet, frames[i], unfinished(&s, i));
	inlet_flush(&inlet);
	while ((size = written())) {
		vnet_get(got, &h);
		writes++;
		if (h.gso_type == VNET_GSO_UDP && h.gso_size == 36)
			whole += (size - VNET_HDR_SIZE - 28) / 36;
		else
			whole += size == VNET_HDR_SIZE + 28 + 36;
	}
	ok(taken == FRAMES && whole == FRAMES, "all small datagrams reach the device");
	ok(writes <= 5, "in writes of up to 64 (%u)", writes);
	ok(tally.rx_frames == FRAMES && tally.rx_bytes == FRAMES * 64 && tally.rx_drops == 0,
	   "and are counted one by one");
}

static void test_checksum(void)
{
	struct shape s = datagrams();
	uint8_t wanted[200];
	size_t size, bare;

	begin(true, true);
	size = unfinished(&s, 3);
	inlet_frame(&inlet, frames[3], size);
	inlet_flush(&inlet);
	bare = write_segment(&s, 3, wanted);
	ok(written() == size && bare == size - VNET_HDR_SIZE && !memcmp(got + VNET_HDR_SIZE, wanted, bare),
	   "a checksum that was left to us is completed");
}

static void test_refused(void)
{
	struct shape s = datagrams();
	struct vnet_hdr h = { .flags = VNET_NEEDS_CSUM, .csum_start = 60000 };
	size_t size;

	begin(true, true);
	unfinished(&s, 0);
	vnet_put(&h, frames[0]);
	ok(!inlet_frame(&inlet, frames[0], VNET_HDR_SIZE + 64), "a checksum outside of the frame is not touched");
	ok(!inlet_frame(&inlet, frames[0], VNET_HDR_SIZE) && !inlet_frame(&inlet, frames[0], 3),
	   "nor is a frame without a packet");
	s.payload = 3000;
	s.gso_size = 1000;
	size = write_superframe(&s, &h, got);
	vnet_put(&h, frames[0]);
	ok(!inlet_frame(&inlet, frames[0], VNET_HDR_SIZE + (size < 1500 ? size : 1500)),
	   "a superframe goes by itself");
	inlet_flush(&inlet);
	ok(!written() && tally.rx_frames == 0, "and none of them was written");
}

static void test_bare(void)
{
	struct shape s = datagrams();
	size_t size = write_segment(&s, 0, frames[0]), second = write_segment(&s, 1, frames[1]);

	begin(true, false);
	ok(inlet_frame(&inlet, frames[0], size) && inlet_frame(&inlet, frames[1], second),
	   "frames of a peer without virtio-net headers are taken");
	inlet_packet(&inlet, frames[2], 19);
	inlet_flush(&inlet);
	ok(written() == VNET_HDR_SIZE + size + 36 && !written(), "and merged");
	ok(tally.rx_drops == 1, "what is not a packet is dropped and counted");
	begin(false, false);
	ok(!inlet_frame(&inlet, frames[0], size), "a device without superframes is written to directly");
	close(peer);
	peer = -1;
	begin(true, true);
	inlet_frame(&inlet, frames[0], unfinished(&s, 0));
	close(peer);
	peer = -1;
	inlet_flush(&inlet);
	ok(tally.rx_drops == 1, "what the device refuses is counted as well");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	device.fd = peer = -1;
	test_merged();
	test_checksum();
	test_refused();
	test_bare();
	return finish();
}
