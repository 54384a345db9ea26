/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * t/tools/hasty-worker: vtun-worker in a hurry; brief-worker, which has new keys all the time; and
 * worn-worker, whose keys do not last.  What it takes to notice that UDP is blocked stays the document's,
 * as tests measure it; what follows, the sizes and the keys do not wait.
 */
#include "worker/path.h"
#include "worker/record.h"
#include "worker/rekey.h"

#ifndef KEY_PACKETS
#define KEY_PACKETS 64     /* then a new one is asked for, */
#define KEY_PACKETS_MOST 0 /* and without one the old one stops after: the suite's limit */
#endif

struct path_times path_times(void)
{
	return (struct path_times){
		.idle_ms = 15000,
		.busy_ms = 750,
		.answer_ms = 1000,
		.tries = 3,
		.retry_ms = 500,
		.retry_most_ms = 1000,
		.roam_ms = 1000,
		.pmtu = { .answer_ms = 200, .confirm_ms = 500, .raise_ms = 600000, .tries = 3 },
	};
}

/* The thousands of rekeys come by packets, a TLS key update by time. */
struct rekey_limits rekey_limits(uint32_t rekey_s)
{
	(void)rekey_s;
	return (struct rekey_limits){
		.interval_ms = 1000,
		.answer_ms = 10000,
		.old_ms = 1000,
		.packets = KEY_PACKETS,
		.bytes = UINT64_C(1) << 38,
		.failures = UINT64_C(1) << 36,
		.hard = KEY_PACKETS_MOST,
	};
}

const uint64_t record_key_most = UINT64_C(1) << 24;
