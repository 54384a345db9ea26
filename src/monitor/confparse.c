/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * libconfuse cannot read vtund.conf: it wants "=" or "()", has other comments, and expands ${ENV}.
 * So each section is rewritten for it, one option a line, every value a single-quoted string; its
 * line number then is the number of the statement, and the statement knows the places of its words
 * in the file.  libconfuse keeps no password: it gets an empty string in its place, as its buffers
 * are not wiped, and the callback takes the value from the file's text.
 */
#include "confparse.h"

#include <confuse.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

/* The section that is being read.  libconfuse passes no pointer through to its callbacks. */
static struct parse {
	struct conftarget *target;
	struct statement *statements; /* by line of the rewritten text, from 0 */
	size_t count, room;
} *now;

static unsigned sections_parsed;

unsigned confparse_count(void)
{
	return sections_parsed;
}

/* ---- callbacks */

static struct statement *statement_of(const cfg_t *cfg)
{
	return &now->statements[cfg->line - 1];
}

static void set_option(const struct statement *s, int argc, const char **argv)
{
	struct confargs args = { .statement = s };

	memcpy(args.text, argv, (size_t)argc * sizeof(*argv));
	s->option->set(now->target, s->option, &args);
}

/* name = 'value' */
static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	(void)opt;
	set_option(statement_of(cfg), 1, &value);
	*(void **)result = NULL;
	return 0;
}

/* name('value', ...) */
static int on_call(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	(void)opt;
	set_option(statement_of(cfg), argc, argv);
	return 0;
}

static void take_text(char **member, char **from)
{
	free(*member);
	*member = *from;
	*from = NULL;
}

static void take_commands(struct command **member, struct confblock *b)
{
	value_free_commands(*member);
	*member = b->commands;
	b->commands = b->last = NULL;
}

/* The end of a nested block: as a whole it replaces what was there before. */
static int on_block(cfg_t *cfg, cfg_opt_t *opt)
{
	struct conftarget *t = now->target;
	struct confblock *b = &t->block;

	(void)cfg;
	if (strcmp(opt->name, "up") == 0) {
		take_commands(&t->session->up, b);
	} else if (strcmp(opt->name, "down") == 0) {
		take_commands(&t->session->down, b);
	} else if (strcmp(opt->name, "srcaddr") == 0) {
		take_text(&t->session->src_addr, &b->addr);
		take_text(&t->session->src_iface, &b->iface);
		t->session->src_port = b->port;
	} else {
		take_text(&t->general->bind_addr, &b->addr);
		take_text(&t->general->bind_iface, &b->iface);
	}
	b->port = 0;
	return 0;
}

/* Nothing of the file can make libconfuse complain about what we wrote for it. */
__attribute__((format(printf, 2, 0))) static void
on_error(cfg_t *cfg, const char *format, va_list ap)
{
	char text[200];

	(void)cfg;
	vsnprintf(text, sizeof(text), format, ap);
	now->target->broken = true;
	confdiag_at(now->target->diag, DIAG_ERROR, NULL, "libconfuse: %s", text);
}

/* ---- our options as libconfuse's */

enum { OPTIONS_MOST = 40 };

static cfg_opt_t option_of(const struct option *o, cfg_opt_t *nested)
{
	const char *name = o->name;

	if (o->opens) {
		cfg_opt_t section = CFG_SEC(name, nested, CFGF_NONE);

		section.validcb = on_block;
		return section;
	}
	if (o->most == 1 && o->least == 1)
		return (cfg_opt_t)CFG_PTR_CB(name, NULL, CFGF_NODEFAULT, on_value, NULL);
	return (cfg_opt_t)CFG_FUNC(name, on_call);
}

/* The table of a kind of block, made at its first use. */
static cfg_opt_t *options_of(enum block block)
{
	static cfg_opt_t tables[BLOCK_COUNT][OPTIONS_MOST];
	cfg_opt_t *table = tables[block];
	const struct option *o;
	unsigned n = 0;

	if (table[0].name)
		return table;
	for (o = option_list(block); o->name && n < OPTIONS_MOST - 1; o++)
		if (!o->alias_of)
			table[n++] = option_of(o, o->opens ? options_of(o->opens) : NULL);
	return table; /* static: ends with zeros, as CFG_END() */
}

/* ---- rewriting */

static void write_value(FILE *out, const struct statement *s, const struct token *v)
{
	size_t i;

	putc('\'', out);
	for (i = 0; i < v->size && !s->option->secret; i++) {
		if (v->text[i] == '\\' || v->text[i] == '\'')
			putc('\\', out);
		putc(v->text[i], out);
	}
	putc('\'', out);
}

static void write_option(FILE *out, const struct statement *s)
{
	unsigned i;
	bool call = s->option->most != 1 || s->option->least != 1;

	fprintf(out, call ? "%s(" : "%s = ", s->option->name);
	for (i = 0; i < s->count; i++) {
		if (i > 0)
			putc(',', out);
		write_value(out, s, &s->values[i]);
	}
	fputs(call ? ")\n" : "\n", out);
}

static void keep_statement(struct parse *p, const struct statement *s)
{
	if (p->count == p->room) {
		size_t room = p->room ? 2 * p->room : 32;
		struct statement *larger = value_alloc(room * sizeof(*larger));

		if (p->count)
			memcpy(larger, p->statements, p->count * sizeof(*larger));
		free(p->statements);
		p->statements = larger;
		p->room = room;
	}
	p->statements[p->count++] = *s;
}

/* The first of its name in this block, by its place in the block's table. */
struct seen {
	unsigned line[OPTIONS_MOST];
};

static void warn_if_twice(struct parse *p, const struct statement *s, struct seen *seen)
{
	unsigned *line = &seen->line[s->option - option_list(s->block)];

	if (*line && !s->option->repeats)
		confdiag_at(p->target->diag, DIAG_WARNING, &s->keyword,
			    "\"%s\" again: this one counts, not that of line %u", s->option->name,
			    *line);
	*line = s->keyword.line;
}

/* The section as text for libconfuse; its statements are kept by their lines in it. */
static enum section_kind rewrite(struct parse *p, const struct conftok *start, FILE *out)
{
	struct seen seen[2] = {};
	struct confgram g;
	enum gram_event event;

	confgram_init(&g, start, NULL, p->target->diag);
	confgram_next(&g);
	while ((event = confgram_next(&g)) != GRAM_SECTION_END) {
		if (event != GRAM_BLOCK_END)
			warn_if_twice(p, &g.statement, &seen[g.statement.block != BLOCK_OPTIONS &&
							     g.statement.block != BLOCK_SESSION]);
		if (event == GRAM_BLOCK) {
			seen[1] = (struct seen){};
			fprintf(out, "%s {\n", g.statement.option->name);
		} else if (event == GRAM_OPTION) {
			write_option(out, &g.statement);
		} else {
			fputs("}\n", out);
		}
		keep_statement(p, &g.statement);
	}
	if (g.broken)
		p->target->broken = true;
	return g.kind;
}

static void parse_text(struct parse *p, const char *text, enum section_kind kind)
{
	cfg_t *cfg = cfg_init(options_of(kind == SECTION_OPTIONS ? BLOCK_OPTIONS : BLOCK_SESSION),
			      CFGF_NONE);

	if (!cfg) {
		p->target->broken = true;
		return;
	}
	sections_parsed++;
	cfg_set_error_function(cfg, on_error);
	now = p;
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS)
		p->target->broken = true;
	now = NULL;
	cfg_free(cfg);
}

void confparse_section(const struct conftok *start, struct conftarget *t)
{
	struct parse p = { .target = t };
	enum section_kind kind;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		t->broken = true;
		return;
	}
	kind = rewrite(&p, start, out);
	if (fclose(out) == 0)
		parse_text(&p, text, kind);
	else
		t->broken = true;
	free(text);
	free(p.statements);
	free(t->block.addr);
	free(t->block.iface);
	value_free_commands(t->block.commands);
	t->block = (struct confblock){};
}
