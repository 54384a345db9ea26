/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 ether? | u8 features | u8 mend | packets of u16 size | bytes: nothing is lost, and whatever is
 * merged is, cut again, what it was.  As no fuzzer guesses checksums, those of TCP and UDP over
 * plain IP are mended first if `mend` is odd.
 */
#include <errno.h>
#include <netinet/in.h>

#include "common/bytes.h"
#include "fuzz.h"
#include "worker/checksum.h"
#include "worker/coalesce.h"
#include "worker/segment.h"

static struct coalesce c;
static uint8_t *packets[COALESCE_MOST], *originals[COALESCE_MOST];
static size_t sizes[COALESCE_MOST];
static unsigned n_packets;
static enum tunnel_type type;

static void mend(uint8_t *packet, size_t size)
{
	struct packet p;
	uint8_t *check, *pseudo;
	uint64_t sum;

	if (packet_parse(type, packet, size, &p) < 0 || !packet_l4_size(&p, packet))
		return;
	if (p.family == 4) {
		check = packet + p.l3 + IP4_CHECK;
		checksum_put(check, 0);
		sum = checksum_add(0, packet + p.l3, p.l4 - p.l3);
		checksum_put(check, (uint16_t)~checksum_fold(sum));
	}
	check = packet + p.l4 + (p.proto == IPPROTO_UDP ? UDP_CHECK : TCP_CHECK);
	pseudo = packet + p.l3 + (p.family == 4 ? IP4_ADDR : IP6_ADDR);
	checksum_put(check, 0);
	sum = checksum_add(0, pseudo, p.family == 4 ? 8 : 32) + htons(p.proto) +
	      htons((uint16_t)(p.end - p.l4));
	sum = (uint16_t)~checksum_fold(checksum_add(sum, packet + p.l4, p.end - p.l4));
	checksum_put(check, (uint16_t)(sum || p.proto == IPPROTO_TCP ? sum : 0xffff));
}

/* Both zeros of a ones' complement sum are the same. */
static void must_be_checksum(const uint8_t *a, const uint8_t *b)
{
	uint16_t x = get_be16(a), y = get_be16(b);

	must((x == 0xffff ? 0 : x) == (y == 0xffff ? 0 : y));
}

/* A packet that was cut from a superframe, and what had been merged into it. */
static void must_be_same(const struct packet *p, uint8_t *got, const uint8_t *want, size_t size)
{
	uint32_t check = p->l4 + (p->proto == IPPROTO_UDP ? UDP_CHECK : TCP_CHECK);

	must_be_checksum(got + check, want + check);
	memcpy(got + check, want + check, 2);
	if (p->family == 4) {
		if (get_be16(want + p->l3 + IP4_FRAG) & IP4_DF)
			memcpy(got + p->l3 + IP4_ID, want + p->l3 + IP4_ID, 2);
		else
			must_be_checksum(got + p->l3 + IP4_CHECK, want + p->l3 + IP4_CHECK);
		memcpy(got + p->l3 + IP4_CHECK, want + p->l3 + IP4_CHECK, 2);
	}
	must(!memcmp(got, want, size));
}

/* Which packet a piece lies in. */
static unsigned packet_at(const uint8_t *piece)
{
	unsigned i;

	for (i = 0; i < n_packets; i++)
		if (piece >= packets[i] && piece < packets[i] + sizes[i])
			return i;
	abort();
}

static void take_apart(const struct iovec *iov, int n)
{
	static uint8_t frame[PACKET_MOST], packet[PACKET_MOST];
	unsigned i, which, before = 0;
	struct segment s;
	struct vnet_hdr h;
	size_t size = 0;

	must(n >= 2 && n <= COALESCE_IOV && iov[0].iov_len == VNET_HDR_SIZE);
	vnet_get(iov[0].iov_base, &h);
	for (i = 1; i < (unsigned)n; i++) {
		must(size + iov[i].iov_len <= sizeof(frame));
		memcpy(frame + size, iov[i].iov_base, iov[i].iov_len);
		size += iov[i].iov_len;
	}
	must(segment_begin(type, &h, frame, size, &s) == 0 && s.count == (unsigned)n - 1);
	for (i = 0; i < s.count; i++) {
		which = packet_at(iov[i + 1].iov_base);
		must(sizes[which] == (i == s.count - 1 ? s.last : s.size));
		must(i == 0 || which > before);
		before = which;
		segment_packet(&s, i, packet);
		if (n == 2)
			must(h.gso_type == VNET_GSO_NONE && h.flags == 0 &&
			     !memcmp(packet, originals[which], sizes[which]));
		else
			must_be_same(&s.at, packet, originals[which], sizes[which]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct iovec *iov;
	unsigned i, out = 0;
	size_t length;
	int n;

	if (size < 3)
		return 0;
	type = data[0] & 1 ? TUNNEL_ETHER : TUNNEL_TUN;
	coalesce_init(&c, type, data[1]);
	n_packets = 0;
	for (i = 3; i + 2 <= size && n_packets < COALESCE_MOST; i += 2 + (unsigned)length) {
		length = get_be16(data + i);
		if (length > size - i - 2)
			length = size - i - 2;
		packets[n_packets] = exact_copy(data + i + 2, length);
		sizes[n_packets] = length;
		if (data[2] & 1)
			mend(packets[n_packets], length);
		originals[n_packets] = exact_copy(packets[n_packets], length);
		n = coalesce_add(&c, packets[n_packets], length);
		must(n == 0 || n == -EBADMSG);
		if (n == 0) {
			n_packets++;
		} else {
			free(packets[n_packets]);
			free(originals[n_packets]);
		}
	}
	while ((n = coalesce_next(&c, &iov)) > 0) {
		take_apart(iov, n);
		out += (unsigned)n - 1;
	}
	must(out == n_packets);
	for (i = 0; i < n_packets; i++) {
		free(packets[i]);
		free(originals[i]);
	}
	return 0;
}
