/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a peer that has connected begins with: the first byte tells TLS from the rest, before
 * anything is executed for it.  doc/PROTOCOL.md, "Legacy peers".
 */
#pragma once

enum peek {
	PEEK_TLS,     /* go on */
	PEEK_SILENT,  /* nothing came: a VTun 2 or 3 client waits for a greeting */
	PEEK_GONE,    /* closed without a byte */
	PEEK_LEGACY,  /* a VTun 2 or 3 client that did not wait */
	PEEK_HTTP,
	PEEK_SSH,
	PEEK_OTHER,
	PEEK_STOPPED, /* abort_fd became readable */
	PEEK_FAILED,  /* errno says why */
};

/* Waits for the first byte for timeout_ms and leaves it where it is. */
enum peek peek_first_byte(int fd, int abort_fd, unsigned timeout_ms);

/* A sentence for the log; NULL for PEEK_TLS, PEEK_STOPPED and PEEK_FAILED. */
const char *peek_hint(enum peek p);

/* Tells a silent VTun 2 or 3 client, in the 50 bytes that it waits for, why it is not served. */
void peek_greet_legacy(int fd);
