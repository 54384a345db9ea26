/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confvalue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/exitcode.h"
#include "common/log.h"
#include "common/secret.h"

void value_refuse(struct conftarget *t, const struct token *at, const char *format, ...)
{
	char text[500];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	t->broken = true;
	confdiag_at(t->diag, DIAG_ERROR, at, "%s", text);
}

void *value_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p) {
		log_error("Out of memory while reading the configuration");
		exit(EXIT_OSERR);
	}
	return p;
}

void value_replace(char **member, const char *text)
{
	size_t size = strlen(text) + 1;

	free(*member);
	*member = memcpy(value_alloc(size), text, size);
}

void value_free_secret(char *secret)
{
	if (secret)
		sodium_memzero(secret, strlen(secret));
	free(secret);
}

void value_free_servers(struct config_server *list)
{
	while (list) {
		struct config_server *next = list->next;

		free(list->host);
		free(list);
		list = next;
	}
}

bool value_parse_number(const char *text, size_t size, unsigned *ret)
{
	enum { MOST = 999999999 };
	unsigned long long n = 0;
	size_t i;

	for (i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (unsigned)(text[i] - '0');
		if (n > MOST)
			n = MOST;
	}
	*ret = (unsigned)n;
	return size > 0;
}

/* Letters, digits, and what else addresses and host names are made of. */
bool value_is_host(const char *text)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:_-%";
	const char *colon = strchr(text, ':');
	size_t size = strlen(text);

	/* One colon is HOST:PORT, an IPv6 address (RFC 4291, 2.2) has two or more. */
	return size > 0 && size <= 255 && *text != '-' && strspn(text, allowed) == size &&
	       (!colon || strchr(colon + 1, ':'));
}

static void *structure(struct conftarget *t, enum block block)
{
	switch (block) {
	case BLOCK_OPTIONS:
		return t->general;
	case BLOCK_SESSION:
		return t->session;
	default:
		return &t->block;
	}
}

static char *member(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	return (char *)structure(t, a->statement->block) + o->offset;
}

void value_store(struct conftarget *t, const struct option *o, const struct confargs *a,
		 unsigned value)
{
	uint8_t u8 = (uint8_t)value;
	uint16_t u16 = (uint16_t)value;
	const bool yes = true;

	memcpy(member(t, o, a), o->width == 1 ? (void *)&u8 : o->width == 2 ? (void *)&u16 : &value,
	       o->width);
	if (o->flag)
		memcpy((char *)structure(t, a->statement->block) + o->flag, &yes, sizeof(yes));
}

void value_number(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	unsigned n;

	if (!value_parse_number(a->text[0], strlen(a->text[0]), &n) || n < o->low || n > o->high)
		value_refuse(t, &a->statement->values[0], "\"%s\" takes a number from %u to %u%s",
			     o->name, o->low, o->high, o->unit);
	else
		value_store(t, o, a, n);
}

const struct option_word *value_find_word(const struct option_word *words, const char *text)
{
	for (; words->word; words++)
		if (strcmp(words->word, text) == 0)
			return words;
	return NULL;
}

/* Whether an earlier word of the list means the same. */
static bool is_synonym(const struct option_word *words, const struct option_word *word)
{
	for (; words < word; words++)
		if (words->number == word->number)
			return true;
	return false;
}

void value_refuse_word(struct conftarget *t, const struct option *o, const struct confargs *a,
		       const struct option_word *words)
{
	const char *near = option_nearest_word(words, a->text[0]);
	const struct option_word *word;
	char list[200] = "";
	size_t used = 0;

	for (word = words; word->word && used < sizeof(list); word++)
		if (!is_synonym(words, word))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
						 used ? ", " : "", word->word);
	if (near)
		value_refuse(t, &a->statement->values[0],
			     "\"%s\" is no value of \"%s\": did you mean \"%s\"?", a->text[0],
			     o->name, near);
	else
		value_refuse(t, &a->statement->values[0],
			     "\"%s\" is no value of \"%s\", which takes %s", a->text[0], o->name,
			     list);
}

void value_word(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	const struct option_word *found = value_find_word(o->words, a->text[0]);

	if (found)
		value_store(t, o, a, (unsigned)found->number);
	else
		value_refuse_word(t, o, a, o->words);
}

static void store_text(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	value_replace((char **)(void *)member(t, o, a), a->text[0]);
}

void value_host(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	if (!value_is_host(a->text[0]))
		value_refuse(t, &a->statement->values[0],
			     "\"%s\" takes an address, without brackets, or a host name", o->name);
	else
		store_text(t, o, a);
}

/* Names of interfaces as the kernel takes them. */
static bool is_device_name(const char *text)
{
	size_t size = strlen(text);

	return size >= 1 && size <= 15 && !strpbrk(text, "/% \t\r\n\v\f") &&
	       strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

void value_iface(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	if (!is_device_name(a->text[0]))
		value_refuse(t, &a->statement->values[0],
			     "\"%s\" takes the name of an interface, at most 15 bytes", o->name);
	else
		store_text(t, o, a);
}

void value_device(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	if (!is_device_name(a->text[0]) || strchr(a->text[0], ':'))
		value_refuse(t, &a->statement->values[0], "\"%s\" takes 1 to 15 bytes without /, "
			     "%%, : and white space, not . or ..", o->name);
	else
		strcpy(t->session->device, a->text[0]);
}

void value_auth(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	const struct option_word *found = value_find_word(o->words, a->text[0]);

	if (!found)
		value_refuse_word(t, o, a, o->words);
	else if (found->number)
		value_refuse(t, &a->statement->values[0], "this version authenticates by password "
			     "alone: write \"auth pass\", or leave it out");
}

/* Who asks for a key or a certificate must not get along with less without knowing it. */
void value_not_yet(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	value_refuse(t, &a->statement->keyword, "\"%s\": this version knows neither keys nor "
		     "certificates, it authenticates by password alone: take it out", o->name);
}

/* Nothing is weaker for it: no peer of this version asks for the proof. */
void value_hostkey(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	confdiag_at(t->diag, DIAG_WARNING, &a->statement->keyword, "\"%s\" has no effect: this "
		    "version authenticates by password alone", o->name);
}

void value_no_effect(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	confdiag_at(t->diag, DIAG_NOTE, &a->statement->keyword, "\"%s\" has no effect: %s", o->name,
		    strcmp(o->name, "sslauth") == 0 ? "every session uses TLS 1.3 and its password" :
		    "the UDP path finds and validates the peer's address itself");
}

void value_vendor(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	confdiag_at(t->diag, DIAG_WARNING, &a->statement->keyword,
		    "\"%s\" is known from other vendors' vtun only, and ignored", o->name);
}
