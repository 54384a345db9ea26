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

/* Does what the process of that directory has left to do.  0: that is done, so it is dead; -EAGAIN: it
 * lives, or somebody else is at it; another negative errno: what is there does not tell. */
typedef int rundir_settle(int dir, const char *name, void *context);

/* What those have left that were killed, with nobody to clean up after them: `settle` gets each
 * directory RUNDIR/PID of our user but our own.  That of a dead one is removed, if nothing is left in it;
 * only where settle cannot tell, or it is another user's, who is dead is looked up by the number. */
void rundir_sweep(rundir_settle *settle, void *context);
