/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backoff.h"

unsigned backoff_next(struct backoff *b, bool refused, bool was_up, uint32_t random)
{
	const unsigned least = refused ? 5 : 1, most = refused ? 300 : 60;

	if (was_up || refused != b->auth)
		b->seconds = 0;
	b->auth = refused;
	b->seconds = b->seconds ? b->seconds * 2 : least;
	if (b->seconds > most)
		b->seconds = most;
	return b->seconds * 750 + random % (b->seconds * 500 + 1);
}
