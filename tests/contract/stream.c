/* stream.c - what streams hand out, whoever works, from every kind of source.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "streams.h"

#define N 3000

/* ---- where items come from ---- */

static int affine(cadre_task *t, const void *item, void *result)
{
    uint64_t x = item ? *(const uint64_t *)item : cadre_task_index(t);

    jitter(cadre_task_index(t) % 5);
    *(uint64_t *)result = 7 * x + 1;
    return 0;
}

static void check_affine(struct contract *c, cadre_job job, uint64_t n)
{
    uint64_t *y = calloc(n + 1, sizeof *y);

    assert_non_null(y);
    job.fn = affine;
    job.result_size = sizeof *y;
    for (int unordered = 0; unordered < 2; unordered++) {
        job.unordered = unordered;
        assert_int_equal(drain_u64(c, job, y, n), n);
        for (uint64_t i = 0; i < n; i++)
            assert_int_equal(y[i], 7 * i + 1);
    }
    free(y);
}

static void test_indices(void **state)
{
    check_affine(*state, (cadre_job){ .n = N }, N);
    check_affine(*state, (cadre_job){ .n = 1 }, 1);
    check_affine(*state, (cadre_job){ .n = 0 }, 0);
}

static void test_an_array(void **state)
{
    static uint64_t x[N];

    for (uint64_t i = 0; i < N; i++)
        x[i] = i;
    check_affine(*state, (cadre_job){ .n = N, .items = x, .item_size = sizeof *x }, N);
}

static void test_a_source(void **state)
{
    struct counter counter = { .end = N };

    for (uint64_t window = 1; window < 40; window = window * 3 + 1) {
        cadre_job job = { .source = count_source,
                          .source_arg = &counter,
                          .item_size = sizeof(uint64_t),
                          .window = window };
        counter.next = 0;
        job.fn = affine;
        job.result_size = sizeof(uint64_t);
        uint64_t y[N];
        assert_int_equal(drain_u64(*state, job, y, N), N);
        for (uint64_t i = 0; i < N; i++)
            assert_int_equal(y[i], 7 * i + 1);
    }
}

static void test_only_the_first_of_a_source(void **state)
{
    struct counter counter = { .end = N };
    uint64_t y[10];

    assert_int_equal(drain_u64(*state,
                               (cadre_job){ .fn = affine,
                                            .n = 10,
                                            .source = count_source,
                                            .source_arg = &counter,
                                            .item_size = sizeof(uint64_t),
                                            .result_size = sizeof(uint64_t) },
                               y, 10),
                     10);
    assert_int_equal(counter.next, 10); /* no more were asked for */
}

static int sum_of_columns(cadre_task *t, const void *item, void *result)
{
    (void)t;
    *(uint64_t *)result = CADRE_ARG(item, 0, uint64_t) +
                          1000000 * CADRE_ARG(item, 1, uint64_t) +
                          CADRE_ARG(item, 2, uint64_t);
    return 0;
}

/* Three columns: an array, a source, and a constant. */
static void test_columns(void **state)
{
    static uint64_t x[500], y[800], constant = 3, none = 9;
    struct counter counter = { .end = 700 };
    cadre_column columns[] = {
        { .data = x, .size = sizeof *x, .n = 500 },
        { .source = count_source, .source_arg = &counter, .size = sizeof *x },
        { .data = &constant, .size = sizeof constant, .same = true },
    };
    cadre_job job = { .fn = sum_of_columns,
                      .columns = columns,
                      .n_columns = 3,
                      .result_size = sizeof *y };

    for (uint64_t i = 0; i < 500; i++)
        x[i] = i * i;
    assert_int_equal(drain_u64(*state, job, y, 800), 500); /* the shortest ends it */
    for (uint64_t i = 0; i < 500; i++)
        assert_int_equal(y[i], i * i + 1000000 * i + 3);

    counter.next = 0;
    columns[0].fill = &none;
    columns[1].fill = &none;
    assert_int_equal(drain_u64(*state, job, y, 800), 700); /* the longest does */
    for (uint64_t i = 0; i < 700; i++)
        assert_int_equal(y[i], (i < 500 ? i * i : 9) + 1000000 * i + 3);

    columns[1] = columns[2]; /* no source any more: all is read in place */
    columns[0].fill = NULL;
    assert_int_equal(drain_u64(*state, job, y, 800), 500);
    assert_int_equal(y[499], 499 * 499 + 3000000 + 3);
}

/* ---- sizes ---- */

static int echo(cadre_task *t, const void *item, void *result)
{
    const cadre_bytes *bytes = item;

    (void)result;
    jitter(cadre_task_index(t));
    return cadre_task_emit(t, bytes->data, bytes->size);
}

static void check_echo(struct contract *c, bool unordered, uint64_t memory_limit)
{
    struct babbler babbler = { .end = 2000 };
    cadre_job job = { .fn = echo,
                      .source = babble_source,
                      .source_arg = &babbler,
                      .item_size = CADRE_BYTES,
                      .unordered = unordered,
                      .memory_limit = memory_limit,
                      .chunk = c->chunk };
    static bool seen[2000];
    cadre_stream *s = open_stream(c, job);
    cadre_record r;
    cadre_error err;
    uint64_t n = 0;
    int rc;

    memset(seen, 0, sizeof seen);
    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        assert_true(unordered || r.index == n);
        assert_false(seen[r.index]);
        seen[r.index] = true;
        assert_true(is_babble(r.index, r.data, r.size));
        assert_null(r.error);
        n++;
    }
    assert_int_equal(rc, CADRE_DONE);
    assert_int_equal(n, 2000);
    close_stream(s, memory_limit);
}

static void test_bytes(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        check_echo(*state, unordered, 0);
        check_echo(*state, unordered, 8 << 10); /* less than what a few items have */
    }
}

static int emit_varied(cadre_task *t, const void *item, void *result)
{
    static const char bytes[3000];

    (void)item;
    (void)result;
    return cadre_task_emit(t, bytes, 1 + cadre_task_index(t) * 7919 % sizeof bytes);
}

/* Items so cheap that the caller's thread runs some, and results of which most are more
 * than one worker's share of the memory: nobody waits for a place that only it can make. */
static void test_cheap_items_with_large_results(void **state)
{
    for (int round = 0; round < 20; round++) {
        cadre_job job = { .fn = emit_varied,
                          .n = 1000,
                          .memory_limit = 16 << 10,
                          .unordered = round % 2 };
        cadre_stream *s = open_stream(*state, job);
        cadre_record r;
        uint64_t n = 0;

        for (; cadre_stream_next(s, &r, NULL) == CADRE_OK; n++)
            assert_int_equal(r.size, 1 + r.index * 7919 % 3000);
        assert_int_equal(n, 1000);
        close_stream(s, job.memory_limit);
    }
}

/* ---- range kernels, random streams, nothing at all ---- */

static int affine_range(cadre_task *t, uint64_t first, uint64_t count,
                        const void *items, void *results)
{
    for (uint64_t i = 0; i < count; i++) {
        if (cadre_task_at(t, first + i))
            return 1;
        ((uint64_t *)results)[i] = 7 * ((const uint64_t *)items)[i] + 1;
    }
    return 0;
}

static void test_range_kernel(void **state)
{
    struct counter counter = { .end = N };
    uint64_t y[N];

    for (uint64_t window = 0; window < 20; window += 5) {
        counter.next = 0;
        assert_int_equal(drain_u64(*state,
                                   (cadre_job){ .range_fn = affine_range,
                                                .source = count_source,
                                                .source_arg = &counter,
                                                .item_size = sizeof *y,
                                                .result_size = sizeof *y,
                                                .window = window },
                                   y, N),
                         N);
        for (uint64_t i = 0; i < N; i++)
            assert_int_equal(y[i], 7 * i + 1);
    }
}

static int draw(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = cadre_rng_u64(cadre_task_rng(t));
    return 0;
}

static void test_random_streams(void **state)
{
    uint64_t y[N];
    cadre_seed root;

    cadre_seed_init(&root, 99);
    assert_int_equal(drain_u64(*state,
                               (cadre_job){ .fn = draw,
                                            .n = N,
                                            .seed = 99,
                                            .result_size = sizeof *y,
                                            .unordered = true },
                               y, N),
                     N);
    for (uint64_t i = 0; i < N; i++) {
        cadre_seed seed = cadre_seed_child(&root, i);
        cadre_rng rng;
        cadre_rng_init(&rng, &seed);
        assert_true(y[i] == cadre_rng_u64(&rng));
    }
}

static int nothing(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    (void)result;
    return 0;
}

static void test_records_without_bytes(void **state)
{
    cadre_stream *s = open_stream(*state, (cadre_job){ .fn = nothing, .n = 100 });
    cadre_record r;
    cadre_error err;

    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(cadre_stream_next(s, &r, &err), CADRE_OK);
        assert_int_equal(r.index, i);
        assert_null(r.data);
        assert_int_equal(r.size, 0);
    }
    for (int again = 0; again < 3; again++)
        assert_int_equal(cadre_stream_next(s, &r, &err), CADRE_DONE);
    cadre_stream_close(s);
}

/* ---- the bound ---- */

/* The first item of a stage ends only when its source has given all that the windows
 * allow, and has had time to give more. */
struct bound {
    struct counter counter;
    uint64_t allowed;
};

static int slow_head(cadre_task *t, const void *item, void *result)
{
    struct bound *b = *(struct bound *const *)cadre_task_shared(t);

    *(uint64_t *)result = *(const uint64_t *)item;
    if (cadre_task_index(t) > 0 || cadre_rank() == 0)
        return 0; /* in the caller's thread, it would wait for itself */
    await(&b->counter.given, (int)b->allowed);
    for (int i = 0; i < 2000; i++)
        jitter(1);
    return 0;
}

static int copy(cadre_task *t, const void *item, void *result)
{
    (void)t;
    *(uint64_t *)result = *(const uint64_t *)item;
    return 0;
}

static void check_bound(struct contract *c, uint64_t window, bool unordered,
                        unsigned stages)
{
    struct bound bound = { .counter = { .end = 500 } };
    struct bound *shared = shared_copy(&bound, sizeof bound);
    cadre_job job = { .fn = stages == 1 ? slow_head : copy,
                      .source = count_source,
                      .source_arg = &shared->counter,
                      .item_size = sizeof(uint64_t),
                      .result_size = sizeof(uint64_t),
                      .window = window,
                      .unordered = unordered,
                      .shared = &shared,
                      .shared_size = sizeof shared };
    cadre_stream *s[3];
    cadre_record r;
    cadre_error err;
    uint64_t taken = 0;

    s[0] = open_stream(c, job);
    for (unsigned k = 1; k < stages; k++) {
        job.source = cadre_stream_source;
        job.source_arg = s[k - 1];
        job.fn = k + 1 == stages ? slow_head : copy;
        s[k] = open_stream(c, job);
    }
    /* Unordered, others overtake the head, so more is given as they are taken. */
    shared->allowed = window * stages;
    shared->counter.limit = shared->allowed;
    shared->counter.taken = &taken;
    while (cadre_stream_next(s[stages - 1], &r, &err) == CADRE_OK)
        taken++;
    assert_int_equal(taken, 500);
    assert_false(shared->counter.exceeded);
    for (unsigned k = stages; k-- > 0;)
        close_stream(s[k], 0);
    cadre_free_shared(shared);
}

static void test_the_source_never_runs_further_ahead(void **state)
{
    static const uint64_t windows[] = { 2, 16, 100 };

    for (int w = 0; w < 3; w++)
        for (int unordered = 0; unordered < 2; unordered++)
            for (unsigned stages = 1; stages <= 3; stages += 2)
                check_bound(*state, windows[w], unordered, stages);
}

static void test_many_streams_at_once(void **state)
{
    cadre_stream *s[40];
    cadre_record r;
    cadre_error err;

    for (int k = 0; k < 40; k++)
        s[k] =
            open_stream(*state, (cadre_job){ .fn = affine, .n = 50, .result_size = 8 });
    for (uint64_t i = 0; i < 50; i++)
        for (int k = 0; k < 40; k++) {
            assert_int_equal(cadre_stream_next(s[k], &r, &err), CADRE_OK);
            assert_int_equal(*(const uint64_t *)r.data, 7 * i + 1);
        }
    for (int k = 0; k < 40; k++) {
        assert_int_equal(cadre_stream_next(s[k], &r, &err), CADRE_DONE);
        cadre_stream_close(s[k]);
    }
}

static int never_works(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    (void)result;
    return 3;
}

static void test_the_first_item_fails(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        cadre_job job = { .fn = never_works,
                          .n = CADRE_ENDLESS,
                          .result_size = 8,
                          .unordered = unordered };
        cadre_error err;

        assert_int_equal(count_until_end(*state, job, CADRE_EKERNEL, &err), 0);
        assert_int_equal(err.item, 0);
        assert_int_equal(err.user, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_indices),
        cmocka_unit_test(test_an_array),
        cmocka_unit_test(test_a_source),
        cmocka_unit_test(test_only_the_first_of_a_source),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_cheap_items_with_large_results),
        cmocka_unit_test(test_range_kernel),
        cmocka_unit_test(test_random_streams),
        cmocka_unit_test(test_records_without_bytes),
        cmocka_unit_test(test_the_source_never_runs_further_ahead),
        cmocka_unit_test(test_many_streams_at_once),
        cmocka_unit_test(test_the_first_item_fails),
    };

    return cmocka_run_group_tests(tests, contract_open, contract_close);
}
