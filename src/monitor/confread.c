/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confread.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "report.h"

void confread_sink(void *context, const struct diag *d)
{
	int priority = d->level == DIAG_ERROR ? LOG_ERR
		     : d->level == DIAG_WARNING ? LOG_WARNING : LOG_DEBUG;
	const char *word = d->level == DIAG_ERROR ? "error"
			 : d->level == DIAG_WARNING ? "warning" : "note";

	(void)context;
	if (d->line && d->column)
		log_line(priority, "%s:%u:%u: %s: %s", d->file, d->line, d->column, word, d->text);
	else if (d->line)
		log_line(priority, "%s:%u: %s: %s", d->file, d->line, word, d->text);
	else
		log_line(priority, "%s: %s: %s", d->file, word, d->text);
}

static void say_unreadable(const char *path, int error)
{
	char step[96] = "";

	if (error == -ENOENT)
		snprintf(step, sizeof(step), ": write it, see vtund.conf(5), or name another one with -f");
	else if (error == -EACCES)
		snprintf(step, sizeof(step), ": its owner and mode must let user id %u read it",
			 (unsigned)geteuid());
	log_error("%s cannot be read: %s%s", path ? path : SYSCONFDIR "/vtund.conf", strerror(-error),
		  step);
}

enum exit_code confread_open(const char *path, struct config **ret)
{
	struct config *c;
	int r = config_open(path, confread_sink, NULL, &c);

	if (r < 0) {
		/* -EPERM and -EBADMSG have been explained, line by line. */
		if (r != -EPERM && r != -EBADMSG)
			say_unreadable(path, r);
		return EXIT_CONFIG;
	}
	report_set_facility(config_general(c)->syslog_facility);
	*ret = c;
	return EXIT_DONE;
}
