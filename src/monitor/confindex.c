/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confindex.h"

#include <stdlib.h>
#include <string.h>

#include "confvalue.h"

static struct conf_section *add_section(struct confindex *index, const struct confgram *g)
{
	struct conf_section *s;

	if (index->count == index->room) {
		size_t room = index->room ? 2 * index->room : 16;
		struct conf_section *larger = value_alloc(room * sizeof(*larger));

		if (index->count)
			memcpy(larger, index->sections, index->count * sizeof(*larger));
		free(index->sections);
		index->sections = larger;
		index->room = room;
	}
	s = &index->sections[index->count++];
	s->name = g->name;
	s->kind = g->kind;
	s->start = (struct conftok){ .at = g->name.at, .end = g->tok.end, .line = g->name.line,
				     .line_begin = g->name.at - (g->name.column - 1) };
	return s;
}

void confindex_build(struct confindex *index, const char *text, size_t size,
		     struct confdiag *diag)
{
	struct conf_section *section = NULL;
	struct confgram g;
	struct conftok start;
	enum gram_event event;

	*index = (struct confindex){};
	conftok_init(&start, text, size);
	confgram_init(&g, &start, diag, NULL);
	while ((event = confgram_next(&g)) != GRAM_END) {
		if (event == GRAM_SECTION)
			section = add_section(index, &g);
		else if (event == GRAM_SECTION_END && section)
			section->broken = g.broken;
		else if (event == GRAM_OPTION && g.statement.option->secret)
			index->has_password = true;
	}
}

void confindex_clear(struct confindex *index)
{
	free(index->sections);
	*index = (struct confindex){};
}

const struct conf_section *confindex_find(const struct confindex *index, const char *name)
{
	size_t i;

	for (i = index->count; i-- > 0;)
		if (index->sections[i].kind == SECTION_SESSION &&
		    token_is(&index->sections[i].name, name))
			return &index->sections[i];
	return NULL;
}
