/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * All of it once more as in a build without libdeflate, where zlib packs and unpacks frames too.
 */
#undef HAVE_LIBDEFLATE
#include "../../src/worker/deflate.c"

#include "compress.c"
