/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 role | steps (play.h): the worker between three that say what they like: its monitor, its peer in
 * what TLS has decrypted, and its device.  It lives by its states, and says END once if it has not been
 * left alone or lied to by its monitor.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "play.h"
#include "worker/ask.h"
#include "worker/sandbox.h"
#include "worker/loop.h"
#include "worker/tls.h"
#include "worker/wire.h"

enum { MOST = 8192, PLAIN_MOST = 1024 /* no more than the device can take at once */ };

static struct play play_of;
static int monitor, device, udp; /* the world's ends */
static int monitor_of_worker;    /* ... and the worker's of the first */
static unsigned ends;
static bool over; /* nothing more is said */

/* ---- TLS without TLS: what has been decrypted, and nothing of the rest */

struct tls {
	uint8_t plain[PLAIN_MOST];
	size_t size;
	uint64_t in, out;
	bool lifted;
} tls_of;

static unsigned writable_asked;

int tls_new(int role, int fd, const char *sni, struct tls **ret)
{
	(void)role, (void)fd, (void)sni;
	tls_of = (struct tls){};
	writable_asked = 0;
	*ret = &tls_of;
	return 0;
}

void tls_free(struct tls *t)
{
	(void)t;
}

enum tls_io tls_handshake(struct tls *t)
{
	(void)t;
	return TLS_OK;
}

int tls_export_sid(struct tls *t, uint8_t ret[static 32])
{
	(void)t;
	memset(ret, 1, 32);
	return 0;
}

int tls_export_udp(struct tls *t, uint8_t ret[static 32])
{
	(void)t;
	memset(ret, 2, 32);
	return 0;
}

void tls_lift_budget(struct tls *t)
{
	t->lifted = true;
}

enum tls_io tls_read(struct tls *t, uint8_t *data, size_t *ret_size)
{
	if (!t->size)
		return over ? TLS_CLOSED : TLS_WANT_READ;
	memcpy(data, t->plain, t->size);
	*ret_size = t->size;
	t->in += t->size;
	t->size = 0;
	return TLS_OK;
}

enum tls_io tls_write(struct tls *t, const void *data, size_t size, size_t *ret_size)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < size; i++)
		t->out += p[i] | 1; /* so that bytes that are not ours to give are noticed */
	*ret_size = size;
	return TLS_OK;
}

void tls_limit_segments(struct tls *t, size_t most)
{
	(void)t, (void)most;
}

void tls_readable(struct tls *t)
{
	(void)t;
}

/* poll() says the same at some time, or it would wait for ever. */
bool tls_is_writable(const struct tls *t)
{
	(void)t;
	return ++writable_asked % 3 != 0;
}

enum tls_io tls_update_key(struct tls *t)
{
	must(t->lifted);
	return TLS_OK;
}

void tls_close(struct tls *t)
{
	(void)t;
}

const char *tls_error(const struct tls *t)
{
	(void)t;
	return "closed";
}

uint64_t tls_bytes_in(const struct tls *t)
{
	return t->in;
}

uint64_t tls_bytes_out(const struct tls *t)
{
	return t->out;
}

int sandbox_enter(void)
{
	return 0;
}

/* ---- the steps */

/* The most usual of what a monitor says, to be changed by the input. */
static struct ipc_message honest(unsigned op)
{
	struct ipc_message m = { .op = (uint16_t)op };
	struct terms t = {
		.type = TUNNEL_TUN, .proto = PROTO_TCP, .encrypt = 1, .keepalive_s = 30,
		.keepalive_misses = 4, .mtu = 1500, .caps = CAP_STATS, .version = "4",
	};

	if (op == IPC_AUTH_OK)
		m.auth_ok.offer = t;
	if (op == IPC_DEVICE_OK)
		m.device_ok.accept = t;
	if (op == IPC_UP_OK)
		m.up_ok.mtu = 1500;
	return m;
}

/* A message of the monitor, with up to two descriptors. */
static void monitor_says(uint8_t what, const uint8_t *data, size_t size)
{
	int fds[2][2] = { { -1, -1 }, { -1, -1 } }, theirs[2] = { -1, -1 }, i;
	struct ipc_message m = honest(what & 31);
	size_t n = m.op == IPC_DEVICE_OK ? 1 + (what >> 5 & 1) : 0;

	play_overlay(&m, data, size);
	for (i = 0; i < (int)n; i++) {
		must(socketpair(AF_UNIX, (i || size < 2 ? SOCK_DGRAM : SOCK_SEQPACKET) | SOCK_NONBLOCK, 0,
				fds[i]) == 0);
		theirs[i] = fds[i][0];
	}
	if (m.op == IPC_DEVICE_OK)
		m.device_ok.has_udp = n == 2;
	(void)ipc_send(monitor, &m, theirs, n);
	for (i = 0; i < (int)n; i++)
		close(theirs[i]);
	if (n > 0 && device < 0)
		device = fds[0][1], fds[0][1] = -1;
	if (n > 1 && udp < 0)
		udp = fds[1][1], fds[1][1] = -1;
	for (i = 0; i < (int)n; i++)
		if (fds[i][1] >= 0)
			close(fds[i][1]);
}

static void peer_says(const void *data, size_t size)
{
	if (size > sizeof(tls_of.plain) - tls_of.size)
		size = sizeof(tls_of.plain) - tls_of.size;
	memcpy(tls_of.plain + tls_of.size, data, size);
	tls_of.size += size;
}

/* A whole frame, whose type is the step's. */
static void peer_sends(uint8_t type, const uint8_t *data, size_t size)
{
	uint8_t header[WIRE_HEADER];

	wire_put_header(header, type, size);
	peer_says(header, sizeof(header));
	peer_says(data, size);
}

/* what: 0..63 the monitor says; 64..127 the peer's frame of type 0..31 or 0x80..0x9f; 128: raw bytes of
 * the peer; 160: a frame of the device; 192: a datagram; 224...: time passes. */
static void do_step(uint8_t what, const uint8_t *data, size_t size)
{
	if (what < 64)
		monitor_says(what, data, size);
	else if (what < 128)
		peer_sends((uint8_t)((what & 31) | (what & 32) << 2), data, size);
	else if (what < 160)
		peer_says(data, size);
	else if (what < 224)
		(void)!send(what < 192 ? device : udp, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		play_of.now_ms += 1ull << (what & 31) >> 12;
}

static void listen_to_worker(void)
{
	uint8_t bytes[65536];
	struct ipc_message m;
	int fds[IPC_FDS_MAX];

	while (ipc_recv(monitor, &m, fds) == 0) {
		must(fds[0] < 0 && ends == 0);
		must(m.op == IPC_CHANNEL || m.op == IPC_AUTH_INIT || m.op == IPC_AUTH_RESP ||
		     m.op == IPC_AUTH_CONF || m.op == IPC_AUTH_TAG || m.op == IPC_DEVICE || m.op == IPC_UP ||
		     m.op == IPC_STATUS || m.op == IPC_MTU || m.op == IPC_LOG || m.op == IPC_END);
		must(m.op != IPC_DEVICE || terms_check(&m.device.terms) == 0);
		ends += m.op == IPC_END;
	}
	while (device >= 0 && recv(device, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	while (udp >= 0 && recv(udp, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	(void)clock;
	*ret = (struct timespec){
		.tv_sec = (time_t)(play_of.now_ms / 1000),
		.tv_nsec = (long)(play_of.now_ms % 1000) * 1000000,
	};
	return 0;
}

/* Its descriptors, in this order: the monitor, the network, the device, the UDP socket. */
int __wrap_poll(struct pollfd *p, nfds_t n, int timeout_ms)
{
	enum { MONITOR, NETWORK };
	const struct timespec at_once = {};
	int numbers[2] = { p[MONITOR].fd, p[NETWORK].fd };
	const uint8_t *data;
	uint8_t what;
	size_t size;

	must(n == 4);
	listen_to_worker();
	if (timeout_ms == 0) {
		must(++play_of.turns < 1000); /* who waits sleeps */
	} else {
		play_of.turns = 0;
		if (play_step(&play_of, &what, &data, &size))
			do_step(what, data, size);
		else if (over) /* to hear CLOSED was not enough */
			shutdown(monitor, SHUT_WR);
		else
			over = true;
	}
	p[MONITOR].fd = monitor_of_worker;
	p[NETWORK].fd = -1;
	ppoll(p, n, &at_once, NULL);
	p[MONITOR].fd = numbers[MONITOR];
	p[NETWORK].fd = numbers[NETWORK];
	p[NETWORK].revents = numbers[NETWORK] >= 0 && (tls_of.size || over) ? POLLIN : 0;
	return 1;
}

/* ---- */

static void quiet(int priority, const char *line)
{
	(void)priority;
	(void)line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipc_begin begin = { .log_max = 7, .single_uid = 1 };
	int pair[2], r;

	if (size < 1 || size > MOST)
		return 0;
	begin.role = data[0] & 1 ? ROLE_CLIENT : ROLE_SERVER;
	play_of = (struct play){ .data = data + 1, .size = size - 1, .now_ms = 1000000 };
	device = udp = -1;
	over = false;
	ends = 0;
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	monitor = pair[1];
	monitor_of_worker = pair[0];
	ask_init(pair[0]);
	log_set_sink(quiet);
	r = loop_run(&begin, socket(AF_INET, SOCK_STREAM, 0));
	listen_to_worker();
	must(r < 0 || ends == 1);
	close(pair[0]);
	close(monitor);
	if (device >= 0)
		close(device);
	if (udp >= 0)
		close(udp);
	return 0;
}
