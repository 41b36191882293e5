/* study.c - a metric of one column of scores, or the difference of two, over samples.
 * SPDX-License-Identifier: MIT
 */
#include "stats/metrics/study.h"
#include "stats/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening ---- */

/* One class has a calibration error, but comparing those of two models says nothing:
 * a resample for a difference must have both. */
static bool needs_two_classes(const cadre_metric *metric, unsigned columns)
{
    return metric->kind == CADRE_ROC_AUC || metric->kind == CADRE_LOG_LOSS ||
           (columns == 2 && cdr_family_of(metric->kind) == &cdr_calibration);
}

static bool make_halves(struct cdr_study *s)
{
    if (!s->counts)
        return true;
    s->halves = calloc(s->n, sizeof *s->halves);
    for (size_t row = 0; s->halves && row < s->n; row++)
        s->halves[row] = (cdr_classes)UINT32_MAX << 32 * s->labels[row];
    return s->halves != NULL;
}

/* No sum overflows: each part is some ten times as large as an array that exists. */
static void lay_out(struct cdr_study *s)
{
    const size_t counts = s->counts ? s->n : 0;
    size_t room = 0;

    for (unsigned c = 0; c < s->columns; c++)
        if (cdr_measure_room(&s->column[c]) > room)
            room = cdr_measure_room(&s->column[c]);
    s->times = (room + 7) / 8 * 8;
    s->counted = s->times + counts * sizeof(cdr_classes);
    s->rows = s->counted + counts * sizeof(uint32_t);
    s->workspace_size = s->rows + s->n * sizeof(uint32_t);
}

int cdr_study_open(struct cdr_study *s, const cadre_metric *metric,
                   const uint8_t *labels, const double *const *scores, unsigned columns,
                   size_t n, cadre_error *err)
{
    *s = (struct cdr_study){ .n = n,
                             .labels = labels,
                             .counts = cdr_family_of(metric->kind)->counts,
                             .two_classes = needs_two_classes(metric, columns) };
    for (; s->columns < columns; s->columns++)
        if (!cdr_measure_open(&s->column[s->columns], metric, labels,
                              scores[s->columns], n)) {
            cdr_measure_close(&s->column[s->columns]);
            return cdr_stats_no_memory(err, n);
        }
    if (!make_halves(s))
        return cdr_stats_no_memory(err, n);
    lay_out(s);
    return CADRE_OK;
}

void cdr_study_close(struct cdr_study *s)
{
    for (unsigned c = 0; c < s->columns; c++)
        cdr_measure_close(&s->column[c]);
    free(s->halves);
}

struct cdr_workspace cdr_study_workspace(const struct cdr_study *s, void *memory)
{
    char *const work = memory;

    return (struct cdr_workspace){ .room = work,
                                   .times = (cdr_classes *)(work + s->times),
                                   .counted = (uint32_t *)(work + s->counted),
                                   .rows = (uint32_t *)(work + s->rows) };
}

/* ---- samples ---- */

static void count(uint32_t *restrict counted, const uint32_t *restrict rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        counted[rows[i]]++;
}

/* Moves each count to the half of its row's class; returns the sum of all. */
static cdr_classes take_sides(cdr_classes *restrict times,
                              const uint32_t *restrict counted,
                              const cdr_classes *restrict halves, size_t n)
{
    cdr_classes sum = 0;

    for (size_t row = 0; row < n; row++) {
        const cdr_classes either = counted[row];
        times[row] = (either | either << 32) & halves[row];
        sum += times[row];
    }
    return sum;
}

static cdr_classes count_classes(const uint8_t *labels, const uint32_t *rows, size_t n)
{
    uint64_t positive = 0;

    for (size_t i = 0; i < n; i++)
        positive += labels[rows[i]];
    return positive << 32 | (n - positive);
}

static struct cdr_sample sample(const struct cdr_study *s,
                                const struct cdr_workspace *work, size_t n)
{
    struct cdr_sample sample = { .n = n, .rows = work->rows, .times = work->times };

    if (s->counts) {
        memset(work->counted, 0, s->n * sizeof *work->counted);
        count(work->counted, work->rows, n);
        sample.classes = take_sides(work->times, work->counted, s->halves, s->n);
    } else if (s->two_classes) {
        sample.classes = count_classes(s->labels, work->rows, n);
    }
    return sample;
}

/* ---- values ---- */

bool cdr_study_defined(const struct cdr_study *s, size_t n, cdr_classes classes)
{
    const cadre_metric *const metric = &s->column[0].metric;

    if (metric->kind == CADRE_ECE_MASS && n < metric->bins)
        return false;
    return !s->two_classes || (cdr_negative(classes) > 0 && cdr_positive(classes) > 0);
}

double cdr_study_value(const struct cdr_study *s, const struct cdr_workspace *work,
                       size_t n)
{
    const struct cdr_sample drawn = sample(s, work, n);

    if (!cdr_study_defined(s, n, drawn.classes))
        return (double)NAN;
    double value = cdr_measure_value(&s->column[0], &drawn, work->room);
    if (s->columns == 2)
        value = cdr_measure_value(&s->column[1], &drawn, work->room) - value;
    return isfinite(value) ? value : (double)NAN;
}

double cdr_study_without(const struct cdr_study *s, const struct cdr_workspace *work,
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
    void *const memory = malloc(s->workspace_size);

    *out = (double)NAN;
    if (!memory)
        return cdr_stats_no_memory(err, s->n);
    const struct cdr_workspace work = cdr_study_workspace(s, memory);
    *out = cdr_study_without(s, &work, s->n);
    free(memory);
    if (isnan(*out))
        return cdr_stats_fail(err, CADRE_EDATA, "%s is not defined for these rows: %s",
                              cdr_study_name(s), cdr_study_reason(s));
    return CADRE_OK;
}

/* ---- messages ---- */

const char *cdr_study_name(const struct cdr_study *s)
{
    return cadre_metric_name(s->column[0].metric.kind);
}

const char *cdr_study_reason(const struct cdr_study *s)
{
    const cadre_metric *const metric = &s->column[0].metric;

    if (metric->kind == CADRE_ECE_MASS && s->n <= metric->bins)
        return "there are fewer rows than bins";
    return s->two_classes ? "all labels are the same"
                          : "the sum of the scores is infinite";
}
