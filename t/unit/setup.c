/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Login and set-up as the monitor answers them: what a stranger learns, what a peer who knows the
 * password learns, and what is opened when.
 */
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "scripted.h"
#include "tap.h"

/* ---- login */

static void expects_refusal(int sock)
{
	struct ipc_message m;

	climb(sock, PHASE_CONFIRM);
	say(sock, IPC_AUTH_CONF);
	m = hear(sock, IPC_FAIL);
	must(m.reason.reason == REASON_AUTH && m.reason.detail == 0 && !m.reason.text[0]);
	say(sock, IPC_END);
}

static void expects_early_refusal(int sock)
{
	struct ipc_message m;

	climb(sock, PHASE_LOGIN);
	say(sock, role == ROLE_SERVER ? IPC_AUTH_INIT : IPC_AUTH_RESP);
	m = hear(sock, IPC_FAIL);
	must((m.reason.reason == REASON_AUTH || m.reason.reason == REASON_PROTOCOL) &&
	     !m.reason.text[0]);
	say(sock, IPC_END);
}

static void expects_no_server(int sock)
{
	struct ipc_message m;

	climb(sock, PHASE_CONFIRM);
	say(sock, IPC_AUTH_TAG);
	m = hear(sock, IPC_FAIL);
	must(m.reason.reason == REASON_AUTH && !m.reason.text[0]);
	say(sock, IPC_END);
}

static void gives_up(int sock)
{
	climb(sock, PHASE_CONFIRM);
	say(sock, IPC_END);
}

static void refused_login(const char *name, bool knows_password, const char *why)
{
	ok(play(expects_refusal) == EXIT_DONE && worker_was_content() && nb.opened == 0 &&
	   nb.attempts == 1 && nb.successes == 0 && nb.with_password == knows_password &&
	   nb.auth_failures == 1 && strstr(nb.auth_failure, why),
	   "%s: refused at the proof, without a reason; the log has it", name);
	clear();
	prepare(ROLE_SERVER);
}

static void test_server_login(void)
{
	prepare(ROLE_SERVER);
	nb.confirm_error = -EACCES;
	refused_login("wrong password", true, "wrong password");
	nb.find_error = -ENOENT;
	refused_login("unknown session", false, "no such session");
	nb.find_error = -EBADMSG;
	refused_login("broken section", false, "broken");
	nb.password_error = -ENOKEY;
	refused_login("no password", false, "no password");
	nb.password_error = -EACCES;
	refused_login("unreadable password", false, "pass_file");
	nb.throttled = true;
	refused_login("too many attempts", false, "too many");

	nb.name_error = -EBADMSG;
	ok(play(expects_early_refusal) == EXIT_DONE && worker_was_content() && nb.attempts == 0,
	   "a malformed name: refused before it is looked up");
	clear();
	prepare(ROLE_SERVER);
	nb.answer_error = -EPROTO;
	ok(play(expects_early_refusal) == EXIT_DONE && worker_was_content() && nb.auth_failures == 1,
	   "a key share that is none: refused at once");
	clear();
	prepare(ROLE_SERVER);
	(void)play(gives_up);
	ok(nb.auth_failures == 1 && nb.successes == 0, "a guess that is broken off is one all the same");
	clear();
}

static void test_grid(void)
{
	prepare(ROLE_SERVER);
	session.deadlines.answer = 200;
	(void)play(gives_up);
	ok(clock_ms() - session.began_ms >= 200,
	   "the answer to a name leaves at a point of the grid, however fast it was found");
	clear();
}

static void test_client_login(void)
{
	prepare(ROLE_CLIENT);
	nb.confirm_error = -EACCES;
	ok(play(expects_no_server) == EXIT_NOPERM && worker_was_content() && nb.opened == 0,
	   "a server without the password gets no tunnel: 77");
	clear();
	prepare(ROLE_CLIENT);
	nb.answer_error = -EPROTO;
	ok(play(expects_early_refusal) == EXIT_PROTOCOL && worker_was_content(),
	   "a server whose answer is none: 76");
	clear();
}

/* ---- set-up */

static void expects_in_use(int sock)
{
	struct ipc_message m;

	climb(sock, PHASE_NEGOTIATE);
	m = hear(sock, IPC_FAIL);
	must(terms_check(&offered) == 0);
	must(m.reason.reason == (uint16_t)(nb.claim_error ? REASON_IN_USE : REASON_DEVICE));
	must(m.reason.text[0]);
	say(sock, IPC_END);
}

static void expects_option(int sock)
{
	struct ipc_message m;

	climb(sock, PHASE_NEGOTIATE);
	say(sock, IPC_DEVICE);
	m = hear(sock, IPC_FAIL);
	must(m.reason.reason == REASON_OPTION && m.reason.detail == TLV_TYPE);
	must(strstr(m.reason.text, "ether") && strstr(m.reason.text, "tun"));
	say(sock, IPC_END);
}

static void expects_up_failure(int sock)
{
	struct ipc_message m;

	climb(sock, PHASE_SETUP);
	say(sock, IPC_UP);
	m = hear(sock, IPC_FAIL);
	must(m.reason.reason == REASON_DEVICE && strstr(m.reason.text, "up command 2"));
	say(sock, IPC_END);
}

static void good_worker(int sock)
{
	climb(sock, PHASE_RUN);
	say(sock, IPC_END);
}

static void test_setup(void)
{
	prepare(ROLE_SERVER);
	nb.claim_error = -EBUSY;
	ok(play(expects_in_use) == EXIT_TEMPFAIL && worker_was_content() && nb.opened == 0,
	   "in use: logged in, then told by whom; no device");
	clear();
	prepare(ROLE_SERVER);
	nb.device_error = -ENOENT;
	ok(play(expects_in_use) == EXIT_OSERR && worker_was_content() && nb.ups == 0 && balanced(),
	   "no device: logged in, then told so");
	clear();
	prepare(ROLE_CLIENT);
	nb.section.has_type = true;
	nb.section.type = TUNNEL_ETHER;
	ok(play(expects_option) == EXIT_CONFIG && worker_was_content() && nb.opened == 0,
	   "two configurations that disagree: both values are named, 78");
	clear();
	prepare(ROLE_SERVER);
	nb.up_fails = 2;
	nb.section.strict = true;
	ok(play(expects_up_failure) == EXIT_OSERR && worker_was_content() && nb.downs == 1,
	   "strict: a failing up ends the session, and down runs");
	clear();
	prepare(ROLE_SERVER);
	nb.up_fails = 2;
	ok(play(good_worker) == EXIT_DONE && worker_was_content(), "without strict it does not");
	clear();
}

static void asks_mtu_1206(int sock)
{
	struct ipc_message m = { .op = IPC_MTU, .mtu.mtu = 1206 };

	climb(sock, PHASE_RUN);
	must(ipc_send(sock, &m, NULL, 0) == 0);
	say(sock, IPC_END);
}

static void keeps_asking_mtu(int sock)
{
	climb(sock, PHASE_RUN);
	say(sock, IPC_MTU);
	say(sock, IPC_END);
}

/* What the device has in the end, in a session that was prepared. */
static int mtu_after(void (*script)(int sock))
{
	int mtu;

	nb.section.proto = PROTO_UDP;
	mtu = play(script) == EXIT_DONE ? nb.mtu_set : -1;
	clear();
	return mtu;
}

static void test_mtu(void)
{
	prepare(ROLE_SERVER);
	ok(mtu_after(keeps_asking_mtu) == 1400, "proto udp may lower the MTU");
	prepare(ROLE_SERVER);
	nb.section.mtu = 1300;
	ok(mtu_after(keeps_asking_mtu) == 1300, "but never raise it");
	prepare(ROLE_SERVER);
	ok(mtu_after(asks_mtu_1206) == 1206, "below 1280 where there is no IPv6");
	prepare(ROLE_SERVER);
	nb.has_ipv6 = true;
	ok(mtu_after(asks_mtu_1206) == 1280, "not where there is");
	prepare(ROLE_SERVER);
	nb.section.type = TUNNEL_ETHER;
	ok(mtu_after(asks_mtu_1206) == 1280, "nor of a port of a bridge, whose other ports have to follow");
	prepare(ROLE_SERVER);
	nb.section.type = TUNNEL_ETHER;
	nb.section.mtu = 1250;
	ok(mtu_after(asks_mtu_1206) == 1250, "unless our own file says less");
	prepare(ROLE_SERVER);
	nb.general.mtu_clamp = false;
	ok(mtu_after(keeps_asking_mtu) == 1500, "not with mtu_clamp no");
}

int main(void)
{
	scripted_init();
	test_server_login();
	test_grid();
	test_client_login();
	test_setup();
	test_mtu();
	return finish();
}
