/* map.c - what cadre_map computes, whatever runs it.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"

#define N 5000

/* ---- items, indices, columns ---- */

static int square(cadre_task *t, const void *item, void *result)
{
    double x = *(const double *)item;

    (void)t;
    *(double *)result = x * x;
    return 0;
}

static void test_items(void **state)
{
    static double x[N], y[N];

    for (int i = 0; i < N; i++)
        x[i] = i;
    map_ok(*state, (cadre_job){ .fn = square,
                                .n = N,
                                .items = x,
                                .item_size = sizeof *x,
                                .results = y,
                                .result_size = sizeof *y });
    for (int i = 0; i < N; i++)
        assert_true(y[i] == (double)i * i);
}

static int index_times_shared(cadre_task *t, const void *item, void *result)
{
    uint64_t factor = *(const uint64_t *)cadre_task_shared(t);

    *(uint64_t *)result = item ? 0 : cadre_task_index(t) * factor;
    return 0;
}

static void test_indices_and_shared(void **state)
{
    static uint64_t y[N];
    uint64_t factor = 3;

    map_ok(*state, (cadre_job){ .fn = index_times_shared,
                                .n = N,
                                .results = y,
                                .result_size = sizeof *y,
                                .shared = &factor,
                                .shared_size = sizeof factor });
    for (uint64_t i = 0; i < N; i++)
        assert_true(y[i] == i * 3);
}

static int count_up(cadre_task *t, const void *item, void *result)
{
    _Atomic uint64_t *seen = *(_Atomic uint64_t *const *)cadre_task_shared(t);

    (void)item;
    (void)result;
    atomic_fetch_add_explicit(&seen[cadre_task_index(t)], 1, memory_order_relaxed);
    return 0;
}

/* Each task runs exactly once. */
static void test_each_once(void **state)
{
    enum { MANY = 200000 };
    void *memory = shared_zeros(MANY * sizeof(uint64_t));
    _Atomic uint64_t *seen = memory;

    assert_non_null(seen);
    map_ok(*state, (cadre_job){ .fn = count_up,
                                .n = MANY,
                                .shared = &seen,
                                .shared_size = sizeof seen });
    for (int i = 0; i < MANY; i++)
        assert_int_equal(seen[i], 1);
    cadre_free_shared(memory);
}

static int linear(cadre_task *t, const void *item, void *result)
{
    double a = CADRE_ARG(item, 0, double);
    int x = CADRE_ARG(item, 1, int);
    float b = CADRE_ARG(item, 2, float);

    (void)t;
    *(double *)result = a * x + (double)b;
    return 0;
}

static void test_starmap_ends_with_the_shortest(void **state)
{
    double a = 2.5;
    int x[100];
    float b[90];
    double y[100] = { 0 };
    cadre_column columns[] = {
        { .data = &a, .size = sizeof a, .same = true },
        { .data = x, .size = sizeof *x, .n = 100 },
        { .data = b, .size = sizeof *b, .n = 90 },
    };
    cadre_job job = { .fn = linear,
                      .columns = columns,
                      .n_columns = 3,
                      .results = y,
                      .result_size = sizeof *y };

    for (int i = 0; i < 100; i++)
        x[i] = i;
    for (int i = 0; i < 90; i++)
        b[i] = (float)i / 2;
    assert_int_equal(cadre_job_tasks(&job), 90);
    map_ok(*state, job);
    for (int i = 0; i < 90; i++)
        assert_true(y[i] == 2.5 * i + i / 2.0);
    for (int i = 90; i < 100; i++)
        assert_true(y[i] == 0);
}

static void test_starmap_fills_to_the_longest(void **state)
{
    double a[3] = { 1, 2, 3 }, none = -1;
    int x[7] = { 1, 2, 3, 4, 5, 6, 7 }, zero = 0;
    float b = 0;
    double y[7];
    cadre_column columns[] = {
        { .data = a, .size = sizeof *a, .n = 3, .fill = &none },
        { .data = x, .size = sizeof *x, .n = 7, .fill = &zero },
        { .data = &b, .size = sizeof b, .same = true },
    };
    cadre_job job = { .fn = linear,
                      .columns = columns,
                      .n_columns = 3,
                      .results = y,
                      .result_size = sizeof *y };

    assert_int_equal(cadre_job_tasks(&job), 7);
    map_ok(*state, job);
    for (int i = 0; i < 7; i++)
        assert_true(y[i] == (i < 3 ? a[i] : -1) * (i + 1));
    job.n = 2; /* fewer than the columns give */
    assert_int_equal(cadre_job_tasks(&job), 2);
    map_ok(*state, job);
}

static void test_nothing_and_one(void **state)
{
    double x = 3, y = 0;
    cadre_job job = { .fn = square,
                      .items = &x,
                      .item_size = sizeof x,
                      .results = &y,
                      .result_size = sizeof y };

    map_ok(*state, job);
    assert_true(y == 0);
    job.n = 1;
    map_ok(*state, job);
    assert_true(y == 9);
    job.results = NULL; /* no result is kept; the kernel gets none */
    job.n = 0;
    map_ok(*state, job);
}

/* ---- range kernels ---- */

static int squares(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                   void *results)
{
    const double *x = items;
    double *y = results;

    if (cadre_task_index(t) != first)
        return 1;
    for (uint64_t i = 0; i < count; i++)
        y[i] = x[i] * x[i];
    return 0;
}

static void test_range_kernel(void **state)
{
    static double x[N], y[N];

    for (int i = 0; i < N; i++)
        x[i] = i;
    map_ok(*state, (cadre_job){ .range_fn = squares,
                                .n = N,
                                .items = x,
                                .item_size = sizeof *x,
                                .results = y,
                                .result_size = sizeof *y });
    for (int i = 0; i < N; i++)
        assert_true(y[i] == (double)i * i);
}

/* ---- results of any size ---- */

static int emit_index_times(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t), size = i % 97;
    char byte = (char)i;

    (void)item;
    (void)result;
    for (uint64_t k = 0; k < size; k++)
        if (cadre_task_emit(t, &byte, 1))
            return 1;
    if (i == 50) {
        char *large = malloc(1 << 20);
        if (!large)
            return 2;
        memset(large, 7, 1 << 20);
        cadre_task_emit(t, large, 1 << 20);
        free(large);
    }
    return cadre_task_emit(t, NULL, 0);
}

static int emit_range(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                      void *results)
{
    for (uint64_t i = first; i < first + count; i++)
        if (cadre_task_at(t, i) || emit_index_times(t, items, results))
            return 1;
    return 0;
}

static void check_emitted(const struct contract *c, cadre_job job)
{
    cadre_bytes *out = malloc(1000 * sizeof *out);

    assert_non_null(out);
    memset(out, 0xAA, 1000 * sizeof *out); /* cadre clears it */
    job.n = 1000;
    job.emitted = out;
    map_ok(c, job);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t size = i % 97 + (i == 50 ? 1 << 20 : 0);
        assert_int_equal(out[i].size, size);
        assert_true((out[i].data == NULL) == (size == 0));
        for (uint64_t k = 0; k < i % 97; k++)
            assert_int_equal(((char *)out[i].data)[k], (char)i);
    }
    assert_int_equal(((char *)out[50].data)[50 + (1 << 19)], 7);
    cadre_bytes_free(out, 1000);
    assert_null(out[50].data);
    free(out);
}

static void test_emitted(void **state)
{
    check_emitted(*state, (cadre_job){ .fn = emit_index_times });
    check_emitted(*state, (cadre_job){ .range_fn = emit_range });
}

/* ---- scratch ---- */

struct notes {
    uint64_t tasks;
    char rest[1000];
};

static int take_notes(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);
    struct notes *n = cadre_task_scratch(t, sizeof *n);
    char *more;

    (void)item;
    if (!n)
        return 1;
    n->tasks++;
    memset(n->rest, 1, sizeof n->rest);
    more = cadre_task_scratch(t, sizeof *n + 10 * i);
    if (!more || ((struct notes *)(void *)more)->tasks == 0)
        return 2;
    for (uint64_t k = sizeof *n + 10 * (i - (i > 0)); k < sizeof *n + 10 * i; k++)
        if (more[k] != 0 && more[k] != 2)
            return 3;
    memset(more + sizeof *n, 2, 10 * i);
    *(uint64_t *)result = ((struct notes *)(void *)more)->tasks;
    return 0;
}

static void test_scratch_is_kept_and_zeroed(void **state)
{
    uint64_t served[300];

    for (int round = 0; round < 3; round++) {
        bool one = false;
        map_ok(*state, (cadre_job){ .fn = take_notes,
                                    .n = 300,
                                    .results = served,
                                    .result_size = sizeof *served });
        for (int i = 0; i < 300; i++) {
            assert_in_range(served[i], 1, 300);
            one |= served[i] == 1;
        }
        assert_true(one); /* a new run begins with zeros */
    }
}

/* ---- random streams ---- */

static int draw(cadre_task *t, const void *item, void *result)
{
    uint64_t *out = result;

    (void)item;
    jitter(cadre_task_index(t));
    out[0] = cadre_rng_u64(cadre_task_rng(t));
    out[1] = cadre_rng_u64(cadre_task_rng(t)); /* goes on, does not begin again */
    return 0;
}

static int draw_range(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                      void *results)
{
    for (uint64_t i = 0; i < count; i++) {
        if (cadre_task_at(t, first + i))
            return 1;
        draw(t, items, (uint64_t *)results + 2 * i);
    }
    return 0;
}

static void check_streams(uint64_t (*drawn)[2], uint64_t n, const cadre_seed *root)
{
    for (uint64_t i = 0; i < n; i++) {
        cadre_seed seed = cadre_seed_child(root, i);
        cadre_rng rng;
        cadre_rng_init(&rng, &seed);
        assert_true(drawn[i][0] == cadre_rng_u64(&rng));
        assert_true(drawn[i][1] == cadre_rng_u64(&rng));
    }
}

static void test_random_streams(void **state)
{
    static uint64_t drawn[1000][2];
    cadre_job job = { .fn = draw,
                      .n = 1000,
                      .results = drawn,
                      .result_size = sizeof *drawn,
                      .seed = 42 };
    cadre_seed root;

    cadre_seed_init(&root, 42);
    map_ok(*state, job);
    check_streams(drawn, 1000, &root);

    memset(drawn, 0, sizeof drawn);
    job.fn = NULL;
    job.range_fn = draw_range;
    map_ok(*state, job);
    check_streams(drawn, 1000, &root);

    root = cadre_seed_child(&root, UINT64_C(1) << 40);
    job.seed = 1; /* not used: */
    job.seed_sequence = &root;
    map_ok(*state, job);
    check_streams(drawn, 1000, &root);
}

/* ---- where am I ---- */

static int tell(cadre_task *t, const void *item, void *result)
{
    unsigned *out = result;

    (void)t;
    (void)item;
    out[0] = cadre_rank();
    out[1] = cadre_size();
    out[2] = cadre_is_main();
    return 0;
}

static void test_rank_and_size(void **state)
{
    const struct contract *c = *state;
    unsigned told[500][3], size = cadre_workers(c->pool);

    assert_int_equal(cadre_rank(), 0);
    assert_int_equal(cadre_size(), 1);
    assert_true(cadre_is_main());
    map_ok(c, (cadre_job){
                  .fn = tell, .n = 500, .results = told, .result_size = sizeof *told });
    for (int i = 0; i < 500; i++) {
        assert_in_range(told[i][0], 0, told[i][1] - 1);
        assert_in_range(told[i][1], size, size + 1);
        assert_int_equal(told[i][2], told[i][0] == 0);
    }
    assert_int_equal(cadre_size(), 1);
}

/* ---- progress ---- */

struct reports {
    uint64_t calls, last, total;
    bool backwards;
};

static void note_progress(void *arg, const cadre_counts *counts)
{
    struct reports *r = arg;

    r->backwards |= counts->done < r->last || counts->elapsed < 0;
    r->last = counts->done;
    r->total = counts->total;
    r->calls++;
}

static int jittery(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    jitter(cadre_task_index(t));
    return 0;
}

static void test_progress(void **state)
{
    struct reports r = { 0 };

    map_ok(*state, (cadre_job){ .fn = jittery,
                                .n = 30000,
                                .progress = note_progress,
                                .progress_arg = &r });
    assert_true(r.calls >= 1);
    assert_false(r.backwards);
    assert_int_equal(r.last, 30000);
    assert_int_equal(r.total, 30000);
}

/* ---- explanation ---- */

static void test_explain(void **state)
{
    const struct contract *c = *state;
    cadre_job job = { .fn = jittery, .n = 1234 };
    char text[CADRE_EXPLAIN_MAX], cut[40];
    cadre_error err;

    assert_int_equal(cadre_explain(c->pool, &job, text, sizeof text, &err), CADRE_OK);
    assert_non_null(strstr(text, cadre_backend_name(c->pool)));
    assert_non_null(strstr(text, "1234"));
    if (!contract_isolates()) {
        assert_null(strstr(text, "forked"));
    } else { /* nothing is measured first, and min_items counts for nothing */
        assert_non_null(
            strstr(text, contract_backend_is("persistent") ? "start:    persistent"
                         : contract_inherits() ? "start:    forked at each run"
                                               : "start:    sent"));
        assert_null(strstr(text, "in place"));
        assert_null(strstr(text, "min_items"));
    }
    assert_int_equal(cadre_explain(c->pool, NULL, cut, sizeof cut, &err), CADRE_OK);
    assert_true(strlen(cut) < sizeof cut);
    assert_int_equal(cadre_explain(c->pool, NULL, NULL, 0, &err), CADRE_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_indices_and_shared),
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_starmap_ends_with_the_shortest),
        cmocka_unit_test(test_starmap_fills_to_the_longest),
        cmocka_unit_test(test_nothing_and_one),
        cmocka_unit_test(test_range_kernel),
        cmocka_unit_test(test_emitted),
        cmocka_unit_test(test_scratch_is_kept_and_zeroed),
        cmocka_unit_test(test_random_streams),
        cmocka_unit_test(test_rank_and_size),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_explain),
    };

    return cmocka_run_group_tests(tests, contract_open, contract_close);
}
