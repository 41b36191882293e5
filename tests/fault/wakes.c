/* wakes.c - workers of a stream that wait, and those who are to wake them.
 * SPDX-License-Identifier: MIT
 */
#include "fault.h"

#include "backends/processes/supervisor.h"
#include "core/board/intent.h"
#include "core/stream/stream.h"

#include <sched.h>
#include <signal.h>
#include <time.h>

#define WORKERS  8 /* more than one wakes */
#define PATIENCE 60

static cadre_pool *pool;
static _Atomic int *arrived; /* tasks, of all workers */

static int open_pool(void **state)
{
    cadre_options opt;
    cadre_error err;

    (void)state;
    setvbuf(stdout, NULL, _IONBF, 0);
    fault_open();
    arrived = cadre_alloc_shared(sizeof *arrived, NULL);
    opt = fault_options(WORKERS);
    return !arrived || cadre_open(&pool, &opt, &err) ? -1 : 0;
}

static int close_pool(void **state)
{
    (void)state;
    cadre_close(pool);
    cadre_free_shared((void *)(uintptr_t)arrived);
    return 0;
}

static bool comes_true(bool (*is_so)(void *arg), void *arg)
{
    time_t give_up = time(NULL) + PATIENCE;

    while (!is_so(arg)) {
        if (time(NULL) > give_up)
            return false;
        sched_yield();
    }
    return true;
}

/* ---- one who is to wake others dies ---- */

static bool all_arrived(void *arg)
{
    return atomic_load(*(_Atomic int **)arg) >= WORKERS;
}

/* Takes all workers. */
static int meet(cadre_task *t, const void *item, void *result)
{
    _Atomic int *met = *(_Atomic int *const *)cadre_task_shared(t);

    (void)item;
    (void)result;
    atomic_fetch_add(met, 1);
    return comes_true(all_arrived, &met) ? 0 : cadre_task_fail(t, 1, "not all came");
}

static bool all_idle(void *arg)
{
    struct cdr_supervisor *c = cadre_run_data(&((cadre_stream *)arg)->run);

    for (unsigned seat = 1; seat <= WORKERS; seat++)
        if (!cdr_supervisor_is_idle(c, seat))
            return false;
    return true;
}

static void wake_with_a_death(long k)
{
    cadre_job job = { .fn = meet,
                      .n = WORKERS,
                      .shared = &arrived,
                      .shared_size = sizeof arrived,
                      .result_size = 8,
                      .retries = 1 };
    cadre_stream *s;
    cadre_error err;
    cadre_record r;
    int n = 0;

    fault_arm(FAULT_KILL, 0, 1, 0);
    atomic_store(arrived, 0);
    assert_int_equal(cadre_stream_open(&s, pool, &job, &err), CADRE_OK);
    assert_true(comes_true(all_idle, s));
    fault_arm(FAULT_KILL, k, 1, 0);
    for (; cadre_stream_next(s, &r, &err) == CADRE_OK; n++)
        ;
    if (n != WORKERS)
        fail_msg("death at step %ld: %d tasks done: %s", k, n, err.message);
    cadre_stream_close(s);
}

static void test_a_waker_dies(void **state)
{
    long k = 0;

    (void)state;
    do
        wake_with_a_death(k += fault_stride());
    while (!fault_unused() && k < 60);
}

/* ---- waiting for room ---- */

static int emit_much(cadre_task *t, const void *item, void *result)
{
    static const char bytes[3000];

    (void)item;
    (void)result;
    return cadre_task_emit(t, bytes, sizeof bytes);
}

struct waiter {
    cadre_stream *s;
    unsigned seat;
};

static bool some_wait(void *arg)
{
    struct waiter *who = arg;

    for (who->seat = 1; who->seat <= WORKERS; who->seat++)
        if (atomic_load(&cdr_window_arena(who->s->run.window, who->seat)->waiting))
            return true;
    return false;
}

/* A task with a time limit has run, and its worker waits for the caller. */
static void test_waiting_takes_no_time(void **state)
{
    cadre_job job = {
        .fn = emit_much, .n = 3 * WORKERS, .memory_limit = 1, .timeout_ms = 60000
    };
    struct waiter who;
    cadre_error err;
    cadre_record r;
    uint64_t item;
    int n = 0;

    (void)state;
    fault_arm(FAULT_KILL, 0, 1, 0);
    assert_int_equal(cadre_stream_open(&who.s, pool, &job, &err), CADRE_OK);
    assert_int_equal(cadre_stream_next(who.s, &r, &err), CADRE_OK);
    assert_true(comes_true(some_wait, &who));
    assert_true(cadre_run_expiry(&who.s->run, who.seat, &item) == UINT64_MAX);
    for (n = 1; cadre_stream_next(who.s, &r, &err) == CADRE_OK; n++)
        assert_int_equal(r.size, 3000);
    assert_int_equal(n, job.n);
    cadre_stream_close(who.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_waker_dies),
        cmocka_unit_test(test_waiting_takes_no_time),
    };

    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
