/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a monitor that was killed has left to do: done once, by the right one, and never because
 * somebody else has put it there.
 */
#include <limits.h>
#include <sys/wait.h>

#undef RUNDIR
#define RUNDIR "run" /* in a directory of our own */
#include "../../src/monitor/rundir.c"
#include "../../src/monitor/will.c"
#include "tap.h"

static char top[PATH_MAX], unit[PATH_MAX], will_path[PATH_MAX + 8];
static char line[PATH_MAX + 32];

static struct command second = { .kind = COMMAND_SHELL, .wait = true, .args = line };
static struct command first = { .next = &second, .kind = COMMAND_PROGRAM, .wait = true,
				.program = (char *)"/bin/true", .args = (char *)"%d 'two  words'" };

static const struct command_vars vars = {
	.device = "xx", .local_addr = "192.0.2.1", .local_port = "5000", .remote_addr = "192.0.2.7",
	.remote_port = "4711", .session = "wireless2", .role = "client",
};

static void make_places(void)
{
	if (!mkdtemp(strcpy(top, "/tmp/vtun-will-XXXXXX")) || chdir(top) < 0 || mkdir("run", 0755) < 0)
		abort();
	snprintf(unit, sizeof(unit), "%.4000s/unit", top);
	snprintf(will_path, sizeof(will_path), "%s/down", unit);
	snprintf(line, sizeof(line), "echo %%d %%a %%h >>%.4000s/ran", top);
	if (mkdir(unit, 0755) < 0)
		abort();
}

/* How often the second command has run, with the right words. */
static int ran(void)
{
	FILE *f = fopen("ran", "r");
	char text[64];
	int n = 0;

	if (!f)
		return 0;
	while (fgets(text, sizeof(text), f))
		n += strcmp(text, "xx 192.0.2.7 wireless2\n") == 0 ? 1 : 1000;
	fclose(f);
	unlink("ran");
	return n;
}

/* A monitor of that invocation, which is then gone. */
static void leave_will(const char *id)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("INVOCATION_ID", id, 1);
		_exit(will_write(&vars, 5, &first) == 0 ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		abort();
}

/* In a process of its own: rundir keeps what it has opened. */
static int executed(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)will_execute());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool exists(void)
{
	return access(will_path, F_OK) == 0;
}

static void test_systemd(void)
{
	struct stat st;
	int late;

	setenv("RUNTIME_DIRECTORY", unit, 1);
	setenv("INVOCATION_ID", "one", 1);
	ok(executed() == EXIT_DONE && ran() == 0, "no will, nothing to do");
	leave_will("one");
	ok(stat(will_path, &st) == 0 && (st.st_mode & 07777) == 0600, "it is private");
	ok(executed() == EXIT_DONE && ran() == 1, "all of it is run, with its words");
	ok(!exists() && executed() == EXIT_DONE && ran() == 0, "... once");
	leave_will("one");
	late = open(will_path, O_RDWR | O_CLOEXEC);
	ok(executed() == EXIT_DONE && ran() == 1 && lock(late) == -ENOENT,
	   "... also if another one had found it at the same time");
	close(late);
	leave_will("two");
	ok(executed() != EXIT_DONE && ran() == 0, "not that of another start of the unit");
	unlink(will_path);
	ok(will_write(&vars, 5, &first) == 0 && exists(), "a monitor that lives...");
	will_remove();
	ok(!exists() && executed() == EXIT_DONE && ran() == 0, "... and has run down itself leaves none");
}

/* tampered BY WHAT: whether nothing is run then. */
static bool is_refused(void)
{
	bool refused = executed() == EXIT_OSERR && ran() == 0;

	unlink(will_path);
	return refused;
}

static void test_others(void)
{
	char other[PATH_MAX + 16];

	snprintf(other, sizeof(other), "%.4000s/other", top);
	leave_will("one");
	ok(chmod(will_path, 0640) == 0 && is_refused(), "not if others could read it");
	leave_will("one");
	ok(link(will_path, other) == 0 && is_refused(), "not if it has a second name");
	leave_will("one");
	ok(rename(other, will_path) == 0 && rename(will_path, other) == 0 &&
	   symlink(other, will_path) == 0 && is_refused(), "not by a link");
	if (geteuid() == 0) {
		leave_will("one");
		ok(chown(will_path, 1, 1) < 0 || is_refused(), "not if it is another user's");
		leave_will("one");
		ok(chown(unit, 1, 1) < 0 || (executed() == EXIT_DONE && ran() == 0),
		   "not in another user's directory");
		if (chown(unit, 0, 0) < 0)
			abort();
		unlink(will_path);
	}
}

static void patch(off_t at, const char *bytes, size_t size)
{
	auto_close int fd = open(will_path, O_WRONLY);

	if (pwrite(fd, bytes, size, at) != (ssize_t)size)
		abort();
}

static unsigned n_told;

static void count_line(int priority, const char *text)
{
	n_told += priority == LOG_ERR && strstr(text, "/unit/down is damaged, or of another version");
}

/* Whether it is left where it is, and the log says so. */
static bool is_told(void)
{
	auto_close int dir = open(unit, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	n_told = 0;
	log_set_sink(count_line);
	log_set_max(LOG_ERR);
	r = execute(dir, unit, true, -1);
	log_set_max(LOG_EMERG);
	return r == -EBADMSG && n_told == 1 && exists() && ran() == 0;
}

static void test_damaged(void)
{
	struct stat st;
	off_t size, cut;
	int wrong = 0;

	leave_will("one");
	if (stat(will_path, &st) < 0)
		abort();
	size = st.st_size;
	for (cut = 0; cut < size; cut++) {
		leave_will("one");
		if (truncate(will_path, cut) < 0)
			abort();
		executed();
		wrong += ran();
		unlink(will_path);
	}
	ok(wrong == 0, "cut short anywhere: a command is never run in part");
	leave_will("one");
	patch(0, "other", 5);
	ok(is_refused(), "of another version: not run");
	leave_will("one");
	patch(strlen("vtun will "), "1", 1);
	ok(is_told() && is_refused(), "... not that of an older vtund either, and the log says so");
	leave_will("one");
	patch(size - 1, "x", 1);
	ok(is_refused(), "without its last NUL: not run");
}

/* The will's device, "xx", becomes the name of one that exists and is another. */
static void test_taken(void)
{
	static const char before[] = "client\0xx";
	char data[4096];
	ssize_t n;
	char *at;

	leave_will("one");
	n = fd_read_file(will_path, data, sizeof(data));
	at = n > 0 ? memmem(data, (size_t)n, before, sizeof(before)) : NULL;
	if (!at)
		abort();
	patch(at - data + 7, "lo", 2);
	ok(executed() == EXIT_DONE && ran() == 0 && !exists(),
	   "a device of that name that is somebody else's by now is left alone");
}

static int entries(void)
{
	DIR *d = opendir("run");
	int n = 0;

	while (d && readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

/* A monitor that has written its will `times` times, and lives. */
static pid_t live(int times)
{
	int ready[2];
	char c = 1;
	pid_t pid;

	if (pipe(ready) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		while (times-- > 0)
			c &= will_write(&vars, 5, &first) == 0;
		if (write(ready[1], &c, 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1 || !c)
		abort();
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_by_hand(void)
{
	int stop[2];
	pid_t pid;

	unsetenv("RUNTIME_DIRECTORY");
	unsetenv("INVOCATION_ID");
	pid = live(1);
	ok(executed() == EXIT_DONE && ran() == 0 && entries() == 1,
	   "without systemd: that of one who lives is not run");
	end(pid);
	ok(executed() == EXIT_DONE && ran() == 1, "... but when he is dead");
	ok(entries() == 0, "... and nothing is left");
	will_execute_left(-1);
	ok(ran() == 0, "... nor run again");
	pid = live(2);
	ok(executed() == EXIT_DONE && ran() == 0 && entries() == 1, "... nor that which he wrote anew");
	end(pid);
	ok(executed() == EXIT_DONE && ran() == 1 && entries() == 0, "... until he is dead");
	leave_will("");
	if (pipe(stop) < 0 || write(stop[1], "x", 1) != 1)
		abort();
	will_execute_left(stop[0]);
	ok(ran() == 0 && entries() == 1, "broken off by a signal...");
	will_execute_left(-1);
	ok(ran() == 1 && entries() == 0, "... the next one does it");
}

/* The directory of that process is now said to be another's. */
static void give_number(pid_t pid, const char *number)
{
	char from[32], to[32];

	snprintf(from, sizeof(from), "run/%d", (int)pid);
	snprintf(to, sizeof(to), "run/%s", number);
	if (rename(from, to) < 0)
		abort();
}

static void test_numbers(void)
{
	static const char everybody[] = "1", nobody[] = "2147483647"; /* above PID_MAX_LIMIT */
	pid_t pid = live(1);

	give_number(pid, nobody);
	ok(executed() == EXIT_DONE && ran() == 0 && entries() == 1,
	   "one who lives, and has no number here (another PID namespace): not run");
	end(pid);
	ok(executed() == EXIT_DONE && ran() == 1 && entries() == 0, "... but when he is dead");
	pid = live(1);
	end(pid);
	give_number(pid, everybody);
	ok(executed() == EXIT_DONE && ran() == 1 && entries() == 0,
	   "one who is dead, and whose number somebody else has: run");
	ok(mkdir("run/1", 0755) == 0 && mkdir("run/2147483647", 0755) == 0 && executed() == EXIT_DONE &&
	   entries() == 1 && rmdir("run/1") == 0, "without a will it is the number that tells");
}

static void test_large(void)
{
	struct command large = first;

	large.next = NULL;
	large.args = calloc(1, WILL_MOST + 1);
	memset(large.args, 'x', WILL_MOST);
	ok(will_write(&vars, 5, &large) == -EFBIG && entries() == 1, "too large: an error");
	will_remove();
	ok(entries() == 0, "... and nothing of it is left");
	free(large.args);
}

int main(void)
{
	log_set_max(LOG_EMERG);
	make_places();
	test_systemd();
	test_others();
	test_damaged();
	test_taken();
	test_by_hand();
	test_numbers();
	test_large();
	rmdir(unit);
	unlink("other");
	rmdir("run");
	if (chdir("/") < 0 || rmdir(top) < 0)
		printf("# %s is not empty\n", top);
	return finish();
}
