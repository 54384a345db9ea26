/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A build without liblzo2 says so, and does not take "compress lzo" for something else.
 */
#undef HAVE_LZO
#include "../../src/monitor/confsession.c"

#include "conf.h"

int main(void)
{
	ok(!with("compress lzo:9;") && strstr(said, "no liblzo2"), "compress lzo is an error that says why");
	ok(!with("compress lzo;"), "with or without a level");
	ok(with("compress zlib:9;") != NULL, "compress zlib is none");
	config_free(opened);
	return finish();
}
