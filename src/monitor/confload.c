/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confload.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>

#include "confparse.h"

enum { TIMEOUT_UNSET = INT_MAX, PERSIST_UNSET = 99 };

/* What `options` say up to some place of the file. */
struct general {
	struct config_general values;
	char *programs[COMMAND_KINDS];
};

static void general_init(struct general *g)
{
	*g = (struct general){
		.values = {
			.port = 5000,
			.timeout_s = 60,
			.persist = PERSIST_NO,
			.family = AF_UNSPEC,
			.syslog_facility = LOG_DAEMON,
			.auth_timeout_s = 15,
			.rekey_s = 3600,
			.mtu_clamp = true,
		},
	};
	value_replace(&g->programs[COMMAND_PPP], "/usr/sbin/pppd");
	value_replace(&g->programs[COMMAND_IFCONFIG], "/sbin/ifconfig");
	value_replace(&g->programs[COMMAND_ROUTE], "/sbin/route");
	value_replace(&g->programs[COMMAND_FIREWALL], "/sbin/iptables");
	value_replace(&g->programs[COMMAND_IP], "/sbin/ip");
}

void confload_free_general(struct config_general *v)
{
	free(v->bind_addr);
	free(v->bind_iface);
	free(v->sni);
	*v = (struct config_general){};
}

static void free_programs(struct general *g)
{
	unsigned i;

	for (i = 0; i < COMMAND_KINDS; i++)
		free(g->programs[i]);
}

static bool read_options(const struct conf_section *s, struct confdiag *diag, struct general *g)
{
	struct conftarget t = { .general = &g->values, .programs = g->programs, .diag = diag };

	confparse_section(&s->start, &t);
	return !t.broken;
}

static bool read_session(const struct conf_section *s, struct confdiag *diag,
			 struct config_session *session)
{
	struct conftarget t = { .session = session, .diag = diag,
				.in_default = s->kind == SECTION_DEFAULT };

	confparse_section(&s->start, &t);
	return !t.broken;
}

bool confload_general(struct config *c, struct confdiag *diag)
{
	struct general g;
	bool good = true;
	size_t i;

	general_init(&g);
	for (i = 0; i < c->index.count; i++)
		if (c->index.sections[i].kind == SECTION_OPTIONS)
			good = read_options(&c->index.sections[i], diag, &g) && good;
	free_programs(&g);
	confload_free_general(&c->general);
	c->general = g.values;
	return good;
}

static struct config_session *new_session(void)
{
	struct config_session *s = value_alloc(sizeof(*s));

	*s = (struct config_session){
		.type = TUNNEL_TTY,
		.proto = PROTO_TCP,
		.encrypt = true,
		.keepalive_s = 30,
		.keepalive_misses = 4,
		.multi = MULTI_YES,
		.persist = (enum persist)PERSIST_UNSET,
		.timeout_s = TIMEOUT_UNSET,
	};
	return s;
}

static void fill_programs(struct command *list, char *const programs[])
{
	for (; list; list = list->next)
		if (!list->program && programs[list->kind])
			value_replace(&list->program, programs[list->kind]);
}

/* What the session does not say itself, and no default, comes from `options`. */
static void complete(struct config_session *s, const struct token *name, const struct general *g)
{
	s->name = value_alloc(name->size + 1);
	memcpy(s->name, name->text, name->size);
	s->line = name->line;
	if (s->timeout_s == TIMEOUT_UNSET)
		s->timeout_s = g->values.timeout_s;
	if (s->persist == (enum persist)PERSIST_UNSET)
		s->persist = g->values.persist;
	fill_programs(s->up, g->programs);
	fill_programs(s->down, g->programs);
}

struct config_session *confload_session(const struct config *c, size_t i,
					struct confdiag *inherited, struct confdiag *diag)
{
	const struct conf_section *section = &c->index.sections[i], *before;
	struct config_session *s = new_session();
	struct general g;
	bool good = true;

	general_init(&g);
	for (before = c->index.sections; before < section; before++) {
		if (before->kind == SECTION_OPTIONS)
			good = read_options(before, NULL, &g) && good;
		else if (before->kind == SECTION_DEFAULT)
			good = read_session(before, inherited, s) && good;
	}
	good = read_session(section, diag, s) && good;
	complete(s, &section->name, &g);
	confload_free_general(&g.values);
	free_programs(&g);
	if (good)
		return s;
	confload_free_session(s);
	return NULL;
}

void confload_free_session(struct config_session *s)
{
	if (!s)
		return;
	free(s->name);
	value_free_secret(s->password);
	free(s->pass_file);
	value_free_servers(s->servers);
	free(s->src_addr);
	free(s->src_iface);
	value_free_commands(s->up);
	value_free_commands(s->down);
	free(s);
}

bool confload_is_exposed(const struct config *c, struct confdiag *diag, enum diag_level level)
{
	struct exposure_fault fault;

	if (!exposure_is_fault(&c->snapshot.exposure, c->index.has_password, &fault))
		return false;
	confdiag_at(diag, level, NULL, "%s%s%s: %s %s",
		    c->index.has_password ? "holds passwords, and " : "", fault.what,
		    level == DIAG_WARNING ? "; vtund refuses that" : "", fault.step, c->path);
	return true;
}

/* A file with a NUL byte is none of ours, and nothing of it is believed. */
static int refuse_binary(const struct config *c, const char *nul, struct confdiag *diag)
{
	struct token at = { .at = nul, .line = 1, .column = 1 };
	const char *p;

	for (p = c->snapshot.text; p < nul; p++) {
		at.column++;
		if (*p == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	confdiag_at(diag, DIAG_ERROR, &at, "a NUL byte: this is a binary file");
	return -EBADMSG;
}

static int index_snapshot(const char *path, struct snapshot *snapshot, struct confdiag *diag,
			  struct config **ret)
{
	struct config *c = value_alloc(sizeof(*c));
	const char *nul;

	value_replace(&c->path, path);
	c->snapshot = *snapshot;
	diag->file = path;
	diag->text = c->snapshot.text;
	diag->end = c->snapshot.text + c->snapshot.size;
	nul = memchr(c->snapshot.text, '\0', c->snapshot.size);
	if (nul) {
		refuse_binary(c, nul, diag);
		config_free(c);
		return -EBADMSG;
	}
	confindex_build(&c->index, c->snapshot.text, c->snapshot.size, diag);
	*ret = c;
	return 0;
}

int confload_file(const char *path, struct confdiag *diag, struct config **ret)
{
	const char *name = path ? path : SNAPSHOT_SYSTEM;
	struct snapshot snapshot;
	int r = path ? snapshot_read(path, &snapshot) : snapshot_read_system(&snapshot);

	return r < 0 ? r : index_snapshot(name, &snapshot, diag, ret);
}

int confload_text(const char *path, const char *text, size_t size, struct confdiag *diag,
		  struct config **ret)
{
	struct snapshot snapshot;
	int r = snapshot_copy(text, size, &snapshot);

	return r < 0 ? r : index_snapshot(path, &snapshot, diag, ret);
}
