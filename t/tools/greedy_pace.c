/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * t/tools/greedy-worker: vtun-worker that does not keep to the agreed speed (linked with --wrap).
 */
#include "worker/pace.h"

void __real_pace_init(struct pace *p, enum tunnel_type type, bool carry_vnet, uint32_t mtu,
		      uint32_t kbit_s, uint64_t now_us);
void __wrap_pace_init(struct pace *p, enum tunnel_type type, bool carry_vnet, uint32_t mtu,
		      uint32_t kbit_s, uint64_t now_us);

void __wrap_pace_init(struct pace *p, enum tunnel_type type, bool carry_vnet, uint32_t mtu,
		      uint32_t kbit_s, uint64_t now_us)
{
	(void)kbit_s;
	__real_pace_init(p, type, carry_vnet, mtu, 0, now_us);
}
