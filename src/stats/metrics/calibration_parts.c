/* calibration_parts.c - the Brier score in parts, and the error beyond chance.
 * SPDX-License-Identifier: MIT
 */
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/metrics/calibration.h"
#include "stats/metrics/study.h"

#include <cadre/random.h>

#include <math.h>
#include <stdlib.h>

#define LEAST_SWEEPS 10

static double square(double x)
{
    const volatile double two = 2; /* else a compiler makes it x * x, of other bits */

    return pow(x, two);
}

/* The rows in order of their scores, ties as they are. */
static bool deal_all(uint32_t **dealt, const struct cdr_measure *m)
{
    uint32_t *const ends = calloc(m->groups, sizeof *ends);
    uint32_t *const rows = calloc(m->n, sizeof *rows);

    *dealt = calloc(m->n, sizeof **dealt);
    const bool good = ends && rows && *dealt;
    for (size_t row = 0; good && row < m->n; row++)
        rows[row] = (uint32_t)row;
    if (good)
        cdr_deal(*dealt, ends, m, rows, m->n);
    free(ends);
    free(rows);
    return good;
}

static void fill_parts(cadre_calibration *out, const struct cdr_measure *m,
                       const uint32_t *dealt)
{
    double positives = 0, sum[2] = { 0 };
    size_t first = 0, end;

    for (size_t row = 0; row < m->n; row++)
        positives += m->labels[row];
    const double share = positives / (double)m->n;
    for (size_t bin = 0; bin < m->metric.bins; bin++, first = end) {
        end = cdr_bin_end(m, NULL, m->n, bin);
        if (end == first)
            continue;
        const struct cdr_bin b = cdr_bin_of(m, dealt + first, end - first);
        const double size = (double)b.count / (double)m->n;
        sum[0] += size * square(b.mean - b.share);
        sum[1] += size * square(b.share - share);
    }
    out->reliability = sum[0];
    out->resolution = sum[1];
    out->uncertainty = share * (1 - share);
}

static double error_of(const struct cdr_measure *m, const uint32_t *dealt)
{
    double sum = 0;
    size_t first = 0, end;

    for (size_t bin = 0; bin < m->metric.bins; bin++, first = end) {
        end = cdr_bin_end(m, NULL, m->n, bin);
        sum += cdr_bin_error(m, dealt + first, end - first, m->n);
    }
    return sum;
}

/* The error less its mean over labels that are drawn by the scores. */
static bool debias(cadre_calibration *out, const struct cdr_measure *m,
                   const uint32_t *dealt, unsigned sweeps, uint64_t seed)
{
    uint8_t *const labels = calloc(m->n, 1);
    double *const errors = calloc(sweeps, sizeof *errors);
    const bool good = labels && errors;
    struct cdr_measure drawn = *m;
    cadre_seed root;
    cadre_rng rng;

    cadre_seed_init(&root, seed);
    cadre_rng_init(&rng, &root);
    drawn.labels = labels;
    for (unsigned k = 0; good && k < sweeps; k++) {
        for (size_t row = 0; row < m->n; row++)
            labels[row] = cadre_rng_uniform(&rng) < m->scores[row];
        errors[k] = error_of(&drawn, dealt);
    }
    if (good)
        out->debiased = fmax(error_of(m, dealt) - cadre_mean(errors, sweeps), 0);
    free(labels);
    free(errors);
    return good;
}

static int check(const cadre_calibration *out, const cadre_metric *metric,
                 const cadre_rows *rows, unsigned sweeps, cadre_error *err)
{
    int rc = out ? cdr_check_metric(metric, err)
                 : cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");

    if (!rc)
        rc = cdr_check_rows(metric, rows, "scores", err);
    if (!rc && sweeps > 0 && sweeps < LEAST_SWEEPS)
        return cdr_stats_fail(err, CADRE_EINVAL, "sweeps is %u, expected at least %d",
                              sweeps, LEAST_SWEEPS);
    return rc;
}

int cadre_calibration_of(cadre_calibration *out, const uint8_t *labels,
                         const double *scores, size_t n, unsigned bins, unsigned sweeps,
                         uint64_t seed, cadre_error *err)
{
    const cadre_metric metric = { .kind = CADRE_ECE_MASS, .bins = bins };
    const cadre_metric brier = { .kind = CADRE_BRIER };
    const cadre_rows rows = { .n = n, .labels = labels, .scores = scores };
    const double nan = (double)NAN;
    struct cdr_measure m;
    uint32_t *dealt = NULL;
    int rc;

    cdr_stats_clear(err);
    if (out)
        *out = (cadre_calibration){ nan, nan, nan, nan, nan };
    rc = check(out, &metric, &rows, sweeps, err);
    if (rc)
        return rc;
    if (n < (bins ? bins : 10))
        return cdr_stats_fail(err, CADRE_EDATA,
                              "%zu rows are fewer than %u bins of equal size", n,
                              bins ? bins : 10);
    rc = cadre_metric_of(&out->brier, &brier, &rows, err);
    const bool opened = cdr_measure_open(&m, &metric, &rows);
    bool good = opened && deal_all(&dealt, &m);
    if (!rc && good) {
        fill_parts(out, &m, dealt);
        good = sweeps == 0 || debias(out, &m, dealt, sweeps, seed);
    }
    cdr_measure_close(&m);
    free(dealt);
    return rc || good ? rc : cdr_stats_no_memory(err, n);
}
