/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What config.c and confcheck.c share: a file that was read but not judged, and the reading of one
 * section of it.
 */
#pragma once

#include "confindex.h"
#include "confvalue.h"
#include "snapshot.h"

struct config {
	char *path;
	struct snapshot snapshot;
	struct confindex index;
	struct config_general general;
	struct loaded_session *sessions; /* what config_find() has given out */
};

/* Reads and indexes `path` (NULL: as in config_open()); `diag` is made ready for the file and
 * hears what is wrong between its sections.  0, -EBADMSG for a binary file (it has been said),
 * or a negative errno. */
int confload_file(const char *path, struct confdiag *diag, struct config **ret);

/* The same from memory, which is copied; `path` is what messages call it. */
int confload_text(const char *path, const char *text, size_t size, struct confdiag *diag,
		  struct config **ret);

/* Whether the file's owner or mode is a reason not to use it; then `diag` has been told, and what to
 * do about it.  A warning says that vtund refuses it, an error is that. */
bool confload_is_exposed(const struct config *c, struct confdiag *diag, enum diag_level level);

/* Fills in c->general from all `options` together.  False: one of them is broken. */
bool confload_general(struct config *c, struct confdiag *diag);

/* The session or default of section number `i`, with what it inherits; `inherited` hears what is
 * wrong with the defaults before it, `diag` what is wrong with itself.  NULL: it, or a default that
 * it inherits, is broken.  Freed by confload_free_session(). */
struct config_session *confload_session(const struct config *c, size_t i,
					struct confdiag *inherited, struct confdiag *diag);
void confload_free_session(struct config_session *s);
void confload_free_general(struct config_general *g);

/* config_open() and config_check() from memory, for tests: without the machine. */
int confload_open_text(const char *path, const char *text, size_t size, diag_sink *sink,
		       void *context, struct config **ret);
int confcheck_text(const char *path, const char *text, size_t size, diag_sink *sink, void *context);
