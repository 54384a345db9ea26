/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vtund.conf from hostile memory: tokens, grammar, libconfuse, check.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/confload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

/* A caret can be put where a remark points, and a terminal survives it. */
static void look_at(void *context, const struct diag *d)
{
	const char *p;

	*(unsigned *)context += d->level == DIAG_ERROR;
	PROMISE(d->text && *d->text && strlen(d->text) <= 500);
	PROMISE(!d->line == !d->column && !d->line == !d->line_text);
	PROMISE(!d->line_text || d->column <= strlen(d->line_text) + 1);
	for (p = d->text; *p; p++)
		PROMISE((unsigned char)*p >= 0x20 || *p == '\t');
	for (p = d->line_text; p && *p; p++)
		PROMISE((unsigned char)*p >= 0x20 || *p == '\t');
}

/* What is given out keeps the promises of config.h. */
static void look_at_session(const struct config_session *s)
{
	const struct command *c;
	char password[256], why[CONFIG_WHY_SIZE];

	PROMISE(s->name && s->line > 0);
	PROMISE(!s->password || (*s->password && strlen(s->password) <= 255));
	PROMISE(!s->password || config_password(s, password, why) == (int)strlen(s->password));
	PROMISE(s->keepalive_s <= 3600 && s->keepalive_misses <= 100 && s->timeout_s <= 86400);
	PROMISE(s->comp_level <= 9 && !s->comp_level == (s->comp_alg == COMP_NONE));
	PROMISE(s->persist <= PERSIST_KEEP && memchr(s->device, 0, sizeof(s->device)));
	for (c = s->up; c; c = c->next)
		PROMISE(c->args && (c->kind == COMMAND_SHELL) == !c->program &&
			(!c->program || *c->program == '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	unsigned told = 0, open_errors = 0;
	int errors = confcheck_text("fuzz", text, size, look_at, &told);
	struct config *c;
	size_t i;

	PROMISE(errors >= 0 && (unsigned)errors == told);
	if (confload_open_text("fuzz", text, size, look_at, &open_errors, &c) < 0) {
		PROMISE(open_errors > 0 && errors > 0);
		return 0;
	}
	for (i = 0; i < c->index.count && i < 100; i++) {
		const struct conf_section *section = &c->index.sections[i];
		const struct config_session *s;
		unsigned find_errors = 0;
		char name[100] = "";
		int r;

		if (section->kind != SECTION_SESSION || section->name.size >= sizeof(name))
			continue;
		memcpy(name, section->name.text, section->name.size);
		r = config_find(c, name, look_at, &find_errors, &s);
		PROMISE(r == 0 || r == -EBADMSG);
		PROMISE(r == 0 ? find_errors == 0 : errors > 0);
		if (r == 0)
			look_at_session(s);
	}
	config_free(c);
	return 0;
}
