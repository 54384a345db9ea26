/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Priorities and the key of one connection.
 */
#pragma once

#include <gnutls/gnutls.h>

/* For `role` (enum ipc_role); freed by gnutls_certificate_free_credentials().  0 or a GnuTLS error. */
int tlscred_new(int role, gnutls_certificate_credentials_t *ret);

/* Sets the session's priorities: hybrid X25519MLKEM768 where this GnuTLS has it; ChaCha20 first
 * where this CPU has no AES.  0 or a GnuTLS error. */
int tlscred_set_priority(gnutls_session_t session);
