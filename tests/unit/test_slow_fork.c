/* test_slow_fork.c - where forking takes long, whether a map is given a second worker.
 * SPDX-License-Identifier: MIT
 *
 * Forking takes as long as it is to, by the clock that libcadre looks at, and waiting lasts
 * until what is waited for has happened: time decides nothing here.
 */
#include "contract.h"

#include <cadre/stream.h>

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define N       8
#define FAST_NS 100000
#define SLOW_NS 100000000000 /* nobody is forked in advance before the test is over */
#define WAITS   2            /* so many are looked at */

enum wait {
    IS_OVER_AT_ONCE,   /* the time that was to be waited is over */
    FOR_WHAT_HAPPENS,  /* however long that takes */
    UNTIL_IN_THE_TASK, /* then it is over */
};

/* In memory that workers share. */
static struct scene {
    _Atomic int waits;   /* of the caller, since it forked */
    _Atomic int in_task; /* the first task has begun */
    int held_until;      /* it ends after so many waits */
} * scene;

static enum wait first_wait;
static uint64_t fork_ns;
static unsigned forks, forks_before[WAITS]; /* before each wait */
static int asked_for_ms;                    /* of the first wait */

/* ---- the linker puts these in the place of Linux ---- */

pid_t __real_fork(void);
pid_t __wrap_fork(void);
int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __real_epoll_wait(int poll, struct epoll_event *events, int n, int timeout_ms);
int __wrap_epoll_wait(int poll, struct epoll_event *events, int n, int timeout_ms);

static bool has_just_forked;

pid_t __wrap_fork(void)
{
    pid_t pid = __real_fork();

    forks++;
    has_just_forked = pid > 0;
    return pid;
}

/* The first look after a fork comes so much later than the one before it. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
    static struct timespec last;
    uint64_t ns;

    if (clock != CLOCK_MONOTONIC)
        return __real_clock_gettime(clock, t);
    if (!has_just_forked) {
        int rc = __real_clock_gettime(clock, t);
        last = *t;
        return rc;
    }
    has_just_forked = false;
    ns = (uint64_t)last.tv_nsec + fork_ns;
    t->tv_sec = last.tv_sec + (time_t)(ns / 1000000000);
    t->tv_nsec = (long)(ns % 1000000000);
    return 0;
}

int __wrap_epoll_wait(int poll, struct epoll_event *events, int n, int timeout_ms)
{
    int wait;

    if (forks == 0)
        return __real_epoll_wait(poll, events, n, timeout_ms);
    wait = atomic_fetch_add(&scene->waits, 1);
    if (wait < WAITS)
        forks_before[wait] = forks;
    if (wait > 0)
        return __real_epoll_wait(poll, events, n, timeout_ms);
    asked_for_ms = timeout_ms;
    if (first_wait == FOR_WHAT_HAPPENS)
        return __real_epoll_wait(poll, events, n, 60000);
    if (first_wait == UNTIL_IN_THE_TASK)
        await(&scene->in_task, 1);
    return 0;
}

/* ---- runs ---- */

static int open_scene(void **state)
{
    (void)state;
    setvbuf(stdout, NULL, _IONBF, 0);
    scene = cadre_alloc_shared(sizeof *scene, NULL);
    return scene ? 0 : -1;
}

static int close_scene(void **state)
{
    (void)state;
    cadre_free_shared(scene);
    return 0;
}

static int first_is_held(cadre_task *t, const void *item, void *result)
{
    (void)item;
    if (cadre_task_index(t) == 0) {
        atomic_store(&scene->in_task, 1);
        await(&scene->waits, scene->held_until);
    }
    *(uint64_t *)result = cadre_task_index(t) + 1;
    return 0;
}

static cadre_pool *begin(int workers, uint64_t ns, enum wait wait, int held_until)
{
    cadre_options opt = { .backend = "processes",
                          .workers = workers,
                          .oversubscribe = true,
                          .ignore_environment = true };
    cadre_pool *pool;
    cadre_error err;

    forks = 0;
    memset(forks_before, 0, sizeof forks_before);
    *scene = (struct scene){ .held_until = held_until };
    fork_ns = ns;
    first_wait = wait;
    if (cadre_open(&pool, &opt, &err))
        fail_msg("%s", err.message);
    return pool;
}

static void run_map(int workers, uint64_t ns, enum wait wait, int held_until,
                    uint64_t chunk)
{
    cadre_pool *pool = begin(workers, ns, wait, held_until);
    uint64_t results[N] = { 0 };
    cadre_job job = { .fn = first_is_held,
                      .n = N,
                      .chunk = chunk,
                      .results = results,
                      .result_size = sizeof *results };
    cadre_error err;

    if (cadre_map(pool, &job, &err))
        fail_msg("%s", err.message);
    for (uint64_t i = 0; i < N; i++)
        assert_int_equal(results[i], i + 1);
    cadre_close(pool);
}

/* The first worker is through before a second one would be there. */
static void test_a_small_map_has_one(void **state)
{
    (void)state;
    run_map(3, SLOW_NS, FOR_WHAT_HAPPENS, 1, 1);
    assert_int_equal(forks, 1);
    assert_int_equal(forks_before[0], 1);
    assert_int_equal(asked_for_ms, SLOW_NS / 4 / 1000000 + 1);
}

/* Others wait for the second alone. That there is work is seen, also where the first worker
 * has taken it all. */
static void test_a_longer_one_has_all(void **state)
{
    (void)state;
    for (uint64_t chunk = 1; chunk <= N; chunk += N - 1) {
        run_map(3, SLOW_NS, UNTIL_IN_THE_TASK, 2, chunk);
        assert_int_equal(forks, 3);
        assert_int_equal(forks_before[0], 1);
        assert_int_equal(forks_before[1], 3);
    }
}

static void test_fast_forks_do_not_wait(void **state)
{
    (void)state;
    run_map(2, FAST_NS, IS_OVER_AT_ONCE, 1, 1);
    assert_int_equal(forks, 2);
    assert_int_equal(forks_before[0], 2);
}

/* Work may come at any moment. */
static void test_nor_do_streams(void **state)
{
    cadre_pool *pool = begin(2, SLOW_NS, IS_OVER_AT_ONCE, 0);
    cadre_job job = { .fn = first_is_held, .n = N, .result_size = sizeof(uint64_t) };
    cadre_record r;
    cadre_stream *s;
    cadre_error err;

    (void)state;
    if (cadre_stream_open(&s, pool, &job, &err))
        fail_msg("%s", err.message);
    for (uint64_t i = 0; i < N; i++) {
        assert_int_equal(cadre_stream_next(s, &r, &err), CADRE_OK);
        assert_int_equal(*(const uint64_t *)r.data, i + 1);
    }
    assert_int_equal(cadre_stream_next(s, &r, &err), CADRE_DONE);
    cadre_stream_close(s);
    cadre_close(pool);
    assert_int_equal(forks, 2);
    assert_int_not_equal(forks_before[0], 1); /* if it waited at all */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_small_map_has_one),
        cmocka_unit_test(test_a_longer_one_has_all),
        cmocka_unit_test(test_fast_forks_do_not_wait),
        cmocka_unit_test(test_nor_do_streams),
    };

    return cmocka_run_group_tests(tests, open_scene, close_scene);
}
