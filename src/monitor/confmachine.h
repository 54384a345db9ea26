/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What vtund.conf says, held against the machine that it is on: are the programs there, can the
 * password be read and by whom, does the socket unit listen where the file says?  Warnings only.
 */
#pragma once

#include "confload.h"

struct confmachine {
	const struct config *config;
	struct confdiag *diag;
	char **missing; /* programs that have been missed: each is named once */
	size_t missing_count;
};

void confmachine_init(struct confmachine *m, const struct config *c, struct confdiag *diag);
void confmachine_clear(struct confmachine *m);

/* Whether we are root, and that is the user whom vtun@.service has. */
bool confmachine_is_service(uid_t owner);

/* Whether there is a file with VTUN_SERVER= for vtun@NAME.service. */
bool confmachine_has_server(const char *name);

/* Where vtun.socket listens ("systemctl show"; silent without systemd). */
void confmachine_check_listener(struct confmachine *m);
void confmachine_check_session(struct confmachine *m, const struct conf_section *section,
			       const struct config_session *s);
