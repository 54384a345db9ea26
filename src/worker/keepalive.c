/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keepalive.h"

#include "common/clock.h"

enum { ANSWERS_PER_SECOND = 10 };

void keepalive_init(struct keepalive *k, unsigned interval_s, unsigned misses, uint64_t now)
{
	*k = (struct keepalive){
		.interval = interval_s * UINT64_C(1000),
		.misses = misses,
		.heard = now,
		.asked = now,
	};
}

void keepalive_heard(struct keepalive *k, uint64_t now)
{
	k->heard = k->asked = now;
}

/* So many questions without an answer: the first one is asked after an interval of silence. */
static uint64_t patience(const struct keepalive *k)
{
	return k->interval * (k->misses + 1);
}

enum keepalive_verdict keepalive_check(struct keepalive *k, uint64_t now, bool paused)
{
	if (k->interval == 0 || now < keepalive_deadline(k))
		return KEEPALIVE_WAIT;
	if (paused)
		k->heard = now;
	if (now - k->heard >= patience(k))
		return KEEPALIVE_DEAD;
	k->asked = now;
	return KEEPALIVE_ASK;
}

uint64_t keepalive_deadline(const struct keepalive *k)
{
	uint64_t dead = k->heard + patience(k);
	uint64_t ask = k->asked + k->interval;

	if (k->interval == 0)
		return CLOCK_NEVER;
	return ask < dead ? ask : dead;
}

bool keepalive_may_answer(struct keepalive *k, uint64_t now)
{
	if (now - k->answers_since >= 1000) {
		k->answers_since = now;
		k->answers = 0;
	}
	return k->answers++ < ANSWERS_PER_SECOND;
}
