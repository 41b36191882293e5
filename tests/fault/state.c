/* state.c - workers with a state of their own, who die at every step of it.
 * SPDX-License-Identifier: MIT
 */
#include "fault.h"

#include <cadre/stream.h>
#include <unistd.h>

#define N       24
#define SETS_UP (CADRE_NO_ITEM - 1) /* or cleans up: no item's number */

static cadre_pool *pool;

static int open_pool(void **state)
{
    cadre_options opt;
    cadre_error err;

    (void)state;
    setvbuf(stdout, NULL, _IONBF, 0);
    fault_open();
    opt = fault_options(2);
    return cadre_open(&pool, &opt, &err) ? -1 : 0;
}

static int close_pool(void **state)
{
    (void)state;
    cadre_close(pool);
    return count_holdings().children ? -1 : 0;
}

/* ---- what workers do ---- */

/* Deaths in here blame no task. */
static int begin(cadre_task *t, void **state)
{
    pid_t *pid = malloc(sizeof *pid);

    (void)t;
    fault_in_kernel(SETS_UP);
    if (!pid)
        return 1;
    *pid = getpid();
    *state = pid;
    fault_in_kernel(SETS_UP);
    return 0;
}

static void end(void *state)
{
    fault_in_kernel(SETS_UP);
    if (*(pid_t *)state != getpid())
        abort();
    free(state);
    fault_in_kernel(SETS_UP);
}

static int number(cadre_task *t, const void *item, void *result)
{
    const pid_t *pid = cadre_task_state(t);

    (void)item;
    if (!pid || *pid != getpid())
        return cadre_task_fail(t, 1, "the state is another worker's, or none");
    fault_in_kernel(cadre_task_index(t));
    *(uint64_t *)result = cadre_task_index(t) + 1;
    return 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

/* ---- runs ---- */

enum kind { MAP, REDUCTION, ORDERED, UNORDERED, KINDS };

static uint64_t results[N];

static int take_all(const cadre_job *job, cadre_error *err)
{
    cadre_stream *s;
    cadre_record r;
    int rc = cadre_stream_open(&s, pool, job, err);

    if (rc)
        return rc;
    while ((rc = cadre_stream_next(s, &r, err)) == CADRE_OK)
        results[r.index] = *(const uint64_t *)r.data;
    cadre_stream_close(s);
    return rc == CADRE_DONE ? CADRE_OK : rc;
}

static int run(enum kind kind, unsigned retries, cadre_error *err)
{
    cadre_job job = { .fn = number,
                      .n = N,
                      .chunk = 3,
                      .result_size = sizeof *results,
                      .worker_begin = begin,
                      .worker_end = end,
                      .retries = retries,
                      .window = kind >= ORDERED ? 8 : 0,
                      .unordered = kind == UNORDERED,
                      .deadline_ms = 20000 };

    memset(results, 0, sizeof results);
    if (kind >= ORDERED)
        return take_all(&job, err);
    if (kind == REDUCTION)
        return cadre_reduce(pool, &job, add, results, err);
    job.results = results;
    return cadre_map(pool, &job, err);
}

static void check_results(enum kind kind)
{
    if (kind == REDUCTION)
        assert_int_equal(results[0], N * (N + 1) / 2);
    for (uint64_t i = 0; kind != REDUCTION && i < N; i++)
        assert_int_equal(results[i], i + 1);
}

static void test_each_step_retried(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        long k = fault_before_first();
        do {
            cadre_error err;
            fault_arm(kind % 2 ? FAULT_KILL : FAULT_EXIT_3, k += fault_stride(), 1, 0);
            if (run(kind, 1, &err))
                fail_msg("kind %d, death at step %ld: %s", (int)kind, k, err.message);
            check_results(kind);
        } while (!fault_unused());
        assert_in_range(k, N, 100000);
    }
}

/* Without retries: who dies as it sets up or cleans up takes no task with it. */
static void test_setting_up_blames_nobody(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        long k = fault_before_first();
        do {
            cadre_error err;
            uint64_t victim;
            int rc;
            fault_arm(FAULT_KILL, k += fault_stride(), 1, 0);
            rc = run(kind, 0, &err);
            victim = atomic_load(&fault->victim);
            if (rc && (rc != CADRE_ECRASH || victim == SETS_UP))
                fail_msg("kind %d, death at step %ld: %s", (int)kind, k, err.message);
            if (rc && victim != CADRE_NO_ITEM)
                assert_int_equal(err.item, victim);
            if (!rc)
                check_results(kind);
        } while (!fault_unused());
    }
}

/* Each that comes dies as it sets up: the run ends, and says why. */
static void test_nobody_ever_sets_up(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        cadre_error err;
        int rc;
        fault_arm(FAULT_KILL, 3, 1000, 1);
        rc = run(kind, 1, &err);
        if (rc != CADRE_ECRASH || err.item != CADRE_NO_ITEM)
            fail_msg("kind %d: %d: %s", (int)kind, rc, err.message);
        fault_must_have_hit();
    }
    fault_arm(FAULT_KILL, 0, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_step_retried),
        cmocka_unit_test(test_setting_up_blames_nobody),
        cmocka_unit_test(test_nobody_ever_sets_up),
    };

    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
