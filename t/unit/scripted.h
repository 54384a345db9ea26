/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A worker of a few scripted lines, in a child of the test, and the monitor's session with it.
 */
#pragma once

#include "monitor/monitor.h"
#include "neighbours.h"

/* ---- the worker's side: a wrong answer ends it with an exit code other than 0 */

extern enum ipc_role role;    /* of the session */
extern struct terms offered;  /* what DEVICE will say: the offer, or a sane one of a client's server */

void say(int sock, enum ipc_op op);
struct ipc_message hear(int sock, enum ipc_op op);
void must(bool condition);

/* Walks the ladder up to the moment in which `phase` has begun. */
void climb(int sock, enum phase phase);

__attribute__((noreturn)) void hang(void);

/* ---- the monitor's side */

extern struct signals signals;
extern struct session session;

enum { LONG_MS = 60 * 1000, SHORT_MS = 50 };

/* First thing in main(). */
void scripted_init(void);

/* Neighbours that are content, and a session whose deadlines are all long. */
void prepare(enum ipc_role as);

/* Runs the session to its end and returns its exit code. */
enum exit_code play(void (*script)(int sock));
void clear(void);

bool worker_was_content(void);
bool worker_was_killed(void);

/* As many devices closed as opened, as many downs as ups. */
bool balanced(void);
