/* part.h - the rows of one result: all, or those of a group.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_PART_H
#define CDR_CLI_PART_H

#include "cli/commands/analysis.h"

struct cdr_part {
    struct cdr_analysis *analysis;
    const char *group; /* NULL: all rows */
    size_t n, positives;
    uint8_t *labels;    /* NULL: there are none */
    uint32_t *class_of; /* --macro: then each score has `classes` columns */
    unsigned classes;
    const struct cdr_data *validation;   /* NULL: none */
    const double *chosen_on[2];          /* its columns */
    double *scores[2], *other, *weights; /* scores[1]: of a comparison */
    uint32_t *strata, *clusters, *blocks;
    size_t n_blocks;
};

#define CDR_NO_SCORE SIZE_MAX

/* The rows of that group of --by (without it: all), with one or two scores. False: no
 * memory. */
bool cdr_part_open(struct cdr_part *p, struct cdr_analysis *s, size_t group, size_t a,
                   size_t b);
void cdr_part_close(struct cdr_part *p);

/* What came of it. */
struct cdr_finding {
    cadre_interval interval;
    double p_value;      /* by the test that was asked for */
    double threshold[2]; /* with --validation */
};

/* The interval of a metric, or of its difference, by that method; replicates may be NULL.
 * Writes replicates to --replicates. 0, or the failure noted in *err. */
int cdr_part_run(struct cdr_finding *out, const struct cdr_part *p, int kind,
                 int method, const char *score, double *replicates, cadre_error *err);

/* The threshold that is chosen for a column in the validation rows. */
int cdr_part_choose(double *out, const struct cdr_part *p, unsigned column,
                    cadre_error *err);

/* Notes it, and returns the code. */
int cdr_part_no_memory(cadre_error *err);

/* What resampling these rows takes. */
cadre_bootstrap cdr_part_bootstrap(const struct cdr_part *p, int kind, int method);

/* The metric of one of the columns. */
int cdr_part_measure(double *out, const struct cdr_part *p, int kind, unsigned column,
                     cadre_error *err);

#endif
