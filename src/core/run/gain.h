/* gain.h - how many times as fast as one worker all of them are, as measured.
 * SPDX-License-Identifier: MIT
 *
 * What a task takes of a CPU, when one worker runs and when all do, in turns and close to each
 * other: so that neither items that differ nor other programs look like a difference. A
 * kernel that computes takes the same both times. One that waits for memory which others
 * keep busy takes longer beside them, and if it takes as many times longer as there are
 * workers, one of them would be as fast.
 */
#ifndef CDR_CORE_RUN_GAIN_H
#define CDR_CORE_RUN_GAIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CDR_GAIN_PAIRS 5

/* Below this, more workers than one are of no use. */
#define CDR_GAIN_NONE 1.1

/* So many runs go by what was measured before it is measured again. */
#define CDR_GAIN_RUNS 50

struct cdr_gain_pair {
    double alone, together; /* nanoseconds of a CPU for each task */
};

/* Of so many pairs, CDR_GAIN_PAIRS of them, the gain that they agree on for as many workers
 * as run at once; 0: they do not agree, or say nothing. */
double cdr_gain_measured(const struct cdr_gain_pair *pairs, unsigned workers);

/* Half of the workers would be as fast, or one. */
bool cdr_gain_is_poor(double gain, unsigned workers);

/* What is known of kernels: a small table that forgets, as cdr_costs. An entry is one word,
 * relaxed, so nobody sees a gain that belongs to another kernel. */
#define CDR_GAINS 16

struct cdr_gains {
    _Atomic uint64_t known[CDR_GAINS];
};

void cdr_gain_learn(struct cdr_gains *gains, uintptr_t kernel, uint64_t tasks,
                    double gain);

/* The gain of jobs of this size; 0: unknown. Smaller jobs may find in a cache what larger
 * ones have to wait for. */
double cdr_gain_of(const struct cdr_gains *gains, uintptr_t kernel, uint64_t tasks);

/* A job of this size goes by it: after CDR_GAIN_RUNS it is forgotten. */
void cdr_gain_used(struct cdr_gains *gains, uintptr_t kernel);

/* It is unknown, or was measured on jobs that are far smaller. */
bool cdr_gain_is_wanted(const struct cdr_gains *gains, uintptr_t kernel,
                        uint64_t tasks);

#endif
