/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scripted.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/secret.h"
#include "monitor/conclude.h"

enum { WRONG_ANSWER = 99 };

struct signals signals;

enum ipc_role role;
struct terms offered;

void say(int sock, enum ipc_op op)
{
	struct ipc_message m = { .op = (uint16_t)op };

	if (op == IPC_DEVICE)
		m.device.terms = offered;
	if (op == IPC_END)
		m.end = (struct ipc_end){ .by = END_BY_PEER, .closed = 1, .tally.rx_frames = 7 };
	if (op == IPC_MTU)
		m.mtu.mtu = 1400;
	(void)ipc_send(sock, &m, NULL, 0);
}

struct ipc_message hear(int sock, enum ipc_op op)
{
	struct ipc_message m = {};
	int fds[IPC_FDS_MAX];

	if (ipc_recv(sock, &m, fds) < 0 || m.op != op)
		_exit(WRONG_ANSWER);
	if (op == IPC_DEVICE_OK && fds[0] < 0)
		_exit(WRONG_ANSWER);
	if (op == IPC_AUTH_OK && role == ROLE_SERVER)
		offered = m.auth_ok.offer;
	return m;
}

void must(bool condition)
{
	if (!condition)
		_exit(WRONG_ANSWER);
}

/* Walks the ladder up to the moment in which `phase` has begun. */
void climb(int sock, enum phase phase)
{
	static const struct {
		enum ipc_op say, hear;
	} server[] = {
		[PHASE_TLS] = { 0, IPC_BEGIN },
		[PHASE_LOGIN] = { IPC_CHANNEL, 0 },
		[PHASE_CONFIRM] = { IPC_AUTH_INIT, IPC_AUTH_RESP },
		[PHASE_NEGOTIATE] = { IPC_AUTH_CONF, IPC_AUTH_OK },
		[PHASE_SETUP] = { IPC_DEVICE, IPC_DEVICE_OK },
		[PHASE_RUN] = { IPC_UP, IPC_UP_OK },
	}, client[] = {
		[PHASE_TLS] = { 0, IPC_BEGIN },
		[PHASE_LOGIN] = { IPC_CHANNEL, IPC_AUTH_INIT },
		[PHASE_CONFIRM] = { IPC_AUTH_RESP, IPC_AUTH_CONF },
		[PHASE_NEGOTIATE] = { IPC_AUTH_TAG, IPC_AUTH_OK },
		[PHASE_SETUP] = { IPC_DEVICE, IPC_DEVICE_OK },
		[PHASE_RUN] = { IPC_UP, IPC_UP_OK },
	};
	enum phase p;

	for (p = PHASE_TLS; p <= phase; p++) {
		enum ipc_op first = role == ROLE_SERVER ? server[p].say : client[p].say;
		enum ipc_op answer = role == ROLE_SERVER ? server[p].hear : client[p].hear;

		if (first)
			say(sock, first);
		if (answer)
			(void)hear(sock, answer);
	}
}

void hang(void)
{
	/* Should the monitor not mind, it finds a death by SIGALRM, and the test fails. */
	alarm(15);
	for (;;)
		pause();
}

/* ---- the monitor's side */

static struct tunnel tunnel;
struct session session;

static const struct terms sane_offer = {
	.type = TUNNEL_TUN, .proto = PROTO_TCP, .encrypt = 1, .mtu = 1500, .caps = CAP_STATS,
	.keepalive_s = 30, .keepalive_misses = 4,
};

void prepare(enum ipc_role as)
{
	neighbours_reset();
	role = as;
	offered = sane_offer;
	tunnel = (struct tunnel){};
	session_init(&session, as);
	session.tunnel = &tunnel;
	session.signals = &signals;
	session.section = as == ROLE_CLIENT ? &nb.section : NULL;
	strcpy(session.name, "wireless2");
	strcpy(session.ends.peer_name, "192.0.2.7 port 4711");
	session.ends.peer.ss_family = AF_INET;
	session.deadlines = (struct deadlines){
		.login = LONG_MS, .offer = LONG_MS, .setup = LONG_MS, .closing = LONG_MS,
	};
}

static void fork_worker(void (*script)(int sock))
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		abort();
	fflush(stdout);
	session.worker.pid = fork();
	if (session.worker.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		close(pair[0]);
		script(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	session.worker.ipc = pair[0];
	session.worker.pidfd = pidfd_open(session.worker.pid, 0);
}

/* Runs the session to its end and returns its exit code. */
enum exit_code play(void (*script)(int sock))
{
	fork_worker(script);
	monitor_run(&session);
	return conclude(&session, false);
}

bool worker_was_content(void)
{
	return WIFEXITED(session.worker.status) && WEXITSTATUS(session.worker.status) == 0;
}

bool worker_was_killed(void)
{
	return session.worker.killed && WIFSIGNALED(session.worker.status);
}

bool balanced(void)
{
	return nb.opened == nb.closed && nb.ups == nb.downs;
}

void clear(void)
{
	session_free(&session);
}

void scripted_init(void)
{
	/* A hang is a failure, not a night. */
	alarm(120);
	if (sodium_init() < 0 || signals_open(&signals) < 0)
		abort();
}
