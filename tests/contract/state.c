/* state.c - worker_begin and worker_end: once for each worker and run, whatever runs it.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"

#include <cadre/stream.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define N     2000
#define RANKS 64

/* What all workers write to, wherever they are. */
struct log {
    _Atomic int begun[RANKS], ended[RANKS], tasks[RANKS];
    _Atomic int wrong;    /* a state that is not its worker's own */
    _Atomic int refusing; /* begin fails */
    _Atomic int dying;    /* begin takes the worker down */
    _Atomic int reached;  /* tasks, in all */
};

struct state {
    struct log *log;
    long thread;
    unsigned rank;
};

static long this_thread(void)
{
    return syscall(SYS_gettid);
}

static int begin(cadre_task *t, void **state)
{
    struct log *log = *(struct log *const *)cadre_task_shared(t);
    struct state *s = malloc(sizeof *s);

    if (atomic_load(&log->dying))
        raise(SIGKILL);
    if (!s || atomic_load(&log->refusing)) {
        free(s);
        return cadre_task_fail(t, 7, "no database");
    }
    *s = (struct state){ log, this_thread(), cadre_rank() };
    atomic_fetch_add(&log->begun[s->rank], 1);
    *state = s;
    return 0;
}

static void end(void *state)
{
    struct state *s = state;

    if (s->thread != this_thread())
        atomic_fetch_add(&s->log->wrong, 1);
    atomic_fetch_add(&s->log->ended[s->rank], 1);
    free(s);
}

static int work(cadre_task *t, const void *item, void *result)
{
    struct log *log = *(struct log *const *)cadre_task_shared(t);
    const struct state *s = cadre_task_state(t);

    (void)item;
    if (!s || s->log != log || s->thread != this_thread() || s->rank != cadre_rank())
        atomic_fetch_add(&log->wrong, 1);
    atomic_fetch_add(&log->tasks[cadre_rank()], 1);
    atomic_fetch_add(&log->reached, 1);
    jitter(cadre_task_index(t));
    *(uint64_t *)result = cadre_task_index(t);
    return 0;
}

static int work_to_100(cadre_task *t, const void *item, void *result)
{
    work(t, item, result);
    return cadre_task_index(t) == 100 ? 5 : 0;
}

static int work_but_crash(cadre_task *t, const void *item, void *result)
{
    work(t, item, result);
    if (cadre_task_index(t) % 500 == 100)
        raise(SIGKILL);
    return 0;
}

static struct log *open_log(void)
{
    struct log *log = shared_zeros(sizeof *log);

    assert_non_null(log);
    return log;
}

static cadre_job job_of(struct log *const *log)
{
    return (cadre_job){ .fn = work,
                        .n = N,
                        .result_size = sizeof(uint64_t),
                        .shared = log,
                        .shared_size = sizeof *log,
                        .worker_begin = begin,
                        .worker_end = end };
}

static int sum(const _Atomic int *counts)
{
    int total = 0;

    for (int rank = 0; rank < RANKS; rank++)
        total += atomic_load(&counts[rank]);
    return total;
}

/* All that began has ended, and nobody worked without. */
static void check_log(const struct log *log, int runs, int deaths)
{
    int lost = sum(log->begun) - sum(log->ended);

    assert_int_equal(log->wrong, 0);
    /* Elsewhere it is not known at first which task took a worker down. */
    assert_in_range(lost, deaths, contract_is_mapped() ? deaths : 2 * deaths);
    for (int rank = 0; rank < RANKS; rank++) {
        assert_true(log->begun[rank] <= runs + lost);
        assert_true(log->tasks[rank] == 0 || log->begun[rank] > 0);
    }
}

/* ---- maps and reductions ---- */

static void test_map(void **state)
{
    static uint64_t y[N];
    struct log *log = open_log();
    cadre_job job = job_of(&log);

    job.results = y;
    for (int run = 1; run <= 3; run++) {
        map_ok(*state, job);
        check_log(log, run, 0);
        assert_int_equal(sum(log->tasks), run * N);
        assert_true(sum(log->begun) >= run);
    }
    cadre_free_shared(log);
}

static int add(cadre_task *t, void *into, const void *from)
{
    struct log *log = *(struct log *const *)cadre_task_shared(t);

    if (!cadre_task_state(t))
        atomic_fetch_add(&log->wrong, 1);
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

static void test_reduce(void **state)
{
    struct log *log = open_log();
    uint64_t total = 0;

    reduce_ok(*state, job_of(&log), add, &total);
    assert_int_equal(total, (uint64_t)N * (N - 1) / 2);
    check_log(log, 1, 0);
    cadre_free_shared(log);
}

/* Without an end, and with one that is of the C library. */
static int lend(cadre_task *t, void **state)
{
    *state = (void *)(uintptr_t)cadre_task_shared(t);
    return 0;
}

static int make(cadre_task *t, void **state)
{
    (void)t;
    *state = malloc(10);
    return *state ? 0 : 1;
}

static int has_state(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    return cadre_task_state(t) ? 0 : 1;
}

static void test_ends(void **state)
{
    int shared = 3;
    cadre_job job = { .fn = has_state,
                      .n = 300,
                      .shared = &shared,
                      .shared_size = sizeof shared,
                      .worker_begin = lend };

    for (int run = 0; run < 3; run++)
        map_ok(*state, job);
    job.worker_begin = make;
    job.worker_end = free;
    map_ok(*state, job);
}

/* A map inside a task has states of its own. */
static int nest(cadre_task *t, const void *item, void *result)
{
    static uint64_t y[50];
    struct log *log = *(struct log *const *)cadre_task_shared(t);
    cadre_job inner = job_of(&log);
    const void *before = cadre_task_state(t);

    (void)item;
    (void)result;
    inner.n = 50;
    inner.results = y;
    inner.result_size = 0;
    inner.results = NULL;
    inner.fn = has_state;
    return cadre_map(NULL, &inner, NULL) || cadre_task_state(t) != before;
}

static void test_nested(void **state)
{
    struct log *log = open_log();
    cadre_job job = job_of(&log);

    job.fn = nest;
    job.n = 20;
    job.result_size = 0;
    map_ok(*state, job);
    assert_int_equal(log->wrong, 0);
    assert_int_equal(sum(log->begun), sum(log->ended));
    assert_true(sum(log->begun) >= 21);
    cadre_free_shared(log);
}

/* ---- failures ---- */

static void test_after_a_failure(void **state)
{
    static uint64_t y[N];
    struct log *log = open_log();
    cadre_job job = job_of(&log);
    cadre_error err;

    job.fn = work_to_100;
    job.results = y;
    map_fails(*state, job, CADRE_EKERNEL, &err);
    assert_int_equal(err.item, 100);
    check_log(log, 1, 0);
    cadre_free_shared(log);
}

static void test_begin_fails(void **state)
{
    static uint64_t y[N];
    static int statuses[N];
    struct log *log = open_log();
    cadre_job job = job_of(&log);
    cadre_error err;

    job.results = y;
    log->refusing = 1;
    map_fails(*state, job, CADRE_EKERNEL, &err);
    assert_int_equal(err.item, 0);
    assert_int_equal(err.user, 7);
    assert_string_equal(err.message, "item 0: no database");
    job.on_error = CADRE_KEEP_GOING;
    job.statuses = statuses;
    map_fails(*state, job, CADRE_EKERNEL, &err);
    assert_int_equal(err.item, 0);
    assert_int_equal(statuses[0], CADRE_EKERNEL);
    assert_int_equal(statuses[N - 1], CADRE_ECANCELLED);
    assert_int_equal(sum(log->tasks), 0);
    log->refusing = 0;
    map_ok(*state, job);
    check_log(log, 1, 0);
    cadre_free_shared(log);
}

static int draw(cadre_task *t, void **state)
{
    *state = cadre_task_rng(t);
    return 0;
}

static void test_misuse(void **state)
{
    cadre_job job = { .fn = has_state, .n = 10, .worker_begin = draw };
    cadre_error err;

    map_fails(*state, job, CADRE_EINVAL, &err);
    assert_non_null(strstr(err.message, "worker_begin has no random numbers"));
    job = (cadre_job){ .fn = has_state, .n = 10, .worker_end = free };
    map_fails(*state, job, CADRE_EINVAL, &err);
    assert_non_null(strstr(err.message, "worker_begin is NULL"));
}

struct canceller {
    cadre_pool *pool;
    struct log *log;
};

static void *cancel_when_reached(void *arg)
{
    struct canceller *c = arg;

    await(&c->log->reached, 11);
    cadre_cancel(c->pool);
    return NULL;
}

static int wait_for_the_end(cadre_task *t, const void *item, void *result)
{
    work(t, item, result);
    while (cadre_task_index(t) >= 10 && !cadre_task_cancelled(t))
        ;
    return 0;
}

/* The NULL pool cannot be cancelled: a deadline ends it. */
static void test_after_cancelling(void **state)
{
    static uint64_t y[N];
    const struct contract *c = *state;
    struct log *log = open_log();
    struct canceller canceller = { c->pool, log };
    cadre_job job = job_of(&log);
    pthread_t thread;
    cadre_error err;

    job.fn = wait_for_the_end;
    job.results = y;
    job.grace_ms = 60000;
    job.deadline_ms = c->pool ? 0 : 100;
    if (c->pool)
        assert_int_equal(pthread_create(&thread, NULL, cancel_when_reached, &canceller),
                         0);
    map_fails(c, job, c->pool ? CADRE_ECANCELLED : CADRE_ETIMEOUT, &err);
    if (c->pool)
        pthread_join(thread, NULL);
    check_log(log, 1, 0);
    cadre_free_shared(log);
}

/* ---- streams ---- */

static void drain(const struct contract *c, cadre_job job, uint64_t records, int code)
{
    cadre_stream *s;
    cadre_record r;
    cadre_error err;
    uint64_t n = 0;
    int rc;

    job.chunk = c->chunk;
    if (cadre_stream_open(&s, c->pool, &job, &err))
        fail_msg("cadre_stream_open: %s", err.message);
    while (n < records && (rc = cadre_stream_next(s, &r, &err)) == CADRE_OK)
        n++;
    if (n == records && code != CADRE_OK)
        rc = cadre_stream_next(s, &r, &err);
    assert_int_equal(n, records);
    if (code != CADRE_OK)
        assert_int_equal(rc, code);
    cadre_stream_close(s);
}

static void test_stream(void **state)
{
    struct log *log = open_log();
    cadre_job job = job_of(&log);

    drain(*state, job, N, CADRE_DONE);
    job.unordered = true;
    drain(*state, job, N, CADRE_DONE);
    check_log(log, 2, 0);
    assert_int_equal(sum(log->tasks), 2 * N);
    job.n = CADRE_ENDLESS;
    drain(*state, job, 500, CADRE_OK); /* closed early */
    check_log(log, 3, 0);
    job.n = N;
    job.unordered = false;
    job.fn = work_to_100;
    drain(*state, job, 100, CADRE_EKERNEL);
    check_log(log, 4, 0);
    cadre_free_shared(log);
}

static void test_stream_begin_fails(void **state)
{
    struct log *log = open_log();
    cadre_job job = job_of(&log);

    log->refusing = 1;
    for (int k = 0; k < 8; k++) {
        job.unordered = k & 1;
        job.on_error = k & 2 ? CADRE_KEEP_GOING : CADRE_STOP;
        job.window = k & 4 ? 3 : 0;
        drain(*state, job, 0, CADRE_EKERNEL);
    }
    assert_int_equal(sum(log->tasks), 0);
    check_log(log, 0, 0);
    cadre_free_shared(log);
}

/* ---- processes ---- */

static void test_after_crashes(void **state)
{
    static uint64_t y[N];
    static int statuses[N];
    struct log *log = open_log();
    cadre_job job = job_of(&log);
    cadre_error err;

    job.fn = work_but_crash;
    job.results = y;
    job.on_error = CADRE_KEEP_GOING;
    job.statuses = statuses;
    map_fails(*state, job, CADRE_ECRASH, &err);
    for (int i = 0; i < N; i++)
        assert_int_equal(statuses[i], i % 500 == 100 ? CADRE_ECRASH : CADRE_OK);
    check_log(log, 1, 4);
    job.results = NULL;
    job.statuses = NULL;
    drain(*state, job, N, CADRE_DONE);
    check_log(log, 2, 8);
    cadre_free_shared(log);
}

/* Blames no task: the run ends when too many have died so. */
static void test_begin_crashes(void **state)
{
    static uint64_t y[N];
    struct log *log = open_log();
    cadre_job job = job_of(&log);
    cadre_error err;

    log->dying = 1;
    job.results = y;
    map_fails(*state, job, CADRE_ECRASH, &err);
    assert_true(err.item == CADRE_NO_ITEM);
    assert_non_null(strstr(err.message, "before they came to a task"));
    job.results = NULL;
    drain(*state, job, 0, CADRE_ECRASH);
    assert_int_equal(sum(log->tasks), 0);
    cadre_free_shared(log);
}

static void test_retired_workers_end(void **state)
{
    static uint64_t y[N];
    struct log *log = open_log();
    cadre_job job = job_of(&log);
    struct contract c = *(const struct contract *)*state;
    cadre_error err;

    assert_int_equal(contract_pool(&c.pool, &c, (cadre_options){ .retire_after = 100 }),
                     0);
    job.results = y;
    if (cadre_map(c.pool, &job, &err))
        fail_msg("cadre_map: %s", err.message);
    assert_int_equal(log->wrong, 0);
    assert_int_equal(sum(log->begun), sum(log->ended));
    assert_true(sum(log->begun) >= N / 200);
    cadre_close(c.pool);
    cadre_free_shared(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_reduce),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_after_a_failure),
        cmocka_unit_test(test_begin_fails),
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_after_cancelling),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_stream_begin_fails),
        /* Processes only, from here on: */
        cmocka_unit_test(test_after_crashes),
        cmocka_unit_test(test_begin_crashes),
        cmocka_unit_test(test_retired_workers_end),
    };
    size_t n = sizeof tests / sizeof tests[0];
    bool processes = contract_isolates();

    return contract_run(tests, processes ? n : n - 3);
}
