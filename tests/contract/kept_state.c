/* kept_state.c - states that live as long as their workers, over all runs of a pool.
 * SPDX-License-Identifier: MIT
 *
 * And how much a worker holds in advance.
 */
#include "streams.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#define N    600
#define RUNS 4

static unsigned workers;

/* What all workers write to, wherever they are. */
struct log {
    _Atomic int begun, ended, others, wrong, refusing;
    _Atomic int started; /* tasks */
    _Atomic int ahead;   /* a task began while too many below it had not */
    uint64_t most_ahead;
};

struct state {
    struct log *log;
    long thread;
    int pid;
    int tasks;
};

static long this_thread(void)
{
    return syscall(SYS_gettid);
}

static struct log *log_of(const cadre_task *t)
{
    return *(struct log *const *)cadre_task_shared(t);
}

static int begin(cadre_task *t, void **state)
{
    struct state *s = malloc(sizeof *s);

    if (!s || log_of(t)->refusing) {
        free(s);
        return cadre_task_fail(t, 7, "no interpreter");
    }
    *s = (struct state){ log_of(t), this_thread(), (int)getpid(), 0 };
    atomic_fetch_add(&s->log->begun, 1);
    *state = s;
    return 0;
}

/* In the worker's own thread, or where the pool is closed. */
static void end(void *state)
{
    struct state *s = state;

    if (s->pid != (int)getpid())
        atomic_fetch_add(&s->log->wrong, 1);
    atomic_fetch_add(&s->log->ended, 1);
    free(s);
}

static void end_too(void *state)
{
    struct state *s = state;

    atomic_fetch_add(&s->log->others, 1);
    end(state);
}

static int work(cadre_task *t, const void *item, void *result)
{
    struct state *s = cadre_task_state(t);

    (void)item;
    if (!s || s->thread != this_thread() || s->pid != (int)getpid() ||
        s->log != log_of(t))
        atomic_fetch_add(&log_of(t)->wrong, 1);
    else
        s->tasks++;
    jitter(cadre_task_index(t));
    *(uint64_t *)result = cadre_task_index(t);
    return 0;
}

static struct log *open_log(void)
{
    return shared_zeros(sizeof(struct log));
}

static cadre_job job_of(struct log *const *log)
{
    return (cadre_job){ .fn = work,
                        .n = N,
                        .result_size = sizeof(uint64_t),
                        .shared = log,
                        .shared_size = sizeof *log,
                        .worker_begin = begin,
                        .worker_end = end,
                        .keep_state = true };
}

static void map_once(const struct contract *c, cadre_job job)
{
    uint64_t y[N] = { 0 };

    job.results = y;
    map_ok(c, job);
    for (uint64_t i = 0; i < N; i++)
        assert_int_equal(y[i], i);
}

static void stream_once(const struct contract *c, cadre_job job)
{
    uint64_t y[N];

    assert_int_equal(drain_u64(c, job, y, N), N);
}

/* Workers that are forked for a run go with it, and without a pool nobody stays. */
static bool nobody_stays(void)
{
    return (contract_isolates() && contract_inherits()) || contract_backend_is("null");
}

static void open_own(struct contract *c, const struct contract *from)
{
    *c = *from;
    c->pool = NULL;
    assert_int_equal(contract_pool(&c->pool, c, (cadre_options){ 0 }), 0);
}

static void check_end(struct contract *c, const struct log *log)
{
    cadre_close(c->pool);
    assert_int_equal(log->wrong, 0);
    assert_int_equal(log->begun, log->ended);
}

static void test_states_are_kept(void **state)
{
    struct log *log = open_log();
    struct contract c;
    int most;

    open_own(&c, *state);
    most = (int)workers + 1;
    for (int run = 0; run < RUNS; run++) {
        map_once(&c, job_of(&log));
        stream_once(&c, job_of(&log));
        if (nobody_stays())
            assert_int_equal(log->begun, log->ended);
        else
            assert_in_range(log->begun, 1, most);
        assert_true(nobody_stays() || log->ended == 0);
    }
    check_end(&c, log);
    cadre_free_shared(log);
}

/* Other functions, other states; and none that are kept beside those of one run. */
static void test_states_go_by_their_functions(void **state)
{
    struct log *log = open_log();
    struct contract c;
    cadre_job job = job_of(&log), other = job, passing = job;

    open_own(&c, *state);
    other.worker_end = end_too;
    passing.keep_state = false;
    map_once(&c, job);
    map_once(&c, other);
    for (int run = 0; run < RUNS; run++) {
        int before = log->begun;
        map_once(&c, passing);
        assert_true(log->begun > before);
    }
    check_end(&c, log);
    assert_true(log->others > 0);
    cadre_free_shared(log);
}

struct caller {
    struct contract c;
    struct log *log;
};

static void *call(void *arg)
{
    struct caller *caller = arg;

    for (int run = 0; run < RUNS; run++)
        map_once(&caller->c, job_of(&caller->log));
    return NULL;
}

/* A thread that calls has its own, which outlives it. */
static void test_threads_that_call(void **state)
{
    struct caller caller = { .log = open_log() };
    pthread_t threads[3];

    open_own(&caller.c, *state);
    for (int k = 0; k < 3; k++)
        assert_int_equal(pthread_create(&threads[k], NULL, call, &caller), 0);
    for (int k = 0; k < 3; k++)
        assert_int_equal(pthread_join(threads[k], NULL), 0);
    map_once(&caller.c, job_of(&caller.log));
    check_end(&caller.c, caller.log);
    cadre_free_shared(caller.log);
}

/* The next run tries again. */
static void test_begin_fails(void **state)
{
    struct log *log = open_log();
    struct contract c;
    cadre_error err;
    uint64_t y[N];
    cadre_job job = job_of(&log);

    open_own(&c, *state);
    job.results = y;
    log->refusing = 1;
    map_fails(&c, job, CADRE_EKERNEL, &err);
    assert_int_equal(err.user, 7);
    assert_int_equal(log->begun, 0);
    log->refusing = 0;
    map_once(&c, job);
    check_end(&c, log);
    cadre_free_shared(log);
}

static void test_refused(void **state)
{
    const struct contract *c = *state;
    uint64_t y[1];
    cadre_job job = { .fn = work, .n = 1, .results = y, .result_size = 8 };
    cadre_error err;

    job.keep_state = true;
    assert_int_equal(cadre_map(c->pool, &job, &err), CADRE_EINVAL);
    assert_string_equal(err.message,
                        "keep_state is set but worker_begin is NULL: there "
                        "is no state to keep");
}

/* ---- prefetching ---- */

/* Tasks are taken in the order of their indexes. So as a task begins, those below it that have
 * not begun are at hand somewhere. */
static int count_ahead(cadre_task *t, const void *item, void *result)
{
    struct log *log = log_of(t);
    uint64_t i = cadre_task_index(t);
    uint64_t begun = (uint64_t)atomic_fetch_add(&log->started, 1);

    (void)item;
    if (i > begun && i - begun > log->most_ahead)
        atomic_fetch_add(&log->ahead, 1);
    *(uint64_t *)result = i;
    return 0;
}

static void check_ahead(const struct contract *c, uint64_t prefetch, bool stream)
{
    struct log *log = open_log();
    cadre_job job = job_of(&log);

    job.fn = count_ahead;
    job.worker_begin = NULL;
    job.worker_end = NULL;
    job.keep_state = false;
    job.prefetch = prefetch;
    log->most_ahead = (workers + 1) * prefetch;
    if (stream)
        stream_once(c, job);
    else
        map_once(c, job);
    assert_int_equal(log->started, N);
    assert_int_equal(log->ahead, 0);
    cadre_free_shared(log);
}

static void test_prefetch(void **state)
{
    for (uint64_t prefetch = 1; prefetch < 4; prefetch++)
        for (int round = 0; round < 6; round++)
            check_ahead(*state, prefetch, round % 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states_are_kept),
        cmocka_unit_test(test_states_go_by_their_functions),
        cmocka_unit_test(test_threads_that_call),
        cmocka_unit_test(test_begin_fails),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_prefetch),
    };

    workers = contract_workers();
    return contract_run(tests, sizeof tests / sizeof tests[0]);
}
