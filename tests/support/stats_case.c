/* stats_case.c - what the statistics tests share: rows, and intervals on two pools.
 * SPDX-License-Identifier: MIT
 */
#include "stats_case.h"

#include <math.h>

static cadre_pool *threads;

void *stats_array(size_t n, size_t size)
{
    void *const memory = calloc(n ? n : 1, size);

    assert_non_null(memory);
    return memory;
}

cadre_rng stats_stream(uint64_t seed)
{
    cadre_seed sequence;
    cadre_rng rng;

    cadre_seed_init(&sequence, seed);
    cadre_rng_init(&rng, &sequence);
    return rng;
}

int stats_open(void **state)
{
    const cadre_options options = { .backend = "threads",
                                    .workers = 3,
                                    .oversubscribe = true,
                                    .ignore_environment = true,
                                    .min_items = 1 };

    (void)state;
    return cadre_open(&threads, &options, NULL);
}

int stats_close(void **state)
{
    (void)state;
    cadre_close(threads);
    return 0;
}

cadre_pool *stats_pool(void)
{
    return threads;
}

/* ---- on two pools ---- */

struct call {
    const cadre_bootstrap *b;
    const double *scores, *scores_b; /* scores_b: NULL for an interval */
    int method;
};

static int run(cadre_interval *out, cadre_pool *pool, const struct call *call,
               double *replicates, cadre_error *err)
{
    cadre_bootstrap b = *call->b;

    b.replicates = replicates;
    if (call->scores_b)
        return cadre_bootstrap_difference(out, pool, &b, call->scores, call->scores_b,
                                          err);
    return cadre_bootstrap_interval(out, pool, &b, call->scores, call->method, err);
}

static int run_on_both(cadre_interval *out, const struct call *call, cadre_error *err)
{
    const size_t resamples = call->b->resamples ? call->b->resamples : 1000;
    double *const here = call->b->replicates ? call->b->replicates
                                             : stats_array(resamples, sizeof *here);
    double *const there = stats_array(resamples, sizeof *there);
    cadre_interval again;
    cadre_error error;
    const int rc = run(out, NULL, call, here, err);

    assert_int_equal(run(&again, threads, call, there, &error), rc);
    assert_memory_equal(&again, out, sizeof again);
    assert_memory_equal(there, here, resamples * sizeof *there);
    assert_int_equal(error.code, err->code);
    assert_string_equal(error.message, err->message);
    if (!call->b->replicates)
        free(here);
    free(there);
    return rc;
}

int stats_interval(cadre_interval *out, const cadre_bootstrap *b, const double *scores,
                   int method, cadre_error *err)
{
    const struct call call = { .b = b, .scores = scores, .method = method };

    return run_on_both(out, &call, err);
}

int stats_difference(cadre_interval *out, const cadre_bootstrap *b, const double *a,
                     const double *scores_b, cadre_error *err)
{
    const struct call call = { .b = b, .scores = a, .scores_b = scores_b };

    return run_on_both(out, &call, err);
}

void stats_same(double expected, double actual, const char *what)
{
    if (memcmp(&expected, &actual, sizeof actual) != 0 &&
        !(isnan(expected) && isnan(actual)))
        fail_msg("%s: expected %.17g (%a), got %.17g (%a)", what, expected, expected,
                 actual, actual);
}

void stats_near(double expected, double actual, double distance)
{
    if (!(fabs(expected - actual) <= distance))
        fail_msg("expected %.17g, got %.17g, further than %g away", expected, actual,
                 distance);
}
