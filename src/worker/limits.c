/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The numbers of doc/PROTOCOL.md, "UDP data" and "Rekeying", and nothing else: t/tools/hasty-worker
 * is the same program with other ones, as nobody can wait an hour for a test.
 */
#include "path.h"
#include "record.h"
#include "rekey.h"

struct path_times path_times(void)
{
	return (struct path_times){
		.idle_ms = 15000,
		.busy_ms = 750,
		.answer_ms = 1000,
		.tries = 3,
		.retry_ms = 60000,
		.retry_most_ms = 600000,
		.roam_ms = 1000,
		.pmtu = { .answer_ms = 1000, .confirm_ms = 5000, .raise_ms = 600000, .tries = 3 },
	};
}

struct rekey_limits rekey_limits(uint32_t rekey_s)
{
	return (struct rekey_limits){
		.interval_ms = (uint64_t)rekey_s * 1000,
		.answer_ms = 30000,
		.old_ms = 60000,
		.packets = 1u << 27,
		.bytes = UINT64_C(1) << 38,
		.failures = UINT64_C(1) << 36,
	};
}

const uint64_t record_key_most = UINT64_C(1) << 24;
