/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A password that nobody has to invent.
 */
#pragma once

/* Writes a random password of 140 bits and a NUL: 28 letters and digits without look-alikes in
 * four groups, made to be read out and typed, good as an unquoted value in vtund.conf.  It is a
 * secret: the caller wipes it.  0, or -ENOSYS without a source of random numbers. */
int genpass(char out[static 32]);
