/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
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

	if (confload_is_exposed(c, diag, DIAG_ERROR))
		r = -EPERM;
	else if (!confload_general(c, diag))
		r = -EBADMSG;
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

static void explain_pass_file(int error, char ret_why[static CONFIG_WHY_SIZE])
{
	snprintf(ret_why, CONFIG_WHY_SIZE, "%s",
		 error == -EINVAL ? "it is empty, or not text" :
		 error == -EFBIG ? "it has more than 255 bytes" : strerror(-error));
}

/* What is in the file, judged as a password; or a negative errno. */
static int copy_password(const struct snapshot *file, char buf[static PASSWORD_MAX + 1])
{
	size_t size = file->size;

	if (size > 0 && file->text[size - 1] == '\n')
		size--;
	if (size > PASSWORD_MAX)
		return -EFBIG;
	if (size == 0 || memchr(file->text, '\0', size))
		return -EINVAL;
	memcpy(buf, file->text, size);
	buf[size] = '\0';
	return (int)size;
}

static int read_pass_file(const char *name, char buf[static PASSWORD_MAX + 1],
			  char ret_why[static CONFIG_WHY_SIZE])
{
	char path[PATH_MAX];
	struct snapshot file = {};
	struct exposure_fault fault;
	int r = snapshot_credential_path(name, path, sizeof(path));

	if (r == 0)
		r = snapshot_read(path, &file);
	if (r < 0) {
		explain_pass_file(r, ret_why);
		return r;
	}
	if (exposure_is_fault(&file.exposure, true, &fault)) {
		snprintf(ret_why, CONFIG_WHY_SIZE, "%s: %s %s", fault.what, fault.step, path);
		r = -EPERM;
	} else {
		r = copy_password(&file, buf);
		if (r < 0)
			explain_pass_file(r, ret_why);
	}
	snapshot_free(&file);
	return r;
}

int config_password(const struct config_session *s, char buf[static PASSWORD_MAX + 1],
		    char ret_why[static CONFIG_WHY_SIZE])
{
	if (s->password) {
		strcpy(buf, s->password);
		return (int)strlen(buf);
	}
	return s->pass_file ? read_pass_file(s->pass_file, buf, ret_why) : -ENOKEY;
}
