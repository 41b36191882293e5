/* forecast.c - what a job would use, as fields; and few items on a pool of processes.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"

#include <cadre/plan.h>
#include <cadre/stream.h>
#include <unistd.h>

/* Which process ran it. */
static int where(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    *(int *)result = (int)getpid();
    return 0;
}

static cadre_pool *open_pool(cadre_options opt)
{
    cadre_pool *pool;
    cadre_error err;

    opt.ignore_environment = true;
    if (cadre_open(&pool, &opt, &err))
        fail_msg("cadre_open: %s", err.message);
    return pool;
}

static cadre_plan plan_of(cadre_pool *pool, cadre_job job)
{
    cadre_plan plan;
    cadre_error err;

    memset(&plan, 0x55, sizeof plan);
    if (cadre_plan_job(&plan, pool, &job, &err))
        fail_msg("cadre_plan_job: %s", err.message);
    return plan;
}

static void check_text(cadre_pool *pool, cadre_job job, const char *words)
{
    char text[CADRE_EXPLAIN_MAX];
    cadre_error err;

    if (cadre_explain(pool, &job, text, sizeof text, &err))
        fail_msg("cadre_explain: %s", err.message);
    if (!strstr(text, words))
        fail_msg("\"%s\" is not in:\n%s", words, text);
}

static void test_null_pool(void **state)
{
    cadre_plan plan = plan_of(NULL, (cadre_job){ .fn = where, .n = 100 });

    (void)state;
    assert_string_equal(plan.backend, "serial");
    assert_int_equal(plan.start, CADRE_START_SERIAL);
    assert_int_equal(plan.workers, 1);
    assert_int_equal(plan.tasks, 100);
    assert_string_equal(plan.limit, "no pool");
    assert_false(plan.chunk_is_fixed);
}

static void test_threads(void **state)
{
    cadre_pool *pool = open_pool(
        (cadre_options){ .backend = "threads", .workers = 3, .oversubscribe = true });
    int results[1000];
    cadre_job job = {
        .fn = where, .n = 1000, .results = results, .result_size = sizeof *results
    };
    cadre_plan plan = plan_of(pool, job);

    (void)state;
    assert_string_equal(plan.backend, "threads");
    assert_int_equal(plan.start, CADRE_START_MEASURED);
    assert_int_equal(plan.workers, 3);
    assert_true(plan.cpus >= 1);
    assert_string_equal(plan.limit, "asked for");
    assert_int_equal(plan.chunk, cadre_chunk(1000, 3));
    assert_true(plan.item_seconds == 0);
    check_text(pool, job, plan.why_start);
    job.n = 10;
    assert_int_equal(plan_of(pool, job).start, CADRE_START_ALL);
    job.chunk = 4;
    assert_int_equal(plan_of(pool, job).chunk, 4);
    assert_true(plan_of(pool, job).chunk_is_fixed);
    job.chunk = 0;
    job.n = 1000;
    assert_int_equal(cadre_map(pool, &job, NULL), CADRE_OK);
    plan = plan_of(pool, job);
    assert_true(plan.item_seconds > 0);
    assert_true(plan.start != CADRE_START_MEASURED);
    assert_int_equal(plan.workers, plan.start == CADRE_START_ALL ? 3 : 1);
    cadre_close(pool);
}

static void test_limits(void **state)
{
    cadre_pool *pool = open_pool((cadre_options){ .workers = 1 });
    cadre_job job = { .fn = where, .n = CADRE_ENDLESS };
    cadre_plan plan;

    (void)state;
    plan = plan_of(pool, job);
    assert_int_equal(plan.start, CADRE_START_SERIAL);
    assert_true(plan.tasks == CADRE_ENDLESS);
    cadre_close(pool);
    pool = open_pool((cadre_options){ .workers = 100000 });
    plan = plan_of(pool, job);
    assert_string_not_equal(plan.limit, "asked for");
    assert_true(strlen(plan.limit) > 0);
    assert_true(strlen(plan.why_workers) > 0);
    cadre_close(pool);
}

static void test_bad_jobs(void **state)
{
    cadre_plan plan;
    cadre_error err;

    (void)state;
    assert_int_equal(cadre_plan_job(&plan, NULL, NULL, &err), CADRE_EINVAL);
    assert_int_equal(cadre_plan_job(&plan, NULL, &(cadre_job){ .n = 1 }, &err),
                     CADRE_EINVAL);
    assert_int_equal(cadre_plan_job(NULL, NULL, &(cadre_job){ .fn = where }, &err),
                     CADRE_EINVAL);
}

static void test_chunk(void **state)
{
    (void)state;
    assert_int_equal(cadre_chunk(1000, 2), 250);
    assert_int_equal(cadre_chunk(1000, 4), 125);
    assert_int_equal(cadre_chunk(3, 8), 1);
    assert_int_equal(cadre_chunk(0, 0), 1);
    assert_true(cadre_chunk(UINT64_MAX, 1) > 1000);
}

/* ---- few items and processes ---- */

static bool runs_here(cadre_pool *pool, cadre_job job)
{
    int results[100] = { 0 };
    cadre_error err;

    job.fn = where;
    job.results = results;
    job.result_size = sizeof *results;
    if (cadre_map(pool, &job, &err))
        fail_msg("cadre_map: %s", err.message);
    return results[job.n - 1] == (int)getpid();
}

static bool streams_here(cadre_pool *pool, uint64_t n)
{
    cadre_job job = { .fn = where, .n = n, .result_size = sizeof(int) };
    cadre_stream *s;
    cadre_record r;
    bool here = true;

    assert_int_equal(cadre_stream_open(&s, pool, &job, NULL), CADRE_OK);
    while (cadre_stream_next(s, &r, NULL) == CADRE_OK)
        here = *(const int *)r.data == (int)getpid();
    cadre_stream_close(s);
    return here;
}

static void check_few(bool persistent)
{
    cadre_pool *pool = open_pool((cadre_options){ .backend = "processes",
                                                  .workers = 2,
                                                  .oversubscribe = true,
                                                  .min_items = 20,
                                                  .persistent = persistent });
    cadre_job few = { .fn = where, .n = 19 }, many = { .fn = where, .n = 20 };
    cadre_plan plan = plan_of(pool, few);

    assert_true(runs_here(pool, few));
    assert_false(runs_here(pool, many));
    assert_true(streams_here(pool, 19));
    assert_false(streams_here(pool, 20));
    assert_string_equal(plan.backend, "serial");
    assert_int_equal(plan.start, CADRE_START_SERIAL);
    assert_string_equal(plan.limit, "min_items");
    check_text(pool, few, "19 items are fewer than min_items 20");
    assert_string_equal(plan_of(pool, many).backend, "processes");
    assert_true(plan_of(pool, many).persistent == persistent);
    few.timeout_ms = 60000; /* which only processes keep */
    assert_false(runs_here(pool, few));
    cadre_close(pool);
}

static void test_few_items(void **state)
{
    (void)state;
    check_few(false);
    check_few(true);
}

static void test_few_items_isolated(void **state)
{
    cadre_pool *pool = open_pool((cadre_options){
        .workers = 2, .isolate = true, .oversubscribe = true, .min_items = 20 });
    cadre_job few = { .fn = where, .n = 5 };

    (void)state;
    assert_false(runs_here(pool, few));
    assert_int_equal(plan_of(pool, few).start, CADRE_START_ALL);
    cadre_close(pool);
}

/* ---- tasks that reach into the caller's memory ---- */

static int own = 5; /* elsewhere it is still 5 */

static int look_at_own(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    *(int *)result = own;
    return 0;
}

static int cancel_pool(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    cadre_cancel(*(cadre_pool *const *)cadre_task_shared(t));
    return 0;
}

static void test_local_tasks(void **state)
{
    cadre_pool *pool = open_pool((cadre_options){ .backend = "processes",
                                                  .workers = 2,
                                                  .persistent = true,
                                                  .isolate = true,
                                                  .oversubscribe = true });
    int results[100];
    cadre_job job = { .fn = look_at_own,
                      .n = 100,
                      .results = results,
                      .result_size = sizeof *results,
                      .local = true };
    cadre_plan plan = plan_of(pool, job);

    (void)state;
    assert_string_equal(plan.backend, "serial");
    assert_string_equal(plan.limit, "local");
    own = 7;
    assert_int_equal(cadre_map(pool, &job, NULL), CADRE_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(results[i], 7);
    job.fn = cancel_pool;
    job.shared = &pool;
    assert_int_equal(cadre_map(pool, &job, NULL), CADRE_ECANCELLED);
    cadre_close(pool);
    pool = open_pool((cadre_options){ .backend = "processes", .workers = 2 });
    job.fn = look_at_own;
    assert_string_equal(plan_of(pool, job).backend, "processes"); /* it is forked */
    cadre_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local_tasks), cmocka_unit_test(test_null_pool),
        cmocka_unit_test(test_threads),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bad_jobs),    cmocka_unit_test(test_chunk),
        cmocka_unit_test(test_few_items),   cmocka_unit_test(test_few_items_isolated),
    };

    return cmocka_run_group_tests_name("forecast", tests, NULL, NULL);
}
