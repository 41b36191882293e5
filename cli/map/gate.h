/* gate.h - when a job may begin: in order, so many at a time, not too soon after another.
 * SPDX-License-Identifier: MIT
 *
 * Jobs enter in the order of their numbers. Who enters has a slot, the lowest that is free,
 * until it leaves.
 */
#ifndef CDR_CLI_MAP_GATE_H
#define CDR_CLI_MAP_GATE_H

#include "cli/base/failure.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct cdr_gate {
    pthread_mutex_t lock; /* guards all below but what is set at the beginning */
    pthread_cond_t changed;
    uint64_t next; /* the job that may enter */
    unsigned running;
    bool *used;      /* slots */
    double last;     /* when the last one entered, monotonic seconds */
    unsigned slots;  /* set at the beginning, as all below */
    double delay;    /* seconds between two that begin */
    double load;     /* the machine's load average at most; 0: whatever it is */
    uint64_t memory; /* bytes that are to be free */
    int over;        /* a file that can be read once the run is over */
};

int cdr_gate_open(struct cdr_gate *gate, unsigned slots, struct cdr_failure *why);
void cdr_gate_close(struct cdr_gate *gate);

/* Wait for one's turn and a slot, counted from 1. 0: the run is over (`over` can be read)
 * and the job is not to begin. */
unsigned cdr_gate_enter(struct cdr_gate *gate, uint64_t seq);

void cdr_gate_leave(struct cdr_gate *gate, unsigned slot);

/* How many have a slot. */
unsigned cdr_gate_running(struct cdr_gate *gate);

/* Wait until fewer than `ahead` jobs before this one have not entered yet. */
void cdr_gate_keep_near(struct cdr_gate *gate, uint64_t seq, uint64_t ahead);

/* Wait so many seconds. False: the run is over. */
bool cdr_gate_pause(const struct cdr_gate *gate, double seconds);

#endif
