/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "will.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdutil.h"
#include "common/log.h"
#include "privfile.h"
#include "report.h"
#include "rundir.h"

/* Strings, each with its NUL: those of the head in this order, then four for each command. */
enum field { MAGIC, INVOCATION, SESSION, ROLE, DEVICE, IFINDEX, LOCAL_ADDR, LOCAL_PORT, REMOTE_ADDR,
	     REMOTE_PORT, TIMEOUT, HEAD_FIELDS };
enum { KIND, WAIT, PROGRAM, ARGS, COMMAND_FIELDS };

enum { WILL_MOST = 1 << 18 };

static const char magic[] = "vtun will 2";

static const char *invocation(void)
{
	const char *id = getenv("INVOCATION_ID"); /* systemd: one for each start of a unit */

	return id ? id : "";
}

/* Its monitor has the lock as long as it lives, and then who executes it: one that is killed over it
 * leaves it to the next.  A process's number would not tell, as anybody may get that of a dead one.
 * -EAGAIN: somebody has the lock; -ENOENT: the will was removed while we were on our way to it. */
static int lock(int fd)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat st;

	if (fcntl(fd, F_OFD_SETLK, &all) < 0 || fstat(fd, &st) < 0)
		return -errno;
	return st.st_nlink ? 0 : -ENOENT;
}

/* ---- writing */

static void put(FILE *f, const char *text)
{
	fputs(text ? text : "", f);
	putc('\0', f);
}

static void put_number(FILE *f, unsigned number)
{
	fprintf(f, "%u", number);
	putc('\0', f);
}

static void put_will(FILE *f, const struct command_vars *v, unsigned timeout_s,
		     const struct command *c)
{
	put(f, magic);
	put(f, invocation());
	put(f, v->session);
	put(f, v->role);
	put(f, v->device);
	put_number(f, if_nametoindex(v->device));
	put(f, v->local_addr);
	put(f, v->local_port);
	put(f, v->remote_addr);
	put(f, v->remote_port);
	put_number(f, timeout_s);
	for (; c; c = c->next) {
		put_number(f, c->kind);
		put_number(f, c->wait);
		put(f, c->program);
		put(f, c->args);
	}
}

static int held = -1; /* our will, locked */

/* Whole or not at all, and never without the lock. */
static int write_file(int dir, const char *data, size_t size)
{
	auto_close int fd = -1;
	int r;

	unlinkat(dir, "down.new", 0);
	fd = openat(dir, "down.new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd < 0 ? -errno : fd_write_all(fd, data, size);
	if (r == 0)
		r = lock(fd);
	if (r == 0 && renameat(dir, "down.new", dir, "down") < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dir, "down.new", 0);
		return r;
	}
	cleanup_fd(&held);
	held = take_fd(&fd);
	return 0;
}

static bool written;

int will_write(const struct command_vars *vars, unsigned timeout_s, const struct command *down)
{
	int dir = rundir_open(), r = 0;
	auto_free char *data = NULL;
	size_t size;
	FILE *f;

	if (dir < 0)
		return dir;
	written = true;
	f = open_memstream(&data, &size);
	if (!f)
		return -ENOMEM;
	put_will(f, vars, timeout_s, down);
	if (fclose(f) != 0)
		return -ENOMEM;
	r = size > WILL_MOST ? -EFBIG : write_file(dir, data, size);
	return r;
}

void will_remove(void)
{
	if (!written)
		return;
	written = false;
	unlinkat(rundir_open(), "down", 0);
	cleanup_fd(&held); /* after that: who gets the lock finds it removed */
	held = -1;
	rundir_leave();
}

/* ---- reading */

struct will {
	char *data;
	const char *head[HEAD_FIELDS];
	struct command *down;
};

static void free_will(struct will *w)
{
	struct command *c;

	while ((c = w->down)) {
		w->down = c->next;
		free(c);
	}
	free(w->data);
}

static int read_data(int fd, char **ret, size_t *ret_size)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < 1 || st.st_size > WILL_MOST)
		return -EBADMSG;
	*ret = malloc((size_t)st.st_size);
	if (!*ret)
		return -ENOMEM;
	n = pread(fd, *ret, (size_t)st.st_size, 0);
	if (n != st.st_size || (*ret)[n - 1] != '\0')
		return n < 0 ? -errno : -EBADMSG;
	*ret_size = (size_t)n;
	return 0;
}

/* The next n strings of the data.  Whether there are so many. */
static bool take(const char **at, const char *end, const char *ret[], int n)
{
	int i;

	for (i = 0; i < n && *at < end; i++) {
		ret[i] = *at;
		*at += strlen(*at) + 1;
	}
	return i == n;
}

static int add_command(struct command ***last, const char *const *fields)
{
	unsigned long kind = strtoul(fields[KIND], NULL, 10);
	struct command *c;

	if (kind > COMMAND_FIREWALL || (kind != COMMAND_SHELL && *fields[PROGRAM] != '/'))
		return -EBADMSG;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->kind = (enum command_kind)kind;
	c->wait = *fields[WAIT] == '1';
	c->program = (char *)fields[PROGRAM];
	c->args = (char *)fields[ARGS];
	**last = c;
	*last = &c->next;
	return 0;
}

static int read_will(int fd, struct will *w)
{
	struct command **last = &w->down;
	const char *fields[COMMAND_FIELDS];
	const char *at, *end;
	size_t size = 0;
	int r;

	r = read_data(fd, &w->data, &size);
	if (r < 0)
		return r;
	at = w->data;
	end = at + size;
	if (!take(&at, end, w->head, HEAD_FIELDS) || strcmp(w->head[MAGIC], magic) != 0)
		return -EBADMSG;
	while (r == 0 && at < end)
		r = take(&at, end, fields, COMMAND_FIELDS) ? add_command(&last, fields) : -EBADMSG;
	return r;
}

/* ---- executing */

/* Why it was killed, as systemd tells those of ExecStopPost=. */
static void why_killed(char text[static 128])
{
	const char *result = getenv("SERVICE_RESULT"), *status = getenv("EXIT_STATUS");
	const char *code = getenv("EXIT_CODE");

	if (!result || !status || !code)
		snprintf(text, 128, "killed");
	else if (strcmp(result, "oom-kill") == 0)
		snprintf(text, 128, "killed, as memory ran out (oom-kill)");
	else if (strcmp(result, "timeout") == 0)
		snprintf(text, 128, "killed, as it did not stop in time (TimeoutStopSec=)");
	else if (strcmp(code, "exited") == 0)
		snprintf(text, 128, "gone with exit status %.20s", status);
	else
		snprintf(text, 128, "killed by signal %.20s", status);
}

/* The device has died with its monitor.  One that has its name, but is another, is somebody else's
 * by now: what was meant for ours is not to hit it. */
static bool is_taken(const struct will *w)
{
	unsigned now = if_nametoindex(w->head[DEVICE]);

	return now && now != strtoul(w->head[IFINDEX], NULL, 10);
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* 0, or -ECANCELED. */
static int run_down(const struct will *w, int abort_fd)
{
	const char *const *h = w->head;
	const struct command_vars vars = {
		.device = h[DEVICE], .session = h[SESSION], .role = h[ROLE],
		.local_addr = h[LOCAL_ADDR], .local_port = h[LOCAL_PORT],
		.remote_addr = h[REMOTE_ADDR], .remote_port = h[REMOTE_PORT],
	};
	char why[128], text[128];

	why_killed(why);
	report_session_killed(h[SESSION], why, w->down != NULL);
	if (w->down && is_taken(w)) {
		commands_say_not_ours(&vars);
		return 0;
	}
	(void)commands_run(w->down, "down", &vars, -1, (unsigned)strtoul(h[TIMEOUT], NULL, 10),
			   abort_fd, false, text);
	return is_readable(abort_fd) ? -ECANCELED : 0;
}

/* The will in that directory.  -ENOENT: there is none; -EAGAIN: it is not for us, see lock(). */
static int execute(int dir, const char *path, bool by_systemd, int abort_fd)
{
	const struct privdir private = { dir, geteuid(), path };
	auto_close int fd = privfile_open(&private, "down", O_RDWR);
	struct will w = {};
	int r;

	if (fd < 0)
		return fd;
	r = lock(fd);
	if (r == 0)
		r = read_will(fd, &w);
	if (r == 0 && by_systemd && strcmp(w.head[INVOCATION], invocation()) != 0)
		r = -ESTALE;
	if (r == 0 && by_systemd)
		report_set(w.head[ROLE], w.head[SESSION], w.head[DEVICE], w.head[REMOTE_ADDR]);
	if (r == 0)
		r = run_down(&w, abort_fd);
	if (r == 0)
		unlinkat(dir, "down", 0);
	else if (r == -EBADMSG)
		log_error("%s/down is damaged, or of another version of vtund, and is not executed: if "
			  "its session has ended, do by hand what it says, and remove it", path);
	free_will(&w);
	return r;
}

static int execute_left(int dir, const char *name, void *context)
{
	const int *abort_fd = context;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), RUNDIR "/%s", name);
	return execute(dir, path, false, *abort_fd);
}

void will_execute_left(int abort_fd)
{
	if (!getenv("RUNTIME_DIRECTORY"))
		rundir_sweep(execute_left, &abort_fd);
}

enum exit_code will_execute(void)
{
	const char *path = getenv("RUNTIME_DIRECTORY");
	int dir, r;

	if (!path) {
		will_execute_left(-1);
		return EXIT_DONE;
	}
	dir = rundir_open();
	if (dir < 0)
		return EXIT_DONE; /* the unit did not get as far as that */
	r = execute(dir, path, true, -1);
	return r == 0 || r == -ENOENT ? EXIT_DONE : EXIT_OSERR;
}
