/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One line of log, and where it goes.  The one who gives up logs, once; code that a caller can
 * recover from does not log.  A line names the peer, the thing and the reason, and no secret.
 */
#pragma once

#include <stddef.h>
#include <syslog.h>

/* Receives one finished line (no newline, non-printables escaped).  The default writes to stderr;
 * the monitor puts journal or syslog in its place, the worker sends lines to its monitor. */
typedef void log_sink(int priority, const char *line);

void log_set_sink(log_sink *sink);

/* Lines less important than `priority` (LOG_ERR...LOG_DEBUG) are dropped.  Default LOG_INFO. */
void log_set_max(int priority);
int log_max(void);

/* At most 1,023 bytes; what is longer is cut.  Control characters and bytes above 0x7e other than
 * valid UTF-8 are written as \xNN, so that no peer's text can forge a line. */
void log_line(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, with ": " and the text of `error` (errno or its negative) behind it.
 * Returns the error as a negative errno, for "return log_errno(...)". */
int log_errno(int priority, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What log_line() makes of a text, for what goes elsewhere: into `size` bytes, cut if need be. */
void log_escape(const char *in, char *out, size_t size);

#define log_debug(...)   log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)    log_line(LOG_INFO, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_NOTICE, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_error(...)   log_line(LOG_ERR, __VA_ARGS__)
