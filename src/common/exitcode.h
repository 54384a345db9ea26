/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Exit codes are an interface: sysexits(3), which "systemctl status" names by itself.
 */
#pragma once

enum exit_code {
	EXIT_DONE = 0,         /* closed in good order */
	EXIT_USAGE = 64,       /* wrong command line */
	EXIT_NOHOST = 68,      /* unknown host */
	EXIT_UNAVAILABLE = 69, /* connection refused, or no way to the peer */
	EXIT_SOFTWARE = 70,    /* a bug of ours: the worker was killed by its sandbox or crashed */
	EXIT_OSERR = 71,       /* the system failed: no device, no descriptor, no memory */
	EXIT_TEMPFAIL = 75,    /* peer lost, or time-out: try again */
	EXIT_PROTOCOL = 76,    /* protocol violation, or a legacy peer */
	EXIT_NOPERM = 77,      /* authentication failed */
	EXIT_CONFIG = 78,      /* configuration */
};
