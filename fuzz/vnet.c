/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 ether? | u8 features | virtio-net header | frame: what vnet_check() lets pass is what the
 * kernel may rely on.
 */
#include <errno.h>

#include "fuzz.h"
#include "worker/vnet.h"

enum { PREFIX = 2 + VNET_HDR_SIZE };

static void must_be_safe(const struct vnet_hdr *h, size_t size)
{
	must(h->flags <= 3);
	must(h->hdr_len <= size);
	if (h->flags & VNET_NEEDS_CSUM)
		must((size_t)h->csum_start + h->csum_offset + 2 <= size);
	if (h->gso_type == VNET_GSO_NONE)
		return;
	must(h->gso_size >= VNET_GSO_LEAST && h->gso_size <= size);
	must(h->flags & VNET_NEEDS_CSUM);
	must(h->csum_start >= IP4_SIZE && h->csum_start + 8u < size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[VNET_HDR_SIZE], *frame;
	enum vnet_fault why = VNET_FAULT_COUNT;
	struct vnet_hdr h;
	int r;

	if (size < PREFIX)
		return 0;
	vnet_get(data + 2, &h);
	vnet_put(&h, bytes);
	must(!memcmp(bytes, data + 2, sizeof(bytes)));
	frame = exact_copy(data + PREFIX, size - PREFIX);
	r = vnet_check(data[0] & 1 ? TUNNEL_ETHER : TUNNEL_TUN, data[1], &h, frame, size - PREFIX,
		       &why);
	must(r == (why == VNET_FINE ? 0 : -EBADMSG) && why < VNET_FAULT_COUNT);
	if (r == 0)
		must_be_safe(&h, size - PREFIX);
	free(frame);
	return 0;
}
