/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exposure.h"

#include <stdio.h>
#include <unistd.h>

void exposure_of(const struct stat *st, struct exposure *ret)
{
	bool file = !S_ISCHR(st->st_mode);

	*ret = (struct exposure){
		.mode = st->st_mode & 07777,
		.owner = st->st_uid,
		.wanted = geteuid(),
		.foreign = file && st->st_uid != 0 && st->st_uid != geteuid(),
		.read = file && st->st_mode & (S_IRGRP | S_IROTH),
		.written = file && st->st_mode & (S_IWGRP | S_IWOTH),
	};
}

static void say_foreign(const struct exposure *e, struct exposure_fault *ret)
{
	char us[32] = "";

	if (geteuid() != 0)
		snprintf(us, sizeof(us), " or user id %u", (unsigned)geteuid());
	snprintf(ret->what, sizeof(ret->what), "belongs to user id %u, not to root%s",
		 (unsigned)e->owner, us);
	if (e->wanted == 0)
		snprintf(ret->step, sizeof(ret->step), "chown root");
	else
		snprintf(ret->step, sizeof(ret->step), "chown %u", (unsigned)e->wanted);
}

bool exposure_is_fault(const struct exposure *e, bool secret, struct exposure_fault *ret)
{
	if (e->foreign) {
		say_foreign(e, ret);
		return true;
	}
	if (!e->written && !(secret && e->read))
		return false;
	snprintf(ret->what, sizeof(ret->what), "its mode %04o lets others %s", e->mode,
		 secret ? "at it" : "change it");
	snprintf(ret->step, sizeof(ret->step), "chmod %s", secret ? "600" : "go-w");
	return true;
}
