/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A generated password is long enough, readable, and never the same.
 */
#include "monitor/genpass.h"
#include "tap.h"

static int well_formed(const char *p)
{
	int i;

	for (i = 0; i < 31; i++)
		if (i % 8 == 7 ? p[i] != '-' : !strchr("abcdefghijkmnpqrstuvwxyz23456789", p[i]))
			return 0;
	return p[31] == '\0';
}

int main(void)
{
	enum { MANY = 1000 };
	static char passwords[MANY][32];
	int i, j, formed = 0, repeated = 0, seen[256] = {}, kinds = 0;

	for (i = 0; i < MANY; i++) {
		if (genpass(passwords[i]) != 0)
			return 1;
		formed += well_formed(passwords[i]);
		for (j = 0; j < 31; j++)
			seen[(unsigned char)passwords[i][j]] = 1;
		for (j = 0; j < i; j++)
			repeated += strcmp(passwords[i], passwords[j]) == 0;
	}
	for (i = 0; i < 256; i++)
		kinds += seen[i];
	ok(formed == MANY, "28 letters and digits without look-alikes, in four groups");
	ok(repeated == 0, "no two of a thousand are the same");
	ok(kinds == 32 + 1, "all 32 characters are used: 140 bits");
	return finish();
}
