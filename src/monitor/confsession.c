/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confvalue.h"

#include <string.h>

#include "common/cleanup.h"
#include "common/secret.h"

static const char *const yes_words[] = { "yes", "enable", "allow", NULL };
static const char *const no_words[] = { "no", "disable", "deny", NULL };

static bool among(const char *const *words, const char *text, size_t size)
{
	for (; *words; words++)
		if (strlen(*words) == size && memcmp(*words, text, size) == 0)
			return true;
	return false;
}

/* The text comes from the file itself: libconfuse's buffers are not wiped. */
void value_password(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	const struct token *v = &a->statement->values[0];

	(void)o;
	if (v->size == 0 || v->size > PASSWORD_MAX) {
		value_refuse(t, v, "a password has 1 to %d bytes", PASSWORD_MAX);
		return;
	}
	if (t->in_default) {
		confdiag_at(t->diag, DIAG_WARNING, &a->statement->keyword,
			    "a password in default { } is not inherited: each session needs its own");
		return;
	}
	if (t->said_pass_file)
		value_refuse(t, &a->statement->keyword, "a password beside a pass_file: one of them");
	t->said_password = true;
	free(t->session->pass_file); /* a default's */
	t->session->pass_file = NULL;
	value_free_secret(t->session->password);
	t->session->password = value_alloc(v->size + 1);
	memcpy(t->session->password, v->text, v->size);
}

void value_pass_file(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	const char *name = a->text[0];

	(void)o;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    (*name != '/' && strchr(name, '/'))) {
		value_refuse(t, &a->statement->values[0], "\"pass_file\" takes an absolute path, or "
			     "the name of a systemd credential");
		return;
	}
	if (t->said_password)
		value_refuse(t, &a->statement->keyword, "a pass_file beside a password: one of them");
	t->said_pass_file = true;
	value_replace(&t->session->pass_file, name);
}

void value_server(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	const struct statement *s = a->statement;
	struct config_server **last = &t->session->servers;
	unsigned port = 0;

	(void)o;
	if (!value_is_host(a->text[0])) {
		value_refuse(t, &s->values[0], "\"server\" takes an address, without brackets, or a "
			     "host name, and a port behind a space");
		return;
	}
	if (s->count > 1 && (!value_parse_number(a->text[1], strlen(a->text[1]), &port) ||
			     port < 1 || port > 65535)) {
		value_refuse(t, &s->values[1], "a port is a number from 1 to 65535");
		return;
	}
	if (!t->said_server) {
		value_free_servers(*last);
		*last = NULL;
	}
	t->said_server = true;
	while (*last)
		last = &(*last)->next;
	*last = value_alloc(sizeof(**last));
	value_replace(&(*last)->host, a->text[0]);
	(*last)->port = (uint16_t)port;
}

/* yes, no, METHOD, each but no with :LEVEL, or a level of zlib.  False: none of these. */
static bool parse_compress(const char *text, enum comp_alg *ret_alg, unsigned *ret_level)
{
	size_t size = strcspn(text, ":");
	const char *colon = text[size] ? text + size : NULL;

	*ret_alg = COMP_NONE;
	*ret_level = 0;
	if (among(no_words, text, strlen(text)) || strcmp(text, "0") == 0)
		return true;
	*ret_level = 1;
	if (colon && !value_parse_number(colon + 1, strlen(colon + 1), ret_level))
		return false;
	*ret_alg = COMP_DEFLATE;
	if (size == 3 && memcmp(text, "lzo", 3) == 0)
		*ret_alg = COMP_LZO;
	else if (!among(yes_words, text, size) && !(size == 4 && memcmp(text, "zlib", 4) == 0) &&
		 (colon || !value_parse_number(text, size, ret_level)))
		return false;
	return *ret_level >= 1 && *ret_level <= 9;
}

void value_compress(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	enum comp_alg alg;
	unsigned level;

	(void)o;
	if (!parse_compress(a->text[0], &alg, &level)) {
		value_refuse(t, &a->statement->values[0], "\"compress\" takes no, yes, zlib:LEVEL, "
			     "lzo:LEVEL or a level; levels are 1 to 9");
		return;
	}
#ifndef HAVE_LZO
	if (alg == COMP_LZO) {
		value_refuse(t, &a->statement->values[0], "this build has no liblzo2: compress zlib, "
			     "or a vtun that was configured with lzo");
		return;
	}
#endif
	t->session->has_compress = true;
	t->session->comp_alg = alg;
	t->session->comp_level = (uint8_t)level;
}

/* The ciphers of vtun 3: FAMILY + mode, or their numbers. */
static bool is_old_cipher(const char *text)
{
	static const char *const families[] = { "blowfish128", "blowfish256", "aes128", "aes256",
						"oldblowfish128" };
	static const char *const modes[] = { "ecb", "cbc", "cfb", "ofb" };
	unsigned i, j, n;

	for (i = 0; i < ARRAY_SIZE(families); i++)
		for (j = 0; j < ARRAY_SIZE(modes); j++) {
			size_t size = strlen(families[i]);

			if (strncmp(text, families[i], size) == 0 &&
			    strcmp(text + size, modes[j]) == 0)
				return true;
		}
	return value_parse_number(text, strlen(text), &n) && n > 1 && n < 100;
}

void value_encrypt(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	const char *text = a->text[0];
	size_t size = strlen(text);

	(void)o;
	if (among(no_words, text, size) || strcmp(text, "0") == 0) {
		t->session->encrypt = false;
		return;
	}
	if (is_old_cipher(text)) {
		confdiag_at(t->diag, DIAG_NOTE, &a->statement->values[0],
			    "the old ciphers are gone: this means yes, which is TLS 1.3 and AES-GCM");
	} else if (!among(yes_words, text, size) && strcmp(text, "1") != 0) {
		value_refuse(t, &a->statement->values[0],
			     "\"encrypt\" takes yes or no (the name of an old cipher means yes)");
		return;
	}
	t->session->encrypt = true;
}

static void set_keepalive(struct conftarget *t, unsigned interval, unsigned misses)
{
	t->session->keepalive_s = (uint16_t)interval;
	t->session->keepalive_misses = (uint16_t)misses;
}

void value_keepalive(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	const char *text = a->text[0];
	size_t size = strcspn(text, ":");
	unsigned interval, misses = 4;

	(void)o;
	if (among(yes_words, text, strlen(text))) {
		set_keepalive(t, 30, 4);
	} else if (among(no_words, text, strlen(text)) || strcmp(text, "0") == 0) {
		set_keepalive(t, 0, 0);
	} else if (!value_parse_number(text, size, &interval) ||
		   (text[size] && !value_parse_number(text + size + 1, strlen(text + size + 1),
						      &misses)) ||
		   interval < 1 || interval > 3600 || misses < 1 || misses > 100) {
		value_refuse(t, &a->statement->values[0], "\"keepalive\" takes yes, no, or "
			     "INTERVAL:COUNT, 1 to 3600 seconds and 1 to 100 times");
	} else {
		if (!text[size])
			confdiag_at(t->diag, DIAG_NOTE, &a->statement->values[0],
				    "this means %u:4; vtun 3 made 30:4 of every number", interval);
		set_keepalive(t, interval, misses);
	}
}

void value_speed(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	enum { MOST = 100000000 };
	const char *text = a->text[0];
	size_t size = strcspn(text, ":");
	unsigned down, up;

	(void)o;
	if (!value_parse_number(text, size, &down) || down > MOST)
		goto refuse;
	up = down;
	if (text[size] &&
	    (!value_parse_number(text + size + 1, strlen(text + size + 1), &up) || up > MOST))
		goto refuse;
	t->session->speed_to_client = down;
	t->session->speed_to_server = up;
	return;
refuse:
	value_refuse(t, &a->statement->values[0], "\"speed\" takes kbit/s, RATE or TO:FROM the "
		     "client, each 0 (no limit) to %d", MOST);
}
