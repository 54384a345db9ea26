/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One live session per name, tried by several processes.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#undef RUNDIR
#define RUNDIR "run" /* in a directory of our own */
#include "../../src/monitor/claim.c"
#include "tap.h"

static int take(const char *name, enum multi multi, char text[static 128])
{
	int fd = -2, r;

	text[0] = '\0';
	r = claim_take(name, multi, "192.0.2.7", &fd, text);
	return r < 0 ? r : fd;
}

/* A process of that name (NULL: of ours) that holds the claim until it is told to end; `deaf` ignores
 * SIGTERM. */
static pid_t hold_as(const char *comm, const char *name, enum multi multi, int deaf)
{
	int ready[2];
	char text[128], c = 0;
	pid_t pid;

	if (pipe(ready) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		if (deaf)
			signal(SIGTERM, SIG_IGN);
		if (comm)
			prctl(PR_SET_NAME, comm);
		c = take(name, multi, text) >= 0;
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

static pid_t hold(const char *name, enum multi multi, int deaf)
{
	return hold_as(NULL, name, multi, deaf);
}

static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

static void test_multi_no(void)
{
	char text[128];
	pid_t old = hold("a", MULTI_NO, 0);
	int fd;

	ok(take("a", MULTI_NO, text) == -EBUSY, "multi no: a name in use is refused");
	ok(strncmp(text, "in use since ", 13) == 0 && strstr(text, " by 192.0.2.7"),
	   "the newcomer is told since when and by whom (%s)", text);
	ok(waitpid(old, NULL, WNOHANG) == 0, "the old session goes on");
	fd = take("b", MULTI_NO, text);
	ok(fd >= 0, "another name is free");
	close(fd);
	kill(old, SIGKILL);
	status_of(old);
	fd = take("a", MULTI_NO, text);
	ok(fd >= 0, "a claim dies with its process, however that ended");
	close(fd);
	old = hold("a", MULTI_NO, 0);
	ok(take("a", MULTI_NO, text) == -EBUSY, "a claim that was closed can be taken by another");
	kill(old, SIGKILL);
	status_of(old);
}

static void test_multi_yes(void)
{
	char text[128];
	pid_t old = hold("y", MULTI_NO, 0);

	ok(take("y", MULTI_YES, text) == -1, "multi yes: takes no claim, and needs none");
	kill(old, SIGKILL);
	status_of(old);
}

static void test_killold(void)
{
	char text[128];
	pid_t old = hold("k", MULTI_KILLOLD, 0);
	int fd = take("k", MULTI_KILLOLD, text), status = status_of(old);

	ok(fd >= 0, "killold: the newcomer gets the name");
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "the old session has got SIGTERM");
	close(fd);
	fd = take("k", MULTI_KILLOLD, text);
	ok(fd >= 0, "killold: a free name needs no victim");
	close(fd);
}

/* The file names a process that is alive but holds no lock: as after a crash and a reused number. */
static void test_stale_note(void)
{
	char text[128], note[64];
	pid_t heir = fork();
	int fd;

	if (heir == 0)
		for (;;)
			pause();
	fd = open_claim("s");
	snprintf(note, sizeof(note), "1 %d 198.51.100.1\n", (int)heir);
	ok(write(fd, note, strlen(note)) > 0, "(a stale note has been made)");
	close(fd);
	fd = take("s", MULTI_KILLOLD, text);
	ok(fd >= 0, "a stale note keeps nobody out");
	ok(waitpid(heir, NULL, WNOHANG) == 0, "and its process, which is innocent, is left alone");
	close(fd);
	kill(heir, SIGKILL);
	status_of(heir);
}

/* A holder whose note is still that of another. */
static void test_foreign_note(void)
{
	char text[128];
	pid_t old = hold("f", MULTI_NO, 0);

	ok(truncate("run/claim/f", 0) == 0 && take("f", MULTI_NO, text) == -EBUSY &&
	   strcmp(text, "in use by another session") == 0,
	   "without a note of the holder itself, nobody is named");
	kill(old, SIGKILL);
	status_of(old);
}

/* The loop of killold without its ten seconds. */
static void test_deaf(void)
{
	pid_t old = hold("d", MULTI_NO, 1);
	int fd = open_claim("d");

	ok(holder(fd) == old, "the kernel names the holder");
	ok(terminate_holder(fd, "d", old) == 1 && lock(fd) == -EBUSY &&
	   waitpid(old, NULL, WNOHANG) == 0,
	   "a session that does not end at SIGTERM keeps its claim");
	ok(terminate_holder(fd, "d", getpid()) == 0,
	   "nobody but the holder is sent a signal (we are still here)");
	close(fd);
	kill(old, SIGKILL);
	status_of(old);
}

static int n_lines, n_left_alone;

static void count_line(int priority, const char *line)
{
	n_lines++;
	n_left_alone += priority == LOG_WARNING && strstr(line, "is left alone") &&
			!strstr(line, "kill -KILL");
}

/* As a lock whose process is dead, and whose number has become another's (CLONE_FILES). */
static void test_no_vtund(void)
{
	char text[128];
	pid_t other = hold_as("other", "o", MULTI_NO, 0), twin = hold("t", MULTI_NO, 0);
	int fd = open_claim("o");

	ok(is_vtund(twin), "a process of our name and our user");
	ok(!is_vtund(other), "... and one of another name");
	if (geteuid() == 0) {
		log_set_sink(count_line);
		log_set_max(LOG_WARNING);
		ok(take("o", MULTI_KILLOLD, text) == -EBUSY && waitpid(other, NULL, WNOHANG) == 0,
		   "root: a holder that is no vtund is sent no signal");
		ok(n_lines == 1 && n_left_alone == 1, "... and the log tells of it, but not to kill it");
		log_set_max(LOG_EMERG);
	}
	kill(twin, SIGKILL);
	status_of(twin);
	ok(!is_vtund(twin), "nor is one that is gone");
	ok(terminate_holder(fd, "o", twin) == 0, "... which is not taken for one that was told");
	close(fd);
	kill(other, SIGKILL);
	status_of(other);
}

/* A process of our name that has become another user's. */
static void test_other_user(void)
{
	int ready[2];
	char c;
	pid_t pid;

	if (geteuid() != 0 || pipe(ready) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		c = setresuid(1, 1, 1) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0;
		if (write(ready[1], &c, 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	if (read(ready[0], &c, 1) != 1)
		abort();
	ok(!c || !is_vtund(pid), "... nor one of another user%s", c ? "" : " (there is none here)");
	close(ready[0]);
	close(ready[1]);
	kill(pid, SIGKILL);
	status_of(pid);
}

/* An empty /proc, where that can be had. */
static void test_no_proc(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("tmpfs", "/proc", "tmpfs", 0, NULL) < 0)
			_exit(0);
		_exit(is_vtund(getppid()));
	}
	ok(is_vtund(getpid()) && status_of(pid) == 0, "nor one that /proc does not show");
}

static void test_names(void)
{
	static const char *const bad[] = { "", ".", "..", "../x", "a/b", ".hidden" };
	char text[128], longest[SESSION_NAME_MAX + 2];
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok(take(bad[i], MULTI_NO, text) == -EINVAL, "\"%s\" is no name of a file here",
		   bad[i]);
	memset(longest, 'n', sizeof(longest) - 1);
	longest[SESSION_NAME_MAX + 1] = '\0';
	ok(take(longest, MULTI_NO, text) == -EINVAL, "nor is one of 64 bytes");
	longest[SESSION_NAME_MAX] = '\0';
	fd = take(longest, MULTI_NO, text);
	ok(fd >= 0, "one of 63 is");
	close(fd);
	ok(symlink("/etc/passwd", "run/claim/link") == 0 &&
	   take("link", MULTI_NO, text) == -EPERM, "a symbolic link is not followed");
	ok(open("run/other", O_CREAT | O_WRONLY, 0600) >= 0 && link("run/other", "run/claim/hard") == 0 &&
	   take("hard", MULTI_NO, text) == -EPERM, "nor is a file written to that has another name");
	ok(rename("run/claim", "run/real") == 0 && symlink("real", "run/claim") == 0 &&
	   take("z", MULTI_NO, text) < 0 && access("run/real/z", F_OK) < 0,
	   "nor is a link in place of the directory followed");
	unlink("run/claim");
	ok(take("x", MULTI_NO, text) >= 0 && rename("run", "gone") == 0 &&
	   take("x", MULTI_NO, text) == -ENOENT, "without its directory there is no claim");
}

int main(void)
{
	char directory[] = "/tmp/vtun-claim-XXXXXX";

	log_set_max(LOG_EMERG);
	if (!mkdtemp(directory) || chdir(directory) < 0 || mkdir("run", 0700) < 0)
		return 99;
	test_multi_no();
	test_multi_yes();
	test_killold();
	test_stale_note();
	test_foreign_note();
	test_deaf();
	test_no_vtund();
	test_other_user();
	test_no_proc();
	test_names();
	if (system("rm -r gone") != 0 || rmdir(directory) < 0)
		return 99;
	return finish();
}
