/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 what | bytes in place of one login message: a stranger's AUTH_INIT, AUTH_RESP or tag is refused or
 * leads nowhere, for a name that is known as for one that is not, and the honest login next to it
 * succeeds.
 */
#include <ctype.h>
#include <errno.h>
#include <sodium.h>

#include "fuzz.h"
#include "monitor/auth.h"

static const uint8_t sid[AUTH_SID_SIZE] = "one channel", boot_secret[32] = "one boot";
static const char password[] = "correct horse";

struct tags {
	uint8_t tag[AUTH_TAG_SIZE], secret[AUTH_SECRET_SIZE];
};

/* The input as a message of exactly that size: what is missing is taken from an honest one, which so
 * can be changed from its beginning on. */
static void overlay(uint8_t *message, size_t message_size, const uint8_t *data, size_t size)
{
	size_t i;

	for (i = 0; i < message_size && i < size; i++)
		message[i] ^= data[i];
}

static struct auth *client(uint8_t init[static AUTH_INIT_SIZE])
{
	struct auth *c;

	must(auth_client_start(sid, "office", password, strlen(password), &c, init) == 0);
	return c;
}

static void must_be_a_name(const char *name)
{
	const char *s;

	must(*name && strlen(name) <= SESSION_NAME_MAX && *name != '.');
	for (s = name; *s; s++)
		must(isalnum((unsigned char)*s) || strchr("._-", *s));
}

/* To the server, with a password of its own and with a made-up one: both answer alike. */
static void strange_init(const uint8_t *data, size_t size)
{
	uint8_t init[AUTH_INIT_SIZE], resp[2][AUTH_RESP_SIZE];
	struct auth *c = client(init), *known = NULL, *unknown = NULL;
	char name[SESSION_NAME_MAX + 1];
	struct tags t;
	int r, honest;

	overlay(init, sizeof(init), data, size);
	r = auth_init_name(init, name);
	must(r == 0 || r == -EBADMSG);
	if (r == 0)
		must_be_a_name(name);
	honest = auth_server_answer(sid, init, password, strlen(password), boot_secret, &known, resp[0]);
	must(honest == auth_server_answer(sid, init, NULL, 0, boot_secret, &unknown, resp[1]));
	must((honest == -EBADMSG) == (r == -EBADMSG));
	must(honest == 0 || honest == -EBADMSG || honest == -EPROTO);
	if (honest == 0) {
		must(!memcmp(resp[0], resp[1], 4));
		/* Nobody knows the made-up one, not even who knows the real one. */
		must(auth_client_answer(c, resp[1], t.tag) < 0 ||
		     auth_server_confirm(unknown, t.tag, t.tag, t.secret) == -EACCES);
		memset(t.tag, 0, sizeof(t.tag));
		must(auth_server_confirm(known, t.tag, t.tag, t.secret) == -EACCES);
	}
	auth_free(known);
	auth_free(unknown);
	auth_free(c);
}

static bool changes(const uint8_t *data, size_t size, size_t message_size)
{
	size_t i;

	for (i = 0; i < size && i < message_size; i++)
		if (data[i])
			return true;
	return false;
}

/* To either end, once everything before was honest. */
static void strange_answer(uint8_t what, const uint8_t *data, size_t size)
{
	uint8_t init[AUTH_INIT_SIZE], resp[AUTH_RESP_SIZE];
	struct auth *c = client(init), *s = NULL;
	struct tags by_client, by_server, got;
	bool forged;
	int r;

	must(auth_server_answer(sid, init, password, strlen(password), boot_secret, &s, resp) == 0);
	forged = what == 1 && changes(data, size, sizeof(resp));
	if (what == 1)
		overlay(resp, sizeof(resp), data, size);
	r = auth_client_answer(c, resp, by_client.tag);
	must(r == 0 || r == -EBADMSG || r == -EPROTO);
	must(r == 0 || forged);
	if (r < 0)
		goto out;
	forged |= what == 2 && changes(data, size, AUTH_TAG_SIZE);
	if (what == 2)
		overlay(by_client.tag, AUTH_TAG_SIZE, data, size);
	r = auth_server_confirm(s, by_client.tag, by_server.tag, by_server.secret);
	must(r == (forged ? -EACCES : 0));
	if (r < 0)
		goto out;
	forged = what == 3 && changes(data, size, AUTH_TAG_SIZE);
	if (what == 3)
		overlay(by_server.tag, AUTH_TAG_SIZE, data, size);
	r = auth_client_confirm(c, by_server.tag, got.secret);
	must(r == (forged ? -EACCES : 0));
	must(r < 0 || !memcmp(got.secret, by_server.secret, AUTH_SECRET_SIZE));
out:
	auth_free(c);
	auth_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || sodium_init() < 0)
		return 0;
	if ((data[0] & 3) == 0)
		strange_init(data + 1, size - 1);
	else
		strange_answer(data[0] & 3, data + 1, size - 1);
	return 0;
}
