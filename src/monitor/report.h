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
	REPORT_SYSLOG,  /* inetd: stderr is the peer */
};

/* Chooses the target, keeps argv's memory for titles; first thing after the command line.
 * `inetd`: descriptor 2 is the network, never write there. */
void report_init(int argc, char **argv, int inetd);
void report_set_facility(int syslog_facility);

/* Fields that go with every line from now on: VTUN_ROLE, VTUN_SESSION, VTUN_DEVICE, VTUN_PEER.
 * NULL leaves a field as it is.  Strings are copied. */
void report_set(const char *role, const char *session, const char *device, const char *peer);

/* ps shows "vtund[s]: TEXT" or "vtund[c]: TEXT" (role as set). */
void report_title(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* STATUS= for systemctl status; with ready: READY=1 too. */
void report_status(int ready, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_stopping(void);

/* Log lines with a MESSAGE_ID of their own and numbers as fields. */
void report_session_up(const struct terms *t);
void report_session_end(const char *why, int exit_code, const struct tally *t, uint64_t seconds);
void report_auth_failure(const char *why_for_us); /* "auth failure from ADDR port N": fail2ban */

/* status.json; nothing where there is no place for it. */
void report_state(const struct terms *t, const struct tally *tally, int udp_up);
