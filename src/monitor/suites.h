/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which cipher suite the UDP path gets: doc/PROTOCOL.md, "Session negotiation".  Numbers are enum
 * suite's; a list has SUITES_MAX of them, those not used are 0.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/terms.h"

/* Server: all that are good enough, in order of preference; integrity alone only without `encrypt`. */
void suites_offered(bool encrypt, uint8_t ret[static SUITES_MAX]);

/* Client: one of those offered, or 0: there is none that fits. */
uint8_t suites_choose(const uint8_t offered[static SUITES_MAX], bool encrypt);
