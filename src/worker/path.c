/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "path.h"

#include <string.h>

#include "common/bytes.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/ipc.h"
#include "esp.h"

enum { PROBE = 1, ANSWER = 2 };

/* The client's attempt: when each probe goes, and how long the last one's answer may take. */
static const uint16_t attempt_ms[] = { 0, 250, 500, 1000, 2000, 3000 };
enum { ATTEMPT_PROBES = ARRAY_SIZE(attempt_ms) - 1 };

bool endpoint_equal(const union endpoint *a, const union endpoint *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	switch (a->any.sa_family) {
	case AF_INET:
		return a->v4.sin_port == b->v4.sin_port &&
		       a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	case AF_INET6:
		return a->v6.sin6_port == b->v6.sin6_port &&
		       a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
		       !memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr));
	default:
		return false;
	}
}

/* ---- states */

static void enter_trying(struct path *p, uint64_t now)
{
	p->state = PATH_TRYING;
	p->peer = p->config.peer; /* wherever it was last: that may have been somebody in between */
	p->tries = 0;
	p->nonce = p->config.random();
	p->next = now;
}

static void enter_waiting(struct path *p, uint64_t now)
{
	p->state = PATH_WAITING;
	p->candidate_nonce = 0;
	p->candidate_due = false;
	pmtu_stop(&p->pmtu);
	p->next = p->config.role == ROLE_CLIENT ? now + p->retry : CLOCK_NEVER;
	p->retry = p->retry * 2 < p->config.times.retry_most_ms ? p->retry * 2
								: p->config.times.retry_most_ms;
}

/* The address `peer` has answered: now, or anew. */
static void enter_up(struct path *p, uint64_t now)
{
	p->state = PATH_UP;
	p->tries = 0;
	p->heard = now;
	p->unanswered = 0;
	p->retry = p->config.times.retry_ms;
	p->failed = false;
	p->news = NEWS_UP;
	pmtu_start(&p->pmtu, now);
}

static void go_down(struct path *p, uint64_t now, bool tell_peer)
{
	enter_waiting(p, now);
	p->failed = true;
	p->news = tell_peer ? NEWS_DOWN_TELL : NEWS_DOWN;
}

void path_init(struct path *p, const struct path_config *config, uint64_t now)
{
	*p = (struct path){
		.config = *config,
		.peer = config->peer,
		.next = CLOCK_NEVER,
		.retry = config->times.retry_ms,
	};
	pmtu_init(&p->pmtu, &config->times.pmtu, config->most);
	if (config->role == ROLE_CLIENT)
		enter_trying(p, now);
}

/* ---- what comes in */

/* The peer may be at this address now: ask there.  Each probe answers a datagram that was not
 * smaller, and there is one a second, so that nobody is flooded in the peer's name. */
static void consider(struct path *p, uint64_t now, const union endpoint *from)
{
	if (!p->candidate_nonce || !endpoint_equal(&p->candidate, from)) {
		p->candidate = *from;
		p->candidate_nonce = p->config.random();
	}
	if (now < p->candidate_next)
		return;
	p->candidate_due = true;
	p->candidate_next = now + p->config.times.roam_ms;
}

void path_heard(struct path *p, uint64_t now, const union endpoint *from, bool newest)
{
	if (p->state != PATH_UP)
		return;
	if (endpoint_equal(from, &p->peer)) {
		p->heard = now;
		p->unanswered = 0;
		p->tries = 0;
	} else if (newest && p->config.roam) {
		consider(p, now, from);
	}
}

static bool may_answer(struct path *p, uint64_t now)
{
	if (now - p->answers_since >= 1000) {
		p->answers_since = now;
		p->answers = 0;
	}
	return p->answers++ < PATH_ANSWERS_MOST;
}

static void take_probe(struct path *p, uint64_t now, const union endpoint *from,
		       const uint8_t *payload)
{
	if (!may_answer(p, now))
		return;
	p->answer_due = true;
	p->answer_to = *from;
	p->answer_size = get_be16(payload + 2);
	p->answer_nonce = get_be64(payload + 4);
	/* The server's turn: only an answer to its own probe proves that it hears the client where
	 * the client hears it.  Data would not: whoever relays it might be anywhere. */
	if (p->config.role == ROLE_SERVER && p->state != PATH_UP)
		consider(p, now, from);
}

static void take_answer(struct path *p, uint64_t now, const union endpoint *from, uint64_t nonce)
{
	if (p->candidate_nonce && nonce == p->candidate_nonce &&
	    endpoint_equal(from, &p->candidate)) {
		p->peer = p->candidate;
		p->candidate_nonce = 0;
		enter_up(p, now);
	} else if (!endpoint_equal(from, &p->peer)) {
		return;
	} else if (p->state == PATH_TRYING && p->tries && nonce == p->nonce) {
		enter_up(p, now);
	} else if (p->state == PATH_UP && p->pmtu.target && nonce == p->pmtu_nonce) {
		pmtu_answered(&p->pmtu, now);
	}
}

void path_control(struct path *p, uint64_t now, const union endpoint *from,
		  const uint8_t *payload, size_t size)
{
	if (size < PATH_CONTROL_SIZE)
		return;
	if (payload[0] == PROBE)
		take_probe(p, now, from, payload);
	else if (payload[0] == ANSWER)
		take_answer(p, now, from, get_be64(payload + 4));
}

void path_refused(struct path *p, uint64_t now, size_t datagram)
{
	if (p->state == PATH_UP && datagram <= PMTU_MOST)
		pmtu_refused(&p->pmtu, now, (uint16_t)datagram);
}

void path_peer_down(struct path *p, uint64_t now)
{
	if (p->state == PATH_UP)
		go_down(p, now, false);
}

/* ---- what is to be done */

static int control(struct path_action *ret, uint8_t type, const union endpoint *to, size_t size,
		   uint16_t about, uint64_t nonce)
{
	*ret = (struct path_action){
		.act = PATH_SEND,
		.to = *to,
		.size = size,
		.payload = { type },
	};
	put_be16(ret->payload + 2, about);
	put_be64(ret->payload + 4, nonce);
	return 1;
}

static int send_probe(struct path_action *ret, const union endpoint *to, uint64_t nonce)
{
	size_t size = esp_size(PATH_CONTROL_SIZE);

	return control(ret, PROBE, to, size, (uint16_t)size, nonce);
}

static int tell(struct path *p, struct path_action *ret)
{
	*ret = (struct path_action){
		.act = p->news == NEWS_UP ? PATH_IS_UP : PATH_IS_DOWN,
		.to = p->peer,
		.tell_peer = p->news == NEWS_DOWN_TELL,
	};
	p->news = NEWS_NONE;
	return 1;
}

static int attempt(struct path *p, uint64_t now, struct path_action *ret)
{
	if (now < p->next)
		return 0;
	if (p->tries < ATTEMPT_PROBES) {
		p->next = now + attempt_ms[p->tries + 1] - attempt_ms[p->tries];
		p->tries++;
		return send_probe(ret, &p->peer, p->nonce);
	}
	if (p->failed) {
		enter_waiting(p, now);
		return 0;
	}
	go_down(p, now, false);
	return tell(p, ret);
}

/* When an UP path has to be asked whether it is still there. */
static uint64_t probe_due(const struct path *p)
{
	const struct path_times *t = &p->config.times;
	uint64_t idle = p->heard + t->idle_ms;
	uint64_t busy = p->unanswered ? p->unanswered + t->busy_ms : CLOCK_NEVER;

	/* One of both is enough, and a client keeps its NAT's mapping alive. */
	if (p->config.role == ROLE_SERVER)
		idle += t->answer_ms;
	if (p->tries)
		return p->next;
	return busy < idle ? busy : idle;
}

static int watch(struct path *p, uint64_t now, struct path_action *ret)
{
	if (now < probe_due(p))
		return 0;
	if (p->tries == p->config.times.tries) {
		go_down(p, now, true);
		return tell(p, ret);
	}
	if (p->tries++ == 0)
		p->nonce = p->config.random();
	p->next = now + p->config.times.answer_ms;
	return send_probe(ret, &p->peer, p->nonce);
}

static int search(struct path *p, uint64_t now, struct path_action *ret)
{
	bool is_new = false;
	uint16_t size = pmtu_next(&p->pmtu, now, &is_new);

	if (size) {
		if (is_new)
			p->pmtu_nonce = p->config.random();
		return control(ret, PROBE, &p->peer, size, size, p->pmtu_nonce);
	}
	if (!pmtu_news(&p->pmtu, &size))
		return 0;
	*ret = (struct path_action){ .act = PATH_FOUND, .to = p->peer, .size = size };
	return 1;
}

int path_next(struct path *p, uint64_t now, struct path_action *ret)
{
	if (p->answer_due) {
		p->answer_due = false;
		return control(ret, ANSWER, &p->answer_to, esp_size(PATH_CONTROL_SIZE),
			       p->answer_size, p->answer_nonce);
	}
	if (p->candidate_due) {
		p->candidate_due = false;
		return send_probe(ret, &p->candidate, p->candidate_nonce);
	}
	if (p->news != NEWS_NONE)
		return tell(p, ret);
	if (p->state == PATH_WAITING && now >= p->next)
		enter_trying(p, now);
	if (p->state == PATH_TRYING)
		return attempt(p, now, ret);
	if (p->state == PATH_UP)
		return watch(p, now, ret) || search(p, now, ret);
	return 0;
}

uint64_t path_deadline(const struct path *p)
{
	uint64_t pmtu, due;

	if (p->answer_due || p->candidate_due || p->news != NEWS_NONE)
		return 0;
	if (p->state != PATH_UP)
		return p->next;
	pmtu = pmtu_deadline(&p->pmtu);
	due = probe_due(p);
	return pmtu < due ? pmtu : due;
}
