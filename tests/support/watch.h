/* watch.h - gates that tasks wait at, and what the threads of this process are doing.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_TESTS_WATCH_H
#define CADRE_TESTS_WATCH_H

#include "pipes.h"

/* Tasks wait here without using the CPU, in whatever thread or process they run. */
struct gate {
    _Atomic uint32_t open; /* futex */
    _Atomic int arrived;
};

struct gate *gate_begin(void); /* in shared memory */
void gate_end(struct gate *g);
void gate_wait(struct gate *g);
void gate_open(struct gate *g); /* for all, and for good */

/* Yield until *word >= value; false after 20 seconds. For threads that must not fail the
 * test themselves. */
bool reaches(_Atomic int *word, int value);
/* ... and false as soon as *over is not 0. */
bool reaches_before(_Atomic int *word, int value, _Atomic int *over);

/* This thread, for the others; yield until it sleeps; false after 20 seconds. */
int this_thread(void);
bool falls_asleep(int thread);

/* ---- do the threads of this process and its children do anything? ---- */

/* Threads that are there before the test begins are not watched, but for the caller's:
 * sanitizers have some of their own. */
void watch_begin(void);

/* What they did while this thread slept for a while: waking up or using the CPU. It waits
 * for them to sleep before that; -1: they do not within 20 seconds. */
long watch_stirring(void);

#endif
