/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "throttle.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "bootsecret.h"
#include "bucket.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "ratefile.h"
#include "ratekey.h"

static const struct bucket_rate source_rate = { .burst = 10, .refill_ms = 6000 };
static const struct bucket_rate visit_rate = { .burst = 100, .refill_ms = 600 };
static const struct bucket_rate name_rate = { .burst = 30, .refill_ms = 2000 };

enum { SHARE = 4, SHARE_OF_NEIGHBOURS = 2, SEATS_OF_ONE = 24, SEATS_FOR_NEW = 16,
       SEATS_WELCOME = 32, SEATS_OF_WELCOME = 4 };

#define KNOWN_MS (30 * 24ull * 3600 * 1000)

struct throttle {
	char *dir;                         /* for messages */
	int fd;
	bool charged_visit, charged_source, charged_name; /* what throttle_success() gives back */
	uint8_t boot_secret[BOOT_SECRET_SIZE];
	uint8_t hash_key[RATEKEY_SECRET_SIZE];
};

/* ---- entries of the table */

static int get_source(struct throttle *t, const struct sockaddr *source, uint64_t now,
		      struct rate_entry *ret)
{
	return ratefile_get(t->fd, RATE_SOURCES, ratekey_of(t->hash_key, RATE_SOURCES, source, NULL), now,
			    bucket_span_ms(&source_rate), ret);
}

static int get_visitor(struct throttle *t, const struct sockaddr *source, uint64_t now,
		       struct rate_entry *ret)
{
	return ratefile_get(t->fd, RATE_VISITORS, ratekey_of(t->hash_key, RATE_VISITORS, source, NULL), now,
			    bucket_span_ms(&visit_rate), ret);
}

static int get_name(struct throttle *t, const char *name, uint64_t now, struct rate_entry *ret)
{
	return ratefile_get(t->fd, RATE_NAMES, ratekey_of(t->hash_key, RATE_NAMES, NULL, name), now,
			    bucket_span_ms(&name_rate), ret);
}

static int get_known(struct throttle *t, const struct sockaddr *source, const char *name,
		     uint64_t now, struct rate_entry *ret)
{
	return ratefile_get(t->fd, RATE_KNOWN, ratekey_known(t->hash_key, source, name), now, KNOWN_MS,
			    ret);
}

/* Who has had a session, of whatever name. */
static int get_guest(struct throttle *t, const struct sockaddr *source, const char *name, uint64_t now,
		     struct rate_entry *ret)
{
	return ratefile_get(t->fd, RATE_GUESTS, ratekey_guest(t->hash_key, source, name), now, KNOWN_MS,
			    ret);
}

/* ---- opening */

static void derive(const struct throttle *t, const char *purpose, uint8_t *out, size_t size)
{
	crypto_generichash(out, size, (const uint8_t *)purpose, strlen(purpose), t->boot_secret,
			   sizeof(t->boot_secret));
}

/* The table bears a mark that only this boot's secret makes, so that one of an earlier boot, whose
 * keys and times mean nothing now, is emptied like a damaged one. */
static int prepare(struct throttle *t, const struct privdir *dir)
{
	uint8_t mark[RATEFILE_MARK_SIZE];
	char boot_id[BOOT_ID_SIZE];
	int r;

	r = bootsecret_boot_id(boot_id);
	if (r < 0)
		return r;
	r = ratefile_lock(t->fd);
	if (r < 0)
		return r;
	r = bootsecret_load(dir, boot_id, t->boot_secret);
	if (r == 0) {
		derive(t, "vtun 4 rate limits: hash", t->hash_key, sizeof(t->hash_key));
		derive(t, "vtun 4 rate limits: mark", mark, sizeof(mark));
		r = ratefile_check(t->fd, mark);
	}
	ratefile_unlock(t->fd);
	return r;
}

static int make(const struct privdir *dir, struct throttle **ret)
{
	struct throttle *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->dir = strdup(dir->path);
	t->fd = ratefile_open(dir);
	r = t->fd < 0 ? t->fd : prepare(t, dir);
	if (r >= 0 && !t->dir)
		r = -ENOMEM;
	if (r < 0) {
		throttle_free(t);
		return r;
	}
	if (r == 1)
		log_debug("%s/rl: a new table of rate limits", t->dir);
	*ret = t;
	return 0;
}

int throttle_open(const char *dir, struct throttle **ret)
{
	struct privdir d;
	struct throttle *t;
	int r;

	if (sodium_init() < 0)
		return -ENOSYS;
	r = privfile_open_dir(dir, &d);
	if (r < 0)
		return r;
	r = make(&d, &t);
	close(d.fd);
	if (r < 0)
		return r;
	*ret = t;
	return 0;
}

void throttle_free(struct throttle *t)
{
	if (!t)
		return;
	cleanup_fd(&t->fd);
	free(t->dir);
	secret_wipe(t);
	free(t);
}

const uint8_t *throttle_boot_secret(const struct throttle *t)
{
	return t->boot_secret;
}

/* ---- connections */

/* Whoever sits here already gets no more than his share of what is free, and needs luck; the
 * last places are for those who come for the first time.  With his neighbours he gets no more than
 * half, unless he has been here before: bad ones must not keep him out.  So few sources cannot keep
 * out all the others. */
static bool has_room(unsigned waiting, unsigned own, unsigned near, bool is_guest)
{
	unsigned left = waiting < RATEFILE_SEATS ? RATEFILE_SEATS - waiting : 0;

	if (near > 0 && near >= (is_guest && own == 0 ? left : left / SHARE_OF_NEIGHBOURS))
		return false;
	if (own == 0)
		return left > 0;
	return left > SEATS_FOR_NEW && own < left / SHARE && own < SEATS_OF_ONE &&
	       randombytes_uniform(100) >= bucket_drop_percent(waiting);
}

/* What begins costs a process and a TLS handshake, also if it never comes to an attempt.  Who is welcome comes
 * in none the less: others behind his address, or a web page that he looks at, can make connections.  But no
 * more than a few at a time, for who has an account can mean ill too. */
static int visit(struct throttle *t, const struct sockaddr *source, uint64_t now, bool welcome)
{
	struct rate_entry e;
	int r = get_visitor(t, source, now, &e);

	if (r < 0)
		return r;
	t->charged_visit = bucket_take(&visit_rate, &e.until, now);
	if (!t->charged_visit)
		return welcome;
	r = ratefile_put(t->fd, &e);
	return r < 0 ? r : 1;
}

/* Whether to let it in: 1, 0 or a negative errno. */
static int admit(struct throttle *t, const struct sockaddr *source, uint64_t now)
{
	uint64_t wider = ratekey_neighbourhood(t->hash_key, source);
	struct rate_entry e, guest;
	int r, waiting, own, near;

	r = get_source(t, source, now, &e);
	if (r < 0)
		return r;
	if (bucket_empty(&source_rate, e.until, now))
		return 0;
	r = get_guest(t, source, NULL, now, &guest);
	if (r < 0)
		return r;
	waiting = ratefile_count_seats(t->fd);
	own = ratefile_count_seats_of(t->fd, e.key);
	near = ratefile_count_seats_of(t->fd, wider);
	if (waiting < 0 || own < 0 || near < 0)
		return -EIO;
	if (!has_room((unsigned)waiting, (unsigned)own, (unsigned)near, guest.until > now))
		return 0;
	r = ratefile_take_seat(t->fd, e.key, wider);
	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	return visit(t, source, now, guest.until > now && waiting < SEATS_WELCOME && own < SEATS_OF_WELCOME);
}

/* What a caller is told who asks for yes or no, when the file cannot be used: no. */
static int fail_closed(const struct throttle *t, int r)
{
	if (r == -EBUSY)
		log_error("Login refused: another vtund has held the lock of %s/rl for a second; look "
			  "for a stopped one with fuser -v", t->dir);
	else if (r < 0)
		log_errno(LOG_ERR, r, "Login refused: rate limits in %s/rl cannot be used", t->dir);
	return r == 1;
}

int throttle_admit(struct throttle *t, const struct sockaddr *source)
{
	int r = ratefile_lock(t->fd);

	if (r == 0) {
		r = admit(t, source, clock_ms());
		ratefile_unlock(t->fd);
	}
	return fail_closed(t, r);
}

/* ---- attempts */

/* Whether it may succeed: 1, 0 or a negative errno. */
static int attempt(struct throttle *t, const struct sockaddr *source, const char *name,
		   uint64_t now)
{
	struct rate_entry by_source, by_name, known;
	int r;

	r = get_source(t, source, now, &by_source);
	if (r < 0)
		return r;
	t->charged_source = bucket_take(&source_rate, &by_source.until, now);
	if (!t->charged_source)
		return 0;
	r = ratefile_put(t->fd, &by_source);
	if (r < 0)
		return r;
	r = get_name(t, name, now, &by_name);
	if (r < 0)
		return r;
	t->charged_name = bucket_take(&name_rate, &by_name.until, now);
	if (t->charged_name) {
		r = ratefile_put(t->fd, &by_name);
		return r < 0 ? r : 1;
	}
	/* Others have used the name up.  Its owner, back from where he was before, is let through. */
	r = get_known(t, source, name, now, &known);
	return r < 0 ? r : known.until > now;
}

int throttle_attempt(struct throttle *t, const struct sockaddr *source, const char *name)
{
	int r;

	t->charged_source = t->charged_name = false;
	r = ratefile_lock(t->fd);
	if (r == 0) {
		r = attempt(t, source, name, clock_ms());
		ratefile_unlock(t->fd);
	}
	return fail_closed(t, r);
}

static int refund(struct throttle *t, const struct bucket_rate *rate, struct rate_entry *e,
		  uint64_t now)
{
	if (!e->until)
		return 0; /* others have taken its slot */
	bucket_refund(rate, &e->until, now);
	return ratefile_put(t->fd, e);
}

static int remember(struct throttle *t, const struct sockaddr *source, const char *name, uint64_t now)
{
	struct rate_entry known, guest;
	int r = get_known(t, source, name, now, &known);

	if (r == 0)
		r = get_guest(t, source, name, now, &guest);
	if (r < 0)
		return r;
	known.until = guest.until = now + KNOWN_MS;
	r = ratefile_put(t->fd, &known);
	return r == 0 ? ratefile_put(t->fd, &guest) : r;
}

/* Gives back what this attempt took, and remembers who it was. */
static int succeed(struct throttle *t, const struct sockaddr *source, const char *name,
		   uint64_t now)
{
	struct rate_entry e = {};
	int r = 0;

	if (t->charged_visit) {
		r = get_visitor(t, source, now, &e);
		if (r == 0)
			r = refund(t, &visit_rate, &e, now);
	}
	if (r == 0 && t->charged_source) {
		r = get_source(t, source, now, &e);
		if (r == 0)
			r = refund(t, &source_rate, &e, now);
	}
	if (r == 0 && t->charged_name) {
		r = get_name(t, name, now, &e);
		if (r == 0)
			r = refund(t, &name_rate, &e, now);
	}
	return r == 0 ? remember(t, source, name, now) : r;
}

void throttle_success(struct throttle *t, const struct sockaddr *source, const char *name)
{
	int r = ratefile_lock(t->fd);

	if (r == 0) {
		r = succeed(t, source, name, clock_ms());
		ratefile_unlock(t->fd);
	}
	t->charged_visit = t->charged_source = t->charged_name = false;
	if (r < 0)
		log_errno(LOG_WARNING, r, "This login stays counted as a failure: rate limits in "
			  "%s/rl cannot be used", t->dir);
}
