/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table behind the rate limits: one file, shared by all sessions, of fixed size.  A slot is a
 * key and a time; a key has eight slots to choose from, and where they are taken the one whose time
 * comes first gives way: the most punished stay longest.
 *
 * Beyond its end the file has seats: a locked byte for each connection that has not logged in
 * yet, and others among those of its source and its neighbourhood.  All are open file description locks
 * (fcntl(2), F_OFD_SETLK): they die with their process, however it dies, so no count ever has to
 * be repaired.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "privfile.h"

/* Apart from each other, so that a flood of one kind pushes out none of another. */
enum rate_area { RATE_SOURCES, RATE_NAMES, RATE_KNOWN, RATE_VISITORS, RATE_GUESTS };

enum { RATEFILE_SLOTS = 7168, RATEFILE_SEATS = 128, RATEFILE_SEATS_OF_KEY = 64,
       RATEFILE_MARK_SIZE = 16, RATEFILE_KNOWN_SETS = 128 /* key % this: one of them, of eight slots */,
       RATEFILE_OF_GROUP = 4 /* slots for pairs or guests whose group, the highest 16 bits, is the same */ };

struct rate_entry {
	off_t at;       /* where the slot is */
	uint64_t key;
	uint64_t until; /* 0: none so far */
};

/* Opens or makes the file "rl" in `dir`.  The descriptor or a negative errno. */
int ratefile_open(const struct privdir *dir);

/* One process at a time; needed by all that follows.  Waits a second, for
 * a holder that is stopped must not stop the others for ever.  0, -EBUSY or a negative errno. */
int ratefile_lock(int fd);
void ratefile_unlock(int fd);

/* Makes the table empty unless it bears `mark`.  0 if it does, 1 if it was emptied, or a negative
 * errno. */
int ratefile_check(int fd, const uint8_t mark[static RATEFILE_MARK_SIZE]);

/* Finds the key's slot, or the one that it may take: then until is 0.  Times later than
 * `now + span` cannot be and count as 0.  0 or a negative errno. */
int ratefile_get(int fd, enum rate_area area, uint64_t key, uint64_t now, uint64_t span,
		 struct rate_entry *ret);
int ratefile_put(int fd, const struct rate_entry *e);

/* How many seats others have taken: in all, and with that key; or a negative errno. */
int ratefile_count_seats(int fd);
int ratefile_count_seats_of(int fd, uint64_t key);

/* Takes a free one, with the keys of a source and its neighbourhood: 0, -EAGAIN if there is none, or one of
 * them has RATEFILE_SEATS_OF_KEY, or a negative errno.  It is held as long as the open file description
 * is: a child must not inherit it. */
int ratefile_take_seat(int fd, uint64_t key, uint64_t wider_key);
