/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confmachine.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/secret.h"
#include "confine.h"

void confmachine_init(struct confmachine *m, const struct config *c, struct confdiag *diag)
{
	*m = (struct confmachine){ .config = c, .diag = diag };
}

void confmachine_clear(struct confmachine *m)
{
	while (m->missing_count > 0)
		free(m->missing[--m->missing_count]);
	free(m->missing);
}

bool confmachine_is_service(uid_t owner)
{
	struct confine c;

	return geteuid() == 0 && confine_plan(false, &c) == 0 && c.uid == owner;
}

bool confmachine_has_server(const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), SYSCONFDIR "/default/vtun-%s", name) < (int)sizeof(path) &&
	       access(path, F_OK) == 0;
}

/* ---- the file */

/* The last option of that name in `options`: where its keyword stands. */
static bool find_option(const struct config *c, const char *name, struct token *ret)
{
	struct confgram g;
	size_t i;
	bool found = false;

	for (i = 0; i < c->index.count; i++) {
		enum gram_event event;

		if (c->index.sections[i].kind != SECTION_OPTIONS)
			continue;
		confgram_init(&g, &c->index.sections[i].start, NULL, NULL);
		confgram_next(&g);
		while ((event = confgram_next(&g)) != GRAM_SECTION_END) {
			if (event == GRAM_BLOCK_END || strcmp(g.statement.option->name, name) != 0 ||
			    g.statement.block != BLOCK_OPTIONS)
				continue;
			*ret = g.statement.keyword;
			found = true;
		}
	}
	return found;
}

struct listener {
	bool wanted;      /* vtun.socket is enabled or active */
	bool right_port, right_address, right_iface;
	char first[100];  /* the first address that it listens on */
};

/* "Listen=[::]:5000 (Stream)", "UnitFileState=enabled"... */
static void note_property(struct listener *l, const char *line, const struct config_general *g)
{
	const char *value = strchr(line, '='), *colon;
	size_t size;

	if (!value++)
		return;
	if (strncmp(line, "Listen=", 7) == 0) {
		size = strcspn(value, " \n");
		for (colon = value + size; colon > value && *colon != ':';)
			colon--;
		if (!*l->first)
			snprintf(l->first, sizeof(l->first), "%.*s", (int)size, value);
		l->right_port |= strtoul(colon + (*colon == ':'), NULL, 10) == g->port;
		l->right_address |= g->bind_addr && strstr(value, g->bind_addr);
	} else if (strncmp(line, "BindToDevice=", 13) == 0) {
		l->right_iface |= g->bind_iface && strncmp(value, g->bind_iface,
							    strcspn(value, "\n")) == 0;
	} else {
		l->wanted |= strcmp(value, "active\n") == 0 || strcmp(value, "enabled\n") == 0;
	}
}

static void ask_systemd(struct listener *l, const struct config_general *g)
{
	FILE *pipe = popen("systemctl show --property=Listen,BindToDevice,ActiveState,UnitFileState "
			   "vtun.socket 2>/dev/null", "re");
	char line[300];

	if (!pipe)
		return;
	while (fgets(line, sizeof(line), pipe))
		note_property(l, line, g);
	pclose(pipe);
}

void confmachine_check_listener(struct confmachine *m)
{
	const struct config_general *g = &m->config->general;
	struct listener l = {};
	struct token at = {};
	bool said;

	ask_systemd(&l, g);
	said = find_option(m->config, "port", &at);
	if (l.wanted && *l.first && !l.right_port)
		confdiag_at(m->diag, DIAG_WARNING, said ? &at : NULL,
			    "vtun.socket listens on %s, not on port %u: systemctl edit vtun.socket "
			    "changes that, \"port\" is only what clients connect to", l.first, g->port);
	if ((g->bind_addr && !l.right_address) || (g->bind_iface && !l.right_iface))
		confdiag_at(m->diag, DIAG_WARNING,
			    find_option(m->config, "bindaddr", &at) ? &at : NULL,
			    "\"bindaddr\" has no effect: vtun.socket decides (ListenStream= and "
			    "BindToDevice= by systemctl edit vtun.socket), or inetd");
}

/* ---- a session */

/* The beginning of a line, as a place for remarks. */
static struct token line_token(const struct config *c, const struct conf_section *near,
			       unsigned line)
{
	const char *end = c->snapshot.text + c->snapshot.size;
	struct conftok t = near->start;

	if (line < t.line)
		conftok_init(&t, c->snapshot.text, c->snapshot.size);
	t.at = t.line_begin;
	while (t.line < line && t.at < end)
		conftok_skip_line(&t);
	t.at += strspn(t.at, " \t");
	return (struct token){ .at = t.at, .line = t.line,
			       .column = (unsigned)(t.at - t.line_begin) + 1 };
}

static bool missed_before(struct confmachine *m, const char *program)
{
	size_t i;

	for (i = 0; i < m->missing_count; i++)
		if (strcmp(m->missing[i], program) == 0)
			return true;
	m->missing = reallocarray(m->missing, m->missing_count + 1, sizeof(*m->missing));
	if (!m->missing)
		abort();
	m->missing[m->missing_count] = NULL;
	value_replace(&m->missing[m->missing_count++], program);
	return false;
}

static const char *hint(enum command_kind kind)
{
	switch (kind) {
	case COMMAND_IFCONFIG:
	case COMMAND_ROUTE:
		return ": install net-tools, or use ip \"...\"";
	case COMMAND_PPP:
		return ": install ppp";
	case COMMAND_FIREWALL:
		return ": install iptables, or set \"firewall\" in options { }";
	case COMMAND_IP:
		return ": install iproute2, or set \"ip\" in options { }";
	default:
		return "";
	}
}

static void check_programs(struct confmachine *m, const struct conf_section *section,
			   const struct command *c)
{
	for (; c; c = c->next) {
		struct token at;

		if (!c->program || access(c->program, X_OK) == 0 || missed_before(m, c->program))
			continue;
		at = line_token(m->config, section, c->line);
		confdiag_at(m->diag, DIAG_WARNING, &at, "%s cannot be run (%s)%s", c->program,
			    strerror(errno), hint(c->kind));
	}
}

static bool is_private_of_service(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && confmachine_is_service(st.st_uid) &&
	       !(st.st_mode & (S_IRWXG | S_IRWXO));
}

static void check_pass_file(struct confmachine *m, const struct conf_section *section,
			    const struct config_session *s)
{
	char path[PATH_MAX], password[PASSWORD_MAX + 1], why[CONFIG_WHY_SIZE];
	int r = config_password(s, password, why);

	secret_wipe(&password);
	if (snapshot_credential_path(s->pass_file, path, sizeof(path)) < 0)
		return; /* a credential of the service, which is not here now */
	if (r == -EPERM && is_private_of_service(path))
		confdiag_at(m->diag, DIAG_NOTE, &section->name, "pass_file %s belongs to the service's "
			    "user; a vtund that is root (inetd, root-hooks.conf) refuses that", path);
	else if (r < 0)
		confdiag_at(m->diag, DIAG_WARNING, &section->name, "pass_file %s: %s", path, why);
}

void confmachine_check_session(struct confmachine *m, const struct conf_section *section,
			       const struct config_session *s)
{
	check_programs(m, section, s->up);
	check_programs(m, section, s->down);
	if (s->pass_file)
		check_pass_file(m, section, s);
	if (s->src_iface && if_nametoindex(s->src_iface) == 0)
		confdiag_at(m->diag, DIAG_WARNING, &section->name,
			    "srcaddr: there is no interface %s now", s->src_iface);
}
