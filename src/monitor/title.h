/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What ps shows as the command line.
 */
#pragma once

/* Takes the memory of argv's strings and of the environment for titles; the environment is copied
 * elsewhere first, and argv[0..] then point to copies.  Pointers into either that somebody has
 * kept from before show nothing sensible after title_set(). */
void title_init(int argc, char **argv);

/* Cut to what fits. */
void title_set(const char *text);
