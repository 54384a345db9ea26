/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/fdutil.h"
#include "common/log.h"
#include "privfile.h"
#include "signals.h"

enum { HOLDER_SIZE = 128, NOTE_SIZE = 128, KILL_MS = 10000, RETRY_MS = 50 };

/* A POSIX record lock, because the kernel then names its holder: a number in the file could be that
 * of a process that died long ago, and killold is not to hit its heir.  Children do not inherit it,
 * and closing a second descriptor of the same file would drop it: there is none. */
static struct flock whole_file(void)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

static int lock(int fd)
{
	struct flock l = whole_file();

	if (fcntl(fd, F_SETLK, &l) == 0)
		return 0;
	return errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
}

/* The process that holds the lock; 0 if nobody does, or somebody outside of our PID namespace. */
static pid_t holder(int fd)
{
	struct flock l = whole_file();

	return fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK && l.l_pid > 0 ? l.l_pid : 0;
}

/* The service's user may write to RUNDIR: what is there is looked at before root writes to it. */
static int open_claim(const char *name)
{
	struct privdir dir;
	int fd;

	if (!*name || *name == '.' || strchr(name, '/') || strlen(name) > SESSION_NAME_MAX)
		return -EINVAL;
	fd = privfile_open_dir(RUNDIR "/claim", &dir);
	if (fd < 0)
		return fd;
	fd = privfile_open(&dir, name, O_RDWR | O_CREAT);
	close(dir.fd);
	return fd;
}

/* ---- the note in the file: seconds since 1970, process, peer */

/* A help for people: no reason to refuse a session when /run is full. */
static void write_note(int fd, const char *peer)
{
	char note[NOTE_SIZE];

	snprintf(note, sizeof(note), "%lld %d %.80s\n", (long long)time(NULL), (int)getpid(), peer);
	if (ftruncate(fd, 0) == 0)
		fd_write_all(fd, note, strlen(note));
}

static void format_since(long long when, char text[static 24])
{
	time_t now = time(NULL), then = (time_t)when;
	struct tm tm;

	text[0] = '\0';
	if (localtime_r(&then, &tm))
		strftime(text, 24, now - then < 86400 ? "%H:%M" : "%Y-%m-%d %H:%M", &tm);
}

/* The newcomer may be told by whom the session is used: it knows the password. */
static void describe_holder(int fd, const char *and_what, char ret_holder[static HOLDER_SIZE])
{
	char note[NOTE_SIZE], peer[81], since[24];
	ssize_t n = pread(fd, note, sizeof(note) - 1, 0);
	long long when;
	int pid;

	note[n > 0 ? n : 0] = '\0';
	snprintf(ret_holder, HOLDER_SIZE, "in use by another session%s", and_what);
	/* Its own note, not that of the one before, whose lock it has just taken? */
	if (sscanf(note, "%lld %d %80[^\n]", &when, &pid, peer) != 3 || pid != holder(fd))
		return;
	format_since(when, since);
	snprintf(ret_holder, HOLDER_SIZE, "in use since %s by %s%s", since, peer, and_what);
}

/* ---- killold */

/* Whether that process has our name, and in /proc our user.  (There any vtund is root's, as it is not
 * dumpable.)  If /proc does not show it: no. */
static bool is_vtund(pid_t pid)
{
	char path[32], ours[17] = "", its[17];
	struct stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &st) < 0 || st.st_uid != geteuid() || prctl(PR_GET_NAME, ours) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	n = fd_read_file(path, its, sizeof(its));
	strcat(ours, "\n");
	return n == (ssize_t)strlen(ours) && memcmp(its, ours, (size_t)n) == 0;
}

/* A lock can outlive its process, in another one that shares its descriptors (CLONE_FILES), and then
 * has a number that may be anybody's by now: the service's user, to whom the file belongs, could choose
 * whom root hits.  Who is not root can hit its own alone, and does not see a vtund in the /proc of the
 * units (ProtectProc=). */
static bool may_be_told(pid_t pid)
{
	return geteuid() != 0 || is_vtund(pid);
}

/* SIGTERM to the process that holds the lock while we look at it.  The descriptor is taken first,
 * then the process and the lock are looked at again: whoever `pidfd` stands for is its holder.
 * 1: it is told; 0: it is gone; -EPERM: it is not to be told, or not by us. */
static int terminate_holder(int fd, const char *name, pid_t pid)
{
	siginfo_t info = { .si_signo = SIGTERM, .si_code = SI_QUEUE };
	auto_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool may;

	if (pidfd < 0)
		return errno == ESRCH ? 0 : -errno;
	info.si_value.sival_int = SIGNALS_REPLACED;
	may = may_be_told(pid);
	if (holder(fd) != pid)
		return 0;
	if (!may)
		return -EPERM;
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, &info, 0) < 0)
		return errno == ESRCH ? 0 : -errno;
	log_notice("%s: multi killold: another session of this name (process %d) is told to end",
		   name, (int)pid);
	return 1;
}

static void log_untold(int error, const char *name, pid_t pid)
{
	if (error == -EPERM)
		log_warning("%s: multi killold: process %d has the claim, and is left alone: it is no "
			    "vtund of uid %u, or /proc does not show it; \"fuser -v " RUNDIR "/claim/%s\" "
			    "says who has the file open", name, (int)pid, (unsigned)geteuid(), name);
	else
		log_errno(LOG_WARNING, error, "%s: multi killold: process %d cannot be told to end", name,
			  (int)pid);
}

static void log_stays(const char *name, pid_t pid, bool told)
{
	if (told && may_be_told(pid))
		log_warning("%s: multi killold: process %d has not ended within %d s: is it stopped, "
			    "does a command of its down hang? See \"ps -fp %d\"; \"kill -KILL\" ends it "
			    "without its down", name, (int)pid, KILL_MS / 1000, (int)pid);
	else
		log_warning("%s: multi killold: the claim has not become free within %d s, and its holder "
			    "is not to be seen from here (another PID namespace?); \"fuser -v " RUNDIR
			    "/claim/%s\" says who has the file open", name, KILL_MS / 1000, name);
}

/* Nobody is killed by SIGKILL: that session's `down` would not run, and its routes stay. */
static int lock_by_force(int fd, const char *name)
{
	uint64_t deadline = clock_ms() + KILL_MS;
	pid_t told = 0, pid;
	int r;

	for (;;) {
		r = lock(fd);
		if (r != -EBUSY)
			return r;
		pid = holder(fd);
		if (clock_ms() >= deadline) {
			log_stays(name, pid, pid && pid == told);
			return -EBUSY;
		}
		if (pid && pid != told) {
			r = terminate_holder(fd, name, pid);
			if (r < 0) {
				log_untold(r, name, pid);
				return -EBUSY;
			}
			told = r ? pid : 0;
		}
		poll(NULL, 0, RETRY_MS);
	}
}

int claim_take(const char *name, enum multi multi, const char *peer,
	       int *ret_fd, char ret_holder[static 128])
{
	auto_close int fd = -1;
	int r;

	if (multi == MULTI_YES) {
		*ret_fd = -1;
		return 0;
	}
	fd = open_claim(name);
	if (fd < 0)
		return fd;
	r = multi == MULTI_KILLOLD ? lock_by_force(fd, name) : lock(fd);
	if (r == -EBUSY)
		describe_holder(fd, multi == MULTI_KILLOLD ? ", and does not end" : "", ret_holder);
	if (r < 0)
		return r;
	write_note(fd, peer);
	*ret_fd = take_fd(&fd);
	return 0;
}
