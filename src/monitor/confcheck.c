/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "confload.h"
#include "confmachine.h"
#include "confremarks.h"

/* One check of one file. */
struct check {
	struct config *config;
	struct confdiag diag;
	struct confmachine *machine; /* NULL: the file alone */
};

/* Whether something else may have that name in RUNDIR: the service of a client makes a directory
 * there, RuntimeDirectory=vtund/%i, and systemd removes it with all that is in it. */
static bool is_taken(const char *name)
{
	static const char *const files[] = { "claim", "rl", "rl.key" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (strcmp(name, files[i]) == 0)
			return true;
	return name[strspn(name, "0123456789")] == '\0'; /* the directory of a process */
}

static void check_client(struct check *k, const struct conf_section *section,
			 const struct config_session *s)
{
	bool is_client = s->servers || (k->machine && confmachine_has_server(s->name));

	if (is_client && is_taken(s->name))
		confdiag_at(&k->diag, DIAG_WARNING, &section->name, "vtun@%s.service would have "
			    RUNDIR "/%s for its own, where there is something else: rename the session, "
			    "on both sides", s->name, s->name);
}

static void check_session(struct check *k, const struct conf_section *section,
			  const struct config_session *s)
{
	if (!s->password && !s->pass_file)
		confdiag_at(&k->diag, DIAG_WARNING, &section->name,
			    "no passwd and no pass_file: the session is refused");
	if (s->proto == PROTO_UDP && s->type != TUNNEL_TUN && s->type != TUNNEL_ETHER)
		confdiag_at(&k->diag, DIAG_WARNING, &section->name, "type %s%s and proto udp: a "
			    "server needs \"type tun\" or \"type ether\" for it",
			    tunnel_type_name(s->type), s->has_type ? "" : " (the default)");
	check_client(k, section, s);
	if (k->machine)
		confmachine_check_session(k->machine, section, s);
}

static void check_sections(struct check *k)
{
	const struct confindex *index = &k->config->index;
	size_t i;

	for (i = 0; i < index->count; i++) {
		const struct conf_section *section = &index->sections[i];
		unsigned errors = k->diag.errors;
		struct config_session *s;

		if (section->kind == SECTION_OPTIONS)
			continue;
		s = confload_session(k->config, i, NULL, &k->diag);
		if (s && section->kind == SECTION_SESSION)
			check_session(k, section, s);
		else if (section->kind == SECTION_DEFAULT && k->diag.errors > errors)
			confdiag_at(&k->diag, DIAG_NOTE, &section->name,
				    "every session after this one is refused until it is mended");
		confload_free_session(s);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct conf_section *x = *(void *const *)a, *y = *(void *const *)b;
	size_t size = x->name.size < y->name.size ? x->name.size : y->name.size;
	int order = memcmp(x->name.text, y->name.text, size);

	if (order == 0 && x->name.size != y->name.size)
		order = x->name.size < y->name.size ? -1 : 1;
	return order ? order : x->name.text < y->name.text ? -1 : x->name.text > y->name.text;
}

static void check_duplicates(struct check *k)
{
	const struct confindex *index = &k->config->index;
	const struct conf_section **sorted = value_alloc((index->count + 1) * sizeof(*sorted));
	size_t i, n = 0;

	for (i = 0; i < index->count; i++)
		if (index->sections[i].kind == SECTION_SESSION)
			sorted[n++] = &index->sections[i];
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (i = 1; i < n; i++) {
		const struct token *a = &sorted[i - 1]->name, *b = &sorted[i]->name;

		if (a->size == b->size && memcmp(a->text, b->text, a->size) == 0)
			confdiag_at(&k->diag, DIAG_WARNING, b, "session \"%.*s\" again: this one "
				    "counts, not that of line %u", CONFDIAG_SHOW(b), a->line);
	}
	free(sorted);
}

/* As root we cannot know whether vtund is going to be root or the service's user. */
static void check_exposure(struct check *k)
{
	struct exposure *e = &k->config->snapshot.exposure;

	if (e->foreign && confmachine_is_service(e->owner)) {
		confdiag_at(&k->diag, DIAG_NOTE, NULL, "belongs to user id %u, the service's; a vtund "
			    "that is root (inetd, root-hooks.conf) refuses that", (unsigned)e->owner);
		e->foreign = false;
	}
	confload_is_exposed(k->config, &k->diag, DIAG_WARNING);
}

static void check_all(struct check *k)
{
	check_exposure(k);
	if (!confload_general(k->config, &k->diag))
		confdiag_at(&k->diag, DIAG_NOTE, NULL,
			    "every session is refused until options { } is mended");
	check_sections(k);
	check_duplicates(k);
	if (k->machine)
		confmachine_check_listener(k->machine);
}

/* The common end of both entries: `r` says whether the file could be loaded. */
static int check_loaded(struct check *k, int r, bool machine)
{
	struct confmachine m;

	if (r == -EBADMSG)
		return (int)k->diag.errors;
	if (r < 0)
		return r;
	confmachine_init(&m, k->config, &k->diag);
	k->machine = machine ? &m : NULL;
	check_all(k);
	confmachine_clear(&m);
	return (int)k->diag.errors;
}

int config_check(const char *path, bool machine, diag_sink *sink, void *context)
{
	struct confremarks remarks = {};
	struct check k = { .diag = { .sink = confremarks_keep, .context = &remarks } };
	int r = check_loaded(&k, confload_file(path, &k.diag, &k.config), machine);

	confremarks_tell(&remarks, sink, context);
	config_free(k.config);
	return r;
}

int confcheck_text(const char *path, const char *text, size_t size, diag_sink *sink, void *context)
{
	struct confremarks remarks = {};
	struct check k = { .diag = { .sink = confremarks_keep, .context = &remarks } };
	int r = check_loaded(&k, confload_text(path, text, size, &k.diag, &k.config), false);

	confremarks_tell(&remarks, sink, context);
	config_free(k.config);
	return r;
}
