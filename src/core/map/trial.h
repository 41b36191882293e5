/* trial.h - a long run finds out what its workers gain, by having them stand still in turns.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_MAP_TRIAL_H
#define CDR_CORE_MAP_TRIAL_H

#include "core/run/gain.h"

#include <stddef.h>

struct cadre_run;
struct cadre_worker;

/* How long tasks are measured, and how long after a change they are not. */
#define CDR_TRIAL_NS  80000
#define CDR_SETTLE_NS 50000

/* So many attempts at a pair, before nothing is found out. */
#define CDR_TRIAL_ATTEMPTS 10

enum cdr_trial_phase {
    CDR_TRIAL_NOT_BEGUN,
    CDR_TRIAL_JOINING, /* they work again, or still */
    CDR_TRIAL_TOGETHER,
    CDR_TRIAL_PARTING, /* they stand still as soon as their slices end */
    CDR_TRIAL_ALONE,
    CDR_TRIAL_OVER
};

/* Seat 0's alone. */
struct cdr_trial {
    enum cdr_trial_phase phase;
    uint64_t next;       /* when the phase has lasted long enough, by cdr_now() */
    uint64_t still;      /* until then the others stand still; 0: they work */
    uint64_t cpu, tasks; /* as the measurement began */
    unsigned attempts;
    unsigned n; /* pairs that are there */
    struct cdr_gain_pair pair[CDR_GAIN_PAIRS];
};

void cdr_trial_init(struct cdr_trial *t);

/* After a slice: seat 0's time, what it has used of its CPU, and its tasks so far. All pairs
 * are there when the phase is over and n is CDR_GAIN_PAIRS. */
void cdr_trial_step(struct cdr_trial *t, uint64_t now, uint64_t cpu, uint64_t tasks);

/* The run's trial, after a slice of seat 0: begun when the run turns out to be long, and
 * what it finds is learned. */
void cdr_trial_tick(struct cadre_run *run, struct cadre_worker *w, struct cdr_trial *t);

#endif
