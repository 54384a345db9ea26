/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One login, one attempt: the CPace exchange of doc/PROTOCOL.md, "Authentication", on either side.
 * It knows passwords and messages; no descriptors, no clock, no configuration.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/ipc.h"

struct auth; /* holds the exponent until it is used; wiped by auth_free() */

/* ---- server */

/* The session name that an AUTH_INIT asks for, terminated.  0, or -EBADMSG if the message is not
 * well-formed (method, flags, name's alphabet, padding): a protocol violation. */
int auth_init_name(const uint8_t message[static AUTH_INIT_SIZE],
		   char ret_name[static SESSION_NAME_MAX + 1]);

/* Answers a well-formed AUTH_INIT.  With password NULL (unknown session, refused source, throttled)
 * a password is made up from `boot_secret` and the name, the same steps are gone through, and
 * auth_server_confirm() will fail: nothing on the wire, no time and no length tells the difference.
 * 0; -EBADMSG like auth_init_name(); -EPROTO if the peer's Ya is not acceptable (refuse at once,
 * as every name would be); -ENOMEM. */
int auth_server_answer(const uint8_t sid[static AUTH_SID_SIZE],
		       const uint8_t init[static AUTH_INIT_SIZE],
		       const char *password, size_t password_size,
		       const uint8_t boot_secret[static 32],
		       struct auth **ret, uint8_t ret_resp[static AUTH_RESP_SIZE]);

/* Checks the client's tag; only then there are a tag of ours and the secret that keys UDP.  Once:
 * the keys are wiped, right or wrong.  0 or -EACCES. */
int auth_server_confirm(struct auth *a, const uint8_t tag[static AUTH_TAG_SIZE],
			uint8_t ret_tag[static AUTH_TAG_SIZE],
			uint8_t ret_secret[static AUTH_SECRET_SIZE]);

/* ---- client */

/* A login of `name` (see auth_init_name()) with a password of 1..255 bytes.  0; -EINVAL if one of
 * them cannot be; -ENOMEM. */
int auth_client_start(const uint8_t sid[static AUTH_SID_SIZE], const char *name,
		      const char *password, size_t password_size,
		      struct auth **ret, uint8_t ret_init[static AUTH_INIT_SIZE]);

/* 0 and the tag for AUTH_CONF; -EBADMSG if the answer is not well-formed; -EPROTO if Yb is not
 * acceptable (also: our own Ya come back). */
int auth_client_answer(struct auth *a, const uint8_t resp[static AUTH_RESP_SIZE],
		       uint8_t ret_tag[static AUTH_TAG_SIZE]);

/* Whether the server has proved that it knows the password: 0 and the secret, or -EACCES.  Once. */
int auth_client_confirm(struct auth *a, const uint8_t tag[static AUTH_TAG_SIZE],
			uint8_t ret_secret[static AUTH_SECRET_SIZE]);

/* Wipes; NULL is harmless. */
void auth_free(struct auth *a);
