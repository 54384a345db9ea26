/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "report.h"

static const char default_path[] = SYSCONFDIR "/vtund.conf";

/* Whether that is systemd's copy: to be shown under the name of what can be edited. */
static bool is_credential(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	return dir && *dir && strncmp(path, dir, strlen(dir)) == 0;
}

void confread_sink(void *context, const struct diag *d)
{
	int priority = d->level == DIAG_ERROR ? LOG_ERR
		     : d->level == DIAG_WARNING ? LOG_WARNING : LOG_DEBUG;
	const char *word = d->level == DIAG_ERROR ? "error"
			 : d->level == DIAG_WARNING ? "warning" : "note";

	const char *file = is_credential(d->file) ? default_path : d->file;

	(void)context;
	if (d->line && d->column)
		log_line(priority, "%s:%u:%u: %s: %s", file, d->line, d->column, word, d->text);
	else if (d->line)
		log_line(priority, "%s:%u: %s: %s", file, d->line, word, d->text);
	else
		log_line(priority, "%s: %s: %s", file, word, d->text);
}

/* The credential's path if there is such a file, else NULL. */
static char *credential_path(void)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char *path;

	if (!dir || asprintf(&path, "%s/vtund.conf", dir) < 0)
		return NULL;
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* systemd's copy is guarded well, but what it was copied from may lie open. */
static bool original_is_exposed(const struct config *c)
{
	struct stat st;

	if (!config_holds_passwords(c) || stat(default_path, &st) < 0 ||
	    !(st.st_mode & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)))
		return false;
	log_error("%s: holds passwords, and its mode %04o lets others at them: chmod 600 %s",
		  default_path, st.st_mode & 07777, default_path);
	return true;
}

enum exit_code confread_open(const char *path, struct config **ret)
{
	auto_free char *credential = path ? NULL : credential_path();
	struct config *c;
	int r;

	if (!path)
		path = credential ? credential : default_path;
	r = config_open(path, confread_sink, NULL, &c);
	/* -EPERM and -EBADMSG have been explained, line by line. */
	if (r < 0 && r != -EPERM && r != -EBADMSG)
		log_errno(LOG_ERR, r, "%s cannot be read", path);
	if (r < 0)
		return EXIT_CONFIG;
	if (credential && original_is_exposed(c)) {
		config_free(c);
		return EXIT_CONFIG;
	}
	report_set_facility(config_general(c)->syslog_facility);
	*ret = c;
	return EXIT_DONE;
}

struct names {
	char text[200];
	size_t used;
};

static void add_name(void *context, const char *option)
{
	struct names *n = context;
	size_t size = strlen(option) + (n->used ? 2 : 0);

	if (n->used + size >= sizeof(n->text))
		return;
	sprintf(n->text + n->used, "%s%s", n->used ? ", " : "", option);
	n->used += size;
}

void confread_unused(const struct config *c, const struct config_session *s)
{
	struct names names = {};

	config_unused(c, s, add_name, &names);
	if (s->reliable)
		add_name(&names, "reliable");
	if (names.used)
		log_warning("%s: set, but without effect in this version: %s", s->name, names.text);
}
