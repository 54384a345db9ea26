/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The local end as long as it exists: the device, and the `up` that has run for it and the `down`
 * that therefore has to.  With "persist keep" a client hands it on from session to session.
 */
#pragma once

#include <stdbool.h>

#include "common/ipc.h"
#include "config.h"
#include "device.h"
#include "endpoint.h"
#include "signals.h"

struct tunnel {
	bool open;
	bool up_started;  /* so `down` runs, once */
	struct device device;
	enum ipc_role role;
	struct endpoints ends; /* what %A %P %a %p stand for, in `down` as in `up` */
	const struct signals *signals;
	const struct config_session *section;
	struct config *config; /* set when the tunnel outlives the session that read it: freed with it */
};

/* Opens the section's device as `type`; `signals` lives longer than the tunnel.  0; or a
 * negative errno, ret_hint is a sentence. */
int tunnel_open(struct tunnel *t, const struct config_session *section, enum tunnel_type type,
		enum ipc_role role, const struct endpoints *ends, const struct signals *signals,
		char ret_hint[static 256]);

/* All of `up`; TERM or INT ends it.  0, or the number of the first command that failed, with
 * ret_text for the peer. */
int tunnel_up(struct tunnel *t, char ret_text[static 128]);

/* `down` if it is due, then the device and all else is let go.  A stream is let go first: its
 * programs, which see its end by that, have a minute to end.  Harmless on an empty tunnel. */
void tunnel_close(struct tunnel *t);
