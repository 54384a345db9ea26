/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two workers and their scripted monitors: real TLS between them, a datagram socket in place of
 * the TUN device.  What a monitor and a device see of a session, and what happens to those who
 * deviate.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/cleanup.h"
#include "common/ipc.h"
#include "common/fdutil.h"
#include "tap.h"
#include "worker/vnet.h"

struct end {
	int ipc;    /* the monitor's end */
	int device; /* the test's end of the fake device */
	int udp;    /* the UDP socket to hand over, or -1 */
	int vnet;   /* its device puts a virtio-net header before each frame */
	pid_t pid;
	struct ipc_message last;
	int fds[IPC_FDS_MAX];
};

static struct end server, client;

/* What AUTH_OK brings, to make keys for UDP of. */
static const uint8_t auth_secret[AUTH_SECRET_SIZE] = "that which keys the UDP packets";

/* A TCP connection over loopback in this process. */
static void tcp_pair(int pair[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(sin);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&sin, size) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&sin, &size) < 0)
		abort();
	pair[1] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(pair[1], (struct sockaddr *)&sin, size) < 0)
		abort();
	pair[0] = accept(listener, NULL, NULL);
	close(listener);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = {};

	if (syscall(SYS_capset, &header, none) < 0)
		abort();
}

static void start(struct end *e, int role, int net)
{
	char *path = getenv("WORKER") ? getenv("WORKER") : (char *)"./vtun-worker";
	struct ipc_message begin = { .op = IPC_BEGIN };
	int pair[2];

	begin.begin.role = (uint8_t)role;
	begin.begin.log_max = getenv("DEBUG") ? LOG_DEBUG : LOG_INFO;
	begin.begin.single_uid = 1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		abort();
	*e = (struct end){ .ipc = pair[0], .device = -1, .udp = -1 };
	ipc_send(pair[0], &begin, NULL, 0);
	e->pid = fork();
	if (e->pid == 0) {
		fd_move(fcntl(net, F_DUPFD, 10), WORKER_FD_NET);
		fd_move(fcntl(pair[1], F_DUPFD, 10), WORKER_FD_MONITOR);
		close_range(5, ~0u, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		drop_capabilities();
		execl(path, "vtun-worker", NULL);
		_exit(127);
	}
	close(pair[1]);
	close(net);
}

/* The next message that is no log line; whether it is `op`. */
static int expect(struct end *e, unsigned op)
{
	struct pollfd p = { .fd = e->ipc, .events = POLLIN };
	int r;

	do {
		if (poll(&p, 1, 10000) != 1)
			return 0;
		r = ipc_recv(e->ipc, &e->last, e->fds);
		if (r == 0 && e->last.op == IPC_END)
			printf("# %s ends: by %d, %s, \"%s\"\n", e == &server ? "server" : "client",
			       e->last.end.by, reason_name(e->last.end.reason), e->last.end.text);
		if (r == 0 && e->last.op == IPC_LOG)
			printf("# %s: %s\n", e == &server ? "server" : "client", e->last.log.text);
	} while (r == 0 && e->last.op == IPC_LOG);
	if (r < 0 || e->last.op != op)
		printf("# wanted %s, got %s (%d)\n", ipc_op_name(op),
		       r < 0 ? "nothing" : ipc_op_name(e->last.op), r);
	return r == 0 && e->last.op == op;
}

static void answer(struct end *e, struct ipc_message m)
{
	ipc_send(e->ipc, &m, NULL, 0);
}

static struct terms offer(int type, int comp)
{
	return (struct terms){
		.type = (uint8_t)type,
		.proto = PROTO_TCP,
		.comp_alg = (uint8_t)comp,
		.comp_level = comp ? 9 : 0,
		.comp_mode = comp && type == TUNNEL_PIPE ? COMP_STREAM : COMP_PER_FRAME,
		.encrypt = 1,
		.keepalive_s = 1,
		.keepalive_misses = 3,
		.mtu = 1450,
		.session_id = { 1 },
	};
}

/* A datagram socket is as good as a TUN device for who only reads and writes frames. */
static void hand_device(struct end *e, const struct terms *t)
{
	struct ipc_message m = { .op = IPC_DEVICE_OK, .device_ok.accept = *t };
	int pair[2], is_stream = t->type == TUNNEL_PIPE;

	if (socketpair(AF_UNIX, (is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	snprintf(m.device_ok.name, sizeof(m.device_ok.name), "tun0");
	m.device_ok.has_udp = e->udp >= 0;
	m.device_ok.vnet = (uint8_t)e->vnet;
	m.device_ok.vnet_features = t->vnet_features;
	ipc_send(e->ipc, &m, (int[]){ pair[0], e->udp }, e->udp >= 0 ? 2 : 1);
	if (e->udp >= 0)
		close(e->udp);
	close(pair[0]);
	e->device = pair[1];
}

/* A UDP socket on loopback, and its port. */
static int udp_socket(uint16_t *ret_port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(sin);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), on = 1;

	setsockopt(fd, IPPROTO_UDP, 104 /* UDP_GRO */, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sin, size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sin, &size) < 0)
		abort();
	*ret_port = ntohs(sin.sin_port);
	return fd;
}

static int log_in(void)
{
	struct ipc_message m = { .op = IPC_AUTH_INIT, .auth_init.message = { 1, 2, 3 } };
	int same;

	if (!expect(&client, IPC_CHANNEL))
		return 0;
	m = client.last;
	if (!expect(&server, IPC_CHANNEL))
		return 0;
	same = memcmp(m.channel.sid, server.last.channel.sid, AUTH_SID_SIZE) == 0;
	ok(same, "both ends of one TLS session have one channel binding");
	answer(&client, (struct ipc_message){ .op = IPC_AUTH_INIT, .auth_init.message = { 1, 2, 3 } });
	if (!expect(&server, IPC_AUTH_INIT) || server.last.auth_init.message[2] != 3)
		return 0;
	answer(&server, (struct ipc_message){ .op = IPC_AUTH_RESP, .auth_resp.message = { 4, 5 } });
	if (!expect(&client, IPC_AUTH_RESP) || client.last.auth_resp.message[1] != 5)
		return 0;
	answer(&client, (struct ipc_message){ .op = IPC_AUTH_CONF, .auth_tag.tag = { 6 } });
	return expect(&server, IPC_AUTH_CONF) && server.last.auth_tag.tag[0] == 6;
}

static int negotiate(const struct terms *t)
{
	struct ipc_message m = { .op = IPC_AUTH_OK, .auth_ok = { .tag = { 7 }, .offer = *t } };
	struct terms accepted;

	memcpy(m.auth_ok.secret, auth_secret, sizeof(auth_secret));
	answer(&server, m);
	if (!expect(&client, IPC_AUTH_TAG) || client.last.auth_tag.tag[0] != 7)
		return 0;
	answer(&client, m);
	if (!expect(&client, IPC_DEVICE))
		return 0;
	ok(client.last.device.terms.comp_alg == t->comp_alg && 
	   (t->type != TUNNEL_TUN || client.last.device.terms.mtu == t->mtu),
	   "the client's monitor sees the offer as the server made it");
	accepted = client.last.device.terms;
	if (t->udp_port) {
		uint16_t port;

		accepted.spi = 0x22222222;
		memset(accepted.suites + 1, 0, sizeof(accepted.suites) - 1);
		client.udp = udp_socket(&port);
	}
	hand_device(&client, &accepted);
	if (!expect(&server, IPC_DEVICE))
		return 0;
	hand_device(&server, &server.last.device.terms);
	if (!expect(&server, IPC_UP))
		return 0;
	answer(&server, (struct ipc_message){ .op = IPC_UP_OK, .up_ok.mtu = t->mtu });
	return expect(&server, IPC_STATUS) && expect(&client, IPC_UP);
}

static void begin(void)
{
	int net[2];

	tcp_pair(net);
	start(&server, ROLE_SERVER, net[0]);
	start(&client, ROLE_CLIENT, net[1]);
}

static int status_of(struct end *e)
{
	int status = -1;

	if (waitpid(e->pid, &status, 0) != e->pid)
		return -1;
	if (WIFSIGNALED(status))
		printf("# %s: killed by signal %d\n", e == &server ? "server" : "client", WTERMSIG(status));
	close(e->ipc);
	if (e->device >= 0)
		close(e->device);
	return status;
}

static ssize_t take(struct end *e, void *data, size_t size)
{
	struct pollfd p = { .fd = e->device, .events = POLLIN };

	return poll(&p, 1, 5000) == 1 ? read(e->device, data, size) : -1;
}

static void packet(uint8_t *p, size_t size, uint8_t fill)
{
	memset(p, fill, size);
	p[0] = 0x45;
	p[2] = (uint8_t)(size >> 8);
	p[3] = (uint8_t)size;
}

/* Whether these bytes are anywhere in the writable memory of that process; -1: nobody may look. */
static int remembers(pid_t pid, const void *bytes, size_t size)
{
	char path[32], line[256], mode[5];
	unsigned long from, to;
	int mem, found = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "r");
	if (mem < 0 || !maps)
		return -1;
	while (fgets(line, sizeof(line), maps)) {
		char *copy;
		ssize_t n;

		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || mode[1] != 'w' ||
		    to - from > 64ul << 20)
			continue;
		copy = malloc(to - from);
		n = pread(mem, copy, to - from, (off_t)from);
		found += n > 0 && memmem(copy, (size_t)n, bytes, size) != NULL;
		free(copy);
	}
	fclose(maps);
	close(mem);
	return found;
}

/* Who takes a worker over later must not be able to read what was recorded before the last rekeying. */
static void forgets_its_secret(struct end *e, const char *name)
{
	int found = remembers(e->pid, auth_secret, sizeof(auth_secret));

	if (found < 0)
		printf("ok %d - # SKIP only root may look into a %s's memory\n", ++tap_count, name);
	else
		ok(found == 0, "the %s keeps nothing of what its first keys were made of", name);
}

/* ---- stories */

static void a_session(int comp)
{
	struct terms t = offer(TUNNEL_TUN, comp);
	uint8_t sent[1400], got[2000];
	int i, same = 1;

	begin();
	if (!ok(log_in() && negotiate(&t), "TLS, login and negotiation go through (compression %d)", comp))
		exit(1);
	packet(sent, 100, 'e');
	ok(write(server.device, sent, 100) == 100, "the server sends before the client's `up` is done");
	usleep(50000);
	ok(read(client.device, got, sizeof(got)) < 0 && errno == EAGAIN,
	   "and nothing reaches the client's device until it is");
	answer(&client, (struct ipc_message){ .op = IPC_UP_OK, .up_ok.mtu = 1450 });
	ok(expect(&client, IPC_STATUS) && client.last.status.running, "then the client runs");
	ok(take(&client, got, sizeof(got)) == 100 && memcmp(sent, got, 100) == 0,
	   "and the early frame arrives");
	for (i = 0; i < 500; i++) {
		size_t size = (size_t)(20 + (i * 37) % 1380);

		packet(sent, size, (uint8_t)i);
		same &= write(client.device, sent, size) == (ssize_t)size &&
			take(&server, got, sizeof(got)) == (ssize_t)size && memcmp(sent, got, size) == 0;
	}
	ok(same, "500 frames of many sizes arrive as they were sent");
	packet(sent, 100, 0);
	sent[0] = 0x15;
	ok(write(client.device, sent, 100) == 100, "a frame that is no IP packet is sent");
	packet(sent, 99, 1);
	ok(write(client.device, sent, 99) == 99 && take(&server, got, sizeof(got)) == 99,
	   "it does not reach the other device, the next one does");

	answer(&server, (struct ipc_message){ .op = IPC_QUERY });
	ok(expect(&server, IPC_STATUS) && server.last.status.answer &&
	   server.last.status.tally.rx_frames == 501 && server.last.status.tally.rx_drops == 1 &&
	   server.last.status.tally.tx_frames == 1, "the counters are right");
	answer(&client, (struct ipc_message){ .op = IPC_STOP, .reason = { .reason = REASON_ADMIN, .text = "bye" } });
	ok(expect(&client, IPC_END) && client.last.end.by == END_BY_US && client.last.end.closed,
	   "a stop is a close in good order");
	ok(client.last.end.tally.peer_rx_frames == 501, "with the peer's count of what arrived");
	ok(expect(&server, IPC_END) && server.last.end.by == END_BY_PEER && server.last.end.closed &&
	   strcmp(server.last.end.text, "bye") == 0, "the peer is told why");
	ok(server.last.end.tally.peer_tx_frames == 502, "and what was sent");
	ok(status_of(&client) == 0 && status_of(&server) == 0, "both workers end with status 0");
}

/* Each suite: the path comes up by itself, frames of all sizes cross it, and nothing but the
 * control frames is left to TLS. */
static void a_udp_session(int suite)
{
	struct terms t = offer(TUNNEL_TUN, COMP_NONE);
	uint8_t sent[1400], got[2000];
	uint64_t tls_before;
	int i, same = 1;

	t.proto = PROTO_UDP;
	t.encrypt = suite != SUITE_AES_128_GMAC;
	t.suites[0] = (uint8_t)suite;
	t.spi = 0x11111111;
	t.rekey_s = 3600;
	t.mtu = 1446;
	begin();
	server.udp = udp_socket(&t.udp_port);
	if (!ok(log_in() && negotiate(&t), "a session with a UDP path, suite %d", suite))
		exit(1);
	answer(&client, (struct ipc_message){ .op = IPC_UP_OK, .up_ok.mtu = 1446 });
	while (expect(&client, IPC_STATUS) && !client.last.status.udp_up)
		;
	while (expect(&server, IPC_STATUS) && !server.last.status.udp_up)
		;
	ok(client.last.status.udp_up && server.last.status.udp_up, "the path comes up for both");
	forgets_its_secret(&server, "server");
	forgets_its_secret(&client, "client");
	tls_before = server.last.status.tally.rx_wire;
	for (i = 0; i < 300; i++) {
		size_t size = (size_t)(20 + (i * 37) % 1380);

		packet(sent, size, (uint8_t)i);
		same &= write(client.device, sent, size) == (ssize_t)size &&
			take(&server, got, sizeof(got)) == (ssize_t)size && memcmp(sent, got, size) == 0;
	}
	ok(same, "300 frames of many sizes arrive as they were sent");
	answer(&server, (struct ipc_message){ .op = IPC_QUERY });
	ok(expect(&server, IPC_STATUS) && server.last.status.tally.rx_frames == 300 &&
	   server.last.status.tally.rx_wire - tls_before > 300 * 28, "and are counted");
	ok(server.last.status.tally.udp_lost == 0 && server.last.status.tally.udp_bad == 0, "none lost, none bad");
	answer(&client, (struct ipc_message){ .op = IPC_STOP, .reason = { .reason = REASON_ADMIN } });
	ok(expect(&client, IPC_END) && client.last.end.closed && expect(&server, IPC_END), "it closes");
	ok(status_of(&client) == 0 && status_of(&server) == 0, "both workers end with status 0");
}

/* A superframe as our kernel would give it: UDP, in segments of that size. */
static size_t superframe(uint8_t *p, uint16_t gso_size, size_t payload)
{
	struct vnet_hdr h = { VNET_NEEDS_CSUM, VNET_GSO_UDP, 28, gso_size, 20, 6 };
	uint32_t sum;

	vnet_put(&h, p);
	p += VNET_HDR_SIZE;
	packet(p, 28 + payload, 'u');
	memcpy(p, (uint8_t[]){ 0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, IPPROTO_UDP, 0, 0,
			       10, 0, 0, 1, 10, 0, 0, 2, 0, 7, 0, 9, 0, 0, 0, 0 }, 28);
	put_be16(p + 2, (uint16_t)(28 + payload));
	put_be16(p + 24, (uint16_t)(8 + payload));
	sum = (uint32_t)(0x0a00 + 1 + 0x0a00 + 2 + IPPROTO_UDP + 8 + payload); /* pseudo-header */
	put_be16(p + 26, (uint16_t)(sum + (sum >> 16)));
	return VNET_HDR_SIZE + 28 + payload;
}

enum { UDP_GSO = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_USO4 | TUN_F_USO6 };

static void vnet_session(const char *name, int client_vnet, uint32_t features)
{
	struct terms t = offer(TUNNEL_TUN, COMP_NONE);

	t.caps = CAP_VNET_HDR;
	t.vnet_features = features;
	begin();
	server.vnet = 1;
	client.vnet = client_vnet;
	if (!ok(log_in() && negotiate(&t), "%s", name))
		exit(1);
	answer(&client, (struct ipc_message){ .op = IPC_UP_OK, .up_ok.mtu = 1450 });
	expect(&client, IPC_STATUS);
}

static void end_of_vnet_session(void)
{
	kill(client.pid, SIGKILL);
	expect(&server, IPC_END);
	status_of(&client);
	status_of(&server);
}

/* The device of this client has no such headers, so that whatever it yields is taken for one. */
static void a_hostile_vnet_header(void)
{
	static const struct {
		const char *what;
		unsigned at;
		uint8_t bytes[2];
	} bad[] = {
		{ "an unknown flag", 0, { 0x80, VNET_GSO_UDP } },
		{ "an unknown kind", 0, { VNET_NEEDS_CSUM, 0xff } },
		{ "UFO, which nobody can agree on", 0, { VNET_NEEDS_CSUM, 3 } },
		{ "a header beyond the frame", 2, { 0xff, 0xff } },
		{ "segments of 0 bytes", 4, { 0, 0 } },
		{ "segments of 8 bytes", 4, { 8, 0 } },
		{ "segments larger than the frame", 4, { 0xff, 0xff } },
		{ "a checksum from 60000 on", 6, { 0x60, 0xea } },
		{ "a checksum that ends beyond the frame", 8, { 0xff, 0xff } },
	};
	uint8_t sent[2000], got[3000];
	size_t i, size;

	vnet_session("a peer that makes up virtio-net headers", 0, UDP_GSO);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		size = superframe(sent, 500, 1000);
		memcpy(sent + bad[i].at, bad[i].bytes, 2);
		if (write(client.device, sent, size) != (ssize_t)size)
			abort();
	}
	size = superframe(sent, 500, 1000);
	ok(write(client.device, sent, size) == (ssize_t)size &&
	   take(&server, got, sizeof(got)) == (ssize_t)size && memcmp(sent, got, size) == 0,
	   "the first frame that the device sees is the first good one");
	answer(&server, (struct ipc_message){ .op = IPC_QUERY });
	ok(expect(&server, IPC_STATUS) && server.last.status.tally.rx_frames == 1 &&
	   server.last.status.tally.rx_drops == ARRAY_SIZE(bad), "each of the others is counted");
	end_of_vnet_session();
}

/* Linux lets a program send datagrams of few bytes as one superframe. */
static void a_superframe_of_tiny_datagrams(void)
{
	uint8_t sent[2000], got[3000];
	size_t size = superframe(sent, 8, 80);

	vnet_session("both devices have virtio-net headers", 1, UDP_GSO);
	ok(write(client.device, sent, size) == (ssize_t)size, "a superframe of 10 datagrams of 8 bytes");
	ok(take(&server, got, sizeof(got)) == (ssize_t)size && memcmp(got, sent, VNET_HDR_SIZE) == 0 &&
	   memcmp(got + VNET_HDR_SIZE + 12, sent + VNET_HDR_SIZE + 12, 16 + 80) == 0,
	   "which the peer would refuse, crosses as packets, and is one again behind them");
	answer(&server, (struct ipc_message){ .op = IPC_QUERY });
	ok(expect(&server, IPC_STATUS) && server.last.status.tally.rx_frames == 10 &&
	   server.last.status.tally.rx_drops == 0, "10 of them");
	end_of_vnet_session();
	vnet_session("a peer whose device knows no superframes", 1, 0);
	size = superframe(sent, 500, 1000);
	ok(write(client.device, sent, size) == (ssize_t)size &&
	   take(&server, got, sizeof(got)) == VNET_HDR_SIZE + 28 + 500 &&
	   take(&server, got, sizeof(got)) == VNET_HDR_SIZE + 28 + 500, "gets packets");
	end_of_vnet_session();
}

/* Two superframes that each need two datagrams' batches, of 62 packets and of 2, wait for a server that is stopped.
 * Whether the device then gets one of them as it was. */
static bool one_in_one_write(const uint8_t *sent, size_t size)
{
	static uint8_t got[70000];
	size_t segments = 0;
	bool whole = false;

	kill(server.pid, SIGSTOP);
	if (write(client.device, sent, size) != (ssize_t)size || write(client.device, sent, size) != (ssize_t)size)
		abort();
	usleep(20000); /* they are on their way */
	kill(server.pid, SIGCONT);
	while (segments < 2 * 64) {
		ssize_t n = take(&server, got, sizeof(got));

		if (n <= VNET_HDR_SIZE + 28)
			return false;
		whole |= n == (ssize_t)size;
		segments += ((size_t)n - VNET_HDR_SIZE - 28 + 999) / 1000;
	}
	return whole;
}

static void superframes_over_udp(void)
{
	static uint8_t sent[70000];
	struct terms t = offer(TUNNEL_TUN, COMP_NONE);
	size_t size = superframe(sent, 1000, 63500);
	bool whole = false;
	int i;

	t.caps = CAP_VNET_HDR;
	t.vnet_features = UDP_GSO;
	t.proto = PROTO_UDP;
	t.encrypt = 1;
	t.suites[0] = SUITE_AES_128_GCM;
	t.spi = 0x11111111;
	t.rekey_s = 3600;
	t.mtu = 1400;
	begin();
	server.vnet = client.vnet = 1;
	server.udp = udp_socket(&t.udp_port);
	if (!ok(log_in() && negotiate(&t), "superframes over UDP"))
		exit(1);
	answer(&client, (struct ipc_message){ .op = IPC_UP_OK, .up_ok.mtu = 1400 });
	while (expect(&client, IPC_STATUS) && !client.last.status.udp_up)
		;
	while (expect(&server, IPC_STATUS) && !server.last.status.udp_up)
		;
	/* The first receive after a pause is written at once: of two, one is left, if the machine lets them come. */
	for (i = 0; i < 50 && !whole; i++)
		whole = one_in_one_write(sent, size);
	ok(whole, "what came in two receives is one write (attempt %d)", i);
	end_of_vnet_session();
}

static void a_refusal(void)
{
	begin();
	ok(log_in(), "up to the client's proof");
	answer(&server, (struct ipc_message){
		.op = IPC_FAIL, .reason = { .reason = REASON_AUTH, .text = "secret reason" } });
	ok(expect(&client, IPC_END) && client.last.end.by == END_BY_PEER &&
	   client.last.end.reason == REASON_AUTH && client.last.end.text[0] == 0,
	   "a refused client learns that it is refused, and no more");
	ok(expect(&server, IPC_END) && server.last.end.by == END_BY_US, "the server's monitor hears of it");
	ok(status_of(&client) == 0 && status_of(&server) == 0, "both workers end");
}

/* The server's monitor finds that there is no device, while the client's ACCEPT is on its way: the
 * server's worker sees both at once. */
static void a_refusal_that_crosses(void)
{
	struct terms t = offer(TUNNEL_TUN, COMP_NONE);

	begin();
	ok(log_in(), "up to the client's proof");
	answer(&server, (struct ipc_message){ .op = IPC_AUTH_OK, .auth_ok.offer = t });
	ok(expect(&client, IPC_AUTH_TAG), "a login");
	answer(&client, (struct ipc_message){ .op = IPC_AUTH_OK });
	ok(expect(&client, IPC_DEVICE), "an offer");
	kill(server.pid, SIGSTOP);
	hand_device(&client, &t);
	poll(NULL, 0, 50); /* nobody tells when ACCEPT has arrived; if it has not, this is a plain refusal */
	answer(&server, (struct ipc_message){ .op = IPC_FAIL, .reason = { .reason = REASON_DEVICE, .text = "no tun" } });
	kill(server.pid, SIGCONT);
	ok(expect(&client, IPC_END) && client.last.end.by == END_BY_PEER &&
	   client.last.end.reason == REASON_DEVICE && strcmp(client.last.end.text, "no tun") == 0,
	   "a refusal that crosses the client's ACCEPT arrives, with its reason");
	/* A busy machine may stop it too late, when it has asked: that question has crossed FAIL. */
	ok((expect(&server, IPC_END) || (server.last.op == IPC_DEVICE && expect(&server, IPC_END))) &&
	   server.last.end.by == END_BY_US, "the server's monitor hears of it");
	ok(status_of(&client) == 0 && status_of(&server) == 0, "both workers end");
}

static void a_dead_peer(void)
{
	struct terms t = offer(TUNNEL_TUN, COMP_NONE);

	begin();
	ok(log_in() && negotiate(&t), "a session");
	answer(&client, (struct ipc_message){ .op = IPC_UP_OK, .up_ok.mtu = 1450 });
	expect(&client, IPC_STATUS);
	kill(client.pid, SIGSTOP);
	ok(expect(&server, IPC_END) && server.last.end.reason == REASON_PEER_DEAD,
	   "a peer that is silent for interval * misses is dead");
	kill(client.pid, SIGKILL);
	status_of(&client);
	status_of(&server);
}

static void a_killed_peer(void)
{
	struct terms t = offer(TUNNEL_TUN, COMP_NONE);

	begin();
	ok(log_in() && negotiate(&t), "a session");
	kill(client.pid, SIGKILL);
	ok(expect(&server, IPC_END) && server.last.end.by == END_BY_LOSS && !server.last.end.closed,
	   "an end without close_notify is a loss, not a close");
	status_of(&client);
	status_of(&server);
}

static void a_stream(int comp)
{
	struct terms t = offer(TUNNEL_PIPE, comp);
	uint8_t chunk[8192], got[8192];
	size_t sent = 0, arrived = 0, total = 3000000;
	int same = 1;

	begin();
	ok(log_in() && negotiate(&t), "a stream session (compression %d)", comp);
	answer(&client, (struct ipc_message){ .op = IPC_UP_OK });
	expect(&client, IPC_STATUS);
	while (arrived < total) {
		struct pollfd p[2] = {
			{ .fd = client.device, .events = (short)(sent < total ? POLLOUT : 0) },
			{ .fd = server.device, .events = POLLIN },
		};
		ssize_t n;
		size_t i;

		if (poll(p, 2, 5000) <= 0)
			break;
		if (sent < total && (p[0].revents & POLLOUT)) {
			for (i = 0; i < sizeof(chunk); i++)
				chunk[i] = (uint8_t)((sent + i) * 31 / 1024);
			n = write(client.device, chunk, total - sent < sizeof(chunk) ? total - sent : sizeof(chunk));
			sent += n > 0 ? (size_t)n : 0;
			if (sent == total)
				shutdown(client.device, SHUT_WR);
		}
		n = read(server.device, got, sizeof(got));
		for (i = 0; n > 0 && i < (size_t)n; i++)
			same &= got[i] == (uint8_t)((arrived + i) * 31 / 1024);
		arrived += n > 0 ? (size_t)n : 0;
	}
	ok(same && arrived == total, "3 MB arrive as they were sent, though the reader is slow");
	ok(take(&server, got, 1) == 0, "the end of the stream arrives as an end");
	ok(write(server.device, "answer", 6) == 6 && take(&client, got, 6) == 6,
	   "the other direction still flows");
	shutdown(server.device, SHUT_WR);
	ok(take(&client, got, 1) == 0, "and ends by itself");
	ok(expect(&client, IPC_END) && client.last.end.closed, "then the session closes");
	ok(expect(&server, IPC_END) && server.last.end.closed, "for both");
	status_of(&client);
	status_of(&server);
}

static void a_monitor_out_of_order(void)
{
	int status;

	begin();
	expect(&server, IPC_CHANNEL);
	answer(&server, (struct ipc_message){ .op = IPC_UP_OK });
	status = status_of(&server);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 70, "a message out of phase ends the worker");
	kill(client.pid, SIGKILL);
	status_of(&client);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	a_session(COMP_NONE);
	a_session(COMP_DEFLATE);
#ifdef HAVE_LZO
	a_session(COMP_LZO);
#endif
	a_udp_session(SUITE_AES_128_GCM);
	a_udp_session(SUITE_AES_256_GCM);
	a_udp_session(SUITE_CHACHA20_POLY1305);
	a_udp_session(SUITE_AES_128_GMAC);
	a_hostile_vnet_header();
	superframes_over_udp();
	a_superframe_of_tiny_datagrams();
	a_refusal();
	a_refusal_that_crosses();
	a_killed_peer();
	a_dead_peer();
	a_stream(COMP_NONE);
	a_stream(COMP_DEFLATE);
	a_monitor_out_of_order();
	return finish();
}
