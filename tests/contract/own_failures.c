/* own_failures.c - tasks that fail by what they call, whatever they return.
 * SPDX-License-Identifier: MIT
 *
 * Scratch memory that cannot be had, emitted bytes that cannot be kept, an index out of
 * range: such a task has failed, also when its kernel goes on and returns 0. No other task
 * has.
 */
#include "streams.h"

#define N    200
#define HUGE ((size_t)1 << 58)

/* What the task at `at`, and the `more` tasks after it, do wrong. */
enum fault { NO_SCRATCH, NO_ROOM, NO_PLACE, OUT_OF_RANGE };

struct slip {
    uint64_t at, more;
    enum fault fault;
    bool emits;
};

static int code_of(enum fault fault)
{
    return fault == NO_SCRATCH || fault == NO_ROOM ? CADRE_ENOMEM : CADRE_EINVAL;
}

static void slip(cadre_task *t, uint64_t i)
{
    const struct slip *slip = cadre_task_shared(t);

    if (i < slip->at || i > slip->at + slip->more)
        return;
    switch (slip->fault) {
    case NO_SCRATCH: cadre_task_scratch(t, HUGE); break;
    case NO_ROOM: cadre_task_emit(t, t, HUGE); break;
    case NO_PLACE: cadre_task_emit(t, "x", 1); break;
    default: cadre_task_at(t, i + 100000);
    }
}

/* Bytes before the fault, and after it: neither is to be had of a task that failed. */
static int slips(cadre_task *t, const void *item, void *result)
{
    const struct slip *s = cadre_task_shared(t);
    uint64_t i = cadre_task_index(t);

    (void)item;
    jitter(i);
    if (s->emits && cadre_task_emit(t, &i, sizeof i))
        return 1;
    slip(t, i);
    if (s->emits && i % 2 == 0)
        cadre_task_emit(t, &i, sizeof i);
    else if (!s->emits)
        *(uint64_t *)result = i + 1;
    return 0;
}

/* The same of kernels with columns. */
static int slips_in_columns(cadre_task *t, const void *item, void *result)
{
    if (CADRE_ARG(item, 0, uint64_t) != cadre_task_index(t))
        return cadre_task_fail(t, 9, "the wrong element");
    return slips(t, NULL, result);
}

static int slips_in_ranges(cadre_task *t, uint64_t first, uint64_t count,
                           const void *items, void *results)
{
    for (uint64_t i = 0; i < count; i++) {
        if (cadre_task_at(t, first + i) ||
            slips(t, items, (uint64_t *)results + (results ? i : 0)))
            return 1;
    }
    return 0;
}

/* ---- all kinds of kernels ---- */

enum kind { INDICES, COLUMNS, RANGES, KINDS };

static uint64_t numbers[N];

static cadre_job job_of(enum kind kind, const struct slip *slip)
{
    static cadre_column column = { .data = numbers, .size = sizeof *numbers, .n = N };
    cadre_job job = { .n = N, .shared = slip, .shared_size = sizeof *slip };

    for (uint64_t i = 0; i < N; i++)
        numbers[i] = i;
    switch (kind) {
    case INDICES: job.fn = slips; break;
    case COLUMNS:
        job.fn = slips_in_columns;
        job.columns = &column;
        job.n_columns = 1;
        break;
    default: job.range_fn = slips_in_ranges;
    }
    return job;
}

/* Chunks that hold the failing task and others. */
static const uint64_t chunks[] = { 0, 1, 3, 64 };

#define CHUNKS (sizeof chunks / sizeof chunks[0])

/* Calls `check` for every kind of kernel, fault and chunk. */
static void each(const struct contract *c, bool emits,
                 void (*check)(const struct contract *c, cadre_job job,
                               const struct slip *slip))
{
    static const enum fault faults[2][2] = { { NO_SCRATCH, NO_PLACE },
                                             { NO_ROOM, OUT_OF_RANGE } };

    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned f = 0; f < 2; f++)
            for (unsigned n = 0; n < CHUNKS; n++) {
                struct slip slip = { .at = 20 + 7 * n + f,
                                     .more = n,
                                     .fault = faults[emits][f],
                                     .emits = emits };
                cadre_job job = job_of((enum kind)k, &slip);
                job.chunk = chunks[n];
                check(c, job, &slip);
            }
}

static bool slipped(const struct slip *slip, uint64_t i)
{
    return i >= slip->at && i <= slip->at + slip->more;
}

/* ---- maps ---- */

static void check_map(const struct contract *c, cadre_job job, const struct slip *slip)
{
    uint64_t y[N] = { 0 };
    cadre_error err;

    job.results = y;
    job.result_size = sizeof *y;
    map_fails(c, job, code_of(slip->fault), &err);
    assert_int_equal(err.item, slip->at);
    for (uint64_t i = 0; i < slip->at; i++)
        assert_int_equal(y[i], i + 1);
}

static void check_map_going_on(const struct contract *c, cadre_job job,
                               const struct slip *slip)
{
    uint64_t y[N] = { 0 };
    int statuses[N];
    cadre_error err;

    job.results = y;
    job.result_size = sizeof *y;
    job.on_error = CADRE_KEEP_GOING;
    job.statuses = statuses;
    map_fails(c, job, code_of(slip->fault), &err);
    assert_int_equal(err.item, slip->at);
    for (uint64_t i = 0; i < N; i++) {
        assert_int_equal(statuses[i], slipped(slip, i) ? code_of(slip->fault) : 0);
        assert_true(slipped(slip, i) || y[i] == i + 1);
    }
}

static void check_emitting_map(const struct contract *c, cadre_job job,
                               const struct slip *slip)
{
    cadre_bytes emitted[N];
    int statuses[N];
    cadre_error err;

    job.emitted = emitted;
    job.on_error = CADRE_KEEP_GOING;
    job.statuses = statuses;
    map_fails(c, job, code_of(slip->fault), &err);
    assert_int_equal(err.item, slip->at);
    for (uint64_t i = 0; i < N; i++) {
        size_t size = i % 2 ? sizeof i : 2 * sizeof i;
        assert_int_equal(statuses[i], slipped(slip, i) ? code_of(slip->fault) : 0);
        assert_int_equal(emitted[i].size, slipped(slip, i) ? 0 : size);
    }
    cadre_bytes_free(emitted, N);
}

static void test_maps(void **state)
{
    each(*state, false, check_map);
    each(*state, false, check_map_going_on);
}

static void test_maps_that_emit(void **state)
{
    each(*state, true, check_emitting_map);
}

/* ---- reductions ---- */

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

static void check_reduce(const struct contract *c, cadre_job job,
                         const struct slip *slip)
{
    uint64_t sum = 0, expected = 0;
    int statuses[N];
    cadre_error err;

    job.result_size = sizeof sum;
    job.on_error = CADRE_KEEP_GOING;
    job.statuses = statuses;
    assert_int_equal(cadre_reduce(c->pool, &job, add, &sum, &err),
                     code_of(slip->fault));
    assert_int_equal(err.code, code_of(slip->fault));
    assert_int_equal(err.item, slip->at);
    for (uint64_t i = 0; i < N; i++) {
        expected += slipped(slip, i) ? 0 : i + 1;
        assert_int_equal(statuses[i], slipped(slip, i) ? code_of(slip->fault) : 0);
    }
    assert_int_equal(sum, expected);
    job.on_error = CADRE_STOP;
    assert_int_equal(cadre_reduce(c->pool, &job, add, &sum, &err),
                     code_of(slip->fault));
    assert_int_equal(err.item, slip->at);
}

static void test_reductions(void **state)
{
    each(*state, false, check_reduce);
}

/* ---- streams ---- */

static void check_stream(const struct contract *c, cadre_job job,
                         const struct slip *slip)
{
    bool seen[N] = { 0 };
    uint64_t n = 0;
    cadre_stream *s = open_stream(c, job);
    cadre_record r;
    cadre_error err;
    int rc;

    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        assert_true(r.index < N && !seen[r.index]);
        assert_true(job.unordered || r.index == n);
        seen[r.index] = true;
        n++;
        if (job.on_error == CADRE_STOP)
            assert_false(slipped(slip, r.index));
        assert_int_equal(r.error ? r.error->code : 0,
                         slipped(slip, r.index) ? code_of(slip->fault) : 0);
    }
    assert_int_equal(rc,
                     job.on_error == CADRE_STOP ? code_of(slip->fault) : CADRE_DONE);
    if (job.on_error == CADRE_STOP)
        assert_int_equal(err.item, slip->at);
    for (uint64_t i = 0; i < (job.on_error == CADRE_STOP ? slip->at : N); i++)
        assert_true(seen[i]);
    cadre_stream_close(s);
}

static void check_streams(const struct contract *c, cadre_job job,
                          const struct slip *slip)
{
    job.result_size = slip->emits ? 0 : sizeof(uint64_t);
    for (int k = 0; k < 4; k++) {
        job.unordered = k % 2;
        job.on_error = k / 2 ? CADRE_KEEP_GOING : CADRE_STOP;
        check_stream(c, job, slip);
    }
}

static void test_streams(void **state)
{
    each(*state, false, check_streams);
}

static void test_streams_that_emit(void **state)
{
    each(*state, true, check_streams);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_maps_that_emit),
        cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_streams_that_emit),
    };

    return contract_run(tests, sizeof tests / sizeof tests[0]);
}
