/* measure.h - a program that measures ways of doing work.
 * SPDX-License-Identifier: MIT
 *
 * A contestant is a program with some ways, listed in a table; main is in measure.c:
 *
 *     PROGRAM WAY SHAPE [--n N] [--unit-ns U] [--step-ns S] [--repetitions R]
 *                       [--calls C] [--pause-us P] [--check 0|1]
 *     PROGRAM about
 *
 * A repetition is C calls, and its time is one call's mean; the pause comes before each
 * call and is not counted. There are R repetitions, or fewer where they lasted 0.1 s and
 * the three lowest are within 1 %. Printed are `SHAPE.WAY.min VALUE ns` and
 * `...median VALUE ns`, of the repetitions, and `...cpu VALUE ns`: the processor time of
 * all threads a call, pauses included. What a way computes is compared with what the plain
 * loop does, unless --check is 0.
 */
#ifndef CDR_BENCH_MEASURE_H
#define CDR_BENCH_MEASURE_H

#include "work.h"

#ifdef __cplusplus
extern "C" {
#endif

struct way {
    const char *name;
    bool (*begin)(void);               /* get ready; false: cannot. May be NULL. */
    void (*run)(const struct work *w); /* what is measured */
    void (*end)(void);                 /* may be NULL */
    unsigned is;                       /* of the enum below, or-ed */
};

enum {
    WAY_FRESH = 1,     /* begin and end around each call, not counted */
    WAY_FOLDS = 2,     /* results[0] becomes the sum of all results */
    WAY_UNORDERED = 4, /* all results are there, in any order */
    WAY_TWICE = 8      /* results are the kernel's of the kernel's results */
};

extern const struct way ways[]; /* the last has no name */

/* `name value` lines on what the program was built with. */
void about(void);

double now_ns(void);
double
cpu_ns(void); /* of all threads of this process, and of its children that ended */
void pause_us(unsigned us);

/* The lowest and the median of `n` samples, which are sorted. */
struct summary {
    double min, median;
};
struct summary summarise(double *samples, size_t n);

#ifdef __cplusplus
}
#endif
#endif
