/* study.c - a metric of columns of scores, over samples of their rows.
 * SPDX-License-Identifier: MIT
 */
#include "stats/metrics/study.h"
#include "stats/metrics/areas.h"
#include "stats/metrics/counting.h"
#include "stats/check.h"
#include "stats/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening ---- */

/* One class has a calibration error, but where there are two, comparing those of two models
 * by one of them says little: a resample for a difference must have both, if the rows have. */
static bool needs_two_classes(int kind, bool difference, bool has_two)
{
    switch (kind) {
    case CADRE_ROC_AUC:
    case CADRE_PARTIAL_AUC:
    case CADRE_RECALL_AT:
    case CADRE_SPECIFICITY_AT:
    case CADRE_LOG_LOSS:
    case CADRE_BALANCED_ACCURACY:
    case CADRE_GROUP_DIFFERENCE:
    case CADRE_GROUP_RATIO: return true;
    default: return difference && has_two && cdr_family_of(kind) == &cdr_calibration;
    }
}

/* Of class k against the rest. */
static bool label_classes(struct cdr_study *s, const struct cdr_subject *subject)
{
    s->labels = subject->rows.labels;
    if (!subject->class_of)
        return true;
    s->own_labels = calloc(s->n, subject->classes);
    s->labels = s->own_labels;
    for (size_t row = 0; s->labels && row < s->n; row++)
        s->own_labels[subject->class_of[row] * s->n + row] = 1;
    return s->labels != NULL;
}

static unsigned columns_of(const struct cdr_study *s)
{
    return s->classes * (s->difference ? 2 : 1);
}

static bool open_columns(struct cdr_study *s, const struct cdr_subject *subject)
{
    const unsigned columns = columns_of(s);

    s->column = calloc(columns, sizeof *s->column);
    for (unsigned c = 0; s->column && c < columns; c++) {
        const size_t k = c % s->classes;
        cadre_rows rows = subject->rows;
        rows.labels = s->labels ? s->labels + k * s->n : NULL;
        rows.scores =
            (c < s->classes ? subject->rows.scores : subject->second) + k * s->n;
        if (!cdr_measure_open(&s->column[c], &subject->metric, &rows))
            return false;
    }
    return s->column != NULL;
}

/* Where every positive is ahead of every negative, so it is in any sample, and the area is
 * 1. A sum of terms would be off by its last bit. */
static bool is_perfect(const struct cdr_measure *m)
{
    size_t last_positive = 0, first_negative = m->groups;

    if (m->metric.kind != CADRE_ROC_AUC && m->metric.kind != CADRE_PARTIAL_AUC)
        return false;
    for (size_t row = 0; row < m->n; row++) {
        const size_t group = m->group[row];
        if (m->labels[row] && group > last_positive)
            last_positive = group;
        if (!m->labels[row] && group < first_negative)
            first_negative = group;
    }
    return last_positive < first_negative && first_negative < m->groups;
}

static double constant_of(const struct cdr_study *s)
{
    for (unsigned c = 0; c < columns_of(s); c++)
        if (!is_perfect(&s->column[c]))
            return (double)NAN;
    return s->difference ? 0 : 1;
}

static bool has_two_classes(const struct cdr_study *s)
{
    for (size_t i = 1; s->labels && i < s->n * s->classes; i++)
        if (s->labels[i] != s->labels[0])
            return true;
    return false;
}

int cdr_study_open(struct cdr_study *s, const struct cdr_subject *subject,
                   cadre_error *err)
{
    const struct cdr_family *const family = cdr_family_of(subject->metric.kind);
    const double *const weights = subject->rows.weights;

    *s = (struct cdr_study){ .n = subject->rows.n,
                             .weights = weights,
                             .classes = subject->class_of ? subject->classes : 1,
                             .difference = subject->second != NULL,
                             .counts = family->counts && !weights,
                             .tallies = family->tallies || weights };
    if (!label_classes(s, subject) || !open_columns(s, subject))
        return cdr_stats_no_memory(err, s->n);
    s->two_classes = needs_two_classes(subject->metric.kind, s->difference,
                                       s->difference && has_two_classes(s));
    s->constant = constant_of(s);
    return CADRE_OK;
}

void cdr_study_close(struct cdr_study *s)
{
    for (unsigned c = 0; s->column && c < columns_of(s); c++)
        cdr_measure_close(&s->column[c]);
    free(s->column);
    free(s->own_labels);
}

/* ---- workspaces ---- */

void cdr_study_add_needs(struct cdr_needs *sum, const struct cdr_study *s)
{
    for (unsigned c = 0; c < columns_of(s); c++) {
        const size_t room = cdr_measure_room(&s->column[c], sum->most);
        if (room > sum->room)
            sum->room = room;
    }
    if (s->classes > sum->classes)
        sum->classes = s->classes;
    sum->few |= s->counts;
    sum->counted |= s->counts || s->tallies;
    sum->weight |= s->weights != NULL;
}

/* No sum overflows: each part is some ten times as large as an array that exists. */
static size_t lay_out(struct cdr_workspace *w, char *memory,
                      const struct cdr_needs *needs)
{
    size_t at = (needs->room + 7) / 8 * 8;

    *w = (struct cdr_workspace){ .room = memory };
    w->weight = (double *)(memory + at);
    at += needs->weight ? needs->n * sizeof *w->weight : 0;
    w->of_class = (double *)(memory + at);
    at += needs->classes * sizeof *w->of_class;
    w->counted = (uint32_t *)(memory + at);
    at += needs->counted ? needs->n * sizeof *w->counted : 0;
    w->rows = (uint32_t *)(memory + at);
    at += needs->most * sizeof *w->rows;
    w->few = needs->few ? (uint8_t *)(memory + at) : NULL;
    return (at + (needs->few ? needs->n : 0) + 7) / 8 * 8;
}

size_t cdr_workspace_size(const struct cdr_needs *needs)
{
    static char nowhere[1];
    struct cdr_workspace w;

    return lay_out(&w, nowhere, needs);
}

struct cdr_workspace cdr_workspace_in(void *memory, const struct cdr_needs *needs)
{
    struct cdr_workspace w;

    lay_out(&w, memory, needs);
    return w;
}

static struct cdr_needs needs_of(const struct cdr_study *s, size_t most)
{
    struct cdr_needs needs = { .n = s->n, .most = most };

    cdr_study_add_needs(&needs, s);
    return needs;
}

size_t cdr_study_workspace_size(const struct cdr_study *s, size_t most)
{
    const struct cdr_needs needs = needs_of(s, most);

    return cdr_workspace_size(&needs);
}

struct cdr_workspace cdr_study_workspace(const struct cdr_study *s, void *memory,
                                         size_t most)
{
    const struct cdr_needs needs = needs_of(s, most);

    return cdr_workspace_in(memory, &needs);
}

/* ---- samples ---- */

enum { FEW = 1, MANY = 2, COUNTED = 4, WEIGHED = 8 }; /* of cdr_workspace.known */

static void count_all(const struct cdr_study *s, struct cdr_workspace *work, size_t n)
{
    if (!(work->known & COUNTED)) {
        memset(work->counted, 0, s->n * sizeof *work->counted);
        cdr_count(work->counted, work->rows, n);
    }
    if (s->weights && !(work->known & WEIGHED))
        for (size_t row = 0; row < s->n; row++)
            work->weight[row] = s->weights[row] * work->counted[row];
    work->known |= COUNTED | (s->weights ? WEIGHED : 0);
}

static bool count_few(const struct cdr_study *s, struct cdr_workspace *work, size_t n)
{
    return work->counted_few ? cdr_has_counted(work->few, n, s->n)
                             : cdr_count_few(work->few, work->rows, n, s->n);
}

/* What all classes have in common. Samples are filled in place: to copy what was just written in
 * parts, a CPU has to wait for it. */
static void tally(struct cdr_sample *drawn, const struct cdr_study *s,
                  struct cdr_workspace *work, size_t n)
{
    if (s->counts && !(work->known & (FEW | MANY)))
        work->known |= count_few(s, work, n) ? FEW : MANY;
    const bool few = s->counts && work->known & FEW;
    if (!few && (s->counts || s->tallies))
        count_all(s, work, n);
    drawn->n = n;
    drawn->rows = work->rows;
    drawn->few = few ? work->few : NULL;
    drawn->counted = few ? NULL : work->counted;
    drawn->classes = 0;
}

/* ---- values ---- */

bool cdr_study_defined(const struct cdr_study *s, size_t n, cdr_classes classes)
{
    const cadre_metric *const metric = &s->column[0].metric;
    const bool by_mass = metric->kind == CADRE_ECE_MASS ||
                         metric->kind == CADRE_ECE_L2 ||
                         metric->kind == CADRE_ECE_L2_DEBIASED;

    if (by_mass && n < metric->bins)
        return false;
    return !s->two_classes || (cdr_negative(classes) > 0 && cdr_positive(classes) > 0);
}

static double column_value(const struct cdr_study *s, unsigned column,
                           const struct cdr_sample *drawn,
                           const struct cdr_workspace *work)
{
    const struct cdr_measure *const m = &s->column[column];

    return s->weights ? cdr_measure_weighted(m, work->weight, work->room)
                      : cdr_measure_value(m, drawn, work->room);
}

static double difference(const struct cdr_study *s, unsigned k,
                         const struct cdr_sample *drawn,
                         const struct cdr_workspace *work)
{
    const struct cdr_measure *const a = &s->column[k], *const b = a + s->classes;
    const struct cdr_family *const family = cdr_family_of(a->metric.kind);
    double value[2];

    if (family->values && !s->weights) {
        family->values(value, a, b, drawn, work->room);
    } else {
        value[0] = column_value(s, k, drawn, work);
        value[1] = column_value(s, s->classes + k, drawn, work);
    }
    return value[1] - value[0];
}

/* Of the sample, by these labels. */
static cdr_classes drawn_classes(const struct cdr_study *s, struct cdr_workspace *work,
                                 const struct cdr_sample *drawn, const uint8_t *labels)
{
    if (!s->counts && !s->two_classes)
        return 0;
    if (work->labels != labels)
        work->classes = s->counts ? cdr_classes_of(drawn, labels, s->n)
                                  : cdr_count_classes(labels, work->rows, drawn->n);
    work->labels = labels;
    return work->classes;
}

static double class_value(const struct cdr_study *s, struct cdr_workspace *work,
                          struct cdr_sample *drawn, unsigned k)
{
    const uint8_t *const labels = s->labels ? s->labels + k * s->n : NULL;

    drawn->classes = drawn_classes(s, work, drawn, labels);
    if (!cdr_study_defined(s, drawn->n, drawn->classes))
        return (double)NAN;
    return s->difference ? difference(s, k, drawn, work)
                         : column_value(s, k, drawn, work);
}

double cdr_study_value_too(const struct cdr_study *s, struct cdr_workspace *work,
                           size_t n)
{
    struct cdr_sample drawn;
    double value;

    tally(&drawn, s, work, n);
    if (s->classes == 1) {
        value = class_value(s, work, &drawn, 0);
    } else {
        for (unsigned k = 0; k < s->classes; k++)
            work->of_class[k] = class_value(s, work, &drawn, k);
        value = cadre_mean(work->of_class, s->classes);
    }
    return isfinite(value) ? value : (double)NAN;
}

double cdr_study_value(const struct cdr_study *s, struct cdr_workspace *work, size_t n)
{
    work->known = 0;
    work->labels = NULL;
    return cdr_study_value_too(s, work, n);
}

void cdr_study_curve(double *out, size_t points, const struct cdr_study *s,
                     struct cdr_workspace *work, size_t n)
{
    struct cdr_sample drawn;

    work->known = 0;
    tally(&drawn, s, work, n);
    if (s->weights)
        cdr_curve_read_weighted(out, points, &s->column[0], work->weight, work->room);
    else
        cdr_curve_read(out, points, &s->column[0], &drawn, work->room);
}

double cdr_study_without(const struct cdr_study *s, struct cdr_workspace *work,
                         size_t row)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        if (i != row)
            work->rows[n++] = (uint32_t)i;
    return cdr_study_value(s, work, n);
}

int cdr_study_point(double *out, const struct cdr_study *s, cadre_error *err)
{
    void *const memory = malloc(cdr_study_workspace_size(s, s->n));

    *out = (double)NAN;
    if (!memory)
        return cdr_stats_no_memory(err, s->n);
    struct cdr_workspace work = cdr_study_workspace(s, memory, s->n);
    *out = cdr_study_without(s, &work, s->n);
    free(memory);
    if (isnan(*out))
        return cdr_stats_fail(err, CADRE_EDATA, "%s is not defined for these rows: %s",
                              cdr_study_name(s), cdr_study_reason(s));
    if (!isnan(s->constant))
        *out = s->constant;
    return CADRE_OK;
}

/* ---- messages ---- */

const char *cdr_study_name(const struct cdr_study *s)
{
    return cadre_metric_name(s->column[0].metric.kind);
}

static bool is_quotient(int kind)
{
    return kind == CADRE_MEAN_RATIO || kind == CADRE_PEARSON ||
           kind == CADRE_SPEARMAN || kind == CADRE_SLOPE || kind == CADRE_KAPPA;
}

const char *cdr_study_reason(const struct cdr_study *s)
{
    const cadre_metric *const metric = &s->column[0].metric;

    if (cdr_family_of(metric->kind) == &cdr_calibration && s->n <= metric->bins &&
        metric->kind != CADRE_ECE_WIDTH)
        return "there are fewer rows than bins";
    if (s->two_classes && s->weights)
        return cdr_curve_reason(s->weights);
    if (s->two_classes)
        return s->classes > 1 ? "a class is missing" : "all labels are the same";
    if (is_quotient(metric->kind))
        return "it divides by 0: a column does not vary, or its mean is 0";
    if (s->weights)
        return "the weights sum to 0, or a sum is infinite";
    return "the sum of the scores is infinite";
}
