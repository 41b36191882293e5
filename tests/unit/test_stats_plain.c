/* test_stats_plain.c - every metric of every resample, against plain definitions.
 * SPDX-License-Identifier: MIT
 *
 * Here a resample is gathered into labels and scores of its own, sorted, and each
 * metric worked out from those: no groups, no counts, nothing prepared. Bits must be
 * the same, on random rows with few and many ties.
 */
#include "stats/metrics/measure.h"
#include "stats_case.h"

#include <math.h>
#include <stdio.h>

struct rows {
    size_t n;
    uint8_t *labels;
    double *scores;
};

static struct rows new_rows(size_t n)
{
    return (struct rows){ .n = n,
                          .labels = stats_array(n, 1),
                          .scores = stats_array(n, sizeof(double)) };
}

static void free_rows(struct rows *rows)
{
    free(rows->labels);
    free(rows->scores);
}

static size_t positives(const struct rows *rows)
{
    size_t sum = 0;

    for (size_t i = 0; i < rows->n; i++)
        sum += rows->labels[i];
    return sum;
}

/* ---- sorted, keeping the order of equal scores ---- */

struct place {
    double score;
    size_t row;
};

static int by_score(const void *left, const void *right)
{
    const struct place *a = left, *b = right;

    if (a->score != b->score)
        return a->score < b->score ? -1 : 1;
    return a->row < b->row ? -1 : 1;
}

/* Ascending, as rows of their own. */
static struct rows sorted(const struct rows *rows)
{
    struct place *const places = stats_array(rows->n, sizeof *places);
    struct rows out = new_rows(rows->n);

    for (size_t i = 0; i < rows->n; i++)
        places[i] = (struct place){ rows->scores[i], i };
    qsort(places, rows->n, sizeof *places, by_score);
    for (size_t i = 0; i < rows->n; i++) {
        out.scores[i] = places[i].score;
        out.labels[i] = rows->labels[places[i].row];
    }
    free(places);
    return out;
}

/* ---- curves ---- */

struct points {
    size_t n;
    double *fps, *tps;
};

/* After each distinct score, from the highest down. */
static struct points points_of(const struct rows *rows)
{
    struct rows s = sorted(rows);
    struct points p = { 0, stats_array(s.n, sizeof(double)),
                        stats_array(s.n, sizeof(double)) };
    double fps = 0, tps = 0;

    for (size_t i = s.n; i-- > 0;) {
        tps += s.labels[i];
        fps += 1 - s.labels[i];
        if (i == 0 || s.scores[i] != s.scores[i - 1]) {
            p.fps[p.n] = fps;
            p.tps[p.n++] = tps;
        }
    }
    free_rows(&s);
    return p;
}

static void free_points(struct points *p)
{
    free(p->fps);
    free(p->tps);
}

static bool straight(const double *x, size_t k)
{
    return x[k - 1] - 2 * x[k] + x[k + 1] == 0;
}

static void drop_intermediate(struct points *p)
{
    size_t kept = 0;
    bool *const keep = stats_array(p->n, sizeof *keep);

    for (size_t k = 0; k < p->n; k++)
        keep[k] =
            k == 0 || k == p->n - 1 || !straight(p->fps, k) || !straight(p->tps, k);
    for (size_t k = 0; k < p->n; k++)
        if (keep[k]) {
            p->fps[kept] = p->fps[k];
            p->tps[kept++] = p->tps[k];
        }
    p->n = kept;
    free(keep);
}

static double roc_auc(const struct rows *rows)
{
    struct points p = points_of(rows);
    const double negatives = p.fps[p.n - 1], positives = p.tps[p.n - 1];
    double *const terms = stats_array(p.n, sizeof *terms);
    double x = 0, y = 0;

    drop_intermediate(&p);
    for (size_t k = 0; k < p.n; k++) {
        const double x1 = p.fps[k] / negatives, y1 = p.tps[k] / positives;
        terms[k] = (x1 - x) * (y1 + y) / 2.0;
        x = x1;
        y = y1;
    }
    const double area = cadre_sum(terms, p.n);
    free(terms);
    free_points(&p);
    return negatives > 0 && positives > 0 ? area : (double)NAN;
}

static double pr_auc(const struct rows *rows)
{
    struct points p = points_of(rows);
    const double positives = p.tps[p.n - 1];
    double *const terms = stats_array(p.n, sizeof *terms);

    for (size_t i = 0; i < p.n; i++) {
        const size_t k = p.n - 1 - i;
        const double recall = positives > 0 ? p.tps[k] / positives : 1;
        const double next = k == 0 ? 0 : positives > 0 ? p.tps[k - 1] / positives : 1;
        terms[i] = (next - recall) * (p.tps[k] / (p.tps[k] + p.fps[k]));
    }
    const double area = -cadre_sum(terms, p.n);
    free(terms);
    free_points(&p);
    return area > 0 ? area : 0;
}

/* ---- averages ---- */

static double average(const struct rows *rows, int kind)
{
    double *const terms = stats_array(rows->n, sizeof *terms);

    for (size_t i = 0; i < rows->n; i++) {
        const double p = fmin(fmax(rows->scores[i], 0x1p-52), 1 - 0x1p-52);
        const double d = rows->scores[i] - rows->labels[i];
        terms[i] = kind == CADRE_MEAN    ? rows->scores[i]
                   : kind == CADRE_BRIER ? d * d
                   : rows->labels[i]     ? -log(p / (1 - p + p))
                                         : -log((1 - p) / (1 - p + p));
    }
    const double mean = cadre_mean(terms, rows->n);
    free(terms);
    if (kind == CADRE_LOG_LOSS && positives(rows) % rows->n == 0)
        return (double)NAN;
    return mean;
}

/* ---- decisions ---- */

static double decision(const struct rows *rows, int kind, double threshold)
{
    double tp = 0, fp = 0, fn = 0, tn = 0;

    for (size_t i = 0; i < rows->n; i++) {
        const bool yes = rows->scores[i] >= threshold, is = rows->labels[i];
        tp += yes && is;
        fp += yes && !is;
        fn += !yes && is;
        tn += !yes && !is;
    }
    if (kind == CADRE_ACCURACY)
        return (tp + tn) / (double)rows->n;
    if (kind == CADRE_PRECISION)
        return tp + fp > 0 ? tp / (tp + fp) : 0;
    if (kind == CADRE_RECALL)
        return tp + fn > 0 ? tp / (tp + fn) : 0;
    return tp + fn + fp > 0 ? 2 * tp / ((tp + fn) + (tp + fp)) : 0;
}

/* ---- calibration ---- */

static double bin_error(const struct rows *bin, size_t n)
{
    if (bin->n == 0)
        return 0;
    return (double)bin->n / (double)n *
           fabs(cadre_mean(bin->scores, bin->n) -
                (double)positives(bin) / (double)bin->n);
}

static double ece_width(const struct rows *rows, unsigned bins)
{
    double sum = 0;

    for (unsigned b = 0; b < bins; b++) {
        struct rows bin = new_rows(rows->n);
        const double low = b * (1.0 / bins), high = (b + 1) * (1.0 / bins);
        bin.n = 0;
        for (size_t i = 0; i < rows->n; i++)
            if (rows->scores[i] >= low && (b == bins - 1 || rows->scores[i] < high)) {
                bin.labels[bin.n] = rows->labels[i];
                bin.scores[bin.n++] = rows->scores[i];
            }
        sum += bin_error(&bin, rows->n);
        free_rows(&bin);
    }
    return sum;
}

static double ece_mass(const struct rows *rows, unsigned bins)
{
    struct rows s = sorted(rows);
    const double step = (double)rows->n / bins;
    double sum = 0;

    for (unsigned b = 0; b < bins; b++) {
        const size_t first = (size_t)floor(b * step);
        const size_t end = b + 1 < bins ? (size_t)floor((b + 1) * step) : rows->n;
        const struct rows bin = { end - first, s.labels + first, s.scores + first };
        sum += bin_error(&bin, rows->n);
    }
    free_rows(&s);
    return sum;
}

static double plain(const struct rows *rows, const cadre_metric *m)
{
    switch (m->kind) {
    case CADRE_ROC_AUC: return roc_auc(rows);
    case CADRE_PR_AUC: return pr_auc(rows);
    case CADRE_ECE_WIDTH: return ece_width(rows, m->bins);
    case CADRE_ECE_MASS: return ece_mass(rows, m->bins);
    case CADRE_MEAN:
    case CADRE_BRIER:
    case CADRE_LOG_LOSS: return average(rows, m->kind);
    default: return decision(rows, m->kind, m->threshold);
    }
}

/* ---- the comparison ---- */

/* Scores on a grid, or none at all for 0; both zeros are among them. */
static struct rows random_rows(cadre_rng *rng, size_t n, double prevalence,
                               unsigned grid)
{
    struct rows rows = new_rows(n);

    for (size_t i = 0; i < n; i++) {
        rows.labels[i] = cadre_rng_uniform(rng) < prevalence;
        rows.scores[i] = 0.6 * cadre_rng_uniform(rng) +
                         0.4 * rows.labels[i] * cadre_rng_uniform(rng);
        if (grid)
            rows.scores[i] = floor(rows.scores[i] * grid) / grid;
        if (rows.scores[i] == 0 && i % 2)
            rows.scores[i] = -0.0;
    }
    return rows;
}

static struct rows resample(const struct rows *rows, uint64_t seed, uint64_t index)
{
    struct rows out = new_rows(rows->n);
    cadre_seed root, child;
    cadre_rng rng;

    cadre_seed_init(&root, seed);
    child = cadre_seed_child(&root, index);
    cadre_rng_init(&rng, &child);
    for (size_t i = 0; i < rows->n; i++) {
        const size_t row = cadre_rng_below(&rng, rows->n);
        out.labels[i] = rows->labels[row];
        out.scores[i] = rows->scores[row];
    }
    return out;
}

static void check_replicates(const struct rows *rows, const cadre_bootstrap *b,
                             const cadre_interval *out)
{
    size_t degenerate = 0;

    for (size_t k = 0; k < b->resamples; k++) {
        struct rows drawn = resample(rows, b->seed, k);
        const double expected = plain(&drawn, &b->metric);
        char what[100];
        snprintf(what, sizeof what, "%s of resample %zu of %zu rows",
                 cadre_metric_name(b->metric.kind), k, rows->n);
        stats_same(expected, b->replicates[k], what);
        degenerate += isnan(expected);
        free_rows(&drawn);
    }
    assert_int_equal(out->degenerate, degenerate);
    assert_int_equal(out->resamples, b->resamples - degenerate);
}

static void check_metric(const struct rows *rows, cadre_metric metric, size_t resamples)
{
    double *const replicates = stats_array(resamples, sizeof *replicates);
    const cadre_bootstrap b = { .metric = metric,
                                .labels = rows->labels,
                                .n = rows->n,
                                .resamples = resamples,
                                .seed = rows->n,
                                .seeding = CADRE_SEEDING_SPAWN,
                                .replicates = replicates };
    const double point = plain(rows, &metric);
    cadre_interval out;
    cadre_error err;
    const int rc = stats_interval(&out, &b, rows->scores, CADRE_PERCENTILE, &err);

    stats_same(point, out.point, cadre_metric_name(metric.kind));
    if (rc != CADRE_OK && rc != CADRE_EDATA)
        fail_msg("%s", err.message);
    if (!isnan(point))
        check_replicates(rows, &b, &out);
    free(replicates);
}

static void check_rows(struct rows rows, size_t resamples)
{
    for (int kind = 0; kind <= CADRE_ECE_MASS; kind++)
        check_metric(&rows,
                     (cadre_metric){ .kind = kind, .threshold = 0.375, .bins = 5 },
                     resamples);
    check_metric(&rows, (cadre_metric){ .kind = CADRE_ECE_WIDTH, .bins = 97 },
                 resamples);
    check_metric(&rows, (cadre_metric){ .kind = CADRE_ECE_MASS, .bins = 2 }, resamples);
    free_rows(&rows);
}

static void few_rows(void **state)
{
    static const unsigned grids[] = { 0, 2, 5, 16, 1000 };
    cadre_rng rng = stats_stream(7);

    (void)state;
    for (size_t n = 10; n < 300; n += 1 + n / 3)
        for (size_t g = 0; g < 5; g++)
            check_rows(random_rows(&rng, n, 0.4, grids[g]), 25);
}

static void rare_positives(void **state)
{
    cadre_rng rng = stats_stream(8);

    (void)state;
    for (unsigned grid = 0; grid < 60; grid += 20) {
        check_rows(random_rows(&rng, 50, 0.05, grid), 60);
        check_rows(random_rows(&rng, 50, 0.95, grid), 60);
        check_rows(random_rows(&rng, 20, 0, grid), 30);
        check_rows(random_rows(&rng, 20, 1, grid), 30);
    }
}

static void many_rows(void **state)
{
    cadre_rng rng = stats_stream(9);

    (void)state;
    check_rows(random_rows(&rng, 3001, 0.5, 0), 5);
    check_rows(random_rows(&rng, 20000, 0.2, 0), 2);
    check_rows(random_rows(&rng, 20000, 0.2, 500), 2);
    check_rows(random_rows(&rng, 70001, 0.5, 100000), 2);
}

/* ---- edges of bins ---- */

/* At each edge, just below and just above, the bin is the last whose edge is not above
 * the score. */
static void edges(void **state)
{
    enum { MOST = 300, N = 3 * MOST };
    const uint8_t labels[N] = { 0 };
    double scores[N];
    struct cdr_measure m;

    (void)state;
    for (unsigned bins = 2; bins < MOST; bins++) {
        const cadre_metric metric = { .kind = CADRE_ECE_WIDTH, .bins = bins };
        const double step = 1.0 / bins;
        for (size_t i = 0; i < 3 * bins; i++) {
            const double edge = (double)(i / 3 + 1) * step;
            scores[i] = i % 3 == 0 ? edge : nextafter(edge, i % 3 - 1);
            scores[i] = fmin(scores[i], 1);
        }
        const cadre_rows rows = { .n = 3 * bins, .labels = labels, .scores = scores };
        assert_true(cdr_measure_open(&m, &metric, &rows));
        for (size_t i = 0; i < 3 * bins; i++) {
            unsigned expected = 0;
            while (expected + 1 < bins && (expected + 1) * step <= scores[i])
                expected++;
            assert_int_equal(m.group[i], expected);
        }
        cdr_measure_close(&m);
    }
}

/* ---- differences ---- */

static void differences(void **state)
{
    enum { N = 61, B = 40 };
    cadre_rng rng = stats_stream(10);
    struct rows a = random_rows(&rng, N, 0.5, 0), second = random_rows(&rng, N, 0.5, 7);
    double replicates[B];
    cadre_interval out;
    cadre_error err;

    (void)state;
    for (int kind = 0; kind <= CADRE_ECE_MASS; kind++) {
        const cadre_bootstrap b = {
            .metric = { .kind = kind, .threshold = 0.3, .bins = 4 },
            .labels = a.labels,
            .n = N,
            .resamples = B,
            .seed = 3,
            .replicates = replicates
        };
        const struct rows other = { N, a.labels, second.scores };
        assert_int_equal(stats_difference(&out, &b, a.scores, other.scores, &err), 0);
        for (size_t k = 0; k < B; k++) {
            struct rows from = resample(&a, 3, k), to = resample(&other, 3, k);
            stats_same(plain(&to, &b.metric) - plain(&from, &b.metric), replicates[k],
                       cadre_metric_name(kind));
            free_rows(&from);
            free_rows(&to);
        }
    }
    free_rows(&a);
    free_rows(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_rows),    cmocka_unit_test(rare_positives),
        cmocka_unit_test(many_rows),   cmocka_unit_test(edges),
        cmocka_unit_test(differences),
    };
    return cmocka_run_group_tests_name("stats_plain", tests, stats_open, stats_close);
}
