/* test_torture.c - fail each call that maps and reductions make, in turn.
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

#include <signal.h>

enum { MANY = 60, ALL = 3000 };

static uint64_t right[MANY]; /* of `busy`, when nothing fails */

/* ---- a map with everything ---- */

static int busy(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);
    uint64_t *scratch = cadre_task_scratch(t, 64 + 8 * (i % 100));

    (void)item;
    if (!scratch)
        return cadre_task_fail(t, 1, "no scratch memory");
    if (cadre_task_emit(t, &i, 1 + i % 8))
        return 2;
    jitter(i);
    *(uint64_t *)result = cadre_rng_u64(cadre_task_rng(t));
    return 0;
}

/* All tasks below `end` are done. */
static void check_map(const uint64_t *y, const cadre_bytes *emitted, uint64_t end)
{
    assert_memory_equal(y, right, end * sizeof *y);
    for (uint64_t i = 0; i < end; i++) {
        assert_int_equal(emitted[i].size, 1 + i % 8);
        assert_memory_equal(emitted[i].data, &i, 1 + i % 8);
    }
}

static int map_everything(cadre_pool *pool, uint64_t *y, cadre_bytes *emitted,
                          cadre_error *err)
{
    uint64_t x[MANY] = { 0 };
    cadre_column column = { .data = x, .size = sizeof *x, .n = MANY };

    return cadre_map(pool,
                     &(cadre_job){ .fn = busy,
                                   .columns = &column,
                                   .n_columns = 1,
                                   .results = y,
                                   .result_size = sizeof *y,
                                   .emitted = emitted,
                                   .seed = 5 },
                     err);
}

static int everything(const void *arg, cadre_error *err)
{
    uint64_t y[MANY];
    cadre_bytes emitted[MANY] = { { NULL, 0 } };
    cadre_pool *pool;
    int rc = torture_pool(&pool, err);

    (void)arg;
    if (rc)
        return rc;
    rc = map_everything(pool, y, emitted, err);
    if (!rc)
        check_map(y, emitted, MANY);
    cadre_bytes_free(emitted, MANY);
    cadre_close(pool);
    return rc;
}

static int find_what_is_right(void **state)
{
    cadre_bytes emitted[MANY] = { { NULL, 0 } };
    int rc = map_everything(NULL, right, emitted, NULL);

    (void)state;
    cadre_bytes_free(emitted, MANY);
    return rc;
}

/* ---- a map that goes on ---- */

/* Workers that are processes die at one item, once. */
static int deadly(cadre_task *t, const void *item, void *result)
{
    uint64_t i = *(const uint64_t *)item;
    _Atomic int *dead = *(_Atomic int *const *)cadre_task_shared(t);

    if (i == 7 && torture_is_apart() && atomic_exchange(dead, 1) == 0)
        raise(SIGKILL);
    if (i == 9 && !cadre_task_scratch(t, 100))
        return 1;
    *(uint64_t *)result = i * i;
    return 0;
}

/* `space` is shared by all workers: items, results, statuses, and who has died. */
static int map_on(cadre_pool *pool, uint64_t *space, cadre_error *err)
{
    uint64_t *x = space, *y = space + MANY;
    int *statuses = (int *)(void *)(space + (size_t)2 * MANY);
    _Atomic int *dead = (_Atomic int *)(void *)(space + (size_t)3 * MANY);
    cadre_job job = { .fn = deadly,
                      .name = "deadly",
                      .n = MANY,
                      .items = x,
                      .item_size = sizeof *x,
                      .results = y,
                      .result_size = sizeof *y,
                      .shared = &dead,
                      .shared_size = sizeof dead,
                      .statuses = statuses,
                      .on_error = CADRE_KEEP_GOING,
                      .deadline_ms = 60000 };
    int rc;

    if (torture_is_apart()) {
        job.retries = 2;
        job.timeout_ms = 60000;
    }
    for (uint64_t i = 0; i < MANY; i++)
        x[i] = i;
    rc = cadre_map(pool, &job, err);
    for (uint64_t i = 0; i < MANY; i++) {
        assert_true(rc || statuses[i] == CADRE_OK);
        if (statuses[i] == CADRE_OK)
            assert_int_equal(y[i], i * i);
    }
    return rc;
}

static int goes_on(const void *arg, cadre_error *err)
{
    uint64_t *space = NULL;
    cadre_pool *pool;
    int rc = torture_pool(&pool, err);

    (void)arg;
    if (rc)
        return rc;
    space = cadre_alloc_shared((3 * MANY + 1) * sizeof *space, err);
    rc = space ? map_on(pool, space, err) : err->code;
    cadre_free_shared(space);
    cadre_close(pool);
    return rc;
}

/* ---- maps within a map, of ranges, on a pool that stays ---- */

static int square(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                  void *results)
{
    (void)t;
    (void)items;
    for (uint64_t i = 0; i < count; i++)
        ((uint64_t *)results)[i] = (first + i) * (first + i);
    return 0;
}

static int outer(cadre_task *t, const void *item, void *result)
{
    cadre_pool *pool = *(cadre_pool *const *)cadre_task_shared(t);
    uint64_t y[8];
    cadre_error err;

    (void)item;
    if (cadre_map(
            pool,
            &(cadre_job){ .range_fn = square, .n = 8, .results = y, .result_size = 8 },
            &err))
        return cadre_task_fail(t, err.code, "%s", err.message);
    *(uint64_t *)result = y[cadre_task_index(t) % 8];
    return 0;
}

static int map_twice(cadre_pool *pool, cadre_error *err)
{
    uint64_t y[20];
    const cadre_job job = { .fn = outer,
                            .n = 20,
                            .shared = &pool,
                            .shared_size = sizeof pool,
                            .results = y,
                            .result_size = sizeof *y };
    char text[CADRE_EXPLAIN_MAX];
    int rc = cadre_explain(pool, &job, text, sizeof text, err);

    if (!rc)
        rc = cadre_map(pool, &job, err);
    if (rc)
        return rc;
    memset(y, 0, sizeof y);
    rc = cadre_map(pool, &job, err);
    for (uint64_t i = 0; i < 20 && !rc; i++)
        assert_int_equal(y[i], (i % 8) * (i % 8));
    return rc;
}

/* A failed run leaves a pool that is as good as new. */
static int within(const void *arg, cadre_error *err)
{
    cadre_pool *pool;
    cadre_error again;
    int rc = torture_pool(&pool, err);

    (void)arg;
    if (rc)
        return rc;
    rc = map_twice(pool, err);
    if (rc)
        assert_int_equal(map_twice(pool, &again), CADRE_OK);
    cadre_close(pool);
    if (rc == CADRE_EKERNEL)
        rc = err->code = err->user; /* of the map within */
    return rc;
}

/* ---- reductions ---- */

static int one(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    *(uint64_t *)result = 1;
    return 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

static int reduce(const void *arg, cadre_error *err)
{
    uint64_t sum = 0;
    cadre_pool *pool;
    int rc = torture_pool(&pool, err);

    (void)arg;
    if (rc)
        return rc;
    rc = cadre_reduce(pool,
                      &(cadre_job){ .fn = one, .n = ALL, .result_size = sizeof sum },
                      add, &sum, err);
    assert_int_equal(sum, rc ? 0 : ALL);
    cadre_close(pool);
    return rc;
}

/* ---- */

static void test_map(void **state)
{
    (void)state;
    torture(everything, NULL);
}

static void test_map_that_goes_on(void **state)
{
    (void)state;
    cadre_free_shared(cadre_alloc_shared(1, NULL)); /* its note stays for the next */
    torture(goes_on, NULL);
}

static void test_maps_within_a_map(void **state)
{
    (void)state;
    torture(within, NULL);
}

static void test_reduce(void **state)
{
    (void)state;
    torture(reduce, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_map_that_goes_on),
        cmocka_unit_test(test_maps_within_a_map),
        cmocka_unit_test(test_reduce),
    };

    return cmocka_run_group_tests(tests, find_what_is_right, NULL);
}
