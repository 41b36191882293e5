/* study.h - a metric of one column of scores, or the difference of two, over samples.
 * SPDX-License-Identifier: MIT
 *
 * What all of the library computes of a sample goes through here: of all rows (the
 * point), of drawn ones (a resample), of all but one (the jackknife). A study is only
 * read while tasks run; what a task writes is its worker's workspace.
 */
#ifndef CDR_STATS_STUDY_H
#define CDR_STATS_STUDY_H

#include "stats/metrics/measure.h"

struct cdr_study {
    size_t n;
    const uint8_t *labels; /* may be NULL for the mean */
    unsigned columns;      /* 1, or 2: the second's value minus the first's */
    struct cdr_measure column[2];
    bool counts;         /* the metric's family does */
    bool two_classes;    /* not defined where all labels are the same */
    cdr_classes *halves; /* of each row, all bits of its class's half; if `counts` */
    size_t times, counted, rows,
        workspace_size; /* where in a workspace they begin; its bytes */
};

/* A worker's memory. */
struct cdr_workspace {
    uint32_t *rows; /* a sample, for cdr_study_value: n at most; the rest is its own */
    uint32_t *counted;
    cdr_classes *times;
    void *room;
};

/* `scores` has as many columns as `columns` says. All has been checked and stays where
 * it is. CADRE_ENOMEM. */
int cdr_study_open(struct cdr_study *s, const cadre_metric *metric,
                   const uint8_t *labels, const double *const *scores, unsigned columns,
                   size_t n, cadre_error *err);
void cdr_study_close(struct cdr_study *s); /* also after a failed open */

/* The workspace that is s->workspace_size bytes of memory. */
struct cdr_workspace cdr_study_workspace(const struct cdr_study *s, void *memory);

/* The value for the n rows that are in the workspace; NaN where it is not defined. */
double cdr_study_value(const struct cdr_study *s, const struct cdr_workspace *work,
                       size_t n);

/* Is the value defined for n rows of these classes? Those matter with two_classes. */
bool cdr_study_defined(const struct cdr_study *s, size_t n, cdr_classes classes);

/* The value for all rows but one. */
double cdr_study_without(const struct cdr_study *s, const struct cdr_workspace *work,
                         size_t row);

/* The value for all rows; CADRE_EDATA, with NaN, where it is not defined. */
int cdr_study_point(double *out, const struct cdr_study *s, cadre_error *err);

/* For messages: the metric, and why a value is NaN ("all labels are the same"). */
const char *cdr_study_name(const struct cdr_study *s);
const char *cdr_study_reason(const struct cdr_study *s);

#endif
