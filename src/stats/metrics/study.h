/* study.h - a metric of columns of scores, over samples of their rows.
 * SPDX-License-Identifier: MIT
 *
 * One column, or the second's value less the first's. Where rows have more than two
 * classes there is a column for each class, and the value is the mean over classes, each
 * against the rest.
 *
 * What all of the library computes of a sample goes through here: of all rows (the
 * point), of drawn ones (a resample), of all but one (the jackknife). A study is only
 * read while tasks run; what a task writes is in its worker's workspace.
 */
#ifndef CDR_STATS_STUDY_H
#define CDR_STATS_STUDY_H

#include "stats/metrics/measure.h"

/* What to study. Everything has been checked, and stays where it is. */
struct cdr_subject {
    cadre_metric metric;
    cadre_rows rows;          /* scores: of the first column */
    const double *second;     /* the scores to take the difference to, or NULL */
    const uint32_t *class_of; /* of each row, or NULL: then scores, and second, have a
                                 column for each class, one behind the other */
    unsigned classes;
};

struct cdr_study {
    size_t n;
    const uint8_t
        *labels; /* may be NULL; with classes: of each, one behind the other */
    const double *weights; /* may be NULL */
    unsigned classes;      /* each against the rest; without classes 1 */
    bool difference;
    struct cdr_measure *column; /* of each class, and then the second of each */
    bool counts, tallies;       /* the metric's family does; tallies also for weights */
    bool two_classes;           /* not defined where all labels are the same */
    uint8_t *own_labels;        /* what `labels` points to, if it is the study's */
    double constant; /* what every sample has where it is defined; NaN: none such */
};

/* A worker's memory, for a sample of at most so many rows. */
struct cdr_workspace {
    uint32_t *rows; /* a sample, for cdr_study_value; the rest is its own */
    uint32_t *counted;
    uint8_t *few; /* NULL: no study counts */
    double *weight, *of_class;
    void *room;
    bool counted_few; /* `few` has the rows of the sample, modulo 256 */
    /* What has been worked out of the sample, for the next study of it: */
    unsigned known;
    const uint8_t *labels; /* that its classes were counted by; NULL: they were not */
    cdr_classes classes;
};

/* What workspaces for samples of at most `most` rows need; begins with the rows' number,
 * `n`, and otherwise 0. */
struct cdr_needs {
    size_t n, most, room;
    unsigned classes;
    bool few, counted, weight;
};

/* CADRE_ENOMEM. */
int cdr_study_open(struct cdr_study *s, const struct cdr_subject *subject,
                   cadre_error *err);
void cdr_study_close(struct cdr_study *s); /* also after a failed open */

/* The bytes of a workspace, a multiple of 8, and the workspace in such memory. */
size_t cdr_study_workspace_size(const struct cdr_study *s, size_t most);
struct cdr_workspace cdr_study_workspace(const struct cdr_study *s, void *memory,
                                         size_t most);

/* The same for several studies of the same rows: what each needs is added. */
void cdr_study_add_needs(struct cdr_needs *sum, const struct cdr_study *s);
size_t cdr_workspace_size(const struct cdr_needs *needs);
struct cdr_workspace cdr_workspace_in(void *memory, const struct cdr_needs *needs);

/* The value for the n rows that are in the workspace; NaN where it is not defined. */
double cdr_study_value(const struct cdr_study *s, struct cdr_workspace *work, size_t n);

/* The same where the last value was for the same rows, by another study with the same
 * weights: what that has counted is not counted again. */
double cdr_study_value_too(const struct cdr_study *s, struct cdr_workspace *work,
                           size_t n);

/* The curve that the metric, ROC-AUC or average precision, is the area under, at `points`
 * places; all NaN without rows of either class. For studies of one column. */
void cdr_study_curve(double *out, size_t points, const struct cdr_study *s,
                     struct cdr_workspace *work, size_t n);

/* Is the value defined for n rows of these classes? Those matter with two_classes. */
bool cdr_study_defined(const struct cdr_study *s, size_t n, cdr_classes classes);

/* The value for all rows but one. */
double cdr_study_without(const struct cdr_study *s, struct cdr_workspace *work,
                         size_t row);

/* The value for all rows; CADRE_EDATA, with NaN, where it is not defined. */
int cdr_study_point(double *out, const struct cdr_study *s, cadre_error *err);

/* Whether one study is of one column and two classes, so that its jackknife can take the
 * ways of the column's family. */
static inline bool cdr_study_is_simple(const struct cdr_study *s)
{
    return s->classes == 1 && !s->difference;
}

/* For messages: the metric, and why a value is NaN ("all labels are the same"). */
const char *cdr_study_name(const struct cdr_study *s);
const char *cdr_study_reason(const struct cdr_study *s);

#endif
