/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backoff.h"

unsigned backoff_next(struct backoff *b, bool refused, bool was_up, uint32_t random)
{
	unsigned least, most;

	if (was_up)
		*b = (struct backoff){};
	b->auth |= refused;
	least = b->auth ? 5 : 1;
	most = b->auth ? 300 : 60;
	b->seconds *= 2;
	if (b->seconds < least)
		b->seconds = least;
	if (b->seconds > most)
		b->seconds = most;
	return b->seconds * 750 + random % (b->seconds * 500 + 1);
}
