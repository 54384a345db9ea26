/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The directory of this process in /run: $RUNTIME_DIRECTORY, which systemd makes and removes, else
 * RUNDIR/PID.  status.json is there (state.h), and the will (will.h).
 */
#pragma once

/* Its descriptor, which stays rundir's, or a negative errno.  Made at the first call. */
int rundir_open(void);

/* After the last file in it was removed: it is let go.  Does nothing while there are others. */
void rundir_leave(void);

/* What those have left that were killed, with nobody to clean up after them: `settle` gets each
 * such directory that belongs to our user; one in which it leaves nothing is removed. */
void rundir_sweep(void (*settle)(int dir, void *context), void *context);
