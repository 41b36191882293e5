/* resampling.h - how rows are drawn, when to stop, and what is tested.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_RESAMPLING_H
#define CDR_CLI_RESAMPLING_H

#include "cli/options/options.h"

#include <stdbool.h>
#include <stdint.h>

struct cdr_resampling {
    const char *other, *weight;                  /* columns of numbers */
    const char *stratify, *cluster, *block, *by; /* columns of names */
    const char *only_class;                      /* against the rest */
    double level;
    bool has_level;
    bool macro;                        /* the mean over classes */
    const char *validation, *selector; /* a file, and how to choose thresholds in it */
    const char *extend;                /* a file of replicates to go on from */
    double power;
    bool has_power;
    int degenerate; /* as in the option's words: 1 refuses any */
    double until_error;
    bool has_until;
    uint64_t most;
    const char *replicates; /* a file for them */
    double null;
    bool has_null;
    int test;   /* as in the option's words: 1 is by permutation */
    int adjust; /* 0: not; else 1 more than an enum cadre_adjustment */
};

/* With offsets into struct cdr_resampling. */
extern const struct cdr_option cdr_rows_options[];
extern const struct cdr_option cdr_resampling_options[];
extern const struct cdr_option cdr_testing_options[];

#endif
