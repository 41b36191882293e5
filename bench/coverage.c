/* coverage.c - how often intervals contain what they are to contain.
 * SPDX-License-Identifier: MIT
 *
 *     bench-coverage [DATA SETS [RESAMPLES]]
 *
 * Data sets of known truth are drawn, 1000 unless said otherwise, an interval of nominal
 * 95 % is made of each, and the share of intervals that contain the truth is printed with
 * its binomial standard error. A method that has no interval for a data set has not
 * covered it there: how many those are stands behind the share.
 */
#include <cadre/cadre.h>
#include <cadre/random.h>
#include <cadre/stats.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS_MOST 200
#define METHODS   6

enum { DELONG = 5 };

static const char *const method_names[METHODS] = {
    "percentile", "basic", "bca", "normal", "studentized", "DeLong"
};

/* What is drawn. */
enum { AREA, PAIR, MEAN };
struct setting {
    const char *name;
    int what;
    size_t n;
    double distance; /* of the means of either class, in standard deviations */
};

static const struct setting settings[] = {
    { "ROC-AUC 0.76, 30 rows", AREA, 30, 1 },
    { "ROC-AUC 0.76, 100 rows", AREA, 100, 1 },
    { "ROC-AUC 0.96, 30 rows", AREA, 30, 2.5 },
    { "ROC-AUC 0.96, 100 rows", AREA, 100, 2.5 },
    { "two equal ROC-AUCs of 0.76, 30 rows", PAIR, 30, 1 },
    { "two equal ROC-AUCs of 0.76, 100 rows", PAIR, 100, 1 },
    { "two equal ROC-AUCs of 0.96, 100 rows", PAIR, 100, 2.5 },
    { "mean of exponential values, 20 rows", MEAN, 20, 0 },
    { "mean of exponential values, 100 rows", MEAN, 100, 0 },
};

/* ---- one data set ---- */

struct rows {
    uint8_t labels[ROWS_MOST];
    double a[ROWS_MOST], b[ROWS_MOST];
};

/* Two columns have half of their variance in common. */
static void draw_rows(struct rows *r, const struct setting *s, cadre_rng *rng)
{
    for (size_t i = 0; i < s->n; i++) {
        const double common = s->what == PAIR ? cadre_rng_normal(rng) : 0;
        const double share = s->what == PAIR ? sqrt(0.5) : 1;
        r->labels[i] = i % 2;
        if (s->what == MEAN) {
            r->a[i] = -log1p(-cadre_rng_uniform(rng));
            continue;
        }
        r->a[i] =
            s->distance * r->labels[i] + share * cadre_rng_normal(rng) + share * common;
        r->b[i] =
            s->distance * r->labels[i] + share * cadre_rng_normal(rng) + share * common;
    }
}

static double truth_of(const struct setting *s)
{
    return s->what == PAIR   ? 0
           : s->what == MEAN ? 1
                             : cadre_normal_cdf(s->distance / sqrt(2));
}

static int interval_of(double *low, double *high, const struct setting *s,
                       const struct rows *r, int method, uint64_t resamples)
{
    const cadre_bootstrap b = { .metric.kind =
                                    s->what == MEAN ? CADRE_MEAN : CADRE_ROC_AUC,
                                .labels = r->labels,
                                .n = s->n,
                                .resamples = resamples,
                                .method = method };
    cadre_interval interval;
    cadre_delong delong;
    int rc;

    if (method == DELONG) {
        rc = cadre_delong_test(&delong, r->labels, r->a, s->what == PAIR ? r->b : NULL,
                               s->n, 0.95, NULL);
        *low = delong.low;
        *high = delong.high;
        return rc;
    }
    rc = s->what == PAIR
             ? cadre_bootstrap_difference(&interval, NULL, &b, r->a, r->b, NULL)
             : cadre_bootstrap_interval(&interval, NULL, &b, r->a, method, NULL);
    *low = interval.low;
    *high = interval.high;
    return rc;
}

/* ---- all data sets ---- */

struct job {
    struct setting setting;
    uint64_t resamples;
};

/* Of each method: 1 covered, 0 not covered, -1 no interval. */
struct outcome {
    signed char covered[METHODS];
};

static int one(cadre_task *task, const void *item, void *result)
{
    const struct job *const job = cadre_task_shared(task);
    const double truth = truth_of(&job->setting);
    struct outcome *const out = result;
    cadre_rng rng = *cadre_task_rng(task);
    struct rows rows;
    double low, high;

    (void)item;
    draw_rows(&rows, &job->setting, &rng);
    for (int m = 0; m < METHODS; m++)
        if (interval_of(&low, &high, &job->setting, &rows, m, job->resamples))
            out->covered[m] = -1;
        else
            out->covered[m] = low <= truth && truth <= high;
    return 0;
}

static bool applies(const struct setting *s, int method)
{
    return s->what != MEAN || method != DELONG;
}

static void show(const struct setting *s, const struct outcome *outcomes, uint64_t n)
{
    printf("%s\n", s->name);
    for (int m = 0; m < METHODS; m++) {
        uint64_t covered = 0, none = 0;
        if (!applies(s, m))
            continue;
        for (uint64_t i = 0; i < n; i++) {
            covered += outcomes[i].covered[m] == 1;
            none += outcomes[i].covered[m] == -1;
        }
        const double share = (double)covered / (double)n;
        printf("  %-12s %.3f +- %.3f", method_names[m], share,
               sqrt(share * (1 - share) / (double)n));
        if (none > 0)
            printf("   none for %llu of %llu", (unsigned long long)none,
                   (unsigned long long)n);
        putchar('\n');
    }
    fflush(stdout);
}

static int run(cadre_pool *pool, const struct setting *s, uint64_t n,
               uint64_t resamples)
{
    const struct job shared = { *s, resamples };
    struct outcome *const outcomes = calloc(n, sizeof *outcomes);
    const cadre_job job = { .fn = one,
                            .name = "coverage",
                            .n = n,
                            .results = outcomes,
                            .result_size = sizeof *outcomes,
                            .shared = &shared,
                            .shared_size = sizeof shared,
                            .seed = 7 };
    cadre_error err;

    if (!outcomes) {
        fputs("no memory\n", stderr);
        return 1;
    }
    const int rc = cadre_map(pool, &job, &err);
    if (rc)
        fprintf(stderr, "%s\n", err.message);
    else
        show(s, outcomes, n);
    free(outcomes);
    return rc != 0;
}

int main(int argc, char **argv)
{
    const uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    const uint64_t resamples = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
    cadre_pool *pool = NULL;
    cadre_error err;
    int rc = 0;

    if (n == 0 || resamples == 0) {
        fprintf(stderr, "usage: %s [DATA SETS [RESAMPLES]]\n", argv[0]);
        return 2;
    }
    if (cadre_open(&pool, NULL, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    printf(
        "%llu data sets each, %llu resamples, nominal 0.95: share of intervals with the "
        "truth,\nand its standard error\n",
        (unsigned long long)n, (unsigned long long)resamples);
    for (size_t k = 0; k < sizeof settings / sizeof settings[0] && !rc; k++)
        rc = run(pool, &settings[k], n, resamples);
    cadre_close(pool);
    return rc;
}
