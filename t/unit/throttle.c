/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rate limits hold across processes, forget the killed ones, and survive damage to their files.
 * Time and chance are the test's: the code under test is compiled in with both replaced.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fdutil.h"
#include "common/log.h"
#include "common/secret.h"
#include "tap.h"

static uint64_t test_time = 1000000;
static unsigned chance = 99;
static uid_t another_uid; /* added to our own where privfile.c asks for it */

static unsigned by_chance(unsigned upper)
{
	return chance < upper ? chance : upper - 1;
}

#define clock_ms() test_time
#define randombytes_uniform(upper) by_chance(upper)
#define geteuid() (geteuid() + another_uid)
#include "monitor/throttle.c"
#include "monitor/privfile.c"
#undef geteuid

#define SECONDS 1000u
#define HOURS (3600 * SECONDS)

static char dir[] = "/tmp/vtun-throttle-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void start_afresh(void)
{
	unlink(in_dir("rl"));
	unlink(in_dir("rl.key"));
	test_time += 60 * 24 * HOURS;
	chance = 99;
}

static const struct sockaddr *address(const char *text)
{
	static struct sockaddr_storage ring[4];
	static unsigned next;
	struct sockaddr_storage *a = &ring[next++ % ARRAY_SIZE(ring)];
	struct sockaddr_in *v4 = (void *)a;
	struct sockaddr_in6 *v6 = (void *)a;
	char copy[64], *link;

	snprintf(copy, sizeof(copy), "%s", text);
	link = strchr(copy, '%');
	if (link)
		*link++ = 0;
	memset(a, 0, sizeof(*a));
	a->ss_family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	if (link)
		v6->sin6_scope_id = (uint32_t)atoi(link);
	if (inet_pton(a->ss_family, copy, a->ss_family == AF_INET ? (void *)&v4->sin_addr :
		      (void *)&v6->sin6_addr) != 1)
		abort();
	return (const struct sockaddr *)a;
}

static struct throttle *open_table(void)
{
	struct throttle *t = NULL;

	if (throttle_open(dir, &t) < 0)
		abort();
	return t;
}

/* One connection that fails: 1 if its password was looked at. */
static int fails(const char *source, const char *name)
{
	struct throttle *t = open_table();
	int r = throttle_attempt(t, address(source), name);

	throttle_free(t);
	return r;
}

static int logs_in(const char *source, const char *name)
{
	struct throttle *t = open_table();
	int r = throttle_attempt(t, address(source), name);

	if (r)
		throttle_success(t, address(source), name);
	throttle_free(t);
	return r;
}

static int is_admitted(const char *source)
{
	struct throttle *t = open_table();
	int r = throttle_admit(t, address(source));

	throttle_free(t);
	return r;
}

static int visits_and_logs_in(const char *source)
{
	struct throttle *t = open_table();
	int r = throttle_admit(t, address(source)) && throttle_attempt(t, address(source), "n");

	if (r)
		throttle_success(t, address(source), "n");
	throttle_free(t);
	return r;
}

/* How many of `n` attempts go through, from a source and at a name that may have a number in it. */
static int passing(int n, const char *source_format, const char *name_format)
{
	char source[64], name[64];
	int i, passed = 0;

	for (i = 1; i <= n; i++) {
		snprintf(source, sizeof(source), "%s%d", source_format, i);
		snprintf(name, sizeof(name), "%s%d", name_format, i);
		passed += fails(strchr(".:", source_format[strlen(source_format) - 1]) ?
				source : source_format,
				name_format[strlen(name_format) - 1] == '-' ? name : name_format);
	}
	return passed;
}

/* A session has ended. */
static void has_had(const char *source, const char *name)
{
	struct throttle *t = open_table();

	throttle_success(t, address(source), name);
	throttle_free(t);
}

/* ---- limits */

static void per_source(void)
{
	start_afresh();
	ok(passing(15, "192.0.2.77", "n-") == 10, "a source has ten failures, whatever the names");
	ok(!is_admitted("192.0.2.77"), "then it is not even let in");
	ok(is_admitted("192.0.2.78") && fails("192.0.2.78", "n"), "its neighbour is");
	test_time += 6 * SECONDS - 1;
	ok(!is_admitted("192.0.2.77"), "not before six seconds are over");
	test_time += 1;
	ok(is_admitted("192.0.2.77") && passing(3, "192.0.2.77", "n-") == 1, "then it has one more");
	test_time += 60 * SECONDS;
	ok(passing(15, "192.0.2.77", "n-") == 10, "and ten after a minute");

	start_afresh();
	ok(passing(15, "2001:db8:1:2::", "n-") == 10, "in IPv6 a source is a /64");
	ok(!is_admitted("2001:db8:1:2:ffff::1") && is_admitted("2001:db8:1:3::1"),
	   "all of it, and no more");
	ok(passing(9, "::ffff:192.0.2.", "n-") == 9 && passing(15, "::ffff:192.0.2.1", "n-") == 9 &&
	   !is_admitted("192.0.2.1"), "an IPv4 address is the same behind ::ffff:");
	ok(passing(15, "64:ff9b::192.0.2.103", "n-") == 10 && !is_admitted("192.0.2.103") &&
	   is_admitted("64:ff9b::192.0.2.104"), "and behind a translator's 64:ff9b::/96");
	ok(passing(15, "127.1.2.", "n-") == 10 && !is_admitted("127.0.0.1") && !is_admitted("::ffff:127.200.0.1"),
	   "all of 127.0.0.0/8 is this machine");
	ok(passing(15, "fe80::1%2", "n-") == 10 && !is_admitted("fe80::2%2") && is_admitted("fe80::1%3") &&
	   is_admitted("fe80::1"), "and link-local addresses are of one link");
}

static void per_name(void)
{
	start_afresh();
	ok(passing(40, "198.51.100.", "spray") == 30, "a name has thirty failures, from wherever");
	ok(fails("203.0.113.1", "other"), "another name is free");
	test_time += 2 * SECONDS;
	ok(passing(9, "203.0.113.", "spray") == 1, "one more after two seconds");
}

static void successes(void)
{
	int i, passed = 0;

	start_afresh();
	for (i = 0; i < 100; i++)
		passed += logs_in("192.0.2.1", "busy");
	ok(passed == 100, "logins cost nothing");
	ok(passing(15, "192.0.2.1", "busy") == 10, "they do not add up either");

	start_afresh();
	logs_in("192.0.2.1", "mine");
	ok(passing(40, "198.51.100.", "mine") == 30, "with a name sprayed empty by others,");
	ok(logs_in("192.0.2.1", "mine"), "its owner is let through from where he was,");
	ok(!fails("192.0.2.2", "mine"), "not from elsewhere,");
	passing(40, "203.0.113.", "yours");
	ok(!fails("192.0.2.1", "yours"), "nor is he to another's name");
	ok(passing(15, "192.0.2.1", "mine") == 9, "and a source's limit is his as well");

	start_afresh();
	logs_in("192.0.2.1", "mine");
	test_time += 30 * 24 * HOURS - 1;
	passing(40, "198.51.100.", "mine");
	ok(fails("192.0.2.1", "mine"), "he is known for 30 days");
	test_time += 1;
	passing(40, "203.0.113.", "mine");
	ok(!fails("192.0.2.1", "mine"), "and no longer");

	start_afresh();
	logs_in("192.0.2.1", "mine");
	test_time += 40 * 24 * HOURS;
	has_had("192.0.2.1", "mine");
	test_time += 24 * HOURS;
	passing(40, "198.51.100.", "mine");
	ok(fails("192.0.2.1", "mine"), "they count from the end of his session");
}

static bool is_guest(const char *source)
{
	struct throttle *t = open_table();
	struct rate_entry e;
	int r = get_guest(t, address(source), NULL, test_time, &e);

	throttle_free(t);
	return r == 0 && e.until > test_time;
}

/* With an account of his own and many addresses, somebody is remembered often. */
static void crowd_of_one_account(void)
{
	enum { OWNERS = 100, LOGINS = 6000 };
	char name[16], source[32];
	int i, in = 0;

	start_afresh();
	for (i = 0; i < OWNERS; i++) {
		snprintf(name, sizeof(name), "owner-%d", i);
		logs_in("192.0.2.1", name);
	}
	for (i = 0; i < LOGINS; i++) {
		snprintf(source, sizeof(source), "10.%d.%d.1", i / 256, i % 256);
		has_had(source, "greedy");
	}
	ok(is_guest("192.0.2.1"), "one account's logins from everywhere push out no source of others");
	for (i = 0; i < OWNERS; i++) {
		snprintf(name, sizeof(name), "owner-%d", i);
		passing(40, "198.51.100.", name);
		in += logs_in("192.0.2.1", name);
	}
	/* By chance nine of them may have their places in one set, but hardly do. */
	ok(in == OWNERS, "one account's logins from everywhere push no owners of other names out");
}

/* Who was where, when the places in the table do not suffice for all of it. */
static void many_places(void)
{
	enum { OWNERS = 100, PLACES = 4 };
	char name[16], source[32];
	int i, place, one = 0, in[OWNERS] = {};

	start_afresh();
	for (place = 1; place <= PLACES; place++) {
		for (i = 0; i < OWNERS; i++) {
			snprintf(name, sizeof(name), "owner-%d", i);
			snprintf(source, sizeof(source), "192.0.%d.%d", place, i);
			has_had(source, name);
		}
	}
	for (i = 0; i < OWNERS; i++) {
		snprintf(name, sizeof(name), "owner-%d", i);
		passing(40, "198.51.100.", name);
		for (place = 1; place <= PLACES; place++) {
			snprintf(source, sizeof(source), "192.0.%d.%d", place, i);
			in[i] += fails(source, name);
		}
		one += in[i] > 0;
	}
	ok(one == OWNERS, "of each of a hundred names with four places each one at least is remembered");
}

/* Connections that come to no attempt. */
static void visits(void)
{
	struct throttle *sitting[4];
	int i, in = 0;

	start_afresh();
	for (i = 0; i < 150; i++)
		in += is_admitted("192.0.2.5");
	ok(in == 100, "a hundred connections that come to nothing are a source's burst");
	ok(is_admitted("192.0.2.6"), "its neighbour's is another one");
	test_time += 6 * SECONDS;
	for (in = 0, i = 0; i < 20; i++)
		in += is_admitted("192.0.2.5");
	ok(in == 10, "ten more after six seconds");
	test_time += 60 * SECONDS;
	for (in = 0, i = 0; i < 200; i++)
		in += visits_and_logs_in("192.0.2.5");
	ok(in == 200, "logins give theirs back");

	start_afresh();
	has_had("192.0.2.5", "mine");
	for (in = 0, i = 0; i < 150; i++)
		in += is_admitted("192.0.2.5");
	ok(in == 150, "who has had a session is welcome also when others behind his address have used them up");
	for (i = 0; i < 4; i++) {
		sitting[i] = open_table();
		in += throttle_admit(sitting[i], address("192.0.2.5"));
	}
	ok(in == 154 && !is_admitted("192.0.2.5"), "... though no more than four at a time");
	for (i = 0; i < 4; i++)
		throttle_free(sitting[i]);
	ok(is_admitted("192.0.2.5"), "... and again when they are gone");
	passing(15, "192.0.2.5", "n-");
	ok(!is_admitted("192.0.2.5"), "... but for failures");
}

static void disconnects(void)
{
	struct throttle *t;
	int i;

	start_afresh();
	for (i = 0; i < 10; i++) {
		t = open_table();
		throttle_admit(t, address("192.0.2.1"));
		throttle_attempt(t, address("192.0.2.1"), "n");
		throttle_free(t); /* T20: gone after AUTH_RESP */
	}
	ok(!is_admitted("192.0.2.1"), "T20: hanging up after the answer is a failure");
}

/* ---- connections that have not logged in */

/* Somebody, from wherever, for whom there is a seat; NULL if there is none for anybody. */
static struct throttle *sit_down_from_anywhere(void)
{
	char source[32];
	int i;

	for (i = 0; i < 1000; i++) {
		struct throttle *t = open_table();

		snprintf(source, sizeof(source), "10.%d.%d.1", i / 250, i % 250);
		if (throttle_admit(t, address(source)))
			return t;
		throttle_free(t);
	}
	return NULL;
}

static void seats_of_one(void)
{
	struct throttle *t[128];
	char source[32];
	int i, admitted = 0;

	start_afresh();
	for (i = 0; i < 128; i++) {
		t[i] = open_table();
		snprintf(source, sizeof(source), "fd00:9::%x", i + 1);
		admitted += throttle_admit(t[i], address(source));
	}
	ok(admitted == 24, "of 128 who come from one /64 and say nothing, 24 are let in");
	chance = 0;
	ok(is_admitted("fd00:a::1"), "who comes from elsewhere needs no luck");
	ok(!is_admitted("fd00:9::ffff"), "the 25th does not get in");
	throttle_free(t[0]);
	ok(is_admitted("fd00:9::ffff"), "... until another one leaves");
	for (i = 1; i < 128; i++)
		throttle_free(t[i]);
}

/* Each with as many connections as it gets. */
static void seats_of_some(void)
{
	enum { SOURCES = 24, EACH = 24 };
	struct throttle *t[SOURCES * EACH];
	char source[32];
	int i, admitted = 0;

	start_afresh();
	for (i = 0; i < SOURCES * EACH; i++) {
		t[i] = open_table();
		snprintf(source, sizeof(source), "fd00:%x::1", i / EACH + 1);
		admitted += throttle_admit(t[i], address(source));
	}
	chance = 0;
	ok(admitted < 128, "24 sources that say nothing, with all the luck there is, do not get all places");
	ok(is_admitted("192.0.2.1"), "... who comes from elsewhere gets in");
	for (i = 0; i < SOURCES * EACH; i++)
		throttle_free(t[i]);
}

/* A customer who has many. */
static void seats_of_neighbours(void)
{
	struct throttle *t[256];
	char source[32];
	int i, k;

	for (k = 0; k < 2; k++) {
		int admitted = 0;

		start_afresh();
		for (i = 0; i < 256; i++) {
			t[i] = open_table();
			snprintf(source, sizeof(source), k ? "203.0.113.%d" : "2001:db8:7:%x::1", i);
			admitted += throttle_admit(t[i], address(source));
		}
		ok(admitted == 43, "of 256 sources of one %s 43 are let in", k ? "/24 of IPv4" : "/48");
		ok(is_admitted(k ? "203.0.114.1" : "2001:db8:8::1"), "... the neighbours of others are");
		ok(!is_admitted(k ? "203.0.113.200" : "2001:db8:7:ffff::1"), "... no more of theirs are");
		has_had(k ? "203.0.113.200" : "2001:db8:7:ffff::1", "n");
		ok(is_admitted(k ? "203.0.113.200" : "2001:db8:7:ffff::1"), "... but one who has had a session");
		for (i = 0; i < 256; i++)
			throttle_free(t[i]);
	}
}

static void seats(void)
{
	struct throttle *t[129], *late;
	int i, admitted = 0, r;

	start_afresh();
	for (i = 0; i < 128; i++) {
		t[i] = sit_down_from_anywhere();
		admitted += t[i] != NULL;
	}
	ok(admitted == 128, "with luck, 128 are let in");
	ok(!sit_down_from_anywhere(), "number 129 has none");
	late = open_table();
	ok(ratefile_count_seats(late->fd) == 128, "all are counted");
	throttle_free(t[77]);
	t[77] = NULL;
	r = ratefile_count_seats(late->fd);
	t[128] = sit_down_from_anywhere();
	ok(r == 127 && t[128], "one leaves, one comes");
	throttle_free(late);
	late = open_table();
	ok(ratefile_count_seats(late->fd) == 128, "and is counted, though out of order");
	throttle_free(late);
	for (i = 31; i < 129; i++)
		throttle_free(t[i]);

	chance = 0;
	ok(is_admitted("192.0.2.2"), "behind 31 nobody needs luck");
	t[31] = open_table();
	ok(throttle_admit(t[31], address("192.0.2.2")), "the 32nd comes in");
	ok(!is_admitted("192.0.2.2"), "behind 32 one does");
	chance = 29;
	r = is_admitted("192.0.2.2");
	chance = 30;
	ok(!r && is_admitted("192.0.2.2"), "30 in a hundred are dropped there");
	for (i = 0; i < 32; i++)
		throttle_free(t[i]);
}

/* ---- several processes */

enum { CHILDREN = 8 };

/* Runs fn in `CHILDREN` processes that start together; returns the sum of what it returned. */
static int together(int (*fn)(int number))
{
	pid_t pids[CHILDREN];
	int i, status, sum = 0, gate[2];
	char c;

	if (pipe(gate) < 0)
		abort();
	for (i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			abort();
		if (pids[i] > 0)
			continue;
		close(gate[1]);
		_exit(read(gate[0], &c, 1) == 0 ? fn(i) : 255);
	}
	close(gate[0]);
	close(gate[1]);
	for (i = 0; i < CHILDREN; i++) {
		if (waitpid(pids[i], &status, 0) < 0 || !WIFEXITED(status))
			abort();
		sum += WEXITSTATUS(status);
	}
	return sum;
}

static int five_from_one_source(int number)
{
	char name[16];

	snprintf(name, sizeof(name), "n%d-", number);
	return passing(5, "192.0.2.1", name);
}

static int five_at_one_name(int number)
{
	char source[32];

	snprintf(source, sizeof(source), "198.51.%d.", number);
	return passing(5, source, "name");
}

static int twenty_logins(int number)
{
	int i, passed = 0;

	(void)number;
	/* Eight at a time are less than a source's burst, whatever their order. */
	for (i = 0; i < 20; i++)
		passed += logs_in("192.0.2.1", "n");
	return passed;
}

static int has_first_secret(int number)
{
	struct throttle *t = open_table();
	uint8_t content[BOOT_ID_SIZE + BOOT_SECRET_SIZE];
	int same;

	(void)number;
	same = fd_read_file(in_dir("rl.key"), content, sizeof(content)) == sizeof(content) &&
	       memcmp(throttle_boot_secret(t), content + BOOT_ID_SIZE, BOOT_SECRET_SIZE) == 0;
	throttle_free(t);
	return same;
}

static void concurrency(void)
{
	int round, agreed = 0;

	start_afresh();
	ok(together(five_from_one_source) == 10, "eight processes share a source's ten failures");
	start_afresh();
	ok(together(five_at_one_name) == 30, "and a name's thirty");
	start_afresh();
	ok(together(twenty_logins) == 20 * CHILDREN, "none of their logins is lost");
	ok(passing(15, "192.0.2.1", "n") == 10, "all of their failures are given back");
	for (round = 0; round < 20; round++) {
		start_afresh();
		agreed += together(has_first_secret);
	}
	ok(agreed == 20 * CHILDREN, "the first eight of a boot agree on one secret");
}

/* A child that does fn and then waits to be killed. */
static pid_t child_that(void (*fn)(struct throttle *t))
{
	int ready[2];
	char c;
	pid_t pid;

	if (pipe(ready) < 0)
		abort();
	pid = fork();
	if (pid < 0)
		abort();
	if (pid == 0) {
		fn(open_table());
		if (write(ready[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		abort();
	close(ready[0]);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void sits_down(struct throttle *t)
{
	throttle_admit(t, address("192.0.2.1"));
}

static void locks_the_table(struct throttle *t)
{
	if (ratefile_lock(t->fd) < 0)
		abort();
}

static void killed_processes(void)
{
	struct throttle *t;
	pid_t pid;
	int before;

	start_afresh();
	t = open_table();
	pid = child_that(sits_down);
	before = ratefile_count_seats(t->fd);
	end_child(pid);
	ok(before == 1 && ratefile_count_seats(t->fd) == 0, "a killed process frees its seat");

	pid = child_that(locks_the_table);
	ok(!throttle_attempt(t, address("192.0.2.1"), "n") && !throttle_admit(t, address("192.0.2.1")),
	   "while a stopped one holds the lock, nobody gets in");
	end_child(pid);
	ok(throttle_attempt(t, address("192.0.2.1"), "n") && throttle_admit(t, address("192.0.2.1")),
	   "once it is killed, all is well");
	throttle_free(t);
}

/* ---- damage and strangers */

static void overwrite(const char *name, const void *data, size_t size, off_t at, int flags)
{
	auto_close int fd = open(in_dir(name), O_WRONLY | flags, 0600);

	if (fd < 0 || pwrite(fd, data, size, at) != (ssize_t)size)
		abort();
}

static off_t file_size(const char *name)
{
	struct stat st;

	return stat(in_dir(name), &st) < 0 ? -1 : st.st_size;
}

static void damage(void)
{
	static uint8_t noise[RATEFILE_SLOTS * 16];
	struct throttle *t;
	off_t size;

	start_afresh();
	passing(15, "192.0.2.1", "n");
	size = file_size("rl");
	randombytes_buf(noise, sizeof(noise));
	overwrite("rl", noise, sizeof(noise), 64, 0);
	ok(passing(40, "198.51.100.", "n-") == 40 && is_admitted("192.0.2.1"),
	   "noise in the slots locks nobody out");
	ok(passing(15, "192.0.2.1", "n") == 10, "and the limits hold again");

	overwrite("rl", noise, 16, 0, 0);
	ok(passing(15, "192.0.2.1", "n") == 10 && !is_admitted("192.0.2.1"),
	   "a table with a wrong mark is emptied");
	overwrite("rl", noise, 100, 0, O_TRUNC);
	ok(passing(15, "192.0.2.1", "n") == 10 && file_size("rl") == size,
	   "a short one is made whole");
	overwrite("rl", noise, sizeof(noise), 4096, 0);
	ok(is_admitted("192.0.2.1") && file_size("rl") == size, "a long one too");

	t = open_table();
	overwrite("rl", noise, 1, 0, O_TRUNC);
	ok(!throttle_admit(t, address("192.0.2.9")) && !throttle_attempt(t, address("192.0.2.9"), "n"),
	   "a table cut off under our feet lets nobody in");
	throttle_free(t);
}

static void secrets(void)
{
	char boot_id[BOOT_ID_SIZE];
	uint8_t first[BOOT_SECRET_SIZE], again[BOOT_SECRET_SIZE];
	struct throttle *t;
	struct stat st;
	struct privdir d = { open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), geteuid(), dir };

	start_afresh();
	t = open_table();
	memcpy(first, throttle_boot_secret(t), sizeof(first));
	throttle_free(t);
	ok(stat(in_dir("rl.key"), &st) == 0 && (st.st_mode & 07777) == 0600 &&
	   stat(in_dir("rl"), &st) == 0 && (st.st_mode & 07777) == 0600, "the files are 0600");
	ok(bootsecret_boot_id(boot_id) == 0 &&
	   bootsecret_load(&d, boot_id, again) == 0 &&
	   memcmp(first, again, sizeof(first)) == 0, "the secret lasts");

	passing(15, "192.0.2.1", "n");
	boot_id[0] = boot_id[0] == 'x' ? 'y' : 'x';
	ok(bootsecret_load(&d, boot_id, again) == 0 &&
	   memcmp(first, again, sizeof(first)) != 0, "until the next boot");
	ok(is_admitted("192.0.2.1"), "then the table begins anew");

	overwrite("rl.key", "short", 5, 0, O_TRUNC);
	t = open_table();
	ok(!sodium_is_zero(throttle_boot_secret(t), 32) &&
	   file_size("rl.key") == BOOT_ID_SIZE + BOOT_SECRET_SIZE, "a damaged one is made anew");
	throttle_free(t);
	close(d.fd);
}

static int open_result(void)
{
	struct throttle *t = NULL;
	int r = throttle_open(dir, &t);

	throttle_free(t);
	return r;
}

static void strangers(const char *name)
{
	char other[64];

	snprintf(other, sizeof(other), "%s/other", dir);
	start_afresh();
	open_result();
	chmod(in_dir(name), 0640);
	ok(open_result() == -EPERM, "%s that others may read is refused", name);
	chmod(in_dir(name), 0600);
	ok(open_result() == 0 && link(in_dir(name), other) == 0 && open_result() == -EPERM,
	   "%s with a second name is refused", name);
	unlink(in_dir(name));
	ok(symlink(other, in_dir(name)) == 0 && open_result() == -EPERM,
	   "a symbolic link in place of %s is refused", name);
	unlink(in_dir(name));
	unlink(other);
	ok(mkfifo(in_dir(name), 0600) == 0 && open_result() == -EPERM,
	   "a fifo in its place is refused, and does not hang us");
	unlink(in_dir(name));
	ok(open_result() == 0, "with it removed, all is well");
}

static void owners(void)
{
	struct privdir d = { open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), geteuid(), dir };
	int fd;

	start_afresh();
	open_result();
	another_uid = 1;
	fd = privfile_open(&d, "rl", O_RDWR);
	ok(fd >= 0, "a file of the directory's owner is good, where root looks");
	close(fd);
	d.owner += 1;
	ok(privfile_open(&d, "rl", O_RDWR) == -EPERM, "a file of anybody else is refused");
	ok(open_result() == -EPERM, "so is a directory of somebody else");
	another_uid = 0;
	chmod(dir, 0770);
	ok(open_result() == -EPERM, "and one that others may write");
	chmod(dir, 0700);
	close(d.fd);
}

static void no_directory(void)
{
	struct throttle *t = NULL;
	char path[128], file[160];

	ok(throttle_open("/proc/vtun", &t) < 0 && !t, "a directory that cannot be made is an error");
	snprintf(path, sizeof(path), "%s/new", dir);
	ok(throttle_open(path, &t) == 0, "one that can is made");
	throttle_free(t);
	snprintf(file, sizeof(file), "%s/rl", path);
	unlink(file);
	snprintf(file, sizeof(file), "%s/rl.key", path);
	unlink(file);
	rmdir(path);
	t = NULL;
	ok(throttle_open(in_dir("rl"), &t) == -ENOTDIR && !t, "so is a file where it should be");
}

static void silence(int priority, const char *line)
{
	(void)priority;
	printf("# %s\n", line);
}

int main(void)
{
	if (sodium_init() < 0 || !mkdtemp(dir))
		return 1;
	log_set_sink(silence);
	per_source();
	per_name();
	successes();
	crowd_of_one_account();
	many_places();
	visits();
	disconnects();
	seats();
	seats_of_one();
	seats_of_some();
	seats_of_neighbours();
	concurrency();
	killed_processes();
	damage();
	secrets();
	strangers("rl");
	strangers("rl.key");
	owners();
	no_directory();
	throttle_free(NULL);
	unlink(in_dir("rl"));
	unlink(in_dir("rl.key"));
	ok(rmdir(dir) == 0, "nothing else was left in the directory");
	return finish();
}
