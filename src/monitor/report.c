/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <systemd/sd-daemon.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/exitcode.h"
#include "common/fdutil.h"
#include "common/log.h"
#include "journal.h"
#include "state.h"
#include "title.h"

/* Made once by "systemd-id128 new", explained in units/vtun.catalog. */
#define MESSAGE_SESSION_UP     "b53f8a2fff54428d96c773b7ec6239ed"
#define MESSAGE_SESSION_END    "46171b252e104879843f7d545af8265b"
#define MESSAGE_SESSION_KILLED "2cd88fbe40be40f4aa473144a501900d"
#define MESSAGE_AUTH_FAILURE   "cdfffee57ee64451b55b91abfaacdb44"
#define MESSAGE_COMMAND_FAILED "2048204b4dec414a857b5d89e0039dd6"

static const char program_name[] = "vtun";

static struct {
	int facility;
	char role[8], session[SESSION_NAME_MAX + 1], device[64], peer[80];
	time_t since;
	uint64_t sent_us; /* when the journal was last written to */
	int state_failed;
	const struct journal_entry *extra; /* fields of the line that is being logged */
} self = { .facility = LOG_DAEMON };

/* ---- where lines go */

static void sink_stderr(int priority, const char *line)
{
	(void)priority;
	fprintf(stderr, "%s: %s\n", program_name, line);
}

static void sink_syslog(int priority, const char *line)
{
	syslog(self.facility | priority, "%s", line);
}

static void add_field(struct journal_entry *e, const char *name, const char *value)
{
	if (*value)
		journal_add(e, "%s=%s", name, value);
}

static void sink_journal(int priority, const char *line)
{
	struct journal_entry e = { 0 };

	journal_add(&e, "MESSAGE=%s", line);
	journal_add(&e, "PRIORITY=%d", priority);
	journal_add(&e, "SYSLOG_IDENTIFIER=%s", program_name);
	journal_add(&e, "SYSLOG_FACILITY=%d", LOG_FAC(self.facility));
	add_field(&e, "VTUN_ROLE", self.role);
	add_field(&e, "VTUN_SESSION", self.session);
	add_field(&e, "VTUN_DEVICE", self.device);
	add_field(&e, "VTUN_PEER", self.peer);
	if (self.extra)
		journal_append(&e, self.extra);
	journal_send(&e);
	self.sent_us = clock_us();
}

/* One line with more fields than the usual ones. */
__attribute__((format(printf, 3, 4))) static void
log_entry(int priority, const struct journal_entry *extra, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	self.extra = extra;
	log_line(priority, "%s", text);
	self.extra = NULL;
}

/* What a library writes to stdout or stderr must not get between the frames. */
static void close_off_network(void)
{
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fd;

	for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (fd_is_same_file(STDIN_FILENO, fd) && dup2(null, fd) < 0)
			_exit(EXIT_OSERR);
}

/* Also if it was closed: then main() has put /dev/null there. */
static int goes_nowhere(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
}

static enum report_target choose_target(int inetd)
{
	struct stat st;

	if (journal_is_stderr())
		return REPORT_JOURNAL;
	if (inetd && (fd_is_same_file(STDIN_FILENO, STDERR_FILENO) || goes_nowhere(STDERR_FILENO)))
		return REPORT_SYSLOG;
	if (fstat(STDERR_FILENO, &st) < 0)
		return REPORT_SYSLOG;
	return REPORT_STDERR;
}

void report_init(int argc, char **argv, int inetd)
{
	enum report_target target = choose_target(inetd);

	title_init(argc, argv);
	if (inetd)
		close_off_network();
	switch (target) {
	case REPORT_JOURNAL:
		log_set_sink(sink_journal);
		break;
	case REPORT_SYSLOG:
		openlog(program_name, LOG_PID | LOG_NDELAY, self.facility);
		log_set_sink(sink_syslog);
		break;
	case REPORT_STDERR:
		log_set_sink(sink_stderr);
		break;
	}
}

void report_close(void)
{
	const uint64_t enough_us = 50 * 1000;
	uint64_t passed = clock_us() - self.sent_us;

	if (self.sent_us && passed < enough_us)
		usleep((useconds_t)(enough_us - passed));
}

void report_set_facility(int syslog_facility)
{
	self.facility = syslog_facility;
}

static void set(char *field, size_t size, const char *value)
{
	if (value)
		snprintf(field, size, "%s", value);
}

void report_set(const char *role, const char *session, const char *device, const char *peer)
{
	set(self.role, sizeof(self.role), role);
	set(self.session, sizeof(self.session), session);
	set(self.device, sizeof(self.device), device);
	set(self.peer, sizeof(self.peer), peer);
}

/* ---- ps and systemctl status */

void report_title(const char *format, ...)
{
	const char *role = *self.role == 's' ? "[s]" : *self.role == 'c' ? "[c]" : "";
	char text[160], title[192];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	snprintf(title, sizeof(title), "vtund%s: %s", role, text);
	title_set(title);
}

void report_status(int ready, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	text[strcspn(text, "\n")] = '\0'; /* what follows would be another assignment */
	sd_notifyf(0, "%sSTATUS=%s", ready ? "READY=1\n" : "", text);
}

void report_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void report_patience(unsigned seconds)
{
	sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%u000000", seconds);
}

/* ---- the events that have a number of their own */

static const char *session_name(void)
{
	return *self.session ? self.session : "(no session)";
}

void report_session_up(const struct terms *t)
{
	struct journal_entry e = { 0 };
	const char *proto = t->proto == PROTO_UDP ? "udp" : "tcp";
	const char *reliable = !(t->caps & CAP_ARQ) ? "" :
			       t->arq_ordered ? ", reliable ordered" : ", reliable yes";
	char mtu[16] = ""; /* a stream of bytes has none */
	char suite[32] = ""; /* of the UDP path; TLS chooses its own */

	if (t->suites[0])
		snprintf(suite, sizeof(suite), " (%s)", suite_name(t->suites[0]));
	if (t->mtu)
		snprintf(mtu, sizeof(mtu), ", mtu %u", t->mtu);
	self.since = time(NULL);
	journal_add(&e, "MESSAGE_ID=%s", MESSAGE_SESSION_UP);
	journal_add(&e, "VTUN_TYPE=%s", tunnel_type_name(t->type));
	journal_add(&e, "VTUN_PROTO=%s", proto);
	journal_add(&e, "VTUN_MTU=%u", t->mtu);
	if (t->suites[0])
		journal_add(&e, "VTUN_SUITE=%s", suite_name(t->suites[0]));
	log_entry(LOG_NOTICE, &e, "%s: session up: device %s, peer %s, %s over %s, compress %s, "
		  "encrypt %s%s, keepalive %u:%u%s%s", session_name(), self.device, self.peer,
		  tunnel_type_name(t->type), proto, comp_alg_name(t->comp_alg),
		  t->encrypt ? "yes" : "no", suite, t->keepalive_s, t->keepalive_misses, mtu,
		  reliable);
}

enum { UDP_TEXT_SIZE = 320 }; /* enough for eight words and numbers of 64 bits */

/* What became of the peer's datagrams, how often keys changed, and what `reliable` did for what we
 * sent: of each what there is.  Fields of the journal, and ", lost 3, duplicated 1..." in `text`. */
static void add_udp(struct journal_entry *e, const struct tally *t, char text[static UDP_TEXT_SIZE])
{
	const struct {
		const char *field, *word;
		uint64_t value;
	} all[] = {
		{ "VTUN_UDP_LOST", "lost", t->udp_lost },
		{ "VTUN_UDP_DUPLICATED", "duplicated", t->udp_duplicated },
		{ "VTUN_UDP_REORDERED", "reordered", t->udp_reordered },
		{ "VTUN_UDP_BAD", "refused", t->udp_bad },
		{ "VTUN_UDP_RESENT", "resent", t->udp_resent },
		{ "VTUN_UDP_GIVEN_UP", "given up", t->udp_given_up },
		{ "VTUN_UDP_UNPROTECTED", "unprotected", t->udp_unprotected },
		{ "VTUN_REKEYS", "rekeys", t->rekeys },
	};
	size_t i, used = 0;

	*text = '\0';
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (!all[i].value)
			continue;
		journal_add(e, "%s=%llu", all[i].field, (unsigned long long)all[i].value);
		used += (size_t)snprintf(text + used, UDP_TEXT_SIZE - used, ", %s %llu", all[i].word,
					 (unsigned long long)all[i].value);
	}
}

/* By the peer's last count, which is exact if the session ended in good order: " (243 arrived)" in
 * `text` if that is not all. */
static void add_peer(struct journal_entry *e, const struct tally *t, int in_order, char text[static 48])
{
	*text = '\0';
	if (!in_order)
		return;
	journal_add(e, "VTUN_PEER_TX_FRAMES=%llu", (unsigned long long)t->peer_tx_frames);
	journal_add(e, "VTUN_PEER_RX_FRAMES=%llu", (unsigned long long)t->peer_rx_frames);
	if (t->peer_rx_frames < t->tx_frames)
		snprintf(text, 48, " (%llu arrived)", (unsigned long long)t->peer_rx_frames);
}

void report_session_end(const char *why, int exit_code, const struct tally *t, uint64_t seconds)
{
	struct journal_entry e = { 0 };
	char udp[UDP_TEXT_SIZE];
	char packed[96] = "", arrived[48];

	journal_add(&e, "MESSAGE_ID=%s", MESSAGE_SESSION_END);
	journal_add(&e, "VTUN_REASON=%s", why);
	journal_add(&e, "VTUN_EXIT=%d", exit_code);
	journal_add(&e, "VTUN_SECONDS=%llu", (unsigned long long)seconds);
	journal_add(&e, "VTUN_TX_FRAMES=%llu", (unsigned long long)t->tx_frames);
	journal_add(&e, "VTUN_TX_BYTES=%llu", (unsigned long long)t->tx_bytes);
	journal_add(&e, "VTUN_RX_FRAMES=%llu", (unsigned long long)t->rx_frames);
	journal_add(&e, "VTUN_RX_BYTES=%llu", (unsigned long long)t->rx_bytes);
	journal_add(&e, "VTUN_TX_DROPS=%llu", (unsigned long long)t->tx_drops);
	journal_add(&e, "VTUN_RX_DROPS=%llu", (unsigned long long)t->rx_drops);
	add_peer(&e, t, exit_code == 0, arrived);
	add_udp(&e, t, udp);
	if (t->tx_raw) {
		journal_add(&e, "VTUN_TX_RAW_BYTES=%llu", (unsigned long long)t->tx_raw);
		journal_add(&e, "VTUN_TX_PACKED_BYTES=%llu", (unsigned long long)t->tx_packed);
		snprintf(packed, sizeof(packed), "; compressed %llu bytes to %llu (%.0f %%)",
			 (unsigned long long)t->tx_raw, (unsigned long long)t->tx_packed,
			 100. * (double)t->tx_packed / (double)t->tx_raw);
	}
	log_entry(exit_code ? LOG_WARNING : LOG_NOTICE, &e,
		  "%s: session ended after %llu s: %s; sent %llu bytes in %llu frames%s, "
		  "received %llu in %llu%s%s", session_name(), (unsigned long long)seconds, why,
		  (unsigned long long)t->tx_bytes, (unsigned long long)t->tx_frames, arrived,
		  (unsigned long long)t->rx_bytes, (unsigned long long)t->rx_frames, udp, packed);
	state_remove();
}

void report_session_killed(const char *session, const char *why, int has_down)
{
	struct journal_entry e = { 0 };

	journal_add(&e, "MESSAGE_ID=%s", MESSAGE_SESSION_KILLED);
	journal_add(&e, "VTUN_REASON=%s", why);
	log_entry(LOG_WARNING, &e, "%s: session ended: its vtund was %s%s", session, why,
		  has_down ? "; down is run in its place" : "; there is no down to run in its place");
}

void report_auth_failure(const char *why_for_us)
{
	struct journal_entry e = { 0 };

	journal_add(&e, "MESSAGE_ID=%s", MESSAGE_AUTH_FAILURE);
	journal_add(&e, "VTUN_REASON=%s", why_for_us);
	log_entry(LOG_WARNING, &e, "auth failure from %s: %s", self.peer, why_for_us);
}

void report_command_failure(const char *session, const char *which, unsigned number,
			    const char *command, const char *why, const char *hint)
{
	struct journal_entry e = { 0 };

	journal_add(&e, "MESSAGE_ID=%s", MESSAGE_COMMAND_FAILED);
	journal_add(&e, "VTUN_COMMAND=%s", command);
	journal_add(&e, "VTUN_REASON=%s", why);
	log_entry(LOG_WARNING, &e, "%s: %s command %u (%s) failed: %s%s%s", session, which, number,
		  command, why, *hint ? ": " : "", hint);
}

/* ---- status.json */

void report_state(const struct terms *t, const struct tally *tally, int udp_up)
{
	const struct state s = {
		.session = self.session, .role = self.role, .device = self.device,
		.peer = self.peer, .since = self.since, .terms = t, .tally = tally,
		.udp_up = udp_up,
	};
	int r = state_write(&s);

	if (r < 0 && !self.state_failed)
		log_errno(LOG_WARNING, r, "%s: status.json cannot be written, vtunctl status "
			  "will not show this session", self.session);
	self.state_failed = r < 0;
}
