/* stream.c - streams whose workers die at every step.
 * SPDX-License-Identifier: MIT
 */
#include "fault.h"
#include "streams.h"

#include <signal.h>

#define N     61
#define LEAST 50 /* steps that any run has */

static cadre_pool *pool;
static struct holdings before;

static void first_stream(void);

static int open_pool(void **state)
{
    cadre_error err;
    cadre_options opt;

    (void)state;
    setvbuf(stdout, NULL, _IONBF, 0);
    fault_open();
    opt = fault_options(2);
    if (cadre_open(&pool, &opt, &err))
        return -1;
    first_stream(); /* the pool keeps its event */
    return 0;
}

static int close_pool(void **state)
{
    (void)state;
    cadre_close(pool);
    return count_holdings().children ? -1 : 0;
}

/* ---- kernels ---- */

static int number(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);

    fault_in_kernel(i);
    *(uint64_t *)result = *(const uint64_t *)item * 3 + 1;
    fault_in_kernel(i);
    return 0;
}

static int numbers(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                   void *results)
{
    (void)t;
    for (uint64_t i = 0; i < count; i++) {
        fault_in_kernel(first + i);
        ((uint64_t *)results)[i] = ((const uint64_t *)items)[i] * 3 + 1;
    }
    return 0;
}

/* Up to 600 bytes, where a worker's share of the memory is less. */
static int say(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);
    char bytes[600];

    (void)item;
    (void)result;
    memset(bytes, (int)i, sizeof bytes);
    fault_in_kernel(i);
    return cadre_task_emit(t, bytes, i * 37 % sizeof bytes);
}

enum kind { PLAIN, RANGES, EMITS, GOES_ON, KINDS };

static cadre_job job_of(enum kind kind, bool unordered, struct counter *counter)
{
    cadre_job job = { .n = N,
                      .source = count_source,
                      .source_arg = counter,
                      .item_size = sizeof(uint64_t),
                      .result_size = sizeof(uint64_t),
                      .window = 8,
                      .memory_limit = 4000,
                      .unordered = unordered,
                      .deadline_ms = 20000 };

    *counter = (struct counter){ .end = N };
    if (kind == RANGES)
        job.range_fn = numbers;
    else
        job.fn = kind == EMITS ? say : number;
    if (kind == EMITS)
        job.result_size = 0;
    if (kind == GOES_ON)
        job.on_error = CADRE_KEEP_GOING;
    return job;
}

/* ---- what came out ---- */

struct outcome {
    int rc;
    cadre_error err;
    bool seen[N];
    int codes[N];
    uint64_t n;
};

static bool is_right(enum kind kind, const cadre_record *r)
{
    uint64_t i = r->index;

    if (kind != EMITS)
        return r->size == 8 && *(const uint64_t *)r->data == i * 3 + 1;
    if (r->size != i * 37 % 600)
        return false;
    for (size_t k = 0; k < r->size; k++)
        if (((const char *)r->data)[k] != (char)i)
            return false;
    return true;
}

static void drain(enum kind kind, const cadre_job *job, struct outcome *out)
{
    cadre_stream *s;
    cadre_record r;

    memset(out, 0, sizeof *out);
    out->rc = cadre_stream_open(&s, pool, job, &out->err);
    if (out->rc)
        fail_msg("cadre_stream_open: %s", out->err.message);
    while ((out->rc = cadre_stream_next(s, &r, &out->err)) == CADRE_OK) {
        assert_true(job->unordered || r.index == out->n);
        assert_in_range(r.index, 0, N - 1);
        assert_false(out->seen[r.index]);
        out->seen[r.index] = true;
        out->codes[r.index] = r.error ? r.error->code : CADRE_OK;
        if (!r.error && !is_right(kind, &r))
            fail_msg("the record of item %d is wrong: %d bytes (died %d, victim %d)",
                     (int)r.index, (int)r.size, atomic_load(&fault->died),
                     (int)atomic_load(&fault->victim));
        if (r.error)
            assert_int_equal(r.error->item, r.index);
        out->n++;
    }
    cadre_stream_close(s);
}

static void expect_all(const struct outcome *out)
{
    if (out->rc != CADRE_DONE)
        fail_msg("ended with %d: %s", out->rc, out->err.message);
    assert_int_equal(out->n, N);
    for (int i = 0; i < N; i++)
        assert_int_equal(out->codes[i], CADRE_OK);
}

static void first_stream(void)
{
    struct counter counter;
    struct outcome out;
    cadre_job job = job_of(PLAIN, false, &counter);

    drain(PLAIN, &job, &out);
}

/* What is held with all workers there: kept ones that died come with the next run. */
static struct holdings count_full(void)
{
    fault_arm(FAULT_KILL, 0, 1, 0);
    first_stream();
    return count_holdings();
}

/* ---- every step ---- */

static void test_each_step_retried(void **state)
{
    (void)state;
    before = count_full();
    for (enum kind kind = 0; kind < KINDS; kind++)
        for (int unordered = 0; unordered < 2; unordered++)
            for (enum fault_how how = 0; how < FAULT_STOP; how += 3) {
                long k = fault_before_first();
                do {
                    struct counter counter;
                    struct outcome out;
                    cadre_job job = job_of(kind, unordered, &counter);

                    job.retries = 1;
                    fault_arm(how, k += fault_stride(), 1, 0);
                    drain(kind, &job, &out);
                    expect_all(&out);
                    assert_no_more(&before);
                } while (!fault_unused());
                assert_in_range(k, LEAST, 100000);
            }
}

static void test_only_the_one_pays(void **state)
{
    (void)state;
    before = count_full();
    for (int unordered = 0; unordered < 2; unordered++) {
        long k = fault_before_first();
        do {
            struct counter counter;
            struct outcome out;
            cadre_job job = job_of(GOES_ON, unordered, &counter);
            uint64_t victim;
            int failed = 0;

            fault_arm(FAULT_ABORT, k += fault_stride(), 1, 0);
            drain(GOES_ON, &job, &out);
            assert_int_equal(out.rc, CADRE_DONE);
            assert_int_equal(out.n, N);
            victim = atomic_load(&fault->victim);
            for (uint64_t i = 0; i < N; i++) {
                failed += out.codes[i] != CADRE_OK;
                if (victim != CADRE_NO_ITEM)
                    assert_int_equal(out.codes[i], i == victim ? CADRE_ECRASH : 0);
            }
            assert_in_range(failed, 0, 1);
            assert_no_more(&before);
        } while (!fault_unused());
    }
}

static void test_stopping_at_the_one(void **state)
{
    (void)state;
    before = count_full();
    for (enum kind kind = 0; kind < GOES_ON; kind++)
        for (int unordered = 0; unordered < 2; unordered++) {
            long k = fault_before_first();
            do {
                struct counter counter;
                struct outcome out;
                cadre_job job = job_of(kind, unordered, &counter);
                uint64_t victim;

                fault_arm(FAULT_EXIT_3, k += fault_stride(), 1, 0);
                drain(kind, &job, &out);
                victim = atomic_load(&fault->victim);
                if (out.rc == CADRE_DONE) {
                    assert_true(victim == CADRE_NO_ITEM || kind == RANGES);
                    expect_all(&out);
                } else {
                    assert_int_equal(out.rc, CADRE_ECRASH);
                    assert_int_equal(out.err.status, 3);
                    if (victim != CADRE_NO_ITEM)
                        assert_int_equal(out.err.item, victim);
                    for (uint64_t i = 0; i < out.err.item; i++)
                        assert_true(out.seen[i]);
                }
                assert_no_more(&before);
            } while (!fault_unused());
        }
}

static void test_several_deaths(void **state)
{
    (void)state;
    before = count_full();
    for (enum kind kind = 0; kind < KINDS; kind++)
        for (long again = 1; again < 30; again += 4 * fault_stride())
            for (long k = 1; k < LEAST; k += 5) {
                struct counter counter;
                struct outcome out;
                cadre_job job = job_of(kind, k % 2, &counter);

                job.retries = 9;
                fault_arm(FAULT_KILL, k, 3, again);
                drain(kind, &job, &out);
                expect_all(&out);
                fault_must_have_hit();
                assert_no_more(&before);
            }
}

/* ---- never ending ---- */

static int falls(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    (void)result;
    abort();
}

static void test_every_task_crashes(void **state)
{
    (void)state;
    before = count_full();
    fault_arm(FAULT_KILL, 0, 1, 0);
    for (int unordered = 0; unordered < 2; unordered++) {
        struct counter counter;
        struct outcome out;
        cadre_job job = job_of(GOES_ON, unordered, &counter);

        job.fn = falls;
        drain(PLAIN, &job, &out);
        assert_int_equal(out.rc, CADRE_DONE);
        for (int i = 0; i < N; i++)
            assert_int_equal(out.codes[i], CADRE_ECRASH);
        job = job_of(PLAIN, unordered, &counter);
        job.fn = falls;
        drain(PLAIN, &job, &out);
        assert_int_equal(out.rc, CADRE_ECRASH);
        assert_int_equal(out.err.item, 0);
        assert_int_equal(out.n, 0);
    }
    assert_no_more(&before);
}

static void test_no_worker_ever_starts(void **state)
{
    struct counter counter;
    struct outcome out;
    cadre_job job = job_of(PLAIN, false, &counter);

    (void)state;
    before = count_full();
    fault_arm(FAULT_EXIT_14, 1, 1000000, 1);
    drain(PLAIN, &job, &out);
    assert_int_equal(out.rc, CADRE_ECRASH);
    if (!strstr(out.err.message, "died before they came to a task") &&
        !(fault_is_persistent() && strstr(out.err.message, "died before it was told")))
        fail_msg("%s", out.err.message);
    assert_no_more(&before);
    fault_arm(FAULT_KILL, 0, 1, 0);
}

static void test_a_stopped_task_has_its_time(void **state)
{
    (void)state;
    before = count_full();
    for (int round = 0; round < 12; round++) {
        struct counter counter;
        struct outcome out;
        cadre_job job = job_of(GOES_ON, round % 2, &counter);
        uint64_t victim;

        job.timeout_ms = 200;
        job.grace_ms = 20;
        job.deadline_ms = 60000; /* which is not to be what ends it */
        fault_arm(FAULT_STOP, 1 + 4 * round, 1, 0);
        drain(GOES_ON, &job, &out);
        fault_must_have_hit();
        victim = atomic_load(&fault->victim);
        assert_int_equal(out.rc, CADRE_DONE);
        for (uint64_t i = 0; i < N && victim != CADRE_NO_ITEM; i++)
            assert_int_equal(out.codes[i], i == victim ? CADRE_ETIMEOUT : CADRE_OK);
        assert_no_more(&before);
    }
}

static void test_nothing_leaks(void **state)
{
    (void)state;
    before = count_full();
    for (int round = 0; round < 1000 / fault_stride(); round++) {
        struct counter counter;
        struct outcome out;
        enum kind kind = (enum kind)(round % KINDS);
        cadre_job job = job_of(kind, round % 3 == 0, &counter);

        job.retries = 2;
        fault_arm((enum fault_how)(round % FAULT_STOP), 1 + round % (LEAST - 1), 2, 3);
        drain(kind, &job, &out);
        expect_all(&out);
        fault_must_have_hit();
        assert_no_more(&before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_step_retried),
        cmocka_unit_test(test_only_the_one_pays),
        cmocka_unit_test(test_stopping_at_the_one),
        cmocka_unit_test(test_several_deaths),
        cmocka_unit_test(test_every_task_crashes),
        cmocka_unit_test(test_no_worker_ever_starts),
        cmocka_unit_test(test_a_stopped_task_has_its_time),
        cmocka_unit_test(test_nothing_leaks),
    };

    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
