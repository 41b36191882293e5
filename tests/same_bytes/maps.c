/* maps.c - one job, every backend, worker count and chunk: the same bytes.
 * SPDX-License-Identifier: MIT
 *
 * Each job's digest covers its results, emitted bytes, statuses and error. That of the
 * NULL pool is the reference.
 */
#include "contract.h"

#define N 2003

static const char *const backends[] = { "serial", "threads", "processes", "persistent",
                                        "auto" };
static const int workers[] = { 1, 2, 3, 8 };
static const uint64_t chunks[] = { 1, 7, 0 };

static uint64_t digest_error(uint64_t hash, int rc, const cadre_error *err)
{
    hash = fnv1a(&rc, sizeof rc, hash);
    hash = fnv1a(&err->code, sizeof err->code, hash);
    hash = fnv1a(&err->user, sizeof err->user, hash);
    hash = fnv1a(&err->signal, sizeof err->signal, hash);
    hash = fnv1a(&err->item, sizeof err->item, hash);
    return fnv1a(err->message, strlen(err->message), hash);
}

/* ---- kernels ---- */

static int walk(cadre_task *t, const void *item, void *result)
{
    cadre_rng *rng = cadre_task_rng(t);
    double x = *(const double *)item;
    uint64_t steps = cadre_rng_below(rng, 50);

    for (uint64_t i = 0; i < steps; i++)
        x += cadre_rng_uniform(rng) - 0.5 + cadre_rng_normal(rng) / 100;
    *(double *)result = x;
    return 0;
}

static int walks(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                 void *results)
{
    for (uint64_t i = 0; i < count; i++)
        if (cadre_task_at(t, first + i) ||
            walk(t, (const double *)items + i, (double *)results + i))
            return 1;
    return 0;
}

static int walk_or_fall(cadre_task *t, const void *item, void *result)
{
    walk(t, item, result);
    jitter(cadre_task_index(t) * 17);
    if (cadre_rng_below(cadre_task_rng(t), 100) == 0)
        return cadre_task_fail(t, 3, "fell at %a", *(double *)result);
    return 0;
}

static int arguments(cadre_task *t, const void *item, void *result)
{
    double x = CADRE_ARG(item, 0, double), y = CADRE_ARG(item, 1, double);

    *(double *)result =
        x * 3 + y * CADRE_ARG(item, 2, double) + cadre_rng_uniform(cadre_task_rng(t));
    return 0;
}

static int babble(cadre_task *t, const void *item, void *result)
{
    uint64_t words = cadre_rng_below(cadre_task_rng(t), 9);

    (void)item;
    (void)result;
    while (words-- > 0) {
        uint64_t word = cadre_rng_u64(cadre_task_rng(t));
        if (cadre_task_emit(t, &word, word % 8))
            return 1;
    }
    return 0;
}

static int average(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(double *)into = *(double *)into * 0.7 + *(const double *)from * 0.3;
    return 0;
}

/* ---- jobs ---- */

static double items[N], results[N];

static cadre_job items_job(uint64_t chunk)
{
    memset(results, 0, sizeof results);
    for (int i = 0; i < N; i++)
        items[i] = i / 7.0;
    return (cadre_job){ .n = N,
                        .items = items,
                        .item_size = sizeof *items,
                        .results = results,
                        .result_size = sizeof *results,
                        .seed = 20240229,
                        .chunk = chunk };
}

static uint64_t do_map(cadre_pool *pool, uint64_t chunk)
{
    cadre_job job = items_job(chunk);
    cadre_error err;
    int rc;

    job.fn = walk;
    rc = cadre_map(pool, &job, &err);
    return digest_error(fnv1a(results, sizeof results, FNV_BEGIN), rc, &err);
}

static uint64_t do_range_map(cadre_pool *pool, uint64_t chunk)
{
    cadre_job job = items_job(chunk);
    cadre_error err;
    int rc;

    job.range_fn = walks;
    rc = cadre_map(pool, &job, &err);
    return digest_error(fnv1a(results, sizeof results, FNV_BEGIN), rc, &err);
}

static uint64_t do_starmap(cadre_pool *pool, uint64_t chunk)
{
    static const double constant = 1.5, none = -9;
    cadre_column columns[] = {
        { .data = items, .size = sizeof *items, .n = N },
        { .data = items + 5, .size = sizeof *items, .n = N / 2, .fill = &none },
        { .data = &constant, .size = sizeof constant, .same = true }
    };
    cadre_job job = items_job(chunk);
    cadre_error err;
    int rc;

    job.fn = arguments;
    job.items = NULL;
    job.n = 0;
    job.columns = columns;
    job.n_columns = 3;
    rc = cadre_map(pool, &job, &err);
    return digest_error(fnv1a(results, sizeof results, FNV_BEGIN), rc, &err);
}

static uint64_t do_reduce(cadre_pool *pool, uint64_t chunk)
{
    cadre_job job = items_job(chunk);
    cadre_error err;
    double out = -1;
    int rc;

    job.fn = walk;
    job.results = NULL;
    rc = cadre_reduce(pool, &job, average, &out, &err);
    return digest_error(fnv1a(&out, sizeof out, FNV_BEGIN), rc, &err);
}

static uint64_t do_streams(cadre_pool *pool, uint64_t chunk)
{
    cadre_seed root, child;
    cadre_job job = items_job(chunk);
    cadre_error err;
    int rc;

    cadre_seed_init(&root, 7);
    child = cadre_seed_child(&root, UINT64_C(0x123456789));
    job.fn = walk;
    job.seed_sequence = &child;
    rc = cadre_map(pool, &job, &err);
    return digest_error(fnv1a(results, sizeof results, FNV_BEGIN), rc, &err);
}

static uint64_t do_emit(cadre_pool *pool, uint64_t chunk)
{
    static cadre_bytes emitted[N];
    uint64_t hash = FNV_BEGIN;
    cadre_job job = items_job(chunk);
    cadre_error err;
    int rc;

    job.fn = babble;
    job.results = NULL;
    job.emitted = emitted;
    rc = cadre_map(pool, &job, &err);
    for (int i = 0; i < N; i++) {
        hash = fnv1a(&emitted[i].size, sizeof emitted[i].size, hash);
        hash = fnv1a(emitted[i].data, emitted[i].size, hash);
    }
    cadre_bytes_free(emitted, N);
    return digest_error(hash, rc, &err);
}

/* What is left of a job: every third task at first, then all. */
static uint64_t do_the_rest(cadre_pool *pool, uint64_t chunk)
{
    static uint64_t indexes[N / 3];
    static int statuses[N];
    cadre_job job = items_job(chunk);
    cadre_error err;
    int rc;

    for (uint64_t k = 0; k < N / 3; k++)
        indexes[k] = 3 * k;
    job.indexes = indexes;
    job.n_indexes = N / 3;
    job.statuses = statuses;
    job.on_error = CADRE_KEEP_GOING;
    job.fn = walk_or_fall;
    rc = cadre_map(pool, &job, &err);
    return digest_error(fnv1a(results, sizeof results, FNV_BEGIN), rc, &err);
}

/* Everything below the failure, and what is said of everything beyond it. */
static uint64_t do_failure(cadre_pool *pool, uint64_t chunk)
{
    static int statuses[N];
    cadre_job job = items_job(chunk);
    cadre_error err;
    int rc;
    uint64_t hash;

    job.fn = walk_or_fall;
    job.name = "walk";
    job.statuses = statuses;
    rc = cadre_map(pool, &job, &err);
    assert_int_equal(rc, CADRE_EKERNEL);
    hash = fnv1a(results, err.item * sizeof *results, FNV_BEGIN);
    return digest_error(fnv1a(statuses, sizeof statuses, hash), rc, &err);
}

static uint64_t do_keep_going(cadre_pool *pool, uint64_t chunk)
{
    static int statuses[N];
    cadre_job job = items_job(chunk);
    cadre_error err;
    int rc;
    uint64_t hash;

    job.fn = walk_or_fall;
    job.statuses = statuses;
    job.on_error = CADRE_KEEP_GOING;
    rc = cadre_map(pool, &job, &err);
    hash = fnv1a(results, sizeof results, FNV_BEGIN);
    return digest_error(fnv1a(statuses, sizeof statuses, hash), rc, &err);
}

static uint64_t do_failing_reduce(cadre_pool *pool, uint64_t chunk)
{
    cadre_job job = items_job(chunk);
    cadre_error err;
    double out = -1;
    int rc;

    job.fn = walk_or_fall;
    job.results = NULL;
    rc = cadre_reduce(pool, &job, average, &out, &err);
    assert_int_equal(rc, CADRE_EKERNEL);
    return digest_error(fnv1a(&out, sizeof out, FNV_BEGIN), rc, &err);
}

/* ---- the matrix ---- */

typedef uint64_t subject(cadre_pool *pool, uint64_t chunk);

static void check(subject *digest, const char *backend, int n, uint64_t reference)
{
    struct contract c = { .backend = backend, .workers = n };

    assert_int_equal(contract_pool(&c.pool, &c, (cadre_options){ 0 }), 0);
    for (size_t k = 0; k < sizeof chunks / sizeof *chunks; k++)
        for (int again = 0; again < 3; again++)
            if (digest(c.pool, chunks[k]) != reference)
                fail_msg(
                    "backend %s, %d workers, chunk %d: other bytes than the NULL pool",
                    backend, n, (int)chunks[k]);
    cadre_close(c.pool);
}

static void compare(subject *digest)
{
    uint64_t reference = digest(NULL, 0);

    for (size_t b = 0; b < sizeof backends / sizeof *backends; b++)
        for (size_t w = 0; w < sizeof workers / sizeof *workers; w++)
            if (!contract_without(backends[b]))
                check(digest, backends[b], workers[w], reference);
}

#define SUBJECT(name)                     \
    static void test_##name(void **state) \
    {                                     \
        (void)state;                      \
        compare(do_##name);               \
    }

SUBJECT(map)
SUBJECT(range_map)
SUBJECT(starmap)
SUBJECT(reduce)
SUBJECT(streams)
SUBJECT(emit)
SUBJECT(the_rest)
SUBJECT(failure)
SUBJECT(keep_going)
SUBJECT(failing_reduce)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map),        cmocka_unit_test(test_range_map),
        cmocka_unit_test(test_starmap),    cmocka_unit_test(test_reduce),
        cmocka_unit_test(test_streams),    cmocka_unit_test(test_emit),
        cmocka_unit_test(test_the_rest),   cmocka_unit_test(test_failure),
        cmocka_unit_test(test_keep_going), cmocka_unit_test(test_failing_reduce),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
