/* stopping.c - cancellation, deadlines, nesting, several callers.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

/* ---- cancellation ---- */

#define PATIENCE_MS 60000 /* nobody who is to notice is killed on a busy machine */

struct stage {
    _Atomic int running, go, noticed;
    _Atomic int by_caller; /* tasks that its thread did */
    const struct contract *contract;
    pthread_t caller;
};

static struct stage *stage_of(cadre_task *t)
{
    return *(struct stage *const *)cadre_task_shared(t);
}

static struct stage *new_stage(const struct contract *c)
{
    struct stage s = { .contract = c, .caller = pthread_self() };

    return shared_copy(&s, sizeof s);
}

/* Runs until it hears that it is no longer wanted. */
static int waits_for_cancel(cadre_task *t, const void *item, void *result)
{
    struct stage *s = stage_of(t);

    (void)item;
    (void)result;
    atomic_fetch_add(&s->running, 1);
    while (!cadre_task_cancelled(t))
        jitter(1);
    atomic_fetch_add(&s->noticed, 1);
    return 0;
}

static void *cancel_when_running(void *arg)
{
    struct stage *s = arg;

    await(&s->running, 1);
    cadre_cancel(s->contract->pool);
    return NULL;
}

static void test_cancel_from_another_thread(void **state)
{
    struct stage *s = new_stage(*state);
    pthread_t canceller;
    int statuses[1000];
    cadre_error err;

    assert_int_equal(pthread_create(&canceller, NULL, cancel_when_running, s), 0);
    map_fails(s->contract,
              (cadre_job){ .fn = waits_for_cancel,
                           .n = 1000,
                           .statuses = statuses,
                           .grace_ms = PATIENCE_MS,
                           .shared = &s,
                           .shared_size = sizeof s },
              CADRE_ECANCELLED, &err);
    pthread_join(canceller, NULL);
    assert_int_equal(err.item, CADRE_NO_ITEM);
    assert_non_null(strstr(err.message, "cancelled after "));
    assert_int_equal(atomic_load(&s->noticed), atomic_load(&s->running));
    assert_int_equal(statuses[999], CADRE_ECANCELLED);
    cadre_free_shared(s);
}

static cadre_pool *pool_to_cancel;

static void cancel_on_signal(int signal)
{
    (void)signal;
    cadre_cancel(pool_to_cancel);
}

static void *signal_when_running(void *arg)
{
    struct stage *s = arg;

    await(&s->running, 1);
    pthread_kill(s->caller, SIGUSR1);
    return NULL;
}

static void test_cancel_from_a_signal_handler(void **state)
{
    struct stage *s = new_stage(*state);
    struct sigaction action = { .sa_handler = cancel_on_signal }, old;
    pthread_t signaller;
    cadre_error err;

    pool_to_cancel = s->contract->pool;
    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    for (int round = 0; round < 20; round++) {
        atomic_store(&s->running, 0);
        assert_int_equal(pthread_create(&signaller, NULL, signal_when_running, s), 0);
        map_fails(s->contract,
                  (cadre_job){ .fn = waits_for_cancel,
                               .n = 100,
                               .shared = &s,
                               .shared_size = sizeof s },
                  CADRE_ECANCELLED, &err);
        pthread_join(signaller, NULL);
    }
    sigaction(SIGUSR1, &old, NULL);
    cadre_free_shared(s);
}

static int count(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    *(int *)result = 1;
    return 0;
}

static void test_cancelling_is_over_afterwards(void **state)
{
    const struct contract *c = *state;
    int y[500] = { 0 };

    cadre_cancel(c->pool);
    cadre_cancel(NULL);
    map_ok(c, (cadre_job){
                  .fn = count, .n = 500, .results = y, .result_size = sizeof *y });
    for (int i = 0; i < 500; i++)
        assert_int_equal(y[i], 1);
}

/* ---- deadlines ---- */

static void test_deadline(void **state)
{
    struct stage *s = new_stage(*state);
    cadre_error err;

    map_fails(s->contract,
              (cadre_job){ .fn = waits_for_cancel,
                           .n = 1000,
                           .deadline_ms = 20,
                           .shared = &s,
                           .shared_size = sizeof s },
              CADRE_ETIMEOUT, &err);
    assert_non_null(strstr(err.message, "the deadline of 20 ms passed after "));
    assert_int_equal(err.item, CADRE_NO_ITEM);
    cadre_free_shared(s);
}

/* All tasks are begun and end early, because they heard that time is over. */
static void test_deadline_of_the_last_tasks(void **state)
{
    struct stage *s = new_stage(*state);
    cadre_error err;

    map_fails(s->contract,
              (cadre_job){ .fn = waits_for_cancel,
                           .n = 1,
                           .deadline_ms = 20,
                           .shared = &s,
                           .shared_size = sizeof s },
              CADRE_ETIMEOUT, &err);
    cadre_free_shared(s);
}

static void test_deadline_not_reached(void **state)
{
    int y[500] = { 0 };

    map_ok(*state, (cadre_job){ .fn = count,
                                .n = 500,
                                .deadline_ms = 100000,
                                .results = y,
                                .result_size = sizeof *y });
    for (int i = 0; i < 500; i++)
        assert_int_equal(y[i], 1);
}

/* A failure tells the tasks beyond it that they are not wanted any more. */
static int fails_or_waits(cadre_task *t, const void *item, void *result)
{
    struct stage *s = stage_of(t);

    (void)item;
    (void)result;
    if (cadre_task_index(t) == 0) {
        await(&s->go, 1);
        return 1;
    }
    atomic_fetch_add(&s->go, 1);
    while (!cadre_task_cancelled(t))
        jitter(1);
    return 0;
}

static void test_failure_stops_later_tasks(void **state)
{
    struct stage *s = new_stage(*state);
    cadre_error err;

    map_fails(s->contract,
              (cadre_job){ .fn = fails_or_waits,
                           .n = 100,
                           .chunk = 1,
                           .shared = &s,
                           .shared_size = sizeof s },
              CADRE_EKERNEL, &err);
    assert_int_equal(err.item, 0);
    cadre_free_shared(s);
}

/* ---- progress ---- */

static void note_report(void *arg, const cadre_counts *counts)
{
    struct stage *s = arg;

    atomic_store(&s->go, counts->done > 0 && counts->done < counts->total);
}

static int long_then_waits_for_a_report(cadre_task *t, const void *item, void *result)
{
    struct stage *s = stage_of(t);
    struct timespec now, then;

    (void)item;
    (void)result;
    clock_gettime(CLOCK_MONOTONIC, &then);
    do {
        jitter(1);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - then.tv_sec) * 1000 +
                 (now.tv_nsec - then.tv_nsec) / 1000000 <
             25);
    if (cadre_task_index(t) >= 8 &&
        (!cadre_is_main() || atomic_fetch_add(&s->by_caller, 1) >= 7))
        await(&s->go, 1);
    return 0;
}

/* Reports come while all tasks that run wait for one: the caller is in none, once it
 * has seen how long they are. */
static void test_reports_while_long_tasks_run(void **state)
{
    struct stage *s = new_stage(*state);

    map_ok(s->contract, (cadre_job){ .fn = long_then_waits_for_a_report,
                                     .n = 24,
                                     .shared = &s,
                                     .shared_size = sizeof s,
                                     .progress = note_report,
                                     .progress_arg = s });
    cadre_free_shared(s);
}

/* ---- nesting ---- */

struct nest {
    cadre_pool *pool;
    int depth;
};

static int nested_map(cadre_task *t, const void *item, void *result)
{
    const struct nest *outer = cadre_task_shared(t);
    struct nest inner = { outer->pool, outer->depth - 1 };
    uint64_t sums[20], sum = 0;
    unsigned rank = cadre_rank();
    cadre_error err;
    cadre_job job = { .fn = nested_map,
                      .n = 20,
                      .results = sums,
                      .result_size = sizeof *sums,
                      .shared = &inner,
                      .shared_size = sizeof inner };

    (void)item;
    if (outer->depth == 0) {
        *(uint64_t *)result = cadre_task_index(t);
        return 0;
    }
    if (cadre_map(pool_here(outer->pool), &job, &err))
        return cadre_task_fail(t, 1, "inner map: %s", err.message);
    for (int i = 0; i < 20; i++)
        sum += sums[i];
    *(uint64_t *)result = sum + cadre_task_index(t);
    return cadre_rank() == rank ? 0 : cadre_task_fail(t, 2, "rank changed");
}

static void test_maps_inside_tasks(void **state)
{
    const struct contract *c = *state;
    struct nest nest = { c->pool, 2 };
    uint64_t y[30];

    map_ok(*state, (cadre_job){ .fn = nested_map,
                                .n = 30,
                                .results = y,
                                .result_size = sizeof *y,
                                .shared = &nest,
                                .shared_size = sizeof nest });
    for (uint64_t i = 0; i < 30; i++)
        assert_int_equal(y[i], 20 * 190 + 190 + i);
}

static int opens_a_pool(cadre_task *t, const void *item, void *result)
{
    uint64_t y[10], sum = 0;
    struct nest leaf = { 0 };
    cadre_pool *pool;
    cadre_error err;
    cadre_job job = { .fn = nested_map,
                      .n = 10,
                      .results = y,
                      .result_size = sizeof *y,
                      .shared = &leaf,
                      .shared_size = sizeof leaf };

    (void)item;
    if (cadre_open(&pool, &(cadre_options){ .ignore_environment = true }, &err) ||
        cadre_map(pool, &job, &err))
        return cadre_task_fail(t, 1, "%s", err.message);
    cadre_close(pool);
    for (int i = 0; i < 10; i++)
        sum += y[i];
    *(uint64_t *)result = sum;
    return 0;
}

static void test_pools_inside_tasks(void **state)
{
    uint64_t y[12];

    map_ok(*state,
           (cadre_job){
               .fn = opens_a_pool, .n = 12, .results = y, .result_size = sizeof *y });
    for (int i = 0; i < 12; i++)
        assert_int_equal(y[i], 45);
}

/* ---- several callers ---- */

static char a_map_failed[] = "a map failed";
static char a_task_was_not_run[] = "a task was not run";

/* Returns what went wrong, or NULL. */
static void *map_in_a_thread(void *arg)
{
    const struct contract *c = arg;
    int y[3000];
    cadre_error err;

    for (int round = 0; round < 30; round++) {
        cadre_job job = { .fn = count,
                          .n = 3000,
                          .results = y,
                          .result_size = sizeof *y,
                          .chunk = c->chunk };
        memset(y, 0, sizeof y);
        if (cadre_map(c->pool, &job, &err))
            return a_map_failed;
        for (int i = 0; i < 3000; i++)
            if (y[i] != 1)
                return a_task_was_not_run;
    }
    return NULL;
}

static void test_several_callers_share_a_pool(void **state)
{
    pthread_t threads[4];
    void *complaint;

    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, map_in_a_thread, *state), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &complaint), 0);
        if (complaint)
            fail_msg("%s", (char *)complaint);
    }
}

/* ---- opening and closing ---- */

static void test_open_and_close_many_times(void **state)
{
    for (int round = 0; round < 50; round++) {
        struct contract c = *(const struct contract *)*state;
        int y[64] = { 0 };
        assert_int_equal(contract_pool(&c.pool, &c, (cadre_options){ .name = "again" }),
                         0);
        if (round % 2)
            map_ok(&c,
                   (cadre_job){
                       .fn = count, .n = 64, .results = y, .result_size = sizeof *y });
        cadre_close(c.pool);
    }
    cadre_close(NULL);
}

int main(void)
{
    /* The NULL pool cannot be cancelled, and alone no task outlives another: the last
     * tests are for pools, and the very last for more than one worker. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancelling_is_over_afterwards),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_deadline_of_the_last_tasks),
        cmocka_unit_test(test_deadline_not_reached),
        cmocka_unit_test(test_maps_inside_tasks),
        cmocka_unit_test(test_pools_inside_tasks),
        cmocka_unit_test(test_several_callers_share_a_pool),
        cmocka_unit_test(test_open_and_close_many_times),
        cmocka_unit_test(test_cancel_from_another_thread),
        cmocka_unit_test(test_cancel_from_a_signal_handler),
        cmocka_unit_test(test_failure_stops_later_tasks),
        cmocka_unit_test(test_reports_while_long_tasks_run),
    };
    size_t n = sizeof tests / sizeof *tests;
    const char *backend = getenv("CADRE_TEST_BACKEND");
    const char *workers = getenv("CADRE_TEST_WORKERS");

    if (backend && strcmp(backend, "null") == 0)
        n -= 4;
    else if (workers && atoi(workers) < 2)
        n -= 2;
    return _cmocka_run_group_tests("stopping", tests, n, contract_open, contract_close);
}
