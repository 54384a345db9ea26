/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confremarks.h"

#include <stdlib.h>
#include <string.h>

#include "confvalue.h"

struct remark {
	struct diag diag;
	char *text, *line_text;
	size_t number;
};

void confremarks_keep(void *context, const struct diag *d)
{
	struct confremarks *r = context;
	struct remark *new;

	if (r->count == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		struct remark *larger = value_alloc(room * sizeof(*larger));

		if (r->count)
			memcpy(larger, r->list, r->count * sizeof(*larger));
		free(r->list);
		r->list = larger;
		r->room = room;
	}
	new = &r->list[r->count];
	*new = (struct remark){ .diag = *d, .number = r->count++ };
	value_replace(&new->text, d->text);
	new->diag.text = new->text;
	if (d->line_text)
		value_replace(&new->line_text, d->line_text);
	new->diag.line_text = new->line_text;
}

static int by_place(const void *a, const void *b)
{
	const struct remark *x = a, *y = b;

	if (x->diag.line != y->diag.line)
		return x->diag.line < y->diag.line ? -1 : 1;
	if (x->diag.column != y->diag.column)
		return x->diag.column < y->diag.column ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

void confremarks_tell(struct confremarks *r, diag_sink *sink, void *context)
{
	size_t i;

	if (r->count)
		qsort(r->list, r->count, sizeof(*r->list), by_place);
	for (i = 0; i < r->count; i++) {
		if (sink)
			sink(context, &r->list[i].diag);
		free(r->list[i].text);
		free(r->list[i].line_text);
	}
	free(r->list);
}
