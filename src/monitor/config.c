/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/fdutil.h"
#include "common/secret.h"
#include "confload.h"

struct loaded_session {
	struct loaded_session *next;
	struct config_session *session;
};

void config_free(struct config *c)
{
	if (!c)
		return;
	while (c->sessions) {
		struct loaded_session *next = c->sessions->next;

		confload_free_session(c->sessions->session);
		free(c->sessions);
		c->sessions = next;
	}
	confload_free_general(&c->general);
	confindex_clear(&c->index);
	snapshot_free(&c->snapshot);
	free(c->path);
	free(c);
}

/* Takes over what was loaded, or frees it and says why it may not be used. */
static int judge(struct config *c, struct confdiag *diag, struct config **ret)
{
	int r = 0;

	if (c->snapshot.exposed && c->index.has_password) {
		confdiag_at(diag, DIAG_ERROR, NULL, "holds passwords, and its mode %04o lets others "
			    "at them: chmod 600 %s", c->snapshot.mode, c->path);
		r = -EPERM;
	} else if (!confload_general(c, diag)) {
		r = -EBADMSG;
	}
	if (r < 0)
		config_free(c);
	else
		*ret = c;
	return r;
}

int config_open(const char *path, diag_sink *sink, void *context, struct config **ret)
{
	struct confdiag diag = { .sink = sink, .context = context };
	struct config *c;
	int r = confload_file(path, &diag, &c);

	return r < 0 ? r : judge(c, &diag, ret);
}

int confload_open_text(const char *path, const char *text, size_t size, diag_sink *sink,
		       void *context, struct config **ret)
{
	struct confdiag diag = { .sink = sink, .context = context };
	struct config *c;
	int r = confload_text(path, text, size, &diag, &c);

	return r < 0 ? r : judge(c, &diag, ret);
}

const char *config_path(const struct config *c)
{
	return c->path;
}

const struct config_general *config_general(const struct config *c)
{
	return &c->general;
}

int config_find(struct config *c, const char *name, diag_sink *sink, void *context,
		const struct config_session **ret)
{
	struct confdiag diag = { .file = c->path, .text = c->snapshot.text, .sink = sink,
				 .end = c->snapshot.text + c->snapshot.size, .context = context };
	const struct conf_section *section = confindex_find(&c->index, name);
	struct loaded_session *loaded;
	struct config_session *session;

	if (!section)
		return -ENOENT;
	session = confload_session(c, (size_t)(section - c->index.sections), &diag, &diag);
	if (!session)
		return -EBADMSG;
	loaded = value_alloc(sizeof(*loaded));
	loaded->session = session;
	loaded->next = c->sessions;
	c->sessions = loaded;
	*ret = session;
	return 0;
}

void config_forget(struct config *c)
{
	struct loaded_session *s;

	for (s = c->sessions; s; s = s->next) {
		value_free_secret(s->session->password);
		s->session->password = NULL;
	}
	confindex_clear(&c->index);
	snapshot_free(&c->snapshot);
}

static int read_pass_file(const char *name, char buf[static PASSWORD_MAX + 1])
{
	char path[PATH_MAX], text[PASSWORD_MAX + 1]; /* a newline more than a password */
	int r = snapshot_credential_path(name, path, sizeof(path));
	ssize_t n;

	if (r < 0)
		return r;
	n = fd_read_file(path, text, sizeof(text));
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (n > PASSWORD_MAX)
		n = -EFBIG;
	else if (n == 0 || (n > 0 && memchr(text, '\0', (size_t)n)))
		n = -EINVAL;
	if (n > 0) {
		memcpy(buf, text, (size_t)n);
		buf[n] = '\0';
	}
	secret_wipe(&text);
	return (int)n;
}

int config_password(const struct config_session *s, char buf[static PASSWORD_MAX + 1])
{
	if (s->password) {
		strcpy(buf, s->password);
		return (int)strlen(buf);
	}
	return s->pass_file ? read_pass_file(s->pass_file, buf) : -ENOKEY;
}
