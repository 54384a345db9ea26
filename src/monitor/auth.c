/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "auth.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/bytes.h"
#include "common/secret.h"
#include "cpace.h"

enum {
	METHOD_CPACE = 1,
	MINOR = 0, /* the highest that we know; the lower of both sides' counts */
	HDR_SIZE = 4,
	NAME64_SIZE = 64,
	ADA_SIZE = HDR_SIZE + NAME64_SIZE, /* of AUTH_INIT, what comes before Ya */
	ADB_SIZE = HDR_SIZE,               /* of AUTH_RESP, what comes before Yb */
	PASSWORD_MAX = 255,
	MADE_UP_SIZE = 2 * crypto_generichash_BYTES,
};

#define CI_PROTOCOL "vtun/4"
#define CI_CLIENT   "vtun-client:"
#define CI_SERVER   "vtun-server:"

/* What an exchange yields, the same on both sides if they know the same password. */
struct keys {
	uint8_t ta[AUTH_TAG_SIZE], tb[AUTH_TAG_SIZE];
	uint8_t secret[AUTH_SECRET_SIZE];
};

struct auth {
	enum { AUTH_STARTED, AUTH_ANSWERED, AUTH_SPENT } state;
	bool password_known; /* server: false, and no tag whatever is good enough */
	/* client, until the answer is there */
	uint8_t sid[AUTH_SID_SIZE];
	uint8_t scalar[CPACE_SCALAR_SIZE];
	uint8_t init[AUTH_INIT_SIZE];
	/* after the answer */
	struct keys keys;
};

_Static_assert(ADA_SIZE + CPACE_POINT_SIZE == AUTH_INIT_SIZE, "AUTH_INIT = hdr4 || name64 || Ya");
_Static_assert(ADB_SIZE + CPACE_POINT_SIZE == AUTH_RESP_SIZE, "AUTH_RESP = hdr4 || Yb");

/* ---- life and death */

/* Zeroed, between guard pages, and wiped when it is freed. */
static struct auth *auth_new(void)
{
	struct auth *a = sodium_malloc(sizeof(*a));

	if (a)
		memset(a, 0, sizeof(*a));
	return a;
}

void auth_free(struct auth *a)
{
	sodium_free(a);
}

/* One attempt: right or wrong, there is no second one on the same keys. */
static void spend(struct auth *a)
{
	secret_wipe(a);
	a->state = AUTH_SPENT;
}

/* ---- messages */

static void put_header(uint8_t out[static HDR_SIZE])
{
	out[0] = METHOD_CPACE;
	out[1] = MINOR;
	put_be16(out + 2, 0);
}

/* Any minor will do: it only grows where both sides know what it means. */
static bool header_ok(const uint8_t header[static HDR_SIZE])
{
	return header[0] == METHOD_CPACE && get_be16(header + 2) == 0;
}

static bool in_alphabet(uint8_t c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || (!first && (c == '.' || c == '-'));
}

static bool name_ok(const uint8_t *name, size_t size)
{
	size_t i;

	if (size < 1 || size > SESSION_NAME_MAX)
		return false;
	for (i = 0; i < size; i++)
		if (!in_alphabet(name[i], i == 0))
			return false;
	return true;
}

int auth_init_name(const uint8_t message[static AUTH_INIT_SIZE],
		   char ret_name[static SESSION_NAME_MAX + 1])
{
	const uint8_t *name = message + HDR_SIZE + 1;
	size_t size = message[HDR_SIZE];

	if (!header_ok(message) || !name_ok(name, size) ||
	    !sodium_is_zero(name + size, SESSION_NAME_MAX - size))
		return -EBADMSG;
	memcpy(ret_name, name, size);
	ret_name[size] = '\0';
	return 0;
}

/* ---- the exchange */

/* prefix || name as one string of a lv_cat(). */
static size_t put_party(uint8_t *out, const char *prefix, const char *name)
{
	uint8_t party[sizeof(CI_CLIENT) + SESSION_NAME_MAX];
	size_t prefix_size = strlen(prefix), name_size = strlen(name);

	memcpy(party, prefix, prefix_size);
	memcpy(party + prefix_size, name, name_size);
	return cpace_lv(out, party, prefix_size + name_size);
}

/* A fresh scalar, and the share that goes to the peer. */
static int make_share(const uint8_t sid[static AUTH_SID_SIZE], const char *name,
		      const char *password, size_t password_size,
		      uint8_t ret_scalar[static CPACE_SCALAR_SIZE],
		      uint8_t ret_share[static CPACE_POINT_SIZE])
{
	uint8_t ci[3 * CPACE_LV_OVERHEAD + sizeof(CI_PROTOCOL CI_CLIENT CI_SERVER) +
		   2 * SESSION_NAME_MAX];
	uint8_t generator[CPACE_POINT_SIZE];
	size_t ci_size;
	int r;

	ci_size = cpace_lv(ci, CI_PROTOCOL, strlen(CI_PROTOCOL));
	ci_size += put_party(ci + ci_size, CI_CLIENT, name);
	ci_size += put_party(ci + ci_size, CI_SERVER, name);
	cpace_generator(password, password_size, ci, ci_size, sid, AUTH_SID_SIZE, generator);
	crypto_core_ristretto255_scalar_random(ret_scalar);
	r = cpace_multiply(ret_scalar, generator, ret_share);
	secret_wipe(&generator);
	return r;
}

static void derive_keys(const uint8_t sid[static AUTH_SID_SIZE],
			const uint8_t k[static CPACE_POINT_SIZE],
			const uint8_t init[static AUTH_INIT_SIZE],
			const uint8_t resp[static AUTH_RESP_SIZE], struct keys *ret)
{
	static const char label[] = "vtun4 auth secret";
	uint8_t transcript[AUTH_INIT_SIZE + AUTH_RESP_SIZE + 4 * CPACE_LV_OVERHEAD];
	uint8_t seed[sizeof(label) - 1 + AUTH_SID_SIZE];
	struct {
		uint8_t isk[CPACE_ISK_SIZE], mac_key[CPACE_MAC_SIZE], secret[CPACE_MAC_SIZE];
	} s;
	size_t a, b;

	/* Client's half and server's half; a tag confirms the half of its sender. */
	a = cpace_lv(transcript, init + ADA_SIZE, CPACE_POINT_SIZE);
	a += cpace_lv(transcript + a, init, ADA_SIZE);
	b = cpace_lv(transcript + a, resp + ADB_SIZE, CPACE_POINT_SIZE);
	b += cpace_lv(transcript + a + b, resp, ADB_SIZE);
	cpace_isk(sid, AUTH_SID_SIZE, k, transcript, a + b, s.isk);
	cpace_mac_key(sid, AUTH_SID_SIZE, s.isk, s.mac_key);
	cpace_mac(s.mac_key, transcript, a, ret->ta);
	cpace_mac(s.mac_key, transcript + a, b, ret->tb);

	memcpy(seed, label, sizeof(label) - 1);
	memcpy(seed + sizeof(label) - 1, sid, AUTH_SID_SIZE);
	cpace_mac(s.isk, seed, sizeof(seed), s.secret);
	memcpy(ret->secret, s.secret, sizeof(ret->secret));
	secret_wipe(&s);
}

/* The end of an exchange: K from our scalar and the peer's share.  Our own share come back is
 * refused: whoever sends it knows nothing, and our own tag would be right for it. */
static int finish_exchange(struct auth *a, const uint8_t scalar[static CPACE_SCALAR_SIZE],
			   const uint8_t sid[static AUTH_SID_SIZE],
			   const uint8_t init[static AUTH_INIT_SIZE],
			   const uint8_t resp[static AUTH_RESP_SIZE], bool we_are_server)
{
	const uint8_t *ya = init + ADA_SIZE, *yb = resp + ADB_SIZE;
	uint8_t k[CPACE_POINT_SIZE];
	int r;

	if (memcmp(ya, yb, CPACE_POINT_SIZE) == 0)
		return -EPROTO;
	r = cpace_multiply(scalar, we_are_server ? ya : yb, k);
	if (r == 0) {
		derive_keys(sid, k, init, resp, &a->keys);
		a->state = AUTH_ANSWERED;
	}
	secret_wipe(&k);
	return r;
}

/* ---- server */

/* The same for a name at every attempt since boot, so that repeated guesses see nothing change. */
static void make_up_password(const uint8_t boot_secret[static 32], const char *name,
			     char ret[static MADE_UP_SIZE + 1])
{
	uint8_t hash[crypto_generichash_BYTES];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)name, strlen(name),
			   boot_secret, crypto_generichash_KEYBYTES);
	sodium_bin2hex(ret, MADE_UP_SIZE + 1, hash, sizeof(hash));
	secret_wipe(&hash);
}

static int server_exchange(struct auth *a, const uint8_t sid[static AUTH_SID_SIZE],
			   const uint8_t init[static AUTH_INIT_SIZE], const char *name,
			   const char *password, size_t password_size,
			   uint8_t resp[static AUTH_RESP_SIZE])
{
	uint8_t scalar[CPACE_SCALAR_SIZE];
	int r;

	put_header(resp);
	r = make_share(sid, name, password, password_size, scalar, resp + ADB_SIZE);
	if (r == 0)
		r = finish_exchange(a, scalar, sid, init, resp, true);
	secret_wipe(&scalar);
	return r;
}

int auth_server_answer(const uint8_t sid[static AUTH_SID_SIZE],
		       const uint8_t init[static AUTH_INIT_SIZE],
		       const char *password, size_t password_size,
		       const uint8_t boot_secret[static 32],
		       struct auth **ret, uint8_t ret_resp[static AUTH_RESP_SIZE])
{
	char name[SESSION_NAME_MAX + 1], made_up[MADE_UP_SIZE + 1];
	uint8_t resp[AUTH_RESP_SIZE];
	struct auth *a;
	int r;

	r = auth_init_name(init, name);
	if (r < 0)
		return r;
	a = auth_new();
	if (!a)
		return -ENOMEM;
	a->password_known = password && password_size >= 1 && password_size <= PASSWORD_MAX;
	/* Made up in any case: the work must not tell the known names from the others. */
	make_up_password(boot_secret, name, made_up);
	if (a->password_known)
		r = server_exchange(a, sid, init, name, password, password_size, resp);
	else
		r = server_exchange(a, sid, init, name, made_up, MADE_UP_SIZE, resp);
	secret_wipe(&made_up);
	if (r < 0) {
		auth_free(a);
		return r;
	}
	memcpy(ret_resp, resp, sizeof(resp));
	*ret = a;
	return 0;
}

int auth_server_confirm(struct auth *a, const uint8_t tag[static AUTH_TAG_SIZE],
			uint8_t ret_tag[static AUTH_TAG_SIZE],
			uint8_t ret_secret[static AUTH_SECRET_SIZE])
{
	int r = -EACCES;

	if (a->state == AUTH_ANSWERED && sodium_memcmp(tag, a->keys.ta, AUTH_TAG_SIZE) == 0 &&
	    a->password_known) {
		memcpy(ret_tag, a->keys.tb, AUTH_TAG_SIZE);
		memcpy(ret_secret, a->keys.secret, AUTH_SECRET_SIZE);
		r = 0;
	}
	spend(a);
	return r;
}

/* ---- client */

int auth_client_start(const uint8_t sid[static AUTH_SID_SIZE], const char *name,
		      const char *password, size_t password_size,
		      struct auth **ret, uint8_t ret_init[static AUTH_INIT_SIZE])
{
	struct auth *a;
	int r;

	if (!name_ok((const uint8_t *)name, strlen(name)) || password_size < 1 ||
	    password_size > PASSWORD_MAX)
		return -EINVAL;
	a = auth_new();
	if (!a)
		return -ENOMEM;
	memcpy(a->sid, sid, sizeof(a->sid));
	put_header(a->init);
	a->init[HDR_SIZE] = (uint8_t)strlen(name);
	memcpy(a->init + HDR_SIZE + 1, name, strlen(name));
	r = make_share(sid, name, password, password_size, a->scalar, a->init + ADA_SIZE);
	if (r < 0) {
		auth_free(a);
		return r;
	}
	memcpy(ret_init, a->init, AUTH_INIT_SIZE);
	*ret = a;
	return 0;
}

int auth_client_answer(struct auth *a, const uint8_t resp[static AUTH_RESP_SIZE],
		       uint8_t ret_tag[static AUTH_TAG_SIZE])
{
	int r;

	if (a->state != AUTH_STARTED || !header_ok(resp))
		r = -EBADMSG;
	else
		r = finish_exchange(a, a->scalar, a->sid, a->init, resp, false);
	secret_wipe(&a->scalar);
	if (r < 0) {
		spend(a);
		return r;
	}
	memcpy(ret_tag, a->keys.ta, AUTH_TAG_SIZE);
	return 0;
}

int auth_client_confirm(struct auth *a, const uint8_t tag[static AUTH_TAG_SIZE],
			uint8_t ret_secret[static AUTH_SECRET_SIZE])
{
	int r = -EACCES;

	if (a->state == AUTH_ANSWERED && sodium_memcmp(tag, a->keys.tb, AUTH_TAG_SIZE) == 0) {
		memcpy(ret_secret, a->keys.secret, AUTH_SECRET_SIZE);
		r = 0;
	}
	spend(a);
	return r;
}
