/* bootstrap.c - the paired bootstrap of a difference of two ROC-AUCs.
 * SPDX-License-Identifier: MIT
 *
 *     PROGRAM ROWS RESAMPLES WORKERS REPETITIONS
 *
 * Also how long it takes to draw as many rows as there are and to count each: the floor.
 * The rows come from generator 7, as they do in peer_bootstrap.py: the same bits, so
 * that the intervals must be the same too.
 */
#include <cadre/random.h>
#include <cadre/stats.h>
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>

struct rows {
    size_t n;
    uint8_t *labels;
    double *a, *b;
};

static bool make_rows(struct rows *rows, size_t n)
{
    cadre_seed seed;
    cadre_rng rng;
    int64_t *label = calloc(n, sizeof *label);

    rows->n = n;
    rows->labels = calloc(n, 1);
    rows->a = calloc(n, sizeof *rows->a);
    rows->b = calloc(n, sizeof *rows->b);
    if (!label || !rows->labels || !rows->a || !rows->b)
        return false;
    cadre_seed_init(&seed, 7);
    cadre_rng_init(&rng, &seed);
    cadre_rng_integers(&rng, label, n, 0, 2);
    cadre_rng_uniforms(&rng, rows->a, n);
    cadre_rng_uniforms(&rng, rows->b, n);
    for (size_t i = 0; i < n; i++) {
        rows->labels[i] = (uint8_t)label[i];
        rows->a[i] += 0.25 * (double)label[i];
        rows->b[i] += 0.375 * (double)label[i];
    }
    free(label);
    return true;
}

static int run(const struct rows *rows, cadre_pool *pool, uint64_t resamples,
               size_t repetitions)
{
    cadre_bootstrap b = { .metric.kind = CADRE_ROC_AUC,
                          .labels = rows->labels,
                          .n = rows->n,
                          .resamples = resamples,
                          .seed = 42 };
    double *samples = calloc(repetitions, sizeof *samples);
    cadre_interval interval = { 0 };
    cadre_error error;
    struct summary s;

    if (!samples)
        return 1;
    for (size_t r = 0; r < repetitions; r++) {
        double began = now_ns();
        if (cadre_bootstrap_difference(&interval, pool, &b, rows->a, rows->b, &error)) {
            fprintf(stderr, "%s\n", error.message);
            free(samples);
            return 1;
        }
        samples[r] = now_ns() - began;
    }
    s = summarise(samples, repetitions);
    free(samples);
    printf("bootstrap.min %.0f ns\nbootstrap.median %.0f ns\n", s.min, s.median);
    printf("low %.17g difference\nhigh %.17g difference\n", interval.low,
           interval.high);
    return 0;
}

/* What no bootstrap can do without: indices of all rows, and one pass. */
static int run_floor(size_t n, uint64_t resamples)
{
    uint32_t *const index = calloc(n, sizeof *index);
    uint32_t *const count = calloc(n, sizeof *count);
    cadre_seed seed;
    cadre_rng rng;
    double began;

    if (index && count) {
        cadre_seed_init(&seed, 42);
        cadre_rng_init(&rng, &seed);
        began = now_ns();
        for (uint64_t b = 0; b < resamples; b++) {
            cadre_rng_indices(&rng, index, n, (uint32_t)n);
            for (size_t i = 0; i < n; i++)
                count[index[i]]++;
        }
        printf("floor.min %.0f ns\nfloor.count %u rows\n", now_ns() - began, count[0]);
    }
    free(index);
    free(count);
    return !index || !count;
}

int main(int argc, char **argv)
{
    cadre_options options = { .backend = "threads", .ignore_environment = true };
    struct rows rows = { 0 };
    cadre_pool *pool = NULL;
    cadre_error error;
    int rc = 1;

    if (argc != 5) {
        fprintf(stderr, "usage: %s ROWS RESAMPLES WORKERS REPETITIONS\n", argv[0]);
        return 2;
    }
    options.workers = atoi(argv[3]);
    if (cadre_open(&pool, &options, &error))
        fprintf(stderr, "%s\n", error.message);
    else if (make_rows(&rows, strtoul(argv[1], NULL, 10)))
        rc =
            run(&rows, pool, strtoull(argv[2], NULL, 10), strtoul(argv[4], NULL, 10)) ||
            run_floor(rows.n, strtoull(argv[2], NULL, 10));
    cadre_close(pool);
    free(rows.labels);
    free(rows.a);
    free(rows.b);
    return rc;
}
