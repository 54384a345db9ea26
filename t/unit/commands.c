/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Commands of up and down, with real programs.  One of them is this test itself, called as
 * "commands --state": it says what it has found when it started.
 */
#include "monitor/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/fdutil.h"
#include "common/log.h"
#include "monitor/device.h"
#include "tap.h"

enum { AMPLE_S = 60 };

static char self_path[PATH_MAX], directory[] = "/tmp/vtun-commands-XXXXXX";

/* ---- the program */

static int say_state(void)
{
	struct sigaction action;
	sigset_t blocked;
	char path[PATH_MAX] = "?";
	struct stat in, null;
	char **env;
	int i;

	for (i = 0; i < 256; i++)
		if (fcntl(i, F_GETFD) >= 0)
			printf("descriptor %d\n", i);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (i = 1; i < 32; i++)
		if (sigismember(&blocked, i) ||
		    (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN))
			printf("signal %d\n", i);
	for (env = environ; *env; env++)
		printf("env %s\n", *env);
	if (fstat(0, &in) == 0 && stat("/dev/null", &null) == 0 && in.st_rdev == null.st_rdev)
		printf("stdin is /dev/null\n");
	if (getpgrp() == getpid())
		printf("leads its group\n");
	if (isatty(0))
		fprintf(stderr, "%s terminal\n",
			tcgetsid(0) == getpid() ? "controlling" : "foreign");
	printf("in %s\n", getcwd(path, sizeof(path)) ? path : "?");
	return 0;
}

/* ---- the log */

static char logged[1 << 20];
static size_t n_logged, n_lines;

static void sink(int priority, const char *line)
{
	(void)priority;
	n_logged += (size_t)snprintf(logged + n_logged, sizeof(logged) - n_logged, "%s\n", line);
	if (n_logged >= sizeof(logged))
		abort();
	n_lines++;
}

static int in_log(const char *text)
{
	return strstr(logged, text) != NULL;
}

static void clear_log(void)
{
	n_logged = n_lines = 0;
	logged[0] = '\0';
}

/* ---- lists of commands */

static struct command list[8];
static size_t n_list;
static char text[128];

static void clear(void)
{
	n_list = 0;
	clear_log();
	strcpy(text, "untouched");
}

static void add(enum command_kind kind, const char *program, const char *args, bool wait)
{
	list[n_list] = (struct command){ .kind = kind, .program = (char *)program,
					 .args = (char *)args, .wait = wait };
	if (n_list)
		list[n_list - 1].next = &list[n_list];
	n_list++;
}

/* Programs start in "/"; scripts want to be where this test's files are. */
static const char *here(const char *before, const char *script, const char *behind)
{
	static char texts[ARRAY_SIZE(list)][512];

	snprintf(texts[n_list], sizeof(texts[0]), "%scd %s; %s%s", before, directory, script,
		 behind);
	return texts[n_list];
}

static void add_shell(const char *script)
{
	add(COMMAND_SHELL, NULL, here("", script, ""), true);
}

static void add_shell_behind(const char *script)
{
	add(COMMAND_SHELL, NULL, here("", script, ""), false);
}

static void add_sh(enum command_kind kind, const char *script, bool wait)
{
	add(kind, "/bin/sh", here("-c '", script, "'"), wait);
}

static const struct command_vars vars = {
	.device = "tun7",
	.local_addr = "192.0.2.1",
	.local_port = "5000",
	.remote_addr = "192.0.2.7",
	.remote_port = "40001",
	.session = "wireless2",
	.role = "server",
};

static int run(int program_fd, unsigned timeout_s, int abort_fd, bool strict)
{
	return commands_run(list, "up", &vars, program_fd, timeout_s, abort_fd, strict, text);
}

static int run_plain(void)
{
	return run(-1, AMPLE_S, -1, false);
}

/* Tends until the log says `what`: at the latest after a time that only a broken one needs. */
static int tend_until(const char *what)
{
	uint64_t deadline = clock_ms() + 20000;

	while (!in_log(what) && clock_ms() < deadline) {
		struct pollfd p = { .fd = commands_fd(), .events = POLLIN };

		if (poll(&p, 1, 1000) > 0)
			commands_tend();
	}
	return in_log(what);
}

static int read_number(const char *path)
{
	FILE *f = fopen(path, "r");
	int n = -1;

	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/* Whether nothing is left of a process group; orphans have become our children. */
static int group_is_gone(int group)
{
	while (waitpid(-group, NULL, 0) > 0)
		;
	return group > 1 && kill(-group, 0) < 0 && errno == ESRCH;
}

/* ---- tests */

static void test_order(void)
{
	char content[64] = "";

	clear();
	add_shell("echo 1 >order; sleep 0.2; echo 1 done >>order");
	add_sh(COMMAND_IP, "echo 2 %% >>order", false);
	add_sh(COMMAND_PROGRAM, "read line <order; echo 3 $line >>order", true);
	ok(run_plain() == 0 && strcmp(text, "untouched") == 0, "commands that work return 0");
	ok(fd_read_file("order", content, sizeof(content) - 1) > 0 &&
		   strcmp(content, "1\n1 done\n2 tun7\n3 1\n") == 0,
	   "they run one after the other, in order");
	ok(in_log("wireless2: up: ip: done, exit status 0"), "their exit status is logged");
	clear();
	ok(commands_run(NULL, "up", &vars, -1, AMPLE_S, -1, true, text) == 0,
	   "no commands, no failure");
}

static void test_output(void)
{
	clear();
	add_shell("echo out; echo err >&2; printf 'no newline'; printf 'a\\r\\nb\\000\\033c\\n' ");
	ok(run_plain() == 0, "a program that talks");
	ok(in_log("wireless2: up: sh: out\n"), "stdout is logged with the session's name");
	ok(in_log("wireless2: up: sh: err\n"), "so is stderr");
	ok(in_log("no newlinea\n") && in_log("sh: b?\\x1bc\n"), "no byte of it can forge a line");
	clear();
	add_shell("printf 'last words'");
	run_plain();
	ok(in_log("sh: last words\n"), "a last line without its newline is logged");
	clear();
	add_shell("printf '\\n\\r\\n%500d\\n\\n' 7");
	run_plain();
	ok(n_lines == 3, "empty lines are not, long ones become two (%zu with the exit status)", n_lines);
}

static void test_flood(void)
{
	clear();
	add_shell("yes | head -c 30000000");
	ok(run_plain() == 0, "a program that floods comes to its end");
	ok(n_lines < 500, "its lines are not all logged (%zu of 15000000)", n_lines);
	ok(in_log("more lines of output not logged"), "and the log says so");
	clear();
	add_shell("head -c 100000 /dev/zero | tr '\\000' x");
	ok(run_plain() == 0 && n_lines > 200 && n_lines < 500, "a line without end is cut (%zu)",
	   n_lines);
}

static void test_state(void)
{
	int leak = open("/dev/null", O_RDONLY); /* without close-on-exec */
	sigset_t all, before;

	setenv("LD_PRELOAD_NOT", "x", 1);
	setenv("NOTIFY_SOCKET", "/run/x", 1);
	setenv("TZ", "UTC", 1);
	setenv("LC_TIME", "C", 1);
	signal(SIGUSR1, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	clear();
	add(COMMAND_PROGRAM, self_path, "--state", true);
	ok(run_plain() == 0, "a program looks around");
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGUSR1, SIG_DFL);
	ok(in_log("descriptor 0\n") && in_log("descriptor 1\n") && in_log("descriptor 2\n") &&
	   !in_log("descriptor 3") && leak > 2, "it has descriptors 0, 1 and 2, and no others");
	ok(!in_log(": signal "), "no signal is blocked or ignored");
	ok(in_log("stdin is /dev/null"), "stdin is /dev/null");
	ok(in_log("leads its group"), "it has a process group of its own");
	ok(in_log("in /\n"), "it runs in /");
	ok(in_log("env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"),
	   "PATH is fixed");
	ok(in_log("env VTUN_SESSION=wireless2\n") && in_log("env VTUN_DEVICE=tun7\n") &&
	   in_log("env VTUN_PEER=192.0.2.7\n") && in_log("env VTUN_ROLE=server\n"),
	   "VTUN_SESSION, VTUN_DEVICE, VTUN_PEER, VTUN_ROLE are set");
	ok(in_log("env TZ=UTC\n") && in_log("env LC_TIME=C\n"),
	   "time zone and locale are inherited");
	ok(!in_log("env LD_PRELOAD_NOT") && !in_log("env NOTIFY_SOCKET") && !in_log("env HOME"),
	   "nothing else is");
	close(leak);
}

static void test_missing(void)
{
	clear();
	add(COMMAND_IFCONFIG, "/nonexistent/ifconfig", "%% 192.168.2.1", false);
	ok(run_plain() == 1, "a missing program is a failure");
	ok(strcmp(text, "up command 1 failed: /nonexistent/ifconfig not found") == 0,
	   "the peer is told which command");
	ok(in_log("wireless2: up command 1 (ifconfig) failed: /nonexistent/ifconfig not found: "
		  "install net-tools, or use ip \"...\" in its place\n"),
	   "the log says what to do");
	clear();
	add(COMMAND_ROUTE, "/nonexistent/route", "", false);
	add(COMMAND_IP, "/nonexistent/ip", "", false);
	add(COMMAND_PPP, "/nonexistent/pppd", "", false);
	add(COMMAND_FIREWALL, "/nonexistent/iptables", "", false);
	add(COMMAND_FIREWALL, "/nonexistent/ipchains", "", false);
	add(COMMAND_PROGRAM, "/nonexistent/x", "", false);
	ok(run_plain() == 1, "six more are missing");
	ok(in_log("route not found: install net-tools") &&
		   in_log("ip not found: install iproute2") &&
		   in_log("pppd not found: install ppp") &&
		   in_log("iptables not found: install iptables") &&
		   in_log("ipchains not found: Linux has had no ipchains") &&
		   in_log("x not found: is the path"),
	   "each with its own hint, also where nobody waits");
}

static void make_file(const char *path, const char *content, mode_t mode)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(content, f) < 0 || fclose(f) != 0 || chmod(path, mode) < 0)
		abort();
}

static void test_not_executable(void)
{
	char plain[PATH_MAX], orphan[PATH_MAX], headless[PATH_MAX];

	snprintf(plain, sizeof(plain), "%s/plain", directory);
	snprintf(orphan, sizeof(orphan), "%s/orphan", directory);
	snprintf(headless, sizeof(headless), "%s/headless", directory);
	make_file(plain, "#!/bin/sh\n", 0644);
	make_file(orphan, "#!/nonexistent/sh\n", 0755);
	make_file(headless, "echo hello\n", 0755);
	clear();
	add(COMMAND_PROGRAM, plain, "", true);
	add(COMMAND_PROGRAM, orphan, "", true);
	add(COMMAND_PROGRAM, headless, "", true);
	ok(run_plain() == 1, "three files that cannot be executed");
	ok(in_log("plain: Permission denied: is it executable"), "one has no mode for it");
	ok(in_log("orphan: No such file or directory: the interpreter"), "one has no interpreter");
	ok(in_log("headless: Exec format error: a script needs #!/bin/sh"), "one does not name one");
}

static void test_failing(void)
{
	clear();
	add_shell("true");
	add_shell("exit 3");
	add_shell("kill -9 $$");
	add_shell("echo after");
	ok(run_plain() == 2, "the number of the first failure is returned");
	ok(strcmp(text, "up command 2 failed: exit status 3") == 0,
	   "with its exit status for the peer");
	ok(in_log("up command 3 (sh) failed: killed by signal 9 (Killed)"), "signals are named");
	ok(in_log("sh: after"), "the commands after a failure run all the same");
	clear();
	add_shell("exit 1");
	add_shell("echo after");
	ok(run(-1, AMPLE_S, -1, true) == 1 && !in_log("after"), "unless strict");
}

static void test_refused_value(void)
{
	struct command_vars evil = vars;

	evil.device = "tun0;touch pwned";
	clear();
	add_shell("echo %%");
	ok(commands_run(list, "up", &evil, -1, AMPLE_S, -1, false, text) == 1 &&
	   !in_log("done, exit status") && in_log("must not be part of a command"),
	   "a command with a value that a shell would understand is not run");
}

static void test_timeout(void)
{
	clear();
	add_shell("echo $$ >group; trap '' TERM; sleep 1000 & while :; do sleep 1000; done");
	add_shell("echo after");
	ok(run(-1, 1, -1, false) == 1, "a command that does not end in time fails");
	ok(strcmp(text, "up command 1 failed: not done within 1 s, killed") == 0,
	   "in so many words");
	ok(group_is_gone(read_number("group")),
	   "nothing is left of it, though it ignores SIGTERM and has a child");
	ok(in_log("sh: after"), "and the next one has its turn");
	clear();
	add_shell("trap 'echo tidied up; exit 1' TERM; sleep 1000 & wait");
	run(-1, 1, -1, false);
	ok(in_log("sh: tidied up"),
	   "SIGTERM comes first, and what it makes a program say is logged");
}

static void test_abort(void)
{
	int fifo = mkfifo("fifo", 0600) < 0 ? -1 : open("fifo", O_RDWR | O_CLOEXEC);

	ok(fifo >= 0, "(a descriptor to abort with)");
	clear();
	add_shell("echo $$ >group; echo stop >fifo; sleep 1000");
	add_shell("echo after");
	ok(run(-1, AMPLE_S, fifo, false) == 1, "abort_fd ends the waiting");
	ok(group_is_gone(read_number("group")), "the running command is killed");
	ok(!in_log("after"), "the rest is not run");
	clear();
	add_shell("echo any");
	ok(run(-1, AMPLE_S, fifo, false) == 1 && !in_log("any\n"), "nothing begins after an abort");
	close(fifo);
}

static void test_background(void)
{
	clear();
	add_shell_behind("read go <fifo; echo from behind; exit 4");
	add_shell("echo 1 >waited");
	ok(run_plain() == 0 && read_number("waited") == 1, "without wait, nobody waits");
	ok(!in_log("from behind"), "it is still running");
	make_file("fifo", "go\n", 0600);
	ok(tend_until("sh: exit status 4") && in_log("sh: from behind"),
	   "what it says and how it ends is logged later");
	clear();
	add_shell("(read go <fifo; echo from the daemon) & exit 0");
	ok(run_plain() == 0, "a command may leave a daemon behind");
	make_file("fifo", "go\n", 0600);
	ok(tend_until("sh: from the daemon"), "which can still write, and is logged");
}

/* A program as this one would be if nobody tended: the pipe is all it can fill. */
static void test_background_flood(void)
{
	clear();
	add_shell_behind("yes | head -c 5000000; exit 5");
	ok(run_plain() == 0 && tend_until("sh: exit status 5"),
	   "a flood from behind comes to its end");
	ok(n_lines < 500, "and is bounded (%zu lines)", n_lines);
}

/* A monitor of its own starts a script and goes; the script has still something to say and to do. */
static void test_outliving(void)
{
	pid_t monitor;

	clear();
	add_shell_behind("echo $$ >group; read go <fifo; echo one; echo two >&2; echo 1 >outlived");
	monitor = fork();
	if (monitor == 0)
		_exit(run_plain());
	ok(waitpid(monitor, NULL, 0) == monitor && read_number("outlived") == -1,
	   "the monitor is gone, its script is not");
	make_file("fifo", "go\n", 0600); /* waits until the script reads it */
	ok(group_is_gone(read_number("group")) && read_number("outlived") == 1,
	   "it comes to its end, though nobody reads what it writes");
}

static int read_some(int fd, char *data, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = poll(&p, 1, 20000) > 0 ? read(fd, data, size - 1) : 0;

	data[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static void test_pipe(void)
{
	struct device d;
	char hint[256], data[256];

	clear();
	add_sh(COMMAND_PROGRAM, "read x; echo got $x; echo beside >&2", false);
	add_sh(COMMAND_IFCONFIG, "echo for the log", false);
	ok(device_open(TUNNEL_PIPE, "", &d, hint) == 0 && write(d.fd, "one\n", 4) == 4 &&
	   run(d.program_fd, AMPLE_S, -1, false) == 0, "a pipe session starts its programs");
	close(d.program_fd);
	d.program_fd = -1;
	ok(read_some(d.fd, data, sizeof(data)) && strcmp(data, "got one\n") == 0,
	   "stdin and stdout of a program are the tunnel");
	ok(tend_until("sh: beside") && !in_log("got one"), "its stderr is logged");
	ok(in_log("ifconfig: for the log"), "ifconfig and its like talk to the log all the same");
	device_close(&d);
}

static void test_tty(void)
{
	struct device d;
	char hint[256], data[4096];

	clear();
	add(COMMAND_PPP, self_path, "--state", false);
	ok(device_open(TUNNEL_TTY, "", &d, hint) == 0 &&
	   run(d.program_fd, AMPLE_S, -1, false) == 0, "a tty session starts its program");
	close(d.program_fd);
	d.program_fd = -1;
	ok(tend_until("ppp: controlling terminal"), "the pty is its controlling terminal");
	ok(read_some(d.fd, data, sizeof(data)) && strstr(data, "descriptor 0\n"),
	   "and its stdout the tunnel, with no carriage returns added");
	device_close(&d);
}

int main(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);

	if (argc > 1 && strcmp(argv[1], "--state") == 0)
		return say_state();
	if (n < 0 || !mkdtemp(directory) || chdir(directory) < 0)
		return 99;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_DUMPABLE, 0); /* as the monitor is: /proc/self is root's then */
	log_set_sink(sink);
	test_order();
	test_output();
	test_flood();
	test_state();
	test_missing();
	test_not_executable();
	test_failing();
	test_refused_value();
	test_timeout();
	test_abort();
	test_background();
	test_background_flood();
	test_outliving();
	test_pipe();
	test_tty();
	snprintf(text, sizeof(text), "rm -r %s", directory);
	if (system(text) != 0)
		return 99;
	return finish();
}
