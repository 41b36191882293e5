/* map.c - maps and reductions whose workers die at every step.
 * SPDX-License-Identifier: MIT
 */
#include "fault.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#define N     37
#define LEAST 50 /* steps that any run has */

static cadre_pool *pool;
static struct holdings before;

static int open_pool(void **state)
{
    cadre_error err;
    cadre_options opt;

    (void)state;
    setvbuf(stdout, NULL, _IONBF, 0); /* exit in a worker must not print it again */
    fault_open();
    opt = fault_options(2);
    if (cadre_open(&pool, &opt, &err))
        return -1;
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

    (void)item;
    fault_in_kernel(i);
    *(uint64_t *)result += i + 1; /* begins with what the caller has there */
    fault_in_kernel(i);
    return 0;
}

static int numbers(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                   void *results)
{
    (void)t;
    (void)items;
    for (uint64_t i = 0; i < count; i++) {
        fault_in_kernel(first + i);
        ((uint64_t *)results)[i] += first + i + 1;
    }
    return 0;
}

static int say(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);
    char bytes[40];

    (void)item;
    (void)result;
    memset(bytes, (int)i, sizeof bytes);
    fault_in_kernel(i);
    return cadre_task_emit(t, bytes, i % 40);
}

static int mix(cadre_task *t, void *into, const void *from)
{
    fault_in_kernel(cadre_task_index(t));
    *(uint64_t *)into = *(uint64_t *)into * 31 + *(const uint64_t *)from;
    fault_in_kernel(cadre_task_index(t));
    return 0;
}

/* ---- one run, with deaths ---- */

enum kind { ITEMS, RANGES, EMITS, REDUCES, KINDS };

static uint64_t results[N];
static int statuses[N];
static cadre_bytes emitted[N];
static uint64_t sum;

static cadre_job job_of(enum kind kind)
{
    cadre_job job = { .n = N, .chunk = 5, .seed = 1, .statuses = statuses };

    for (uint64_t i = 0; i < N; i++)
        results[i] = 1000;
    sum = 0;
    if (kind == RANGES)
        job.range_fn = numbers;
    else
        job.fn = kind == EMITS ? say : number;
    if (kind == EMITS)
        job.emitted = emitted;
    if (kind != EMITS && kind != REDUCES)
        job.results = results;
    if (kind != EMITS)
        job.result_size = sizeof *results;
    return job;
}

static int run(enum kind kind, const cadre_job *job, cadre_error *err)
{
    return kind == REDUCES ? cadre_reduce(pool, job, mix, &sum, err)
                           : cadre_map(pool, job, err);
}

static bool is_right(enum kind kind, uint64_t i)
{
    if (kind != EMITS)
        return kind == REDUCES || results[i] == 1000 + i + 1;
    if (emitted[i].size != i % 40)
        return false;
    for (uint64_t k = 0; k < i % 40; k++)
        if (((char *)emitted[i].data)[k] != (char)i)
            return false;
    return true;
}

static void check_all(enum kind kind, int rc, const cadre_error *err, uint64_t want)
{
    if (rc)
        fail_msg("step died %d times: %s", atomic_load(&fault->died), err->message);
    for (uint64_t i = 0; i < N; i++) {
        assert_int_equal(statuses[i], CADRE_OK);
        if (!is_right(kind, i))
            fail_msg("item %d is wrong", (int)i);
    }
    if (kind == REDUCES && sum != want)
        fail_msg("another sum, after a death in item %d",
                 (int)atomic_load(&fault->victim));
}

static uint64_t expected_sum(void)
{
    cadre_job job = job_of(REDUCES);

    assert_int_equal(cadre_reduce(NULL, &job, mix, &sum, NULL), CADRE_OK);
    return sum;
}

static void done_with(enum kind kind)
{
    if (kind == EMITS)
        cadre_bytes_free(emitted, N);
    assert_no_more(&before);
}

/* What is held with all workers there: kept ones that died come with the next run. */
static struct holdings count_full(void)
{
    cadre_job job = job_of(ITEMS);

    fault_arm(FAULT_KILL, 0, 1, 0);
    assert_int_equal(run(ITEMS, &job, NULL), CADRE_OK);
    return count_holdings();
}

/* With a retry for each, one death at any step costs nothing but time. */
static void test_each_step_retried(void **state)
{
    uint64_t want = expected_sum();

    (void)state;
    before = count_full();
    for (enum kind kind = 0; kind < KINDS; kind++)
        for (enum fault_how how = 0; how < FAULT_STOP; how++) {
            long k = fault_before_first();
            do {
                cadre_job job = job_of(kind);
                cadre_error err;
                int rc;

                job.retries = 1;
                job.deadline_ms = 20000;
                fault_arm(how, k += fault_stride(), 1, 0);
                rc = run(kind, &job, &err);
                check_all(kind, rc, &err, want);
                done_with(kind);
            } while (!fault_unused());
            assert_in_range(k, LEAST, 100000);
        }
}

/* ---- who pays ---- */

/* Item `victim` alone, and only if its kernel was being run. */
static void check_blame(enum kind kind, int rc, int code, const cadre_error *err)
{
    uint64_t victim = atomic_load(&fault->victim);

    if (rc == CADRE_OK) {
        assert_true(victim == CADRE_NO_ITEM || kind == RANGES);
        return;
    }
    if (rc != code)
        fail_msg("%s", err->message);
    assert_true(kind != RANGES);
    assert_true(err->pid > 0);
    if (victim != CADRE_NO_ITEM)
        assert_int_equal(err->item, victim);
    assert_in_range(err->item, 0, N - 1);
    for (uint64_t i = 0; i < N && kind != REDUCES; i++) {
        assert_int_equal(statuses[i], i == err->item ? code : CADRE_OK);
        if (i != err->item && !is_right(kind, i))
            fail_msg("item %d is wrong, where %d died", (int)i, (int)err->item);
    }
}

static void test_only_the_one_pays(void **state)
{
    (void)state;
    before = count_full();
    for (enum kind kind = 0; kind < KINDS; kind++) {
        long k = fault_before_first();
        do {
            cadre_job job = job_of(kind);
            cadre_error err;
            int rc;

            job.on_error = CADRE_KEEP_GOING;
            job.deadline_ms = 20000;
            fault_arm(FAULT_SEGV, k += fault_stride(), 1, 0);
            rc = run(kind, &job, &err);
            check_blame(kind, rc, CADRE_ECRASH, &err);
            done_with(kind);
        } while (!fault_unused());
    }
}

/* The lowest failure ends the run, and all below it is there. */
static void test_stopping_at_the_one(void **state)
{
    long k = fault_before_first();

    (void)state;
    before = count_full();
    do {
        cadre_job job = job_of(ITEMS);
        cadre_error err;
        int rc;

        job.deadline_ms = 20000;
        fault_arm(FAULT_EXIT_3, k += fault_stride(), 1, 0);
        rc = run(ITEMS, &job, &err);
        if (rc) {
            assert_int_equal(rc, CADRE_ECRASH);
            assert_int_equal(err.status, 3);
            assert_int_equal(err.signal, 0);
        }
        for (uint64_t i = 0; i < N; i++) {
            int status = !rc || i < err.item ? CADRE_OK
                         : i == err.item     ? CADRE_ECRASH
                                             : CADRE_ECANCELLED;
            assert_int_equal(statuses[i], status);
            assert_true(status || is_right(ITEMS, i));
        }
        done_with(ITEMS);
    } while (!fault_unused());
}

/* ---- several ---- */

static void test_several_deaths(void **state)
{
    uint64_t want = expected_sum();

    (void)state;
    before = count_full();
    for (enum kind kind = 0; kind < KINDS; kind++)
        for (long again = 1; again < 40; again += 3 * fault_stride())
            for (long k = 1; k < LEAST; k += 7) {
                cadre_job job = job_of(kind);
                cadre_error err;
                int rc;

                job.retries = 9;
                job.deadline_ms = 20000;
                fault_arm(k % 2 ? FAULT_KILL : FAULT_ABORT, k, 3, again);
                rc = run(kind, &job, &err);
                check_all(kind, rc, &err, want);
                fault_must_have_hit();
                done_with(kind);
            }
}

/* ---- a kernel, or a start, that nobody survives ---- */

static int falls(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    (void)t;
    abort();
}

static void test_every_task_crashes(void **state)
{
    cadre_job job = job_of(ITEMS);
    cadre_error err;

    (void)state;
    before = count_full();
    fault_arm(FAULT_KILL, 0, 1, 0);
    job.fn = falls;
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_ECRASH);
    assert_int_equal(err.item, 0);
    assert_int_equal(err.signal, SIGABRT);
    job.on_error = CADRE_KEEP_GOING;
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_ECRASH);
    for (int i = 0; i < N; i++)
        assert_int_equal(statuses[i], CADRE_ECRASH);
    assert_no_more(&before);
}

static void test_no_worker_ever_starts(void **state)
{
    cadre_job job = job_of(ITEMS);
    cadre_error err;

    (void)state;
    before = count_full();
    for (int k = 0; k < 2; k++) {
        fault_arm(k ? FAULT_EXIT_14 : FAULT_EXIT_0, 1, 1000000, 1);
        assert_int_equal(cadre_map(pool, &job, &err), CADRE_ECRASH);
        assert_int_equal(err.item, CADRE_NO_ITEM);
        if (!strstr(err.message, "died before they came to a task") &&
            !(fault_is_persistent() && strstr(err.message, "died before it was told")))
            fail_msg("%s", err.message);
        assert_no_more(&before);
    }
    fault_arm(FAULT_KILL, 0, 1, 0);
}

/* ---- stop signals ---- */

static void test_a_stopped_task_has_its_time(void **state)
{
    (void)state;
    before = count_full();
    for (long k = 1; k < LEAST; k += 4) {
        cadre_job job = job_of(ITEMS);
        cadre_error err;
        int rc;

        job.on_error = CADRE_KEEP_GOING;
        job.timeout_ms = 200;
        job.grace_ms = 20;
        job.deadline_ms = 60000; /* which is not to be what ends it */
        fault_arm(FAULT_STOP, k, 1, 0);
        rc = run(ITEMS, &job, &err);
        fault_must_have_hit();
        check_blame(ITEMS, rc, CADRE_ETIMEOUT, &err);
        done_with(ITEMS);
    }
}

/* ---- many rounds ---- */

static void test_nothing_leaks(void **state)
{
    (void)state;
    before = count_full();
    for (int round = 0; round < 1000 / fault_stride(); round++) {
        cadre_job job = job_of((enum kind)(round % KINDS));
        cadre_error err;

        job.retries = 2;
        job.deadline_ms = 20000;
        fault_arm((enum fault_how)(round % FAULT_STOP), 1 + round % (LEAST - 1), 2, 3);
        assert_int_equal(run((enum kind)(round % KINDS), &job, &err), CADRE_OK);
        fault_must_have_hit();
        done_with((enum kind)(round % KINDS));
    }
}

/* ---- cancelled beside a death ---- */

#define ENDS_AT 24

static int cancels(cadre_task *t, const void *item, void *result)
{
    if (cadre_task_index(t) == ENDS_AT)
        cadre_cancel(pool);
    return number(t, item, result);
}

/* What a dead worker had counted, and what is run again after it, are not two tasks. */
static void test_a_run_cut_short_is_not_whole(void **state)
{
    (void)state;
    if (fault_is_persistent())
        return; /* whose workers do not know the pool */
    for (long k = 1; k < 90; k += fault_stride()) {
        cadre_job job = job_of(ITEMS);
        cadre_error err;
        int rc;

        job.fn = cancels;
        job.chunk = 12;
        job.retries = 2;
        fault_arm(FAULT_KILL, k, 1, 0);
        rc = run(ITEMS, &job, &err);
        for (uint64_t i = 0; i < N; i++) {
            if (statuses[i] == CADRE_OK)
                assert_true(is_right(ITEMS, i));
            else if (rc != CADRE_ECANCELLED)
                fail_msg("death at step %ld: rc %d, item %d: %d", k, rc, (int)i,
                         statuses[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_cut_short_is_not_whole),
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
