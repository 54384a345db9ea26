/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "remark.h"

void remark_print(FILE *out, const struct diag *d)
{
	static const char *const levels[] = { "note", "warning", "error" };

	if (d->line)
		fprintf(out, "%s:%u:%u: %s: %s\n", d->file, d->line, d->column, levels[d->level],
			d->text);
	else
		fprintf(out, "%s: %s: %s\n", d->file, levels[d->level], d->text);
}

void remark_print_line(FILE *out, const struct diag *d)
{
	const char *p;
	unsigned column = 1;

	if (!d->line_text)
		return;
	fprintf(out, "%s\n", d->line_text);
	/* Tabs are repeated, so that the caret stands right whatever their width. */
	for (p = d->line_text; *p && column < d->column; p++, column++)
		if ((*p & 0xc0) != 0x80) /* one column for a character of UTF-8 */
			putc(*p == '\t' ? '\t' : ' ', out);
	fputs("^\n", out);
}
