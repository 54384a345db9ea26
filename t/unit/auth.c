/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A login succeeds with the right password, for both sides, and in no other case; and a server's
 * words do not tell which names it knows.
 */
#include "common/cleanup.h"
#include "common/secret.h"
#include "monitor/cpace.h"
#include "tap.h"

/* auth.c with scalars of our choice, and its work counted. */
static unsigned char fixed_scalar[32];
static int use_fixed_scalar;
static unsigned multiplications, generators, derivations, hashes, others;

static void choose_scalar(unsigned char *scalar)
{
	if (use_fixed_scalar)
		memcpy(scalar, fixed_scalar, sizeof(fixed_scalar));
	else
		crypto_core_ristretto255_scalar_random(scalar);
}

#define crypto_core_ristretto255_scalar_random(scalar) choose_scalar(scalar)
#define cpace_multiply(...)    (multiplications++, cpace_multiply(__VA_ARGS__))
#define cpace_generator(...)   (generators++, cpace_generator(__VA_ARGS__))
#define cpace_isk(...)         (derivations++, cpace_isk(__VA_ARGS__))
#define cpace_mac(...)         (hashes++, cpace_mac(__VA_ARGS__))
#define crypto_generichash(...) (others++, crypto_generichash(__VA_ARGS__))
#include "monitor/auth.c"

static const uint8_t boot_secret[32] = "the same since boot";
static uint8_t sid[AUTH_SID_SIZE] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
				      18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };

/* Both ends of one login, and all that they said. */
struct login {
	struct auth *client, *server;
	uint8_t init[AUTH_INIT_SIZE], resp[AUTH_RESP_SIZE], ta[AUTH_TAG_SIZE], tb[AUTH_TAG_SIZE];
	uint8_t client_secret[AUTH_SECRET_SIZE], server_secret[AUTH_SECRET_SIZE];
};

static void end(struct login *l)
{
	auth_free(l->client);
	auth_free(l->server);
	memset(l, 0, sizeof(*l));
}

/* Up to the client's tag.  `known`: what the server thinks the password is; NULL: no such name. */
static int begin(struct login *l, const char *name, const char *password, size_t size,
		 const char *known, size_t known_size)
{
	int r;

	memset(l, 0, sizeof(*l));
	r = auth_client_start(sid, name, password, size, &l->client, l->init);
	if (r == 0)
		r = auth_server_answer(sid, l->init, known, known_size, boot_secret, &l->server,
				       l->resp);
	if (r == 0)
		r = auth_client_answer(l->client, l->resp, l->ta);
	return r;
}

static int server_confirms(struct login *l)
{
	return auth_server_confirm(l->server, l->ta, l->tb, l->server_secret);
}

static int client_confirms(struct login *l)
{
	return auth_client_confirm(l->client, l->tb, l->client_secret);
}

static int succeeds(const char *name, const char *password, size_t size)
{
	struct login l;
	int good;

	good = begin(&l, name, password, size, password, size) == 0 && server_confirms(&l) == 0 &&
	       client_confirms(&l) == 0 &&
	       memcmp(l.client_secret, l.server_secret, AUTH_SECRET_SIZE) == 0;
	end(&l);
	return good;
}

static int untouched(const uint8_t *tag, const uint8_t *secret)
{
	return sodium_is_zero(tag, AUTH_TAG_SIZE) && sodium_is_zero(secret, AUTH_SECRET_SIZE);
}

/* ---- what has to work */

static void known_answers(void)
{
	struct login l = {};
	char name[SESSION_NAME_MAX + 1];

	use_fixed_scalar = 1;
	unhex("1112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f00", fixed_scalar, 32);
	auth_client_start(sid, "wireless2", "SecretPassword", 14, &l.client, l.init);
	ok(is_hex(l.init, 14, "0100000009776972656c65737332") && sodium_is_zero(l.init + 14, 54),
	   "the printed exchange: ADa");
	ok(is_hex(l.init + 68, 32, "9a59b33d9b7a169743c0bf15e91ad6293ead2c69b51a9b2cd4cb3fd71ae7da17"),
	   "Ya, so the CI is right too");
	ok(auth_init_name(l.init, name) == 0 && strcmp(name, "wireless2") == 0,
	   "the server reads the name");
	unhex("7172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f00", fixed_scalar, 32);
	ok(auth_server_answer(sid, l.init, "SecretPassword", 14, boot_secret, &l.server, l.resp) == 0 &&
	   is_hex(l.resp, 36, "01000000"
		  "f8895a28cc4eb636a7141739a8fab43ee5ba38a5737fc25ffde4f549777bd03b"), "ADb and Yb");
	ok(auth_client_answer(l.client, l.resp, l.ta) == 0 &&
	   is_hex(l.ta, 64, "9cf32e4008b23be55cf194789ba7267e6cd004373fbb5bb61c4c65bcc17bf4c2"
		  "c27ead5351281338c33e2d86d6cf5825e7e7b889d848d56d261209053b29d61f"), "Ta");
	ok(server_confirms(&l) == 0 &&
	   is_hex(l.tb, 64, "ea953211d64cfa018ca8e9eb23197679836ea0636577b304fbb918145e37962b"
		  "ca1952b70fd48fc60fd800908f252dd879d10760d738ec6a949f22d8b1b96600"), "Tb");
	ok(client_confirms(&l) == 0, "the client is content");
	ok(is_hex(l.server_secret, 32, "94e9a6648693fb167073e83a1045e43f"
		  "2c74e0f301ffce025d6017dab6aa7044") &&
	   memcmp(l.server_secret, l.client_secret, 32) == 0, "auth_secret, on both sides");
	end(&l);
	use_fixed_scalar = 0;
}

static void good_logins(void)
{
	char long_name[SESSION_NAME_MAX + 1] = {}, password[255];
	size_t size, good = 0;

	memset(long_name, 'n', SESSION_NAME_MAX);
	ok(succeeds("a", "x", 1) && succeeds("9", "x", 1) && succeeds("_", "x", 1) &&
	   succeeds("0a1B.c-d_e", "x", 1) && succeeds(long_name, "x", 1),
	   "names of 1 to 63 bytes of the alphabet log in");
	for (size = 0; size < sizeof(password); size++)
		password[size] = (char)(size * 7 + 1);
	for (size = 1; size <= sizeof(password); size++)
		good += (size_t)succeeds("n", password, size);
	ok(good == sizeof(password), "passwords of 1 to 255 bytes, whatever the bytes, log in");
}

static void newer_minor(void)
{
	struct login l = {};
	uint8_t other[AUTH_INIT_SIZE];

	auth_client_start(sid, "n", "pw", 2, &l.client, l.init);
	l.client->init[1] = l.init[1] = 7; /* a client of the future, which says so in ADa */
	ok(auth_server_answer(sid, l.init, "pw", 2, boot_secret, &l.server, l.resp) == 0 &&
	   l.resp[1] == 0, "a higher minor is answered with ours, the lower one");
	ok(auth_client_answer(l.client, l.resp, l.ta) == 0 && server_confirms(&l) == 0 &&
	   client_confirms(&l) == 0, "and logs in");
	end(&l);

	auth_client_start(sid, "n", "pw", 2, &l.client, l.init);
	memcpy(other, l.init, sizeof(other));
	other[1] = 7;
	auth_server_answer(sid, other, "pw", 2, boot_secret, &l.server, l.resp);
	auth_client_answer(l.client, l.resp, l.ta);
	ok(server_confirms(&l) == -EACCES, "a minor that was changed on the way does not");
	end(&l);

	auth_client_start(sid, "n", "pw", 2, &l.client, l.init);
	auth_server_answer(sid, l.init, "pw", 2, boot_secret, &l.server, l.resp);
	l.resp[1] = 9;
	ok(auth_client_answer(l.client, l.resp, l.ta) == 0 && server_confirms(&l) == -EACCES,
	   "neither does one changed on the way back");
	end(&l);
}

/* ---- what has to fail */

static void wrong_passwords(void)
{
	struct login l;

	ok(begin(&l, "n", "right", 5, "wrong", 5) == 0, "a wrong password gets an answer");
	ok(server_confirms(&l) == -EACCES && untouched(l.tb, l.server_secret),
	   "but neither tag nor secret");
	ok(client_confirms(&l) == -EACCES, "and the client lets no such server in");
	end(&l);
	begin(&l, "n", "right", 5, "right ", 6);
	ok(server_confirms(&l) == -EACCES, "a password that only begins right is wrong");
	end(&l);
	begin(&l, "n", "right", 5, "Right", 5);
	ok(server_confirms(&l) == -EACCES, "so is one in capitals");
	end(&l);
}

static void tags_count_whole(void)
{
	struct login l;
	unsigned bit, refused = 0;

	for (bit = 0; bit < 8 * AUTH_TAG_SIZE; bit++) {
		begin(&l, "n", "pw", 2, "pw", 2);
		l.ta[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused += server_confirms(&l) == -EACCES;
		end(&l);
		begin(&l, "n", "pw", 2, "pw", 2);
		server_confirms(&l);
		l.tb[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused += client_confirms(&l) == -EACCES;
		end(&l);
	}
	ok(refused == 2 * 8 * AUTH_TAG_SIZE, "a tag with any one bit wrong is wrong, on both sides");
}

static void attempts_are_single(void)
{
	struct login l;
	uint8_t good[AUTH_TAG_SIZE];

	begin(&l, "n", "pw", 2, "pw", 2);
	memcpy(good, l.ta, sizeof(good));
	l.ta[63] ^= 1;
	server_confirms(&l);
	memcpy(l.ta, good, sizeof(good));
	ok(server_confirms(&l) == -EACCES, "after a wrong tag the right one comes too late");
	ok(l.server->state == AUTH_SPENT &&
	   sodium_is_zero((uint8_t *)&l.server->keys, sizeof(l.server->keys)), "the keys are gone");
	end(&l);
	begin(&l, "n", "pw", 2, "pw", 2);
	ok(sodium_is_zero(l.client->scalar, sizeof(l.client->scalar)),
	   "the client's scalar is gone once it is used");
	ok(auth_client_answer(l.client, l.resp, l.ta) == -EBADMSG, "a second answer is refused");
	server_confirms(&l);
	ok(client_confirms(&l) == -EACCES, "and ends the login");
	end(&l);
	auth_client_start(sid, "n", "pw", 2, &l.client, l.init);
	ok(client_confirms(&l) == -EACCES, "a server's tag before its answer is refused");
	end(&l);
}

static void unknown_names(void)
{
	struct login l;
	unsigned known[5], unknown[5];

	multiplications = generators = derivations = hashes = others = 0;
	begin(&l, "n", "pw", 2, "pw", 2);
	memcpy(known, (unsigned[]){ multiplications, generators, derivations, hashes, others },
	       sizeof(known));
	end(&l);
	multiplications = generators = derivations = hashes = others = 0;
	ok(begin(&l, "n", "pw", 2, NULL, 0) == 0, "an unknown name is answered");
	memcpy(unknown, (unsigned[]){ multiplications, generators, derivations, hashes, others },
	       sizeof(unknown));
	ok(memcmp(known, unknown, sizeof(known)) == 0 && known[0] == 4,
	   "after the same work: 2 multiplications on each side, generator, hashes");
	ok(l.resp[0] == 1 && get_be24(l.resp + 1) == 0 && !sodium_is_zero(l.resp + 4, 32),
	   "with a message of the same form");
	ok(server_confirms(&l) == -EACCES && untouched(l.tb, l.server_secret),
	   "and refused at the confirmation");
	end(&l);
}

/* Whoever has the boot secret could make the made-up password up as well; still no way in. */
static void made_up_passwords(void)
{
	char made_up[MADE_UP_SIZE + 1], again[MADE_UP_SIZE + 1], other[MADE_UP_SIZE + 1];
	struct login l;

	make_up_password(boot_secret, "n", made_up);
	make_up_password(boot_secret, "n", again);
	make_up_password(boot_secret, "m", other);
	ok(strlen(made_up) == 64 && strcmp(made_up, again) == 0 && strcmp(made_up, other) != 0,
	   "a made-up password is the same for a name, another for another");
	ok(begin(&l, "n", made_up, 64, NULL, 0) == 0 && server_confirms(&l) == -EACCES,
	   "and not even the right guess of it logs in");
	end(&l);
	ok(begin(&l, "n", "x", 1, "", 0) == 0 && server_confirms(&l) == -EACCES,
	   "an empty password on the server lets nobody in");
	end(&l);
}

static void replays(void)
{
	struct login first, second;

	begin(&first, "n", "pw", 2, "pw", 2);
	begin(&second, "n", "pw", 2, "pw", 2);
	memcpy(second.ta, first.ta, sizeof(second.ta));
	ok(server_confirms(&second) == -EACCES, "T22: a tag of another connection is refused");
	ok(server_confirms(&first) == 0, "(in its own it is right)");
	end(&first);
	end(&second);
}

/* A man in the middle has two TLS connections, and so two sids. */
static void relays(void)
{
	uint8_t other_sid[AUTH_SID_SIZE] = "connection of the middle to S";
	struct login l = {};

	auth_client_start(sid, "n", "pw", 2, &l.client, l.init);
	auth_server_answer(other_sid, l.init, "pw", 2, boot_secret, &l.server, l.resp);
	ok(auth_client_answer(l.client, l.resp, l.ta) == 0 && server_confirms(&l) == -EACCES,
	   "T23: an exchange relayed into another channel is refused");
	end(&l);
}

static void reflections(void)
{
	struct login l = {};

	auth_client_start(sid, "n", "pw", 2, &l.client, l.init);
	memcpy(l.resp, l.init, 4);
	memcpy(l.resp + 4, l.init + 68, 32);
	ok(auth_client_answer(l.client, l.resp, l.ta) == -EPROTO && untouched(l.ta, l.client_secret),
	   "T24: our own share come back is refused, and no tag given");
	ok(client_confirms(&l) == -EACCES, "nor is anything accepted after it");
	end(&l);
	begin(&l, "n", "pw", 2, "pw", 2);
	memcpy(l.tb, l.ta, sizeof(l.tb));
	ok(client_confirms(&l) == -EACCES, "T24: so is our own tag");
	end(&l);
}

/* ---- hostile messages */

static void bad_shares(void)
{
	static const struct {
		const char *what, *hex;
	} bad[] = {
		{ "zero", "0000000000000000000000000000000000000000000000000000000000000000" },
		{ "all ones", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" },
		{ "bit 255", "9a59b33d9b7a169743c0bf15e91ad6293ead2c69b51a9b2cd4cb3fd71ae7da97" },
		{ "odd", "0100000000000000000000000000000000000000000000000000000000000000" },
		{ "the prime",
		  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
		{ "no point", "2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c" },
	};
	struct auth *server = NULL;
	struct login l = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		auth_client_start(sid, "n", "pw", 2, &l.client, l.init);
		unhex(bad[i].hex, l.init + 68, 32);
		ok(auth_server_answer(sid, l.init, "pw", 2, boot_secret, &server, l.resp) == -EPROTO &&
		   auth_server_answer(sid, l.init, NULL, 0, boot_secret, &server, l.resp) == -EPROTO &&
		   !server && sodium_is_zero(l.resp, sizeof(l.resp)),
		   "T17: Ya %s is refused at once, name known or not", bad[i].what);
		l.resp[0] = 1;
		unhex(bad[i].hex, l.resp + 4, 32);
		ok(auth_client_answer(l.client, l.resp, l.ta) == -EPROTO &&
		   untouched(l.ta, l.client_secret), "T17: Yb %s too", bad[i].what);
		end(&l);
	}
}

static int name_refused(const void *name, size_t size)
{
	uint8_t init[AUTH_INIT_SIZE] = { METHOD_CPACE };
	char got[SESSION_NAME_MAX + 1] = "?";

	init[4] = (uint8_t)size;
	memcpy(init + 5, name, size < 63 ? size : 63);
	return auth_init_name(init, got) == -EBADMSG && strcmp(got, "?") == 0;
}

static void bad_names(void)
{
	static const char *const bad[] = { "../x", "a/b", "%n", "\x80", "a b", "-a", ".a", "a\n",
					   "a:b", "a;b", "{", "a\x7f", "\xc3\xa4" };
	char many[256], client_init[AUTH_INIT_SIZE];
	uint8_t init[AUTH_INIT_SIZE] = { METHOD_CPACE, 0, 0, 0, 1, 'n' };
	char name[SESSION_NAME_MAX + 1];
	struct auth *a = NULL;
	size_t i;

	memset(many, 'n', sizeof(many));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok(name_refused(bad[i], strlen(bad[i])), "T16: bad name %zu is refused", i + 1);
	ok(name_refused("a\0b", 3) && name_refused("\0", 1), "T16: so are names with a NUL");
	ok(name_refused("", 0), "T16: the empty name");
	ok(name_refused(many, 64) && name_refused(many, 128) && name_refused(many, 255),
	   "T16: lengths above 63");
	ok(auth_init_name(init, name) == 0, "(a good one is not)");
	for (i = 6; i < 68; i++) {
		init[i] = 1;
		if (auth_init_name(init, name) != -EBADMSG)
			break;
		init[i] = 0;
	}
	ok(i == 68, "T16: bytes behind the name, wherever");
	ok(auth_client_start(sid, "../x", "pw", 2, &a, (uint8_t *)client_init) == -EINVAL &&
	   auth_client_start(sid, "", "pw", 2, &a, (uint8_t *)client_init) == -EINVAL &&
	   auth_client_start(sid, "n", "pw", 0, &a, (uint8_t *)client_init) == -EINVAL &&
	   auth_client_start(sid, "n", many, 256, &a, (uint8_t *)client_init) == -EINVAL && !a,
	   "our own client sends no such thing");
}

static void bad_headers(void)
{
	static const uint8_t bad[][4] = { { 0 }, { 2 }, { 3 }, { 255 }, { 1, 0, 0, 1 },
					  { 1, 0, 0x80, 0 } };
	struct auth *server = NULL;
	struct login l = {};
	char name[SESSION_NAME_MAX + 1];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		begin(&l, "n", "pw", 2, "pw", 2);
		memcpy(l.init, bad[i], 4);
		ok(auth_init_name(l.init, name) == -EBADMSG &&
		   auth_server_answer(sid, l.init, "pw", 2, boot_secret, &server, l.resp) == -EBADMSG &&
		   !server, "method %u, flags %u: refused by the server", bad[i][0],
		   get_be16(bad[i] + 2));
		end(&l);
		auth_client_start(sid, "n", "pw", 2, &l.client, l.init);
		auth_server_answer(sid, l.init, "pw", 2, boot_secret, &l.server, l.resp);
		memcpy(l.resp, bad[i], 4);
		ok(auth_client_answer(l.client, l.resp, l.ta) == -EBADMSG, "and by the client");
		end(&l);
	}
}

int main(void)
{
	if (sodium_init() < 0)
		return 1;
	known_answers();
	good_logins();
	newer_minor();
	wrong_passwords();
	tags_count_whole();
	attempts_are_single();
	unknown_names();
	made_up_passwords();
	replays();
	relays();
	reflections();
	bad_shares();
	bad_names();
	bad_headers();
	auth_free(NULL);
	return finish();
}
