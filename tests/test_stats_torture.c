/* test_stats_torture.c - fail each allocation of the statistics in turn.
 * SPDX-License-Identifier: MIT
 *
 * The linker puts the functions below in the place of the C library's in every call
 * that libcadre-stats and libcadre make. A scenario is run with the first call failing,
 * then with the second, ... until it runs through. Each time it must end with
 * CADRE_ENOMEM, worded, or with the right bytes, and nothing may be left allocated.
 */
#include "stats_case.h"

#include <stdatomic.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *p);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *p);

static _Atomic long calls, failing; /* the call to fail, counted from 1 */
static _Atomic long allocated;      /* blocks that are not freed */

static bool fails(void)
{
    return atomic_fetch_add(&calls, 1) + 1 == atomic_load(&failing);
}

static void *counted(void *p)
{
    if (p)
        atomic_fetch_add(&allocated, 1);
    return p;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    void *moved;

    if (fails())
        return NULL;
    moved = __real_realloc(old, size);
    return old ? moved : counted(moved);
}

void __wrap_free(void *p)
{
    if (p)
        atomic_fetch_sub(&allocated, 1);
    __real_free(p);
}

/* ---- scenarios ---- */

enum { N = 50, LONGEST = 2000 };

struct scenario {
    int kind, seeding;
    int method; /* -1: a difference; -2: a value */
    bool threads;
};

static uint8_t labels[N];
static double scores[N];

static int make_rows(void **state)
{
    cadre_rng rng = stats_stream(1);

    (void)state;
    for (size_t i = 0; i < N; i++) {
        labels[i] = i % 2;
        scores[i] = cadre_rng_uniform(&rng);
    }
    return 0;
}

static int open_pool(cadre_pool **pool, bool threads, cadre_error *err)
{
    const cadre_options options = { .backend = "threads",
                                    .workers = 2,
                                    .oversubscribe = true,
                                    .ignore_environment = true,
                                    .min_items = 1 };

    *pool = NULL;
    return threads ? cadre_open(pool, &options, err) : CADRE_OK;
}

static int run(const struct scenario *s, cadre_interval *out, cadre_error *err)
{
    const cadre_bootstrap b = { .metric = { s->kind, 0.5, 5, { 0 } },
                                .labels = labels,
                                .n = N,
                                .resamples = 40,
                                .seeding = s->seeding };
    cadre_pool *pool;
    int rc = open_pool(&pool, s->threads, err);

    if (!rc && s->method == -2)
        rc = cadre_metric_value(&out->point, &b.metric, labels, scores, N, err);
    else if (!rc && s->method == -1)
        rc = cadre_bootstrap_difference(out, pool, &b, scores, scores, err);
    else if (!rc)
        rc = cadre_bootstrap_interval(out, pool, &b, scores, s->method, err);
    cadre_close(pool);
    return rc;
}

static void torture(const struct scenario *s)
{
    cadre_interval right = { 0 }, out;
    cadre_error err;
    long call;

    atomic_store(&failing, 0);
    atomic_store(&allocated, 0);
    assert_int_equal(run(s, &right, &err), CADRE_OK);
    for (call = 1; call < LONGEST; call++) {
        atomic_store(&calls, 0);
        atomic_store(&failing, call);
        memset(&out, 0, sizeof out);
        const int rc = run(s, &out, &err);
        if (rc == CADRE_OK)
            assert_memory_equal(&out, &right, sizeof out);
        else
            assert_int_equal(rc, CADRE_ENOMEM);
        assert_true(rc == CADRE_OK || err.message[0]);
        assert_int_equal(atomic_load(&allocated), 0);
        if (atomic_load(&calls) < call)
            break; /* none failed */
    }
    assert_true(call < LONGEST);
    atomic_store(&failing, 0);
}

static void values(void **state)
{
    (void)state;
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
        torture(&(struct scenario){ kind, 0, -2, false });
}

static void intervals(void **state)
{
    (void)state;
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
        for (int threads = 0; threads < 2; threads++) {
            torture(&(struct scenario){ kind, CADRE_SEEDING_SINGLE, 0, threads });
            torture(&(struct scenario){ kind, CADRE_SEEDING_DRAW63, 2, threads });
        }
}

static void differences(void **state)
{
    (void)state;
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
        for (int threads = 0; threads < 2; threads++)
            torture(&(struct scenario){ kind, CADRE_SEEDING_SPAWN, -1, threads });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(intervals),
        cmocka_unit_test(differences),
    };
    return cmocka_run_group_tests_name("stats_torture", tests, make_rows, NULL);
}
