/* preparing.c - what a call is told before it runs anything counts.
 * SPDX-License-Identifier: MIT
 *
 * A job, or what it points to, lies in memory that may not be touched. Who touches it is in
 * the middle of a call's preparation: there the pool is cancelled, or the time that the call
 * has is let pass, and then the memory may be touched. No task is to run.
 */
#include "streams.h"

#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define N 100

/* Written before the memory is closed; read in the handler. */
static struct trap {
    char *memory;
    size_t size;
    cadre_pool *pool; /* to cancel ... */
    int ms;           /* ... or so long to wait */
    volatile sig_atomic_t sprung;
} trap;

static _Atomic int *ran; /* tasks, in whatever process */

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static void spring(int number, siginfo_t *info, void *context)
{
    int64_t until = now_ms() + trap.ms;
    const char *at = info->si_addr;

    (void)context;
    if (at < trap.memory || at >= trap.memory + trap.size || trap.sprung) {
        signal(number, SIG_DFL); /* it happens again, and for good */
        return;
    }
    trap.sprung = 1;
    cadre_cancel(trap.pool);
    while (now_ms() <= until)
        ;
    mprotect(trap.memory, trap.size, PROT_READ | PROT_WRITE);
}

static int begin(void **state)
{
    int zero = 0;

    (void)state;
    trap.size = (size_t)sysconf(_SC_PAGESIZE);
    trap.memory = mmap(NULL, trap.size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (trap.memory == MAP_FAILED)
        return -1;
    ran = shared_copy(&zero, sizeof zero);
    return 0;
}

static int end(void **state)
{
    (void)state;
    munmap(trap.memory, trap.size);
    cadre_free_shared((void *)(uintptr_t)ran);
    return 0;
}

/* From now on. cmocka has a handler of its own around each test. */
static void set(cadre_pool *pool, int ms)
{
    struct sigaction action = { .sa_sigaction = spring, .sa_flags = SA_SIGINFO };

    assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
    trap.pool = pool;
    trap.ms = ms;
    trap.sprung = 0;
    atomic_store(ran, 0);
    assert_int_equal(mprotect(trap.memory, trap.size, PROT_NONE), 0);
}

static int counts(cadre_task *t, const void *item, void *result)
{
    (void)item;
    atomic_fetch_add(*(_Atomic int *const *)cadre_task_shared(t), 1);
    *(uint64_t *)result = 1;
    return 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

static void not_run(int rc, int code, const cadre_error *err)
{
    assert_true(trap.sprung);
    assert_int_equal(rc, code);
    assert_int_equal(err->code, code);
    assert_non_null(strstr(err->message, code == CADRE_ECANCELLED ? "cancelled"
                                                                  : "the deadline of "
                                                                    "20 ms passed"));
    assert_true(err->item == CADRE_NO_ITEM);
    assert_int_equal(atomic_load(ran), 0);
}

/* The job, where nobody may read it yet. */
static const cadre_job *closed(cadre_job job, cadre_pool *pool)
{
    mprotect(trap.memory, trap.size, PROT_READ | PROT_WRITE);
    memcpy(trap.memory, &job, sizeof job);
    set(pool, 0);
    return (const cadre_job *)(const void *)trap.memory;
}

static cadre_job new_job(void)
{
    return (cadre_job){ .fn = counts,
                        .n = N,
                        .result_size = sizeof(uint64_t),
                        .shared = &ran,
                        .shared_size = sizeof ran };
}

/* ---- cancelled when the job is read for the first time ---- */

static void test_maps(void **state)
{
    const struct contract *c = *state;
    uint64_t y[N];
    cadre_job job = new_job();
    cadre_error err;

    job.results = y;
    for (int round = 0; round < 10; round++)
        not_run(cadre_map(c->pool, closed(job, c->pool), &err), CADRE_ECANCELLED, &err);
    map_ok(c, job); /* it is over */
}

static void test_reductions(void **state)
{
    const struct contract *c = *state;
    uint64_t sum = 5;
    cadre_error err;

    for (int round = 0; round < 10; round++)
        not_run(cadre_reduce(c->pool, closed(new_job(), c->pool), add, &sum, &err),
                CADRE_ECANCELLED, &err);
    assert_int_equal(sum, 5);
}

/* Whether opening says so, or the first record that is asked for. */
static int end_of_stream(cadre_pool *pool, const cadre_job *job, cadre_error *err)
{
    cadre_stream *s;
    cadre_record r;
    int rc = cadre_stream_open(&s, pool, job, err);

    if (!rc)
        rc = cadre_stream_next(s, &r, err);
    cadre_stream_close(s);
    return rc;
}

/* Its workers may have begun. */
static void test_streams(void **state)
{
    const struct contract *c = *state;
    cadre_error err;

    for (int round = 0; round < 10; round++) {
        assert_int_equal(end_of_stream(c->pool, closed(new_job(), c->pool), &err),
                         CADRE_ECANCELLED);
        assert_true(trap.sprung);
        assert_non_null(strstr(err.message, "cancelled"));
    }
}

/* ---- while statuses are made ready ---- */

static void test_statuses(void **state)
{
    const struct contract *c = *state;
    cadre_job job = new_job();
    uint64_t y[N], sum = 5;
    cadre_error err;

    job.statuses = (int *)(void *)trap.memory;
    for (int k = 0; k < 8; k++) {
        bool cancel = c->pool && k % 2;
        int code = cancel ? CADRE_ECANCELLED : CADRE_ETIMEOUT;
        job.on_error = k & 4 ? CADRE_KEEP_GOING : CADRE_STOP;
        job.deadline_ms = cancel ? 0 : 20;
        job.results = k & 2 ? y : NULL;
        set(cancel ? c->pool : NULL, cancel ? 0 : 25);
        not_run(k & 2 ? cadre_map(c->pool, &job, &err)
                      : cadre_reduce(c->pool, &job, add, &sum, &err),
                code, &err);
        for (int i = 0; i < N; i++)
            assert_int_equal(job.statuses[i], CADRE_ECANCELLED);
        assert_int_equal(sum, 5);
    }
}

/* ---- while columns are looked at ---- */

static void test_columns(void **state)
{
    static const uint64_t x[N];
    const struct contract *c = *state;
    cadre_column column = { .data = x, .size = 8, .n = N };
    cadre_job job = new_job();
    uint64_t y[N];
    cadre_error err;

    job.columns = (const cadre_column *)(const void *)trap.memory;
    job.n_columns = 1;
    job.deadline_ms = 20;
    memcpy(trap.memory, &column, sizeof column);
    set(NULL, 25);
    assert_int_equal(end_of_stream(c->pool, &job, &err), CADRE_ETIMEOUT);
    assert_true(trap.sprung);
    job.results = y;
    set(NULL, 25);
    not_run(cadre_map(c->pool, &job, &err), CADRE_ETIMEOUT, &err);
}

int main(void)
{
    /* The NULL pool cannot be cancelled: the first three are for pools. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_maps, begin, end),
        cmocka_unit_test_setup_teardown(test_reductions, begin, end),
        cmocka_unit_test_setup_teardown(test_streams, begin, end),
        cmocka_unit_test_setup_teardown(test_statuses, begin, end),
        cmocka_unit_test_setup_teardown(test_columns, begin, end),
    };
    bool pool = !contract_backend_is("null");

    return contract_run(pool ? tests : tests + 3, pool ? 5 : 2);
}
