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
    bool has_threshold; /* one of its own, instead of the analysis's */
    double threshold;
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

/* One of the metrics of one of the scores. */
struct cdr_item {
    const char *score;
    double *column; /* the part's scores[0], or a copy of its own */
    int kind;
    double *replicates; /* room for them, or NULL */
};

/* The same of n items, over the same resamples, by a method that resamples; of a comparison
 * all are about its two columns. After a failure of one of them, *failed is its number, and
 * those before it are there; n: it is nobody's. */
int cdr_part_run_all(struct cdr_finding *out, size_t *failed, const struct cdr_part *p,
                     const struct cdr_item *items, size_t n, int method,
                     cadre_error *err);

/* Whether that can be done: rows are drawn, and there is nothing from before. */
bool cdr_part_can_run_all(const struct cdr_analysis *s);

/* The part's rows of one more score; to be freed. NULL: no memory. */
double *cdr_part_column(const struct cdr_part *p, size_t group, size_t score);

/* Replicates of a result to --replicates. */
void cdr_part_write(const struct cdr_analysis *s, const char *group, const char *score,
                    int kind, const double *values, size_t n);

/* The threshold that is chosen for a column in the validation rows. */
int cdr_part_choose(double *out, const struct cdr_part *p, unsigned column,
                    cadre_error *err);

/* Notes it, and returns the code. */
int cdr_part_no_memory(cadre_error *err);

/* The rows of block k, below n_blocks; those of another group of --by have none. To be closed,
 * also after a failure, which is that there is no memory. */
bool cdr_part_block(struct cdr_part *block, const struct cdr_part *p, uint32_t k);

/* A failure on block k, whose name goes before the message. Returns its code. */
int cdr_part_block_fails(const struct cdr_part *p, uint32_t k, cadre_error *err);

/* What resampling these rows takes. */
cadre_bootstrap cdr_part_bootstrap(const struct cdr_part *p, int kind, int method);

/* The metric of one of the columns. */
int cdr_part_measure(double *out, const struct cdr_part *p, int kind, unsigned column,
                     cadre_error *err);

#endif
