/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * No memory that was given back still holds a password.
 */
#include <errno.h>
#include <malloc.h>
#include <unistd.h>

#include "conf.h"

static const char secret[] = "correct-horse-battery-staple";
static int found, freed;

#ifndef __SANITIZE_ADDRESS__
void __libc_free(void *p);

/* In the place of libc's, also for libconfuse and stdio. */
void free(void *p)
{
	if (p) {
		freed++;
		if (memmem(p, malloc_usable_size(p), secret, sizeof(secret) - 1))
			found++;
	}
	__libc_free(p);
}
#endif

int main(void)
{
	const struct config_session *s;
	char text[200], name[] = "/tmp/vtun-wiped-XXXXXX", buf[256], why[CONFIG_WHY_SIZE];
	int fd = mkstemp(name), size;
	void *volatile bait; /* or the compiler sees through it */

	size = snprintf(text, sizeof(text), "default { passwd \"%s\"; }\na { passwd %s; }\n"
			"a { tipe x; passwd %s; passwd %s; }\n", secret, secret, secret, secret);
	if (fd < 0 || write(fd, text, (size_t)size) != size)
		return 1;
	bait = malloc(100);
	memcpy(bait, secret, sizeof(secret));
	free(bait);
	if (freed == 0) {
		printf("1..0 # SKIP free() is the sanitizer's here\n");
		unlink(name);
		return 0;
	}
	ok(found == 1, "a password in freed memory would be seen");
	found = 0;
	ok(config_open(name, NULL, NULL, &opened) == 0 &&
	   config_find(opened, "a", hear, NULL, &s) == -EBADMSG, "a broken session is read and thrown away");
	ok(config_check(name, false, hear, NULL) > 0, "all is checked");
	config_free(opened);
	opened = NULL;
	s = find("a { passwd correct-horse-battery-staple; }", "a");
	ok(s && config_password(s, buf, why) > 0, "a good session is read");
	config_forget(opened);
	ok(config_password(s, buf, why) == -ENOKEY && strcmp(s->name, "a") == 0 &&
	   config_find(opened, "a", NULL, NULL, &s) == -ENOENT,
	   "forgotten, it has no password any more, and no other can be found");
	config_free(opened);
	ok(found == 0 && freed > 100, "no freed memory held the password");
	ok(!strstr(said, secret), "nor did a message");
	unlink(name);
	return finish();
}
