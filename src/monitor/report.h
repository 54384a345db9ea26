/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the outside sees of a session: journal fields or syslog, sd_notify, the title in ps, and
 * RUNDIR/<instance>/status.json for "vtunctl status".
 */
#pragma once

#include <stdint.h>

#include "common/ipc.h"

enum report_target {
	REPORT_STDERR,  /* a terminal: plain lines */
	REPORT_JOURNAL, /* stderr is the journal: sd_journal_send() with fields */
	REPORT_SYSLOG,  /* inetd: stderr is the peer, or nothing */
};

/* Chooses the target and becomes the sink of log.h; first thing after the command line.
 * `inetd`: what of descriptors 1 and 2 is the same socket as 0, is the network and becomes /dev/null.
 * If that is 2, or 2 is /dev/null, syslog is the target.
 * The memory of argv's strings and of the environment is overwritten by titles: argv[i] and environ
 * point to copies afterwards, but pointers into them that were kept from before must not be used
 * any more (getenv() again, or strdup() while reading the command line). */
void report_init(int argc, char **argv, int inetd);

/* Last of all in main(): waits until the journal has surely read what was said just now (at most
 * 50 ms).  It finds out by the process which unit a line belongs to, and "journalctl -u" and
 * "systemctl status" would not show why a session ended if the process were gone by then. */
void report_close(void);

/* LOG_DAEMON, LOG_LOCAL0... */
void report_set_facility(int syslog_facility);

/* Fields that go with every line from now on: VTUN_ROLE ("server", "client"), VTUN_SESSION,
 * VTUN_DEVICE, VTUN_PEER ("192.0.2.7 port 4711": lines of the log and status.json show it as it
 * is).  NULL leaves a field as it is, "" removes it.  Strings are copied. */
void report_set(const char *role, const char *session, const char *device, const char *peer);

/* ps shows "vtund[s]: TEXT" or "vtund[c]: TEXT" (role as set). */
void report_title(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* STATUS= for systemctl status; with ready: READY=1 too. */
void report_status(int ready, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_stopping(void);

/* What is being tried may take so long, whatever TimeoutStartSec= says. */
void report_patience(unsigned seconds);

/* Log lines with a MESSAGE_ID of their own (units/vtun.catalog) and numbers as fields.
 * report_session_end() says what was lost, duplicated, reordered and refused on the way if anything
 * was, how many frames arrived at the peer if not all did, and removes status.json. */
void report_session_up(const struct terms *t);
void report_session_end(const char *why, int exit_code, const struct tally *t, uint64_t seconds);
void report_session_killed(const char *session, const char *why, int has_down); /* by who comes after it */
void report_auth_failure(const char *why_for_us); /* "auth failure from ADDR port N": fail2ban */

/* "NAME: up command 2 (ifconfig) failed: WHY: HINT"; `hint` may be empty. */
void report_command_failure(const char *session, const char *which, unsigned number,
			    const char *command, const char *why, const char *hint);

/* status.json (state.h); where it cannot be written, one warning says so. */
void report_state(const struct terms *t, const struct tally *tally, int udp_up);
