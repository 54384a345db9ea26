/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"

static int directory = -1;
static char own_name[16]; /* of the directory in RUNDIR; empty: it is systemd's */

/* Whether the name is the number of a process that does not exist. */
static bool is_stale(const char *name)
{
	char *end;
	long pid = strtol(name, &end, 10);

	return *name >= '1' && *name <= '9' && !*end && pid <= INT_MAX &&
	       kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static void remove_one(int parent, const char *name)
{
	auto_close int fd = openat(parent, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	unlinkat(fd, "status.json.new", 0);
	unlinkat(fd, "status.json", 0);
	unlinkat(parent, name, AT_REMOVEDIR);
}

/* What those have left that were killed, with nobody to clean up after them. */
static void remove_stale(void)
{
	DIR *all = opendir(RUNDIR);
	const struct dirent *entry;

	if (!all)
		return;
	while ((entry = readdir(all)))
		if (is_stale(entry->d_name))
			remove_one(dirfd(all), entry->d_name);
	closedir(all);
}

/* The service's user may write to RUNDIR, and must not make a monitor that is root write elsewhere:
 * no link is followed, and the directory has to be ours. */
static int open_directory(int parent, const char *path)
{
	auto_close int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == geteuid() ? take_fd(&fd) : -EPERM;
}

static int make_directory(void)
{
	auto_close int parent = open(RUNDIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = -1;

	if (parent < 0)
		return -errno;
	remove_stale();
	snprintf(own_name, sizeof(own_name), "%d", (int)getpid());
	remove_one(parent, own_name); /* of somebody who had our number before */
	if (mkdirat(parent, own_name, 0755) < 0)
		return -errno;
	fd = open_directory(parent, own_name);
	if (fd < 0)
		return fd;
	return fchmod(fd, 0755) < 0 ? -errno : take_fd(&fd); /* whatever our umask is */
}

static int find_directory(void)
{
	const char *given = getenv("RUNTIME_DIRECTORY");

	if (directory >= 0)
		return 0;
	own_name[0] = '\0';
	directory = given && *given == '/' ? open_directory(AT_FDCWD, given) : make_directory();
	return directory < 0 ? directory : 0;
}

/* ---- JSON (RFC 8259) */

static void put_string(FILE *f, const char *name, const char *value)
{
	const unsigned char *s;

	fprintf(f, "\t\"%s\": \"", name);
	for (s = (const unsigned char *)value; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if (*s < 0x20 || *s >= 0x7f)
			fprintf(f, "\\u%04x", *s);
		else
			putc(*s, f);
	}
	fputs("\",\n", f);
}

static void put_number(FILE *f, const char *name, uint64_t value)
{
	fprintf(f, "\t\"%s\": %llu,\n", name, (unsigned long long)value);
}

static void put_flag(FILE *f, const char *name, int value)
{
	fprintf(f, "\t\"%s\": %s,\n", name, value ? "true" : "false");
}

static void put_terms(FILE *f, const struct terms *t)
{
	put_string(f, "type", tunnel_type_name(t->type));
	put_string(f, "proto", t->proto == PROTO_UDP ? "udp" : "tcp");
	put_flag(f, "encrypt", t->encrypt);
	put_string(f, "compress", comp_alg_name(t->comp_alg));
	put_number(f, "compress_level", t->comp_level);
	put_number(f, "keepalive_s", t->keepalive_s);
	put_number(f, "keepalive_misses", t->keepalive_misses);
	put_number(f, "speed_to_client_kbit", t->speed_to_client);
	put_number(f, "speed_to_server_kbit", t->speed_to_server);
	put_number(f, "mtu", t->mtu);
	put_string(f, "peer_version", t->version);
}

static void put_tally(FILE *f, const struct tally *t)
{
	const struct {
		const char *name;
		uint64_t value;
	} all[] = {
		{ "tx_frames", t->tx_frames }, { "tx_bytes", t->tx_bytes },
		{ "rx_frames", t->rx_frames }, { "rx_bytes", t->rx_bytes },
		{ "tx_wire_bytes", t->tx_wire }, { "rx_wire_bytes", t->rx_wire },
		{ "tx_raw_bytes", t->tx_raw }, { "tx_packed_bytes", t->tx_packed },
		{ "tx_drops", t->tx_drops }, { "rx_drops", t->rx_drops },
		{ "srtt_us", t->srtt_us },
		{ "peer_tx_frames", t->peer_tx_frames }, { "peer_tx_bytes", t->peer_tx_bytes },
		{ "peer_rx_frames", t->peer_rx_frames }, { "peer_rx_bytes", t->peer_rx_bytes },
		{ "peer_drops", t->peer_drops },
		{ "udp_lost", t->udp_lost }, { "udp_duplicated", t->udp_duplicated },
		{ "udp_reordered", t->udp_reordered }, { "udp_bad", t->udp_bad },
		{ "udp_resent", t->udp_resent }, { "udp_given_up", t->udp_given_up },
		{ "udp_unprotected", t->udp_unprotected },
		{ "rekeys", t->rekeys },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		put_number(f, all[i].name, all[i].value);
}

static void put_state(FILE *f, const struct state *s)
{
	fputs("{\n", f);
	put_string(f, "session", s->session);
	put_string(f, "role", s->role);
	put_string(f, "device", s->device);
	put_string(f, "peer", s->peer);
	put_number(f, "since", (uint64_t)s->since);
	put_number(f, "updated", (uint64_t)time(NULL));
	put_terms(f, s->terms);
	put_string(f, "path", s->udp_up ? "udp" : "tcp");
	put_tally(f, s->tally);
	fprintf(f, "\t\"pid\": %d\n}\n", (int)getpid());
}

/* ---- the file */

int state_write(const struct state *s)
{
	FILE *f;
	int fd, r;

	r = find_directory();
	if (r < 0)
		return r;
	fd = openat(directory, "status.json.new",
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	f = fchmod(fd, 0644) == 0 ? fdopen(fd, "w") : NULL;
	if (!f) {
		r = -errno;
		close(fd);
		return r;
	}
	put_state(f, s);
	r = fflush(f) == 0 ? 0 : -errno;
	fclose(f);
	if (r == 0 && renameat(directory, "status.json.new", directory, "status.json") < 0)
		r = -errno;
	return r;
}

void state_remove(void)
{
	auto_close int parent = -1;

	if (directory < 0)
		return;
	unlinkat(directory, "status.json.new", 0);
	unlinkat(directory, "status.json", 0);
	cleanup_fd(&directory);
	directory = -1;
	if (!own_name[0])
		return;
	parent = open(RUNDIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unlinkat(parent, own_name, AT_REMOVEDIR);
}
