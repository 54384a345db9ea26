/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A process in its loop around poll(2), played by the input: the linker puts __wrap_poll() and
 * __wrap_clock_gettime() in the places of the real ones (Makefile.am), so that nothing waits, time
 * passes as the input says, and the next of its steps comes when the loop has done all it can.
 */
#pragma once

#include <poll.h>
#include <time.h>

#include "common/ipc.h"
#include "fuzz.h"

struct play {
	const uint8_t *data;
	size_t size;
	uint64_t now_ms;
	unsigned turns; /* of the loop that has nothing new to do */
};

/* The next step: u8 what | u8 n | n bytes, or as many as there are.  False: there is none. */
static inline bool play_step(struct play *p, uint8_t *ret_what, const uint8_t **ret_data, size_t *ret_size)
{
	if (p->size < 2)
		return false;
	*ret_what = p->data[0];
	*ret_size = p->data[1] < p->size - 2 ? p->data[1] : p->size - 2;
	*ret_data = p->data + 2;
	p->data += 2 + *ret_size;
	p->size -= 2 + *ret_size;
	return true;
}

/* The bytes over those of an honest message: from its operation's record on. */
static inline void play_overlay(struct ipc_message *m, const uint8_t *data, size_t size)
{
	uint8_t *record = (uint8_t *)&m->begin;
	size_t i;

	for (i = 0; i < size && i < sizeof(*m) - offsetof(struct ipc_message, begin); i++)
		record[i] ^= data[i];
}

int __wrap_poll(struct pollfd *p, nfds_t n, int timeout_ms);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
