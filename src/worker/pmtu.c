/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pmtu.h"

#include "common/cleanup.h"
#include "common/clock.h"

/* 1,308 carries a packet of 1,280 bytes, which IPv6 needs.  1,472 and 1,452 fill a link of 1,500
 * over IPv4 and IPv6, 8,972 and 8,952 one of 9,000; a bit less leaves room for PPPoE and the like.
 * The last step is always `most`. */
static const uint16_t steps[] = {
	PMTU_BASE, 1308, 1400, 1432, 1452, 1472, 2048, 4096, 8192, 8952, 8972, 16384, 32768,
};

static uint16_t step_above(const struct pmtu *m, uint16_t size)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		if (steps[i] > size && steps[i] < m->most)
			return steps[i];
	return size < m->most ? m->most : 0;
}

void pmtu_init(struct pmtu *m, const struct pmtu_times *times, size_t most)
{
	if (most > PMTU_MOST)
		most = PMTU_MOST;
	if (most < PMTU_LEAST)
		most = PMTU_LEAST;
	*m = (struct pmtu){ .times = *times, .most = (uint16_t)most };
}

static void probe(struct pmtu *m, uint64_t now, uint16_t target)
{
	m->target = target;
	m->lost = 0;
	m->sent = false;
	m->next = now;
}

static void settle(struct pmtu *m, uint64_t now)
{
	m->state = PMTU_SETTLED;
	m->traffic = false;
	m->target = 0;
	m->next = now + m->times.confirm_ms;
	m->raise = m->size < m->most ? now + m->times.raise_ms : CLOCK_NEVER;
}

static void rise(struct pmtu *m, uint64_t now)
{
	uint16_t next = step_above(m, m->size);

	m->state = PMTU_RISING;
	if (next)
		probe(m, now, next);
	else
		settle(m, now);
}

void pmtu_start(struct pmtu *m, uint64_t now)
{
	m->state = PMTU_BASING;
	m->size = m->most < PMTU_BASE ? m->most : PMTU_BASE;
	probe(m, now, m->size);
}

void pmtu_stop(struct pmtu *m)
{
	m->state = PMTU_OFF;
	m->size = m->target = 0;
}

/* The size being probed does not pass. */
static void give_up(struct pmtu *m, uint64_t now)
{
	switch (m->state) {
	case PMTU_BASING:
		probe(m, now, PMTU_LEAST);
		/* There is nothing below, and nothing to be told: the path itself may be down.  What
		 * is larger goes over TLS, and now and then it is tried again. */
		if (m->size <= PMTU_LEAST) {
			m->sent = true;
			m->next = now + m->times.answer_ms;
			m->size = PMTU_SURE;
		} else {
			m->size = PMTU_LEAST;
		}
		break;
	case PMTU_RISING:
		settle(m, now);
		break;
	case PMTU_SETTLED: /* a black hole */
		pmtu_start(m, now);
		break;
	case PMTU_OFF:
		break;
	}
}

static void on_time(struct pmtu *m, uint64_t now)
{
	if (m->state == PMTU_OFF)
		return;
	if (m->target && m->sent && now >= m->next) {
		m->sent = false;
		if (++m->lost >= m->times.tries)
			give_up(m, now);
	} else if (m->state == PMTU_SETTLED && !m->target) {
		if (now >= m->raise)
			rise(m, now);
		else if (m->traffic && now >= m->next)
			probe(m, now, m->size);
	}
}

uint16_t pmtu_next(struct pmtu *m, uint64_t now, bool *ret_new)
{
	on_time(m, now);
	if (!m->target || m->sent)
		return 0;
	m->sent = true;
	m->next = now + m->times.answer_ms;
	*ret_new = m->lost == 0;
	return m->target;
}

uint64_t pmtu_deadline(const struct pmtu *m)
{
	uint64_t next;

	if (m->state == PMTU_OFF)
		return CLOCK_NEVER;
	if (m->target)
		return m->next;
	next = m->traffic ? m->next : CLOCK_NEVER;
	return m->raise < next ? m->raise : next;
}

void pmtu_answered(struct pmtu *m, uint64_t now)
{
	uint16_t size = m->target;

	if (!size)
		return;
	m->target = 0;
	m->sent = false;
	if (m->state == PMTU_SETTLED) {
		m->traffic = false;
		m->next = now + m->times.confirm_ms;
		return;
	}
	m->size = size;
	/* If LEAST passes where BASE did not, what is in between has to wait. */
	if (m->state == PMTU_BASING && size < PMTU_BASE)
		settle(m, now);
	else
		rise(m, now);
}

void pmtu_refused(struct pmtu *m, uint64_t now, uint16_t size)
{
	if (m->state == PMTU_OFF)
		return;
	if (m->target && size == m->target)
		give_up(m, now);
	else if (m->state != PMTU_BASING && size <= m->size)
		pmtu_start(m, now);
}

bool pmtu_news(struct pmtu *m, uint16_t *ret_size)
{
	if (m->state != PMTU_SETTLED || m->told == m->size)
		return false;
	*ret_size = m->told = m->size;
	return true;
}
