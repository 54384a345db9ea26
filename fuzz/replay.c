/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A harness of libFuzzer over the files named, without libFuzzer: for "make check".
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION /* libFuzzer has a main() of its own */

int main(int argc, char **argv)
{
	enum { MOST = 1 << 20 };
	uint8_t *data = malloc(MOST);
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0); /* the last name is the one that crashed */
	for (i = 1; data && i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");

		if (!f) {
			perror(argv[i]);
			return 1;
		}
		printf("%s\n", argv[i]);
		LLVMFuzzerTestOneInput(data, fread(data, 1, MOST, f));
		fclose(f);
	}
	free(data);
	return argc > 1 ? 0 : 1;
}

#endif
