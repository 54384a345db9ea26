/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "statlog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdutil.h"

unsigned statlog_every_ms(void)
{
	return 300 * 1000;
}

static int open_log(const char *session)
{
	const char *given = getenv("LOGS_DIRECTORY");
	const char *directory = given && *given == '/' ? given : "/var/log/vtund";
	char path[PATH_MAX];
	int fd;

	if (mkdir(directory, 0750) < 0 && errno != EEXIST)
		return -errno;
	if (snprintf(path, sizeof(path), "%s/%s", directory, session) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	return fd < 0 ? -errno : fd;
}

int statlog_write(const char *session, const struct tally *t)
{
	auto_close int fd = open_log(session);
	time_t now = time(NULL);
	char line[160], when[32] = "";
	struct tm tm;

	if (fd < 0)
		return fd;
	if (localtime_r(&now, &tm))
		strftime(when, sizeof(when), "%F %T", &tm);
	snprintf(line, sizeof(line), "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", when,
		 t->rx_bytes, t->tx_bytes, t->rx_wire, t->tx_wire);
	return fd_write_all(fd, line, strlen(line));
}
