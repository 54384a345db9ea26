/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vtund.conf as a file on a machine: who may read it, where passwords come from, what check
 * compares it with.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf.h"

static char directory[] = "/tmp/vtun-config-XXXXXX";
static char why[CONFIG_WHY_SIZE];

/* Writes a file of that mode into the test's own directory, and returns its path. */
static const char *file(const char *name, unsigned mode, const char *text, size_t size)
{
	static char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size || fchmod(fd, mode) < 0)
		abort();
	close(fd);
	return path;
}

static int open_file(const char *path)
{
	config_free(opened);
	opened = NULL;
	said[0] = '\0';
	return config_open(path, hear, NULL, &opened);
}

static int open_mode(unsigned mode, const char *text)
{
	return open_file(file("conf", mode, text, strlen(text)));
}

static int check_file(const char *path)
{
	said[0] = '\0';
	return config_check(path, true, hear, NULL);
}

static void modes(void)
{
	const char secret[] = "a { passwd x; }", open[] = "a { pass_file /x; }";

	ok(open_mode(0600, secret) == 0 && open_mode(0400, secret) == 0, "a private file is read");
	ok(open_mode(0640, secret) == -EPERM && open_mode(0604, secret) == -EPERM &&
	   open_mode(0620, secret) == -EPERM && strstr(said, "chmod 600"),
	   "one with a password that others can get at is refused, and says what to do");
	ok(open_mode(0644, open) == 0 && !*said, "one without a password is not");
	ok(open_mode(0664, open) == -EPERM && open_mode(0646, open) == -EPERM &&
	   strstr(said, "0:0: error: its mode 0646 lets others change it: chmod go-w /tmp/"),
	   "but if others can change it");
	ok(open_mode(0644, "# passwd x;\na { pass_file /passwd; }") == 0, "a comment is no password");
	ok(open_mode(0644, "default { passwd x; }") == -EPERM, "a default's is one");
	file("conf", 0640, secret, strlen(secret));
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	ok(open_mode(0440, secret) == 0, "systemd guards its credentials itself");
	setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
	ok(open_mode(0440, secret) == -EPERM, "but only those in its directory");
	unsetenv("CREDENTIALS_DIRECTORY");
	ok(check_file(file("conf", 0640, secret, strlen(secret))) == 0 &&
	   strstr(said, "warning: holds passwords, and its mode 0640 lets others at it; vtund refuses "
		  "that: chmod 600 /tmp/"), "check only warns");
	ok(check_file(file("conf", 0666, open, strlen(open))) == 0 &&
	   strstr(said, "warning: its mode 0666 lets others change it; vtund refuses that: chmod go-w /tmp/"),
	   "of what others can change, too");
}

/* Who reads the file of whom is seen by a child that is somebody else. */
static int as_user(uid_t user, int (*check)(const char *path), const char *path)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(setresuid(user, user, user) < 0 || !check(path));
	waitpid(pid, &status, 0);
	return status == 0;
}

static int is_opened(const char *path)
{
	return open_file(path) == 0;
}

static int is_refused(const char *path)
{
	return open_file(path) == -EPERM && strstr(said, "belongs to user id 4711, not to root") &&
	       strstr(said, geteuid() == 0 ? ": chown root /tmp/" : " or user id 4712: chown 4712 /tmp/");
}

static int is_warned_of(const char *path)
{
	return check_file(path) == 0 &&
	       strstr(said, "0:0: warning: belongs to user id 4711, not to root; vtund refuses that: chown");
}

static int is_good(const char *path)
{
	return check_file(path) == 0 && !strstr(said, "belongs");
}

static int password_is_refused(const char *path)
{
	const struct config_session *s;
	char conf[300], password[256];

	snprintf(conf, sizeof(conf), "a { pass_file %s; }", path);
	s = find(conf, "a");
	return s && config_password(s, password, why) == -EPERM &&
	       strstr(why, "belongs to user id 4711, not to root: chown root /tmp/");
}

static void owners(void)
{
	const char text[] = "a { pass_file x; }";
	const char *path = file("conf", 0644, text, strlen(text));

	if (geteuid() != 0 || chmod(directory, 0755) < 0 || chown(path, 4711, 4711) < 0) {
		ok(1, "owners # SKIP nobody here to give files to");
		return;
	}
	ok(as_user(0, is_refused, path), "root refuses what belongs to somebody else");
	ok(as_user(4712, is_refused, path), "so does another user");
	ok(as_user(4711, is_opened, path), "the owner does not");
	ok(as_user(0, is_warned_of, path), "check warns root of it");
	ok(as_user(4711, is_good, path), "and its owner of nothing");
	ok(as_user(0, password_is_refused, file("secret", 0600, "x", 1)) == 0 &&
	   chown(path, 4711, 4711) == 0 && as_user(0, password_is_refused, path),
	   "a pass_file of somebody else's is refused");
	ok(chown(file("conf", 0644, text, strlen(text)), 0, 0) == 0 && as_user(4711, is_opened, path),
	   "what is root's is good for all");
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	ok(chown(path, 4711, 4711) == 0 && as_user(0, is_opened, path), "systemd guards its credentials itself");
	unsetenv("CREDENTIALS_DIRECTORY");
	chmod(directory, 0700);
}

static void snapshots(void)
{
	static char large[(16 << 20) + 1];
	const struct config_session *s;
	char path[200];
	int fd;

	memset(large, '\n', sizeof(large));
	ok(open_file("/nonexistent/vtund.conf") == -ENOENT && check_file("/nonexistent") == -ENOENT,
	   "a missing file is ENOENT");
	ok(open_file(directory) == -EISDIR, "a directory is EISDIR");
	ok(open_file(file("conf", 0600, large, 16 << 20)) == 0, "16 MiB are read");
	ok(open_file(file("conf", 0600, large, sizeof(large))) == -EFBIG, "more is EFBIG");
	ok(open_file("/dev/zero") == -EFBIG, "also if it has no end");
	ok(open_file("/dev/null") == 0, "an empty file is valid");
	memcpy(large + 9000, "a { passwd x; }", 15);
	strcpy(path, file("conf", 0600, large, 10000));
	ok(open_file(path) == 0 && truncate(path, 0) == 0 &&
	   config_find(opened, "a", NULL, NULL, &s) == 0 && strcmp(s->password, "x") == 0,
	   "what happens to a file after it was read changes nothing");
	snprintf(path, sizeof(path), "%s/fifo", directory);
	if (mkfifo(path, 0600) < 0)
		abort();
	if (fork() == 0) {
		fd = open(path, O_WRONLY);
		_exit(fd < 0 || write(fd, large, 10000) != 10000);
	}
	ok(open_file(path) == 0 && config_find(opened, "a", NULL, NULL, &s) == 0,
	   "a pipe is read to its end");
	unlink(path);
}

/* What config_password() makes of a pass_file with these contents. */
static int password_of(const char *text, size_t size, char *ret)
{
	const char *path = file("secret", 0600, text, size);
	const struct config_session *s;
	char conf[300];

	snprintf(conf, sizeof(conf), "a { pass_file %s; }", path);
	s = find(conf, "a");
	return s ? config_password(s, ret, why) : -1;
}

static int exposed_password(unsigned mode, const char *expected)
{
	const struct config_session *s;
	char conf[300], password[256];

	snprintf(conf, sizeof(conf), "a { pass_file %s; }", file("secret", mode, "x", 1));
	s = find(conf, "a");
	return s && config_password(s, password, why) == -EPERM && strstr(why, expected);
}

static void pass_files(void)
{
	const struct config_session *s;
	char password[256], text[300];

	memset(text, 'p', sizeof(text));
	ok(password_of("hunter2\n", 8, password) == 7 && strcmp(password, "hunter2") == 0,
	   "one newline at the end of a pass_file is dropped");
	ok(password_of("a b\n\n", 5, password) == 4 && strcmp(password, "a b\n") == 0, "not a second");
	ok(password_of("x", 1, password) == 1, "there may be none");
	ok(password_of("", 0, password) == -EINVAL && password_of("\n", 1, password) == -EINVAL,
	   "an empty one is refused");
	ok(password_of("a\0b", 3, password) == -EINVAL, "one with a NUL byte too");
	text[255] = '\n';
	ok(password_of(text, 256, password) == 255, "255 bytes are a password");
	text[255] = 'p';
	ok(password_of(text, 256, password) == -EFBIG && password_of(text, 300, password) == -EFBIG,
	   "more are too many");
	ok((s = find("a { pass_file /nonexistent; }", "a")) && config_password(s, password, why) == -ENOENT,
	   "a missing one is ENOENT");
	ok(exposed_password(0640, "its mode 0640 lets others at it: chmod 600 /tmp/") &&
	   exposed_password(0604, "chmod 600") && exposed_password(0602, "chmod 600"),
	   "one that others can get at is refused");
	file("cred", 0400, "fromsystemd\n", 12);
	ok((s = find("a { pass_file cred; }", "a")) && config_password(s, password, why) == -ENOENT,
	   "a name without $CREDENTIALS_DIRECTORY is not there");
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	ok(config_password(s, password, why) == 11 && strcmp(password, "fromsystemd") == 0,
	   "with it, it is a credential");
	file("cred", 0440, "fromsystemd\n", 12);
	ok(config_password(s, password, why) == 11, "which has systemd's mode");
	unsetenv("CREDENTIALS_DIRECTORY");
}

static int checks(const char *text, const char *expected)
{
	int r = check_file(file("conf", 0600, text, strlen(text)));

	if (expected ? strstr(said, expected) != NULL : !*said)
		return r == 0; /* the machine yields warnings only */
	printf("# said     %s# expected %s\n", said, expected ? expected : "nothing");
	return 0;
}

static void machine(void)
{
	char text[500], secret[200];

	ok(checks("a { passwd x; up { program /bin/sh \"-c true\"; } }", NULL), "a program that is there");
	ok(checks("options { ifconfig /nonexistent/ifconfig; }\na {\n passwd x;\n up {\n  ifconfig \"x\";\n } }",
		  "5:3: warning: /nonexistent/ifconfig cannot be run (No such file or directory): "
		  "install net-tools, or use ip"), "one that is not, and what would help");
	ok(checks("options { firewall /nonexistent; } a { passwd x; }", NULL),
	   "one that no command runs is not missed");
	checks("a { passwd x; up { program /n \"1\"; } down { program /n \"2\"; } }", "");
	ok(count_said("warning:") == 1, "each is missed once");
	strcpy(secret, file("secret", 0640, "x", 1));
	snprintf(text, sizeof(text), "a { pass_file %s; }", secret);
	ok(checks(text, "its mode 0640 lets others at it"), "a pass_file that others can read");
	ok(checks("a { pass_file /nonexistent; }", "1:1: warning: pass_file /nonexistent: No such file"),
	   "one that is not there");
	ok(checks("a { pass_file credential; }", NULL), "a credential is the service's affair");
	ok(checks("a { passwd x; srcaddr { iface nonexistent0; } }", "no interface nonexistent0"),
	   "an interface that is not there");
	ok(checks("a { passwd x; srcaddr { iface lo; } }", NULL), "one that is");
}

/* A systemctl that answers as this socket unit would. */
static void systemctl_says(const char *properties)
{
	char script[500];

	snprintf(script, sizeof(script), "#!/bin/sh\n[ \"$1 $3\" = 'show vtun.socket' ] && cat <<'E'\n%sE\n",
		 properties);
	file("systemctl", 0700, script, strlen(script));
}

static void socket_unit(void)
{
	char path[1000];

	snprintf(path, sizeof(path), "%s:%s", directory, getenv("PATH"));
	setenv("PATH", path, 1);
	systemctl_says("Listen=[::]:6000 (Stream)\nActiveState=active\nUnitFileState=enabled\n");
	ok(checks("options { port 6000; }", NULL), "the port that the socket unit listens on");
	ok(checks("options {\n port 5000; }", "2:2: warning: vtun.socket listens on [::]:6000, not on port "
		  "5000"), "another one");
	ok(checks("", "0:0: warning: vtun.socket listens on [::]:6000"), "also if the file names none");
	systemctl_says("Listen=[::]:6000 (Stream)\nListen=192.0.2.1:5000 (Stream)\nActiveState=active\n");
	ok(checks("", NULL), "one of several is enough");
	ok(checks("options { bindaddr { addr 192.0.2.1; } }", NULL), "an address that it listens on");
	ok(checks("options { bindaddr { addr 192.0.2.2; } }", "1:11: warning: \"bindaddr\" has no effect"),
	   "another one");
	ok(checks("options { bindaddr { iface eth0; } }", "1:11: warning: \"bindaddr\" has no effect"),
	   "an interface that it does not ask for");
	systemctl_says("Listen=[::]:5000 (Stream)\nBindToDevice=eth0\nActiveState=active\n");
	ok(checks("options { bindaddr { iface eth0; } }", NULL), "one that it does");
	ok(checks("options { bindaddr { iface eth; } }", "1:11: warning: \"bindaddr\""), "exactly");
	systemctl_says("Listen=[::]:6000 (Stream)\nActiveState=inactive\nUnitFileState=disabled\n");
	ok(checks("options { port 5000; }", NULL), "a socket unit that is not used does not matter");
	systemctl_says("");
	ok(checks("options { port 5000; }", NULL), "nor one that is not there");
}

int main(void)
{
	char command[100];
	unsigned i;
	static const char *const files[] = { "conf", "secret", "cred", "systemctl" };

	if (!mkdtemp(directory))
		abort();
	modes();
	owners();
	snapshots();
	pass_files();
	socket_unit();
	machine();
	config_free(opened);
	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(command, sizeof(command), "%s/%s", directory, files[i]);
		unlink(command);
	}
	rmdir(directory);
	return finish();
}
