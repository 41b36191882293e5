/* limits.c - limits of time and memory, and what lies right at their edge.
 * SPDX-License-Identifier: MIT
 */
#include "streams.h"

#define N 100

/* ---- what counts with processes only ---- */

struct ear {
    int heard;
    char last[200];
};

static void hear(void *arg, int level, const char *text)
{
    struct ear *ear = arg;

    if (!strstr(text, "timeout_ms"))
        return;
    assert_int_equal(level, CADRE_INFO);
    ear->heard++;
    snprintf(ear->last, sizeof ear->last, "%s", text);
}

static int number(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = cadre_task_index(t);
    return 0;
}

static int numbers(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                   void *results)
{
    (void)t;
    (void)items;
    for (uint64_t i = 0; i < count; i++)
        ((uint64_t *)results)[i] = first + i;
    return 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

static void run_all(const struct contract *c, cadre_job job)
{
    uint64_t y[N], sum = 0;

    job.n = N;
    job.result_size = sizeof *y;
    job.timeout_ms = 100000;
    assert_int_equal(drain_u64(c, job, y, N), N);
    job.unordered = true;
    assert_int_equal(drain_u64(c, job, y, N), N);
    job.unordered = false;
    reduce_ok(c, job, add, &sum);
    assert_int_equal(sum, N * (N - 1) / 2);
    job.results = y;
    map_ok(c, job);
    job.deadline_ms = 100000;
    map_ok(c, job);
}

static void test_time_limits_of_tasks(void **state)
{
    struct contract c = *(const struct contract *)*state;
    bool processes = contract_isolates();
    struct ear ear = { 0 };

    assert_int_equal(
        contract_pool(&c.pool, &c, (cadre_options){ .log = hear, .log_arg = &ear }), 0);
    run_all(&c, (cadre_job){ .fn = number });
    run_all(&c, (cadre_job){ .range_fn = numbers });
    run_all(&c, (cadre_job){ .fn = number, .retries = 3 });
    assert_int_equal(ear.heard, c.pool && !processes);
    if (ear.heard)
        assert_string_equal(ear.last, "cadre: timeout_ms has no effect here: it counts "
                                      "with worker processes only");
    cadre_close(c.pool);
}

/* ---- a quarter of the memory limit ---- */

static int repeat(cadre_task *t, const void *item, void *result)
{
    const cadre_bytes *bytes = item;

    (void)result;
    return cadre_task_emit(t, bytes->data, bytes->size);
}

static int emit_size(cadre_task *t, const void *item, void *result)
{
    size_t size = *(const size_t *)cadre_task_shared(t);
    char *bytes = cadre_task_scratch(t, size);

    (void)item;
    (void)result;
    return bytes ? cadre_task_emit(t, bytes, size) : 1;
}

/* Every item and every result has this size. */
static void check_pieces(const struct contract *c, bool from_source, size_t size,
                         uint64_t limit, bool unordered)
{
    struct babbler b = { .end = 5, .large_at = 2, .large = size };
    cadre_job job = { .memory_limit = limit, .unordered = unordered, .window = 4 };
    cadre_error err;
    cadre_stream *s;
    cadre_record r;
    int rc;

    if (from_source) {
        job.fn = repeat;
        job.source = babble_source;
        job.source_arg = &b;
        job.item_size = CADRE_BYTES;
    } else {
        job.fn = emit_size;
        job.n = 5;
        job.shared = &size;
        job.shared_size = sizeof size;
    }
    s = open_stream(c, job);
    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK)
        ;
    assert_int_equal(rc, CADRE_DONE);
    close_stream(s, limit);
    free(b.buffer);
}

static void test_a_quarter_of_an_odd_limit(void **state)
{
    static const uint64_t limits[] = { 65536, 65537, 65539, 65540, 100003, 16387 };

    for (unsigned k = 0; k < sizeof limits / sizeof limits[0]; k++)
        for (int kind = 0; kind < 4; kind++) {
            size_t quarter = limits[k] / 4;
            check_pieces(*state, kind % 2, quarter, limits[k], kind / 2);
            check_pieces(*state, kind % 2, quarter + 1, limits[k],
                         kind / 2); /* a file */
        }
}

/* ---- one result larger than memory may hold, and others larger than a share ---- */

struct scene {
    _Atomic int tried;
    size_t too_large;
};

static int one_is_too_large(cadre_task *t, const void *item, void *result)
{
    struct scene *scene = *(struct scene *const *)cadre_task_shared(t);
    bool last = cadre_task_index(t) == 3;
    size_t size = last ? scene->too_large : 6 << 10;
    char *bytes = cadre_task_scratch(t, size);
    int rc;

    (void)item;
    (void)result;
    if (!bytes)
        return 1;
    /* The others come when the last one is in the file. */
    for (int i = 0; i < 300 && !last && !atomic_load(&scene->tried); i++)
        jitter((uint64_t)i);
    rc = cadre_task_emit(t, bytes, size);
    if (last)
        atomic_store(&scene->tried, 1);
    return rc;
}

static void check_too_large(const struct contract *c, bool unordered, bool keep_going)
{
    struct scene *scene =
        shared_copy(&(struct scene){ .too_large = 20 << 10 }, sizeof(struct scene));
    cadre_stream *s = open_stream(
        c, (cadre_job){ .fn = one_is_too_large,
                        .n = 4,
                        .chunk = 1,
                        .unordered = unordered,
                        .on_error = keep_going ? CADRE_KEEP_GOING : CADRE_STOP,
                        .memory_limit = 64 << 10,
                        .shared = &scene,
                        .shared_size = sizeof scene });
    unsigned seen = 0;
    cadre_record r;
    cadre_error err;
    int rc;

    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        seen |= 1u << r.index;
        assert_null(r.error);
        assert_int_equal(r.size, r.index == 3 ? 20 << 10 : 6 << 10);
    }
    assert_int_equal(rc, CADRE_DONE);
    assert_int_equal(seen, 15);
    cadre_stream_close(s);
    cadre_free_shared(scene);
}

static void test_a_result_larger_than_memory(void **state)
{
    for (int round = 0; round < 40; round++)
        check_too_large(*state, round % 2, round / 2 % 2);
}

/* ---- how many tasks ---- */

static void refused(const struct contract *c, cadre_job job, bool stream,
                    const char *message)
{
    cadre_stream *s;
    cadre_error err;

    job.fn = number;
    job.result_size = sizeof(uint64_t);
    memset(&err, 0x55, sizeof err);
    if (stream)
        assert_int_equal(cadre_stream_open(&s, c->pool, &job, &err), CADRE_EINVAL);
    else
        assert_int_equal(cadre_map(c->pool, &job, &err), CADRE_EINVAL);
    assert_string_equal(err.message, message);
    assert_int_equal(err.code, CADRE_EINVAL);
    assert_int_equal(err.pid | err.status | err.signal | err.sys | err.user, 0);
    assert_int_equal(err.flags | err.peak_kib, 0);
}

static void test_how_many_tasks(void **state)
{
    static const uint64_t x[4];
    cadre_column same = { .data = x, .size = 8, .same = true };
    cadre_column four = { .data = x, .size = 8, .n = 4 };
    cadre_job constants = { .columns = &same, .n_columns = 1 };
    cadre_job column = { .columns = &four, .n_columns = 1, .n = CADRE_ENDLESS };
    cadre_job items = { .items = x, .item_size = 8, .n = CADRE_ENDLESS };

    for (int stream = 0; stream < 2; stream++)
        refused(*state, constants, stream,
                "n is 0, but the columns do not say how many tasks there are: each is "
                "one element for all of them");
    refused(*state, items, true, "n is CADRE_ENDLESS, but items have an end");
    refused(*state, column, true, "n is CADRE_ENDLESS, but the columns have an end");
    refused(*state, items, false, "n is CADRE_ENDLESS, which is for streams");
    refused(*state, (cadre_job){ .n = CADRE_ENDLESS }, false,
            "n is CADRE_ENDLESS, which is for streams");
}

static int no_item(void *arg, void *item, cadre_error *err)
{
    (void)arg;
    (void)item;
    (void)err;
    return CADRE_DONE;
}

/* Sizes whose sum is no size any more. */
static void test_more_than_there_are_addresses(void **state)
{
    const struct contract *c = *state;
    cadre_column half = { .size = PTRDIFF_MAX - 15, .source = no_item };
    cadre_column columns[] = { half, half, { .size = 16, .source = no_item } };
    cadre_job job = { .columns = columns, .n_columns = 3 };
    cadre_job emitting = { .fn = emit_size, .n = 5, .memory_limit = UINT64_MAX };
    char expected[100];
    cadre_error err;
    cadre_stream *s;

    snprintf(expected, sizeof expected,
             "items of %zu bytes from 3 columns do not fit in memory", SIZE_MAX - 15);
    refused(c, job, true, expected);
    assert_int_equal(cadre_stream_open(&s, c->pool, &emitting, &err), CADRE_EINVAL);
    assert_says(&err, "memory_limit is 18446744073709551615: room for so much");
}

static void test_no_stream(void **state)
{
    cadre_flow flow = { .window = 1 };

    (void)state;
    cadre_stream_stop(NULL);
    assert_false(cadre_stream_stopped(NULL));
    cadre_stream_flow(NULL, &flow);
    assert_int_equal(flow.window, 0);
    cadre_stream_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_limits_of_tasks),
        cmocka_unit_test(test_a_quarter_of_an_odd_limit),
        cmocka_unit_test(test_a_result_larger_than_memory),
        cmocka_unit_test(test_how_many_tasks),
        cmocka_unit_test(test_more_than_there_are_addresses),
        cmocka_unit_test(test_no_stream),
    };

    return contract_run(tests, sizeof tests / sizeof tests[0]);
}
