/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a worker is left with.  This program is the worker, too: started as one it tells its monitor
 * what it has, and the test judges.
 */
#include "monitor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/ipc.h"
#include "tap.h"

/* ---- as the worker */

static void tell(void)
{
	struct ipc_message m = { .op = IPC_LOG };
	struct rlimit files, processes, cores;
	int signal_number = 0, open = 0, fd;
	sigset_t blocked;

	for (fd = 0; fd < 1024; fd++)
		open += fcntl(fd, F_GETFD) >= 0;
	getrlimit(RLIMIT_NOFILE, &files);
	getrlimit(RLIMIT_NPROC, &processes);
	getrlimit(RLIMIT_CORE, &cores);
	prctl(PR_GET_PDEATHSIG, &signal_number, 0, 0, 0);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	snprintf(m.log.text, sizeof(m.log.text),
		 "uid=%u/%u gid=%u/%u groups=%d fds=%d env=%d leader=%d nofile=%lu nproc=%lu core=%lu "
		 "nnp=%d death=%d blocked=%d",
		 getuid(), geteuid(), getgid(), getegid(), getgroups(0, NULL), open,
		 environ && environ[0], getsid(0) == getpid() && getpgrp() == getpid(),
		 (unsigned long)files.rlim_max, (unsigned long)processes.rlim_max,
		 (unsigned long)cores.rlim_max, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), signal_number,
		 sigismember(&blocked, SIGTERM));
	ipc_send(WORKER_FD_MONITOR, &m, NULL, 0);
}

/* The five lines Cap...: of /proc/self/status, which is open to us like to anybody. */
static void tell_capabilities(void)
{
	struct ipc_message m = { .op = IPC_LOG };
	FILE *status = fopen("/proc/self/status", "re");
	char line[256], *bits;
	size_t used = 0;

	while (status && fgets(line, sizeof(line), status)) {
		if (strncmp(line, "Cap", 3) != 0 || strncmp(line, "CapBnd", 6) == 0)
			continue;
		bits = strchr(line, '\t') + strspn(strchr(line, '\t'), "\t0");
		used += (size_t)snprintf(m.log.text + used, sizeof(m.log.text) - used, "%.*s",
					 (int)strcspn(bits, "\n"), bits);
	}
	snprintf(m.log.text + used, sizeof(m.log.text) - used, status ? "" : "unreadable");
	ipc_send(WORKER_FD_MONITOR, &m, NULL, 0);
}

static bool can_have(size_t mib)
{
	void *p = mmap(NULL, mib << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && munmap(p, mib << 20) == 0;
}

/* A sanitizer's worker is not. */
static bool is_bounded(void)
{
	struct rlimit memory;

	return getrlimit(RLIMIT_AS, &memory) == 0 && memory.rlim_max != RLIM_INFINITY;
}

static int worker(void)
{
	struct ipc_message m;
	int fds[IPC_FDS_MAX];
	struct stat st;

	if (fstat(WORKER_FD_NET, &st) < 0)
		return 3;
	tell();
	tell_capabilities();
	/* Whoever can fork or get a descriptor beyond the limit says so by its exit code. */
	if (getuid() != 0 && fork() >= 0) /* root of the machine has no such limit */
		return 4;
	if (fcntl(0, F_DUPFD, 16) >= 0)
		return 5;
	if (write(WORKER_FD_NET, "net", 3) != 3)
		return 6;
	if (!can_have(32))
		return 7;
	if (is_bounded() && can_have(128))
		return 8;
	(void)ipc_recv(WORKER_FD_MONITOR, &m, fds); /* until it hangs up or kills us */
	return 0;
}

/* ---- as the test */

static char self[256];
static int net[2];

static bool hear(const struct worker *w, char text[static IPC_TEXT_MAX])
{
	struct ipc_message m;
	int fds[IPC_FDS_MAX], tries, r = -EAGAIN;

	for (tries = 0; tries < 5000 && r == -EAGAIN; tries++) {
		r = ipc_recv(w->ipc, &m, fds);
		if (r == -EAGAIN)
			usleep(1000);
	}
	if (r < 0)
		return false;
	memcpy(text, m.log.text, sizeof(m.log.text));
	return true;
}

static void test_confined(bool single_uid, const char *who)
{
	struct passwd *p = getpwnam("vtun");
	uid_t uid = geteuid() == 0 && !single_uid ? p->pw_uid : geteuid();
	gid_t gid = geteuid() == 0 && !single_uid ? p->pw_gid : getegid();
	int groups = geteuid() == 0 && !single_uid ? 0 : getgroups(0, NULL);
	char why[256] = "", text[IPC_TEXT_MAX] = "", want[IPC_TEXT_MAX], bytes[3];
	struct worker w;

	if (!ok(spawn_worker(self, single_uid, net[0], &w, why) == 0, "%s: a worker starts", who)) {
		printf("# %s\n", why);
		return;
	}
	snprintf(want, sizeof(want),
		 "uid=%u/%u gid=%u/%u groups=%d fds=5 env=0 leader=1 nofile=16 nproc=0 core=0 nnp=1 "
		 "death=%d blocked=0", uid, uid, gid, gid, groups, SIGKILL);
	if (!ok(hear(&w, text) && strcmp(text, want) == 0,
		"%s: user, groups, descriptors, environment, session and limits are as they should be", who))
		printf("#  %s\n# not %s\n", text, want);
	ok(hear(&w, text) && text[0] == '\0', "%s: no capability in any set", who);
	ok(read(net[1], bytes, 3) == 3 && memcmp(bytes, "net", 3) == 0,
	   "%s: descriptor 3 is the network", who);
	close(w.ipc);
	w.ipc = -1;
	spawn_reap(&w);
	ok(WIFEXITED(w.status) && WEXITSTATUS(w.status) == 0,
	   "%s: it can neither fork, nor have a 17th descriptor, nor 128 MiB more of memory", who);
	spawn_free(&w);
}

static void test_death(void)
{
	char why[256], text[160];
	struct worker w;

	ok(spawn_worker("/nonexistent/worker", true, net[0], &w, why) == -ENOENT &&
	   strstr(why, "/nonexistent/worker") && strstr(why, "No such file"),
	   "a worker that is not there is named");
	if (spawn_worker(self, true, net[0], &w, why) < 0)
		abort();
	kill(w.pid, SIGSYS);
	spawn_reap(&w);
	spawn_why_died(&w, text);
	ok(strstr(text, "sandbox"), "a death by the sandbox is called so");
	spawn_free(&w);
	if (spawn_worker(self, true, net[0], &w, why) < 0)
		abort();
	spawn_free(&w);
	ok(w.pid == 0 && w.ipc == -1 && waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD,
	   "spawn_free() leaves nobody behind");
	spawn_free(&w);
}

/* Whoever can replace the worker is the worker. */
static void test_path(void)
{
	char path[] = "/tmp/vtun-test-spawn-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		abort();
	close(fd);
	chmod(path, 0755);
	ok(spawn_check_path(path) == 0, "our own program may be the worker");
	chmod(path, 0757);
	ok(spawn_check_path(path) == -EPERM, "not one that everybody can write to");
	chmod(path, 0644);
	ok(spawn_check_path(path) == -EACCES, "nor one that is no program");
	if (geteuid() == 0 && chown(path, 65534, 65534) == 0) {
		chmod(path, 0755);
		ok(spawn_check_path(path) == -EPERM, "nor somebody else's");
		chown(path, 0, 65534) == 0 ? chmod(path, 0775) : 0;
		ok(spawn_check_path(path) == -EPERM, "nor one of somebody else's group");
	}
	unlink(path);
	ok(spawn_check_path(path) == -ENOENT && spawn_check_path("/") == -EACCES, "nor nothing");
}

/* An /etc/passwd that only this process sees. */
static char passwd_path[] = "/tmp/vtun-test-passwd-XXXXXX";

static bool own_passwd(void)
{
	int fd = mkstemp(passwd_path);

	if (fd < 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	close(fd);
	return mount(passwd_path, "/etc/passwd", NULL, MS_BIND, NULL) == 0;
}

static void set_passwd(const char *entry)
{
	FILE *f = fopen(passwd_path, "we");

	if (!f || fprintf(f, "root:x:0:0::/root:/bin/sh\n%s\n", entry) < 0 || fclose(f) != 0)
		abort();
}

/* In a user namespace of one uid there is nobody else that we could become. */
static bool has_uid(unsigned uid)
{
	unsigned inside, outside, count;
	FILE *f = fopen("/proc/self/uid_map", "re");
	bool found = false;

	while (f && !found && fscanf(f, "%u %u %u", &inside, &outside, &count) == 3)
		found = uid >= inside && uid - inside < count;
	if (f)
		fclose(f);
	return found;
}

/* Another uid need not be able to enter the build's directory: homes are closed. */
static void move_to_public_place(void)
{
	static const char place[] = "/run/worker";
	int in = open(self, O_RDONLY | O_CLOEXEC), out;
	ssize_t n;

	if (mount("tmpfs", "/run", "tmpfs", 0, "mode=755") < 0)
		abort();
	out = open(place, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	do
		n = sendfile(out, in, NULL, 1 << 20);
	while (n > 0);
	if (n < 0 || fchmod(out, 0755) < 0 || close(out) < 0 || close(in) < 0)
		abort();
	memcpy(self, place, sizeof(place));
}

static void test_root(void)
{
	struct worker w;
	char why[256] = "";

	if (!own_passwd()) {
		ok(1, "root # SKIP no mount namespace of our own");
		return;
	}
	set_passwd("");
	ok(spawn_worker(self, false, net[0], &w, why) == -ENOENT && strstr(why, "useradd"),
	   "root without a user vtun: no worker, and what to do about it");
	set_passwd("vtun:x:0:4712::/:/bin/sh");
	ok(spawn_worker(self, false, net[0], &w, why) == -EPERM && strstr(why, "uid or gid 0"),
	   "a user vtun that is root: no worker");
	set_passwd("vtun:x:4711:4712::/:/bin/sh");
	if (has_uid(4711)) {
		move_to_public_place();
		test_confined(false, "user vtun");
	} else {
		ok(1, "user vtun # SKIP this user namespace has one uid");
	}
	unlink(passwd_path);
}

int main(void)
{
	ssize_t n;

	if (getpid() == getsid(0) && fcntl(WORKER_FD_MONITOR, F_GETFD) >= 0 && !environ[0])
		_exit(worker()); /* not exit(): a sanitizer would want a thread for its report */
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, net) < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	alarm(60);
	test_confined(true, "single uid");
	if (geteuid() == 0)
		test_root();
	else
		test_confined(false, "no root");
	test_death();
	test_path();
	return finish();
}
