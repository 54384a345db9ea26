/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ratefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct slot {
	uint64_t key, until;
};

enum {
	WAYS = 8,
	SLOTS_AT = 64, /* the mark is before them */
	FILE_SIZE = SLOTS_AT + RATEFILE_SLOTS * sizeof(struct slot),
	TABLE_LOCK_AT = 1 << 20,
	SEATS_AT = TABLE_LOCK_AT + 1,
	LOCK_TRIES = 1000, /* a millisecond each */
};

/* Far behind the seats there are more bytes, some for each source and each neighbourhood: of 38 bits of
 * its key, which two hardly ever share. */
static const off_t OF_KEYS_AT = (off_t)1 << 46;
static const uint64_t OF_KEYS_MASK = (UINT64_C(1) << 38) - 1;

static const uint64_t GROUP = UINT64_C(0xffff) << 48;

static const struct {
	unsigned first, slots;
	bool groups;
	uint64_t identity; /* of the key: the group of a guest is who brought him */
} areas[] = {
	[RATE_SOURCES] = { 0, 2048, false, UINT64_MAX },
	[RATE_NAMES] = { 2048, 1024, false, UINT64_MAX },
	[RATE_KNOWN] = { 3072, RATEFILE_KNOWN_SETS * WAYS, true, UINT64_MAX },
	[RATE_VISITORS] = { 4096, 2048, false, UINT64_MAX },
	[RATE_GUESTS] = { 6144, 1024, true, UINT64_MAX >> 16 },
};

int ratefile_open(const struct privdir *dir)
{
	return privfile_open(dir, "rl", O_RDWR | O_CREAT);
}

/* ---- locks */

static int set_lock(int fd, short type, off_t at)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

int ratefile_lock(int fd)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int r, tries;

	for (tries = 0; tries < LOCK_TRIES; tries++) {
		r = set_lock(fd, F_WRLCK, TABLE_LOCK_AT);
		if (r != -EAGAIN && r != -EACCES)
			return r;
		nanosleep(&pause, NULL);
	}
	return -EBUSY;
}

void ratefile_unlock(int fd)
{
	set_lock(fd, F_UNLCK, TABLE_LOCK_AT);
}

/* The kernel names some lock in the range, not the first one: look on both sides of it. */
static int count_locks(int fd, off_t from, off_t to)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = from,
			      .l_len = to - from };
	int before, after;

	if (from >= to)
		return 0;
	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		return -errno;
	if (lock.l_type == F_UNLCK)
		return 0;
	before = count_locks(fd, from, lock.l_start);
	if (before < 0)
		return before;
	after = count_locks(fd, lock.l_start + 1, to);
	return after < 0 ? after : before + 1 + after;
}

static off_t places_at(uint64_t key)
{
	return OF_KEYS_AT + (off_t)(key & OF_KEYS_MASK) * RATEFILE_SEATS_OF_KEY;
}

/* Locks the first of n bytes that nobody has: 0, -EAGAIN or a negative errno. */
static int take_one(int fd, off_t at, int n)
{
	int i, r = -EAGAIN;

	for (i = 0; i < n && (r == -EAGAIN || r == -EACCES); i++)
		r = set_lock(fd, F_WRLCK, at + i);
	return r == -EACCES ? -EAGAIN : r;
}

int ratefile_count_seats(int fd)
{
	return count_locks(fd, SEATS_AT, SEATS_AT + RATEFILE_SEATS);
}

int ratefile_count_seats_of(int fd, uint64_t key)
{
	return count_locks(fd, places_at(key), places_at(key) + RATEFILE_SEATS_OF_KEY);
}

int ratefile_take_seat(int fd, uint64_t key, uint64_t wider_key)
{
	int r = take_one(fd, places_at(key), RATEFILE_SEATS_OF_KEY);

	if (r == 0)
		r = take_one(fd, places_at(wider_key), RATEFILE_SEATS_OF_KEY);
	return r < 0 ? r : take_one(fd, SEATS_AT, RATEFILE_SEATS);
}

/* ---- slots */

static int read_at(int fd, void *data, size_t size, off_t at)
{
	ssize_t n = pread(fd, data, size, at);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

static int write_at(int fd, const void *data, size_t size, off_t at)
{
	ssize_t n = pwrite(fd, data, size, at);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

int ratefile_check(int fd, const uint8_t mark[static RATEFILE_MARK_SIZE])
{
	uint8_t found[RATEFILE_MARK_SIZE];
	off_t size = lseek(fd, 0, SEEK_END);
	int r;

	if (size < 0)
		return -errno;
	if (size == FILE_SIZE && read_at(fd, found, sizeof(found), 0) == 0 &&
	    memcmp(found, mark, sizeof(found)) == 0)
		return 0;
	/* The mark comes last: whoever is killed before it leaves it to the next one. */
	if (ftruncate(fd, 0) < 0)
		return -errno;
	/* All of its room at once: else nobody could log in once /run is full. */
	r = -posix_fallocate(fd, 0, FILE_SIZE);
	if (r < 0)
		return r;
	r = write_at(fd, mark, RATEFILE_MARK_SIZE, 0);
	return r < 0 ? r : 1;
}

/* How many the key's group has. */
static unsigned of_group(const struct slot slots[static WAYS], uint64_t key)
{
	unsigned i, n = 0;

	for (i = 0; i < WAYS; i++)
		n += slots[i].until && !((slots[i].key ^ key) & GROUP);
	return n;
}

/* Whose time comes first gives way.  Of groups, one that has all that it may have has to content itself; and
 * else one of the largest gives way, so that the only one of a group goes last. */
static unsigned choose(const struct slot slots[static WAYS], enum rate_area area, uint64_t key)
{
	bool groups = areas[area].groups, own = groups && of_group(slots, key) >= RATEFILE_OF_GROUP;
	unsigned i, choice = WAYS, most = 0;

	for (i = 0; i < WAYS; i++) {
		unsigned n = groups && !own ? of_group(slots, slots[i].key) : 0;

		if (own && (!slots[i].until || (slots[i].key ^ key) & GROUP))
			continue;
		if (!own && !slots[i].until)
			return i;
		if (choice == WAYS || n > most || (n == most && slots[i].until < slots[choice].until)) {
			choice = i;
			most = n;
		}
	}
	return choice;
}

int ratefile_get(int fd, enum rate_area area, uint64_t key, uint64_t now, uint64_t span,
		 struct rate_entry *ret)
{
	unsigned set = areas[area].first + (unsigned)(key % (areas[area].slots / WAYS)) * WAYS;
	off_t at = SLOTS_AT + (off_t)set * (off_t)sizeof(struct slot);
	struct slot slots[WAYS];
	unsigned i, choice = WAYS;
	int r;

	r = read_at(fd, slots, sizeof(slots), at);
	if (r < 0)
		return r;
	ret->key = key;
	ret->until = 0;
	for (i = 0; i < WAYS && choice == WAYS; i++) {
		if (slots[i].until > now && slots[i].until - now > span)
			slots[i].until = 0;
		if (!((slots[i].key ^ key) & areas[area].identity)) {
			choice = i;
			ret->until = slots[i].until;
		}
	}
	if (choice == WAYS)
		choice = choose(slots, area, key);
	ret->at = at + choice * (off_t)sizeof(struct slot);
	return 0;
}

int ratefile_put(int fd, const struct rate_entry *e)
{
	const struct slot slot = { e->key, e->until };

	return write_at(fd, &slot, sizeof(slot), e->at);
}
