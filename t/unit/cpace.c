/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CPace agrees with the draft's own vectors for ristretto255, and with the exchange that
 * doc/PROTOCOL.md prints.
 */
#include <errno.h>

#include "common/cleanup.h"
#include "common/fdutil.h"
#include "common/secret.h"
#include "monitor/cpace.h"
#include "tap.h"

/* ---- the vectors' file: enough of JSON to find a string by its name and its object's */

static char json[4096];

static void read_vectors(void)
{
	const char *srcdir = getenv("top_srcdir");
	char path[1024];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/t/data/cpace-ristretto255-vectors.json",
		 srcdir ? srcdir : ".");
	n = fd_read_file(path, json, sizeof(json) - 1);
	if (n < 0) {
		printf("Bail out! %s: %s\n", path, strerror((int)-n));
		exit(1);
	}
}

static const char *after_name(const char *from, const char *name)
{
	char quoted[64];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\":", name);
	at = strstr(from, quoted);
	if (!at) {
		printf("Bail out! no %s in the file of vectors\n", name);
		exit(1);
	}
	return at + strlen(quoted);
}

/* The bytes of a vector; static, sixteen at a time. */
struct octets {
	unsigned char data[128];
	size_t size;
};

static const struct octets *vector(const char *object, const char *name)
{
	static struct octets ring[16];
	static unsigned next;
	struct octets *o = &ring[next++ % ARRAY_SIZE(ring)];
	const char *from = strchr(after_name(after_name(json, object), name), '"') + 1;
	char hex[2 * sizeof(o->data) + 1];
	size_t length = strcspn(from, "\"");

	if (length == 0 || length >= sizeof(hex))
		abort();
	memcpy(hex, from, length);
	hex[length] = '\0';
	o->size = unhex(hex, o->data, sizeof(o->data));
	return o;
}

static int same(const void *got, size_t size, const struct octets *want)
{
	return want->size == size && memcmp(got, want->data, size) == 0;
}

/* ---- the draft's exchange */

#define V(name) vector("G_Coffee25519", name)

static size_t half(unsigned char *out, const char *share, const char *ad)
{
	size_t n = cpace_lv(out, V(share)->data, V(share)->size);

	return n + cpace_lv(out + n, V(ad)->data, V(ad)->size);
}

/* transcript_ir(): the initiator's words come first. */
static size_t transcript_ir(unsigned char *out)
{
	size_t n = half(out, "Ya", "ADa");

	return n + half(out + n, "Yb", "ADb");
}

/* transcript_oc(): ordered by value, for two parties without roles; not used by our protocol. */
static size_t transcript_oc(unsigned char *out)
{
	unsigned char a[128], b[128];
	size_t a_size = half(a, "Ya", "ADa"), b_size = half(b, "Yb", "ADb");
	int a_first = memcmp(a, b, a_size < b_size ? a_size : b_size) > 0;

	memcpy(out, "oc", 2);
	memcpy(out + 2, a_first ? a : b, a_first ? a_size : b_size);
	memcpy(out + 2 + (a_first ? a_size : b_size), a_first ? b : a, a_first ? b_size : a_size);
	return 2 + a_size + b_size;
}

static void draft_exchange(void)
{
	unsigned char point[CPACE_POINT_SIZE], isk[CPACE_ISK_SIZE], transcript[256], ci[64];
	size_t size;

	size = cpace_lv(ci, "A_initiator", 11);
	size += cpace_lv(ci + size, "B_responder", 11);
	ok(same(ci, size, V("CI")), "draft: CI is a lv_cat()");
	cpace_generator(V("PRS")->data, V("PRS")->size, V("CI")->data, V("CI")->size,
			V("sid")->data, V("sid")->size, point);
	ok(same(point, sizeof(point), V("g")), "draft: g");
	ok(cpace_multiply(V("ya")->data, V("g")->data, point) == 0 &&
	   same(point, sizeof(point), V("Ya")), "draft: Ya");
	ok(cpace_multiply(V("yb")->data, V("g")->data, point) == 0 &&
	   same(point, sizeof(point), V("Yb")), "draft: Yb");
	ok(cpace_multiply(V("ya")->data, V("Yb")->data, point) == 0 &&
	   same(point, sizeof(point), V("K")), "draft: K, as the initiator sees it");
	ok(cpace_multiply(V("yb")->data, V("Ya")->data, point) == 0 &&
	   same(point, sizeof(point), V("K")), "draft: K, as the responder sees it");

	size = transcript_ir(transcript);
	cpace_isk(V("sid")->data, V("sid")->size, V("K")->data, transcript, size, isk);
	ok(same(isk, sizeof(isk), V("ISK_IR")), "draft: ISK_IR");
	size = transcript_oc(transcript);
	cpace_isk(V("sid")->data, V("sid")->size, V("K")->data, transcript, size, isk);
	ok(same(isk, sizeof(isk), V("ISK_SY")), "draft: ISK_SY");
}

static int is_sid_output(const unsigned char *transcript, size_t size, const char *name)
{
	unsigned char hashed[256 + 16], digest[crypto_hash_sha512_BYTES];

	memcpy(hashed, "CPaceSidOutput", 14);
	memcpy(hashed + 14, transcript, size);
	crypto_hash_sha512(digest, hashed, 14 + size);
	return same(digest, sizeof(digest), V(name));
}

static void draft_sid_output(void)
{
	unsigned char transcript[256];

	ok(is_sid_output(transcript, transcript_ir(transcript), "sid_output_ir"),
	   "draft: sid_output_ir, by our lv_cat()");
	ok(is_sid_output(transcript, transcript_oc(transcript), "sid_output_oc"),
	   "draft: sid_output_oc");
}

/* ---- points that are good, and points that are not */

static int refuses(const unsigned char *point)
{
	const struct octets *s = vector("Valid", "s");
	unsigned char product[CPACE_POINT_SIZE], untouched[CPACE_POINT_SIZE];

	memset(product, 0xa5, sizeof(product));
	memcpy(untouched, product, sizeof(untouched));
	return cpace_multiply(s->data, point, product) == -EPROTO &&
	       memcmp(product, untouched, sizeof(product)) == 0;
}

static void points(void)
{
	const struct octets *s = vector("Valid", "s"), *x = vector("Valid", "X");
	unsigned char point[CPACE_POINT_SIZE], l[CPACE_SCALAR_SIZE];

	ok(cpace_multiply(s->data, x->data, point) == 0 &&
	   same(point, sizeof(point), vector("Valid", "G.scalar_mult(s,decode(X))")),
	   "draft: scalar_mult of a valid point");
	ok(cpace_multiply(s->data, x->data, point) == 0 &&
	   same(point, sizeof(point), vector("Valid", "G.scalar_mult_vfy(s,X)")),
	   "draft: scalar_mult_vfy of a valid point");
	ok(refuses(vector("G_Coffee25519_points", "Invalid Y1")->data),
	   "draft: invalid Y1, no point at all, is refused and nothing written");
	ok(refuses(vector("G_Coffee25519_points", "Invalid Y2")->data),
	   "draft: invalid Y2, the neutral element, is refused");

	memcpy(point, x->data, sizeof(point));
	point[31] |= 0x80;
	ok(refuses(point), "bit 255 set on a valid point is refused");
	memset(point, 0xff, sizeof(point));
	ok(refuses(point), "all ones are refused");
	memset(point, 0, sizeof(point));
	point[0] = 1;
	ok(refuses(point), "an odd (negative) encoding is refused");
	unhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", point, 32);
	ok(refuses(point), "the field's prime, a second encoding of zero, is refused");

	/* The order of the group: the product is the neutral element. */
	unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", l, sizeof(l));
	memset(point, 0xa5, sizeof(point));
	ok(cpace_multiply(l, x->data, point) == -EPROTO, "a neutral product is refused");
}

/* ---- lengths */

static void lengths(void)
{
	unsigned char in[16383] = {}, out[sizeof(in) + CPACE_LV_OVERHEAD];

	ok(cpace_lv(out, in, 0) == 1 && out[0] == 0, "lv: an empty string is one byte");
	ok(cpace_lv(out, "1234", 4) == 5 && memcmp(out, "\x04" "1234", 5) == 0, "lv: 4 bytes");
	ok(cpace_lv(out, in, 127) == 128 && out[0] == 0x7f, "lv: 127 bytes have a short length");
	ok(cpace_lv(out, in, 128) == 130 && out[0] == 0x80 && out[1] == 0x01,
	   "lv: 128 bytes have a long one");
	ok(cpace_lv(out, in, 16383) == 16385 && out[0] == 0xff && out[1] == 0x7f,
	   "lv: 16,383 bytes have the longest");
}

/* A generator by the draft's text, put together in memory: the streamed one must agree where the
 * padding ends and where a length needs two bytes. */
static void generator_by_hand(const unsigned char *prs, size_t prs_size, unsigned char *ret)
{
	static const unsigned char zeros[128];
	unsigned char text[1024], digest[64];
	size_t n = cpace_lv(text, "CPaceRistretto255", 17);

	n += cpace_lv(text + n, prs, prs_size);
	n += cpace_lv(text + n, zeros, n < 127 ? 127 - n : 0);
	n += cpace_lv(text + n, "ci", 2);
	n += cpace_lv(text + n, "sid", 3);
	crypto_hash_sha512(digest, text, n);
	crypto_core_ristretto255_from_hash(ret, digest);
}

static void generators(void)
{
	unsigned char prs[255], want[CPACE_POINT_SIZE], got[CPACE_POINT_SIZE];
	size_t size, equal = 0;

	memset(prs, 'p', sizeof(prs));
	for (size = 1; size <= sizeof(prs); size++) {
		generator_by_hand(prs, size, want);
		cpace_generator(prs, size, "ci", 2, "sid", 3, got);
		equal += memcmp(want, got, sizeof(got)) == 0;
	}
	ok(equal == sizeof(prs), "g is the draft's for passwords of 1 to 255 bytes");
}

/* ---- our own exchange, as printed */

#define PROTOCOL_CI "067674756e2f34157674756e2d636c69656e743a776972656c65737332" \
		    "157674756e2d7365727665723a776972656c65737332"
#define PROTOCOL_YA "9a59b33d9b7a169743c0bf15e91ad6293ead2c69b51a9b2cd4cb3fd71ae7da17"
#define PROTOCOL_YB "f8895a28cc4eb636a7141739a8fab43ee5ba38a5737fc25ffde4f549777bd03b"
#define PROTOCOL_K  "b2d9ff454c32c1d7279b9cfe92212aecf476b2af7c184085e6b427ad0c4d1727"

static void protocol_exchange(void)
{
	unsigned char sid[32], ci[64], g[32], y[32], point[32], ya[32], yb[32], k[32], ada[68] = {},
		transcript[160], isk[64], key[64], tag[64];
	size_t i, ci_size = unhex(PROTOCOL_CI, ci, sizeof(ci)), a, b;

	for (i = 0; i < sizeof(sid); i++)
		sid[i] = (unsigned char)i;
	cpace_generator("SecretPassword", 14, ci, ci_size, sid, sizeof(sid), g);
	ok(is_hex(g, 32, "3832ca21e90b3ddfb0bc5a54addd036d0e3fb76cfed6a022260e063d188e3463"),
	   "protocol: g");
	unhex("1112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f00", y, 32);
	ok(cpace_multiply(y, g, ya) == 0 && is_hex(ya, 32, PROTOCOL_YA), "protocol: Ya");
	unhex("7172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f00", y, 32);
	ok(cpace_multiply(y, g, yb) == 0 && is_hex(yb, 32, PROTOCOL_YB), "protocol: Yb");
	ok(cpace_multiply(y, ya, point) == 0 && is_hex(point, 32, PROTOCOL_K), "protocol: K");

	unhex("0100000009776972656c65737332", ada, sizeof(ada));
	a = cpace_lv(transcript, ya, 32);
	a += cpace_lv(transcript + a, ada, sizeof(ada));
	b = cpace_lv(transcript + a, yb, 32);
	b += cpace_lv(transcript + a + b, "\x01\0\0\0", 4);
	unhex(PROTOCOL_K, k, sizeof(k));
	cpace_isk(sid, sizeof(sid), k, transcript, a + b, isk);
	ok(is_hex(isk, 64, "d49c2dd44eb77ba6be565ef19eecdf826b3cedb2263b00f10498771c62d2d3e1"
		  "44eb7d35dd63b8fe1056ec813f2594c79f6d2636d887bac4cc04888ab662e71a"),
	   "protocol: ISK");
	cpace_mac_key(sid, sizeof(sid), isk, key);
	ok(is_hex(key, 64, "554b7abc93972ede94109f9e68c7ec892a72661234999ae49df5794a3e3f7f10"
		  "8ec7720b4f6444b7d202e77c1899550832c322fe8295ea9c845a12935bb12cf2"),
	   "protocol: mac_key");
	cpace_mac(key, transcript, a, tag);
	ok(is_hex(tag, 64, "9cf32e4008b23be55cf194789ba7267e6cd004373fbb5bb61c4c65bcc17bf4c2"
		  "c27ead5351281338c33e2d86d6cf5825e7e7b889d848d56d261209053b29d61f"),
	   "protocol: Ta");
	cpace_mac(key, transcript + a, b, tag);
	ok(is_hex(tag, 64, "ea953211d64cfa018ca8e9eb23197679836ea0636577b304fbb918145e37962b"
		  "ca1952b70fd48fc60fd800908f252dd879d10760d738ec6a949f22d8b1b96600"),
	   "protocol: Tb");
}

int main(void)
{
	if (sodium_init() < 0)
		return 1;
	read_vectors();
	draft_exchange();
	draft_sid_output();
	points();
	lengths();
	generators();
	protocol_exchange();
	return finish();
}
