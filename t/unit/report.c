/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the outside sees of a session: ps, the journal, syslog, systemd, status.json.  The journal,
 * syslog and systemd are sockets of this test, at their places in a file system of its own.
 */
#include "monitor/report.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdutil.h"
#include "common/log.h"
#include "own_net.h"
#include "tap.h"

#undef RUNDIR
#define RUNDIR "/run/vtund-test"
#include "../../src/monitor/rundir.c"
#include "../../src/monitor/state.c"

static char scratch[] = "/tmp/vtun-report-XXXXXX";

static const struct terms terms = {
	.type = TUNNEL_TUN, .proto = PROTO_UDP, .comp_alg = COMP_LZO, .comp_level = 9, .encrypt = 1,
	.keepalive_s = 30, .keepalive_misses = 4, .mtu = 1446,
	.suites = { SUITE_CHACHA20_POLY1305 }, .version = "4.0 \"\\ {}",
};
static const struct tally tally = {
	.tx_frames = 3, .tx_bytes = 4242, .rx_frames = 5, .rx_bytes = UINT64_MAX,
	.udp_lost = 7, .udp_reordered = UINT64_MAX,
};

/* ---- helpers */

static void put_file(const char *path, const char *content)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(content, f) < 0 || fclose(f) != 0)
		abort();
}

static int bound_socket(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	unlink(path); /* an earlier child's */
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		abort();
	return fd;
}

static const char *received(int fd)
{
	static char data[8192];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = poll(&p, 1, 10000) > 0 ? read(fd, data, sizeof(data) - 1) : 0;

	data[n > 0 ? n : 0] = '\0';
	return data;
}

/* A /run and a /dev of our own; of devices only /dev/null. */
static void make_places(void)
{
	char null[64];

	snprintf(null, sizeof(null), "%.40s/null", scratch);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", scratch, "tmpfs", 0, NULL) < 0)
		abort();
	put_file(null, "");
	if (mount("/dev/null", null, NULL, MS_BIND, NULL) < 0 ||
	    mount(scratch, "/dev", NULL, MS_BIND | MS_REC, NULL) < 0 ||
	    mount("none", "/run", "tmpfs", 0, NULL) < 0 ||
	    mkdir("/run/systemd", 0755) < 0 || mkdir("/run/systemd/journal", 0755) < 0 ||
	    mkdir("/run/vtund-test", 0755) < 0 || mkdir("/run/unit", 0755) < 0)
		abort();
}

/* ---- targets, each in a child, as the choice is made once */

static int in_child(int (*check)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(check() ? 0 : 1);
	waitpid(pid, &status, 0);
	return status == 0;
}

static char *no_args[] = { NULL };

static int terminal_gets_lines(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || dup2(pair[1], 2) < 0)
		return 0;
	report_init(0, no_args, 0);
	log_notice("hello %d", 1);
	return strcmp(received(pair[0]), "vtun: hello 1\n") == 0;
}

static int inetd_gets_syslog(void)
{
	int log = bound_socket("/dev/log"), pair[2], i;
	const char *line;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 0;
	for (i = 0; i < 3; i++)
		dup2(pair[1], i);
	close(pair[1]);
	report_init(0, no_args, 1);
	report_set_facility(LOG_LOCAL3);
	log_warning("no such %s", "thing");
	fprintf(stderr, "a library complains\n");
	printf("so does another\n");
	fflush(stdout);
	close(0);
	line = received(log);
	/* <8 * facility + priority>; nothing has come over the network but its end */
	return strncmp(line, "<156>", 5) == 0 && strstr(line, "vtun[") &&
	       strstr(line, "]: no such thing") && read(pair[0], &i, 1) == 0;
}

static int inetd_with_log_of_its_own(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || dup2(pair[1], 2) < 0)
		return 0;
	report_init(0, no_args, 1);
	log_notice("hello");
	return strcmp(received(pair[0]), "vtun: hello\n") == 0;
}

static int inetd_without_a_log(void)
{
	int log = bound_socket("/dev/log"), pair[2], i;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 0;
	for (i = 0; i < 2; i++)
		dup2(pair[1], i);
	close(pair[1]);
	i = open("/dev/null", O_RDWR);
	if (dup2(i, 2) < 0)
		return 0;
	report_init(0, no_args, 1);
	log_notice("hello");
	printf("a library complains\n");
	fflush(stdout);
	close(0);
	return strstr(received(log), "]: hello") && read(pair[0], &i, 1) == 0;
}

/* ---- the journal */

static int journal = -1;

static void become_journal_client(void)
{
	char stream[64];
	struct stat st;

	if (fstat(2, &st) < 0)
		abort();
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	report_init(0, no_args, 0);
	report_set("server", "wireless2", "tun0", "192.0.2.7 port 4711");
}

static int has(const char *entry, const char *field)
{
	char line[256];

	snprintf(line, sizeof(line), "%s\n", field);
	return strncmp(entry, line, strlen(line)) == 0 ||
	       (snprintf(line, sizeof(line), "\n%s\n", field) > 0 && strstr(entry, line));
}

static int journal_gets_fields(void)
{
	const char *e;

	become_journal_client();
	log_warning("a line");
	e = received(journal);
	return has(e, "MESSAGE=a line") && has(e, "PRIORITY=4") &&
	       has(e, "SYSLOG_IDENTIFIER=vtun") && has(e, "SYSLOG_FACILITY=3") &&
	       has(e, "VTUN_ROLE=server") && has(e, "VTUN_SESSION=wireless2") &&
	       has(e, "VTUN_DEVICE=tun0") && has(e, "VTUN_PEER=192.0.2.7 port 4711") &&
	       !strstr(e, "MESSAGE_ID");
}

static int journal_gets_fields_later(void)
{
	const char *e;

	become_journal_client();
	report_set(NULL, NULL, "", NULL);
	log_info("a line");
	e = received(journal);
	return has(e, "VTUN_SESSION=wireless2") && !strstr(e, "VTUN_DEVICE");
}

/* The number of the entry is explained in the catalog, and every @FIELD@ there is sent. */
static int is_explained(const char *entry)
{
	char path[PATH_MAX], catalog[16384] = "", head[64], name[64];
	const char *id = strstr(entry, "MESSAGE_ID="), *section, *end, *at, *at_field;

	snprintf(path, sizeof(path), "%s/units/vtun.catalog", getenv("top_srcdir") ?: "..");
	if (!id || fd_read_file(path, catalog, sizeof(catalog) - 1) < 0)
		return 0;
	snprintf(head, sizeof(head), "-- %.32s\n", id + strlen("MESSAGE_ID="));
	section = strstr(catalog, head);
	if (!section)
		return 0;
	end = strstr(section + 3, "\n-- ");
	for (at = section; (at = strchr(at, '@')) && (!end || at < end);
	     at += strcspn(at + 1, "@") + 2) {
		/* A value of several lines has its length in front, not "=". */
		snprintf(name, sizeof(name), "\n%.*s", (int)strcspn(at + 1, "@"), at + 1);
		at_field = strstr(entry, name);
		if (!at_field || !strchr("=\n", at_field[strlen(name)]))
			return 0;
	}
	return 1;
}

static int session_up_is_explained(void)
{
	const char *e;

	become_journal_client();
	report_session_up(&terms);
	e = received(journal);
	return is_explained(e) && has(e, "VTUN_TYPE=tun") && has(e, "VTUN_PROTO=udp") &&
	       has(e, "VTUN_MTU=1446") && has(e, "VTUN_SUITE=ChaCha20-Poly1305") &&
	       strstr(e, "MESSAGE=wireless2: session up: device tun0, peer 192.0.2.7 port 4711, "
			 "tun over udp, compress lzo, encrypt yes (ChaCha20-Poly1305), keepalive 30:4, "
			 "mtu 1446\n");
}

static int reliable_is_said(void)
{
	struct terms t = terms;
	struct tally counted = { .udp_resent = 12, .udp_given_up = 1, .udp_unprotected = 3 };
	const char *e;

	become_journal_client();
	t.caps |= CAP_ARQ;
	report_session_up(&t);
	t.arq_ordered = 1;
	report_session_up(&t);
	report_session_end("closed", 0, &counted, 1);
	e = received(journal);
	if (!strstr(e, ", mtu 1446, reliable yes\n"))
		return 0;
	e = received(journal);
	if (!strstr(e, ", mtu 1446, reliable ordered\n"))
		return 0;
	e = received(journal);
	return strstr(e, " in 0, resent 12, given up 1, unprotected 3\n") &&
	       has(e, "VTUN_UDP_RESENT=12") && has(e, "VTUN_UDP_GIVEN_UP=1") &&
	       has(e, "VTUN_UDP_UNPROTECTED=3");
}

static int session_killed_is_explained(void)
{
	const char *e;

	become_journal_client();
	report_session_killed("wireless2", "killed by signal KILL", 1);
	e = received(journal);
	return is_explained(e) && has(e, "PRIORITY=4") && has(e, "VTUN_REASON=killed by signal KILL") &&
	       strstr(e, "MESSAGE=wireless2: session ended: its vtund was killed by signal KILL; "
			 "down is run in its place\n");
}

static int session_end_is_explained(void)
{
	const char *e;

	become_journal_client();
	report_session_end("peer does not answer", 75, &tally, 3600);
	e = received(journal);
	return is_explained(e) && has(e, "VTUN_EXIT=75") && has(e, "VTUN_TX_BYTES=4242") &&
	       has(e, "PRIORITY=4") && has(e, "VTUN_RX_BYTES=18446744073709551615") &&
	       has(e, "VTUN_SECONDS=3600") &&
	       strstr(e, "MESSAGE=wireless2: session ended after 3600 s: peer does not answer; "
			 "sent 4242 bytes in 3 frames") &&
	       strstr(e, " in 5, lost 7, reordered 18446744073709551615\n") &&
	       has(e, "VTUN_UDP_LOST=7") && !strstr(e, "VTUN_UDP_DUPLICATED");
}

static int last_words_are_escaped(void)
{
	const char *e;

	become_journal_client();
	report_session_end("closed: \033[2J\nbye", 75, &tally, 1);
	e = received(journal);
	return has(e, "VTUN_REASON=closed: \\x1b[2J\\x0abye") && has(e, "VTUN_SECONDS=1");
}

static int session_end_tells_what_arrived(void)
{
	struct tally t = { .tx_frames = 250, .tx_bytes = 9, .peer_rx_frames = 243, .peer_tx_frames = 8 };
	const char *e;

	become_journal_client();
	report_session_end("closed by the client", 0, &t, 1);
	e = received(journal);
	if (!strstr(e, "sent 9 bytes in 250 frames (243 arrived), received 0 in 0\n") ||
	    !has(e, "VTUN_PEER_RX_FRAMES=243") || !has(e, "VTUN_PEER_TX_FRAMES=8"))
		return 0;
	t.peer_rx_frames = 250;
	report_session_end("closed by the client", 0, &t, 1);
	if (strstr(received(journal), "arrived"))
		return 0;
	t.peer_rx_frames = 1; /* of up to a minute ago */
	report_session_end("the connection broke", 75, &t, 1);
	e = received(journal);
	return !strstr(e, "arrived") && !strstr(e, "VTUN_PEER_");
}

static int auth_failure_is_explained(void)
{
	const char *e;

	become_journal_client();
	report_auth_failure("wrong password for \"a\nb\"");
	e = received(journal);
	return is_explained(e) && strstr(e, "MESSAGE=auth failure from 192.0.2.7 port 4711: "
					    "wrong password for \"a\\x0ab\"\n");
}

static int command_failure_is_explained(void)
{
	const char *e;

	become_journal_client();
	report_command_failure("wireless2", "up", 2, "ip", "exit status 2", "");
	e = received(journal);
	return is_explained(e) && has(e, "VTUN_COMMAND=ip") &&
	       has(e, "MESSAGE=wireless2: up command 2 (ip) failed: exit status 2");
}

static void test_targets(void)
{
	ok(in_child(terminal_gets_lines), "a terminal gets plain lines");
	ok(in_child(inetd_gets_syslog),
	   "under inetd syslog gets them, and the network nothing, whoever writes");
	ok(in_child(inetd_without_a_log), "under inetd, syslog where descriptor 2 is /dev/null");
	ok(in_child(inetd_with_log_of_its_own),
	   "under inetd, a stderr that is not the network is used");
	journal = bound_socket("/run/systemd/journal/socket");
	ok(in_child(journal_gets_fields), "the journal gets fields with every line");
	ok(in_child(journal_gets_fields_later),
	   "an empty field is left out, NULL leaves one as it is");
	ok(in_child(session_up_is_explained), "session up: numbered, explained, with its terms");
	ok(in_child(reliable_is_said), "reliable: the first line says which, the last one what it did");
	ok(in_child(session_end_is_explained), "session ended: numbered, explained, with the tally");
	ok(in_child(last_words_are_escaped), "... a peer's last words are escaped in the field, too");
	ok(in_child(session_killed_is_explained), "session killed: numbered, explained");
	ok(in_child(session_end_tells_what_arrived),
	   "... in good order: with what arrived at the peer, if that is not all");
	ok(in_child(auth_failure_is_explained),
	   "authentication refused: explained, no forged lines");
	ok(in_child(command_failure_is_explained), "command failed: numbered, explained");
}

/* ---- systemd */

static void test_notify(void)
{
	int manager = bound_socket("/run/notify");

	setenv("NOTIFY_SOCKET", "/run/notify", 1);
	report_status(0, "authentication of %s", "192.0.2.7");
	ok(strcmp(received(manager), "STATUS=authentication of 192.0.2.7") == 0,
	   "STATUS= for systemctl");
	report_status(1, "up");
	ok(strcmp(received(manager), "READY=1\nSTATUS=up") == 0, "READY=1 with it");
	report_status(0, "peer says: bye\nMAINPID=1");
	ok(strcmp(received(manager), "STATUS=peer says: bye") == 0,
	   "no text can smuggle in a second assignment");
	report_stopping();
	ok(strcmp(received(manager), "STOPPING=1") == 0, "STOPPING=1");
	unsetenv("NOTIFY_SOCKET");
	close(manager);
}

/* ---- status.json */

/* Behind a string, number or boolean (RFC 8259); NULL if there is none. */
static const char *skip_value(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	if (digits)
		return s + digits;
	if (strncmp(s, "true", 4) == 0)
		return s + 4;
	if (strncmp(s, "false", 5) == 0)
		return s + 5;
	if (*s++ != '"')
		return NULL;
	for (; *s != '"'; s++)
		if (*s < 0x20 || *s > 0x7e || (*s == '\\' && !strchr("\"\\u", *++s)))
			return NULL;
	return s + 1;
}

/* One flat object, and nothing behind it. */
static int is_json(const char *s)
{
	if (strncmp(s, "{\n", 2) != 0)
		return 0;
	for (s += 2;; s += 2) {
		if (strncmp(s, "\t\"", 2) != 0)
			return 0;
		s = skip_value(s + 1);
		if (!s || strncmp(s, ": ", 2) != 0)
			return 0;
		s = skip_value(s + 2);
		if (!s || strncmp(s, ",\n", 2) != 0)
			return s && strcmp(s, "\n}\n") == 0;
	}
}

static void test_state(void)
{
	char json[4096] = "";
	struct stat st;

	umask(0077);
	setenv("RUNTIME_DIRECTORY", "/run/unit", 1);
	report_set("server", "wireless2", "tun0", "192.0.2.7 port 4711");
	report_state(&terms, &tally, 1);
	ok(fd_read_file("/run/unit/status.json", json, sizeof(json) - 1) > 0,
	   "systemd: it is in the unit's directory");
	ok(is_json(json), "it is valid JSON, whatever the peer's version is");
	ok(strstr(json, "\t\"session\": \"wireless2\",\n") &&
		   strstr(json, "\t\"role\": \"server\",\n") &&
		   strstr(json, "\t\"device\": \"tun0\",\n") &&
		   strstr(json, "\t\"peer\": \"192.0.2.7 port 4711\",\n"),
	   "who");
	ok(strstr(json, "\t\"type\": \"tun\",\n") && strstr(json, "\t\"proto\": \"udp\",\n") &&
	   strstr(json, "\t\"path\": \"udp\",\n") && strstr(json, "\t\"mtu\": 1446,\n") &&
	   strstr(json, "\"4.0 \\\"\\\\ {}\""), "on which terms");
	ok(strstr(json, "\t\"tx_bytes\": 4242,\n") &&
		   strstr(json, "\t\"rx_bytes\": 18446744073709551615,\n"),
	   "how much");
	ok(stat("/run/unit/status.json", &st) == 0 && (st.st_mode & 0777) == 0644,
	   "everybody may read it");
	ok(access("/run/unit/status.json.new", F_OK) < 0, "nothing half-written is left");
	log_set_max(LOG_EMERG);
	report_session_end("closed", 0, &tally, 1);
	ok(access("/run/unit/status.json", F_OK) < 0 && access("/run/unit", F_OK) == 0,
	   "it goes with the session, the directory is systemd's");
}

static unsigned n_lines;

static void count_line(int priority, const char *line)
{
	n_lines += priority == LOG_WARNING && strstr(line, "status.json");
}

/* The service's user owns the directory, and a monitor may be root. */
static void test_state_of_others(void)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "/run/vtund-test/%d", (int)getpid());
	ok(mkdir("/run/victim", 0700) == 0 && symlink("/run/victim", path) == 0,
	   "somebody has made a link of that name");
	report_state(&terms, &tally, 0);
	ok(stat("/run/victim", &st) == 0 && (st.st_mode & 0777) == 0700 &&
	   access("/run/victim/status.json", F_OK) < 0, "it is not followed, neither to write nor by chmod");
	report_session_end("closed", 0, &tally, 1);
	unlink(path);
	rmdir("/run/victim");
	ok(mkdir(path, 0777) == 0 && chmod(path, 0777) == 0, "or a directory that he may write to");
	report_state(&terms, &tally, 0);
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0755, "it is replaced by one of our own");
	report_session_end("closed", 0, &tally, 1);
}

static void test_state_of_inetd(void)
{
	char path[PATH_MAX];

	unsetenv("RUNTIME_DIRECTORY");
	report_state(&terms, &tally, 0);
	snprintf(path, sizeof(path), "/run/vtund-test/%d/status.json", (int)getpid());
	ok(access(path, F_OK) == 0, "without systemd: it is below the process's number");
	report_session_end("closed", 0, &tally, 1);
	*strrchr(path, '/') = '\0';
	ok(access(path, F_OK) < 0, "and goes away with its directory");
	test_state_of_others();
	rmdir("/run/vtund-test");
	log_set_max(LOG_INFO);
	log_set_sink(count_line);
	report_state(&terms, &tally, 0);
	report_state(&terms, &tally, 0);
	ok(n_lines == 1, "where there is no place for it, one warning says so");
}

/* ---- ps */

static void test_title(int argc, char **argv)
{
	static char title[300], expected[300];
	char path_before[4096];
	ssize_t n;

	snprintf(path_before, sizeof(path_before), "%s", getenv("PATH"));
	report_init(argc, argv, 0);
	report_title("%s", "begins");
	report_set("server", NULL, NULL, NULL);
	report_title("%s tun %s", "wireless2", "tun0");
	n = fd_read_file("/proc/self/cmdline", title, sizeof(title));
	ok(n >= 28 && strcmp(title, "vtund[s]: wireless2 tun tun0") == 0,
	   "ps shows the server's title (%s)", title);
	report_set("client", NULL, NULL, NULL);
	report_title("wireless2 tun tun1");
	fd_read_file("/proc/self/cmdline", title, sizeof(title));
	ok(strcmp(title, "vtund[c]: wireless2 tun tun1") == 0, "and the client's");
	memset(expected, 'x', sizeof(expected) - 1);
	report_title("%s", expected);
	memset(title, 0, sizeof(title));
	fd_read_file("/proc/self/cmdline", title, sizeof(title) - 1);
	ok(strncmp(title, "vtund[c]: xxxx", 14) == 0 && strlen(title) < 200, "a long one is cut");
	ok(strcmp(getenv("PATH"), path_before) == 0 && strstr(argv[0], "report"),
	   "environment and arguments are still what they were");
}

int main(int argc, char **argv)
{
	need_own_net();
	if (!mkdtemp(scratch))
		return 99;
	make_places();
	unsetenv("JOURNAL_STREAM");
	test_targets();
	test_notify();
	test_state();
	test_state_of_inetd();
	test_title(argc, argv);
	if (umount2(scratch, MNT_DETACH) < 0 || rmdir(scratch) < 0)
		return 99;
	return finish();
}
