/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "argsplit.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/* Written to twice: without memory to learn its size, then with it. */
struct vector {
	char **argv;
	char *bytes;
	size_t n_words, n_bytes;
	bool in_word;
};

struct text {
	const char *s;
	argsplit_lookup *lookup;
	void *context;
};

static void begin_word(struct vector *v)
{
	if (v->in_word)
		return;
	v->in_word = true;
	if (v->argv)
		v->argv[v->n_words] = v->bytes + v->n_bytes;
	v->n_words++;
}

static void put(struct vector *v, char c)
{
	begin_word(v);
	if (v->argv)
		v->bytes[v->n_bytes] = c;
	v->n_bytes++;
}

static void put_string(struct vector *v, const char *s)
{
	begin_word(v);
	while (*s)
		put(v, *s++);
}

static void end_word(struct vector *v)
{
	if (v->in_word)
		put(v, '\0');
	v->in_word = false;
}

/* At a '%': the value goes out and s stands on the letter, or nothing happens. */
static bool substitute(struct vector *v, const struct text *t, const char **s)
{
	const char *value = (*s)[1] ? t->lookup(t->context, (*s)[1]) : NULL;

	if (!value)
		return false;
	put_string(v, value);
	++*s;
	return true;
}

static void put_words(struct vector *v, const struct text *t)
{
	bool quoted = false;
	const char *s;

	for (s = t->s; *s; s++) {
		if (*s == '\\' && s[1]) {
			put(v, *++s);
		} else if (*s == '\'') {
			quoted = !quoted;
			begin_word(v);
		} else if (!quoted && (*s == ' ' || *s == '\t')) {
			end_word(v);
		} else if (*s != '%' || !substitute(v, t, &s)) {
			put(v, *s);
		}
	}
	end_word(v);
}

/* The backslashes are the shell's; a pair is passed over so that \\%d has its device. */
static void put_shell_text(struct vector *v, const struct text *t)
{
	const char *s;

	begin_word(v);
	for (s = t->s; *s; s++) {
		if (*s == '\\' && s[1] == '%') {
			put(v, *++s);
		} else if (*s == '\\' && s[1] == '\\') {
			put(v, *s);
			put(v, *++s);
		} else if (*s != '%' || !substitute(v, t, &s)) {
			put(v, *s);
		}
	}
	end_word(v);
}

static void put_all(struct vector *v, const char *const *head, const struct text *t, bool shell)
{
	for (; *head; head++) {
		put_string(v, *head);
		end_word(v);
	}
	if (shell)
		put_shell_text(v, t);
	else
		put_words(v, t);
}

int argsplit(const char *const *head, const char *text, bool shell,
	     argsplit_lookup *lookup, void *context, char ***ret_argv)
{
	const struct text t = { text, lookup, context };
	struct vector size = { 0 }, v = { 0 };

	put_all(&size, head, &t, shell);
	v.argv = malloc((size.n_words + 1) * sizeof(*v.argv) + size.n_bytes);
	if (!v.argv)
		return -ENOMEM;
	v.bytes = (char *)(v.argv + size.n_words + 1);
	put_all(&v, head, &t, shell);
	v.argv[v.n_words] = NULL;
	*ret_argv = v.argv;
	return 0;
}
