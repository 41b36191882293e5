/* test_gain.c - whether more workers pay: the rule, the trial that measures it, what follows.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "core/map/trial.h"
#include "core/pool/pool.h"
#include <cadre/plan.h>

#include <pthread.h>

static double gain_of(unsigned workers, const double (*figures)[2])
{
    struct cdr_gain_pair pairs[CDR_GAIN_PAIRS];

    for (unsigned i = 0; i < CDR_GAIN_PAIRS; i++)
        pairs[i] = (struct cdr_gain_pair){ figures[i][0], figures[i][1] };
    return cdr_gain_measured(pairs, workers);
}

static void assert_near(double expected, double value)
{
    if (!(value > expected * 0.999 && value < expected * 1.001))
        fail_msg("%g is not %g", value, expected);
}

/* ---- the rule ---- */

static void test_a_kernel_that_computes(void **state)
{
    const double same[][2] = {
        { 10, 10 }, { 10, 10.2 }, { 11, 10 }, { 10, 10 }, { 9, 9 }
    };

    (void)state;
    assert_near(2, gain_of(2, same));
    assert_near(64, gain_of(64, same));
    assert_false(cdr_gain_is_poor(gain_of(2, same), 2));
    assert_false(cdr_gain_is_poor(gain_of(64, same), 64));
}

static void test_a_kernel_that_waits_for_memory(void **state)
{
    const double twice[][2] = {
        { 10, 20 }, { 10, 19 }, { 10, 19.5 }, { 10, 18.5 }, { 10, 19.1 }
    };
    const double eight[][2] = { { 1, 8 }, { 1, 8 }, { 1, 8 }, { 1, 8 }, { 1, 8 } };

    (void)state;
    assert_near(20 / 19.1, gain_of(2, twice));
    assert_true(gain_of(2, twice) < CDR_GAIN_NONE);
    assert_true(cdr_gain_is_poor(gain_of(2, twice), 2));
    /* Sixteen are as fast as two: poor, and still twice as fast as one. */
    assert_near(2, gain_of(16, eight));
    assert_true(cdr_gain_is_poor(2, 16));
    assert_true(gain_of(16, eight) > CDR_GAIN_NONE);
}

/* One and a half times as fast on two CPUs is what those that share a core may do. */
static void test_a_gain_that_is_not_poor(void **state)
{
    (void)state;
    assert_false(cdr_gain_is_poor(1.5, 2));
    assert_false(cdr_gain_is_poor(1.2, 2));
    assert_false(cdr_gain_is_poor(2.1, 4));
    assert_true(cdr_gain_is_poor(2.0, 4));
    assert_false(cdr_gain_is_poor(0, 2)); /* unknown */
}

/* Items that differ look like a gain now and like a loss then. */
static void test_pairs_that_do_not_agree(void **state)
{
    const double one[][2] = {
        { 10, 20 }, { 10, 20 }, { 10, 20 }, { 10, 12 }, { 10, 20 }
    };
    const double wild[][2] = { { 1, 90 }, { 50, 2 }, { 7, 8 }, { 30, 1 }, { 2, 60 } };
    const double rising[][2] = {
        { 1, 0.99 }, { 2, 1.99 }, { 3, 2.99 }, { 4, 3.99 }, { 5, 5 }
    };

    (void)state;
    assert_true(gain_of(2, one) == 0);
    assert_true(gain_of(2, wild) == 0);
    assert_false(cdr_gain_is_poor(gain_of(2, rising), 2)); /* no matter how it ends */
}

static void test_pairs_that_say_nothing(void **state)
{
    const double none[][2] = {
        { 10, 20 }, { 10, 20 }, { 0, 20 }, { 10, 20 }, { 10, 20 }
    };
    const double stood[][2] = {
        { 10, 20 }, { 10, 20 }, { 10, 0 }, { 10, 20 }, { 10, 20 }
    };

    (void)state;
    assert_true(gain_of(2, none) == 0);
    assert_true(gain_of(2, stood) == 0);
}

/* ---- what is known ---- */

static void test_what_is_known(void **state)
{
    struct cdr_gains gains = { 0 };

    (void)state;
    assert_true(cdr_gain_of(&gains, 0x1000, 1000000) == 0);
    assert_true(cdr_gain_is_wanted(&gains, 0x1000, 1000000));
    cdr_gain_learn(&gains, 0x1000, 1000000, 1.05);
    assert_true(cdr_gain_of(&gains, 0x1000, 1000000) == 1.05);
    assert_true(cdr_gain_of(&gains, 0x1000, 100000000) == 1.05);
    assert_true(cdr_gain_of(&gains, 0x1000, 1000) == 0); /* that may be in a cache */
    assert_true(cdr_gain_of(&gains, 0x2000, 1000000) == 0);
    assert_false(cdr_gain_is_wanted(&gains, 0x1000, 1000000));
    assert_true(cdr_gain_is_wanted(&gains, 0x1000, 100000000));
    assert_true(cdr_gain_is_wanted(&gains, 0x2000, 1000000));
}

/* Kernels that fall together take each other's places, and never each other's gains. */
static void test_kernels_that_fall_together(void **state)
{
    struct cdr_gains gains = { 0 };
    int remembered = 0;

    (void)state;
    for (uintptr_t k = 1; k <= 100; k++)
        cdr_gain_learn(&gains, k * 0x40, 1000, (double)k);
    for (uintptr_t k = 1; k <= 100; k++) {
        double gain = cdr_gain_of(&gains, k * 0x40, 1000);
        assert_true(gain == 0 || gain == (double)k);
        remembered += gain > 0;
    }
    assert_in_range(remembered, 8, CDR_GAINS);
}

static void test_it_is_forgotten(void **state)
{
    struct cdr_gains gains = { 0 };

    (void)state;
    cdr_gain_learn(&gains, 0x1000, 1000, 1.05);
    for (int run = 0; run < CDR_GAIN_RUNS; run++) {
        assert_true(cdr_gain_of(&gains, 0x1000, 1000) > 0);
        cdr_gain_used(&gains, 0x1000);
    }
    assert_true(cdr_gain_of(&gains, 0x1000, 1000) == 0);
    cdr_gain_used(&gains, 0x1000);
    assert_true(cdr_gain_is_wanted(&gains, 0x1000, 1000));
}

/* ---- the trial ---- */

/* A machine of invented figures: seat 0 runs slices of 20 microseconds. */
struct invented {
    double alone, together; /* nanoseconds a task */
    uint64_t away_at;       /* the slice in which seat 0 has no CPU for a while; or 0 */
    bool still;             /* whether the others ever stood still */
};

static void run_trial(struct cdr_trial *t, struct invented *m)
{
    uint64_t now = 1000000000, cpu = 0, slices = 0;
    double tasks = 0;

    while (t->phase != CDR_TRIAL_OVER) {
        double cost = now < t->still ? m->alone : m->together;
        cdr_trial_step(t, now, cpu, (uint64_t)tasks);
        m->still = m->still || t->still > now;
        /* They stand still for a bounded time, whatever becomes of seat 0. */
        assert_true(t->still <= now + 1000000);
        assert_true(++slices < 1000);
        tasks += 20000 / cost;
        cpu += 20000;
        now += m->away_at && slices % m->away_at == 0 ? 5000000 : 20000;
    }
    assert_true(t->still == 0);
}

static void test_a_trial(void **state)
{
    struct invented m = { .alone = 10, .together = 19 };
    struct cdr_trial t = { 0 };

    (void)state;
    run_trial(&t, &m);
    assert_true(m.still);
    assert_int_equal(t.n, CDR_GAIN_PAIRS);
    assert_int_equal(t.attempts, CDR_GAIN_PAIRS);
    for (unsigned i = 0; i < CDR_GAIN_PAIRS; i++) {
        assert_near(10, t.pair[i].alone);
        assert_near(19, t.pair[i].together);
    }
}

/* Seat 0 loses its CPU for milliseconds, now and then: that is no task's cost, and a pair in
 * which the others did not stand still to the end is measured again. */
static void test_a_trial_on_a_busy_machine(void **state)
{
    struct invented m = { .alone = 10, .together = 10, .away_at = 7 };
    struct cdr_trial t = { 0 };

    (void)state;
    run_trial(&t, &m);
    assert_in_range(t.attempts, t.n, CDR_TRIAL_ATTEMPTS);
    for (unsigned i = 0; i < t.n; i++)
        assert_near(10, t.pair[i].alone);
    assert_false(t.n == CDR_GAIN_PAIRS &&
                 cdr_gain_is_poor(cdr_gain_measured(t.pair, 2), 2));
}

/* Never a CPU for as long as a pair takes. */
static void test_a_trial_without_an_end(void **state)
{
    struct invented m = { .alone = 10, .together = 10, .away_at = 1 };
    struct cdr_trial t = { 0 };

    (void)state;
    run_trial(&t, &m);
    assert_int_equal(t.attempts, CDR_TRIAL_ATTEMPTS);
    assert_int_equal(t.n, 0);
}

/* ---- what follows ---- */

#define TASKS 200000

static pthread_t ran_by[TASKS];

static int note_thread(cadre_task *task, const void *item, void *result)
{
    volatile int steps = 50; /* long enough to be shared out */

    (void)item;
    (void)result;
    while (steps > 0)
        steps--;
    ran_by[cadre_task_index(task)] = pthread_self();
    return 0;
}

static unsigned char times_run[TASKS];

static int count_run(cadre_task *task, const void *item, void *result)
{
    volatile int steps = 1500;

    (void)item;
    (void)result;
    while (steps > 0)
        steps--;
    times_run[cadre_task_index(task)]++;
    return 0;
}

static cadre_pool *open_pool(const char *backend, int workers)
{
    cadre_options options = { .backend = backend,
                              .workers = workers,
                              .oversubscribe = true,
                              .ignore_environment = true };
    cadre_pool *pool;
    cadre_error err;

    if (cadre_open(&pool, &options, &err))
        fail_msg("cadre_open: %s", err.message);
    return pool;
}

static void assert_told(cadre_pool *pool, const cadre_job *job, const char *part)
{
    char text[CADRE_EXPLAIN_MAX];
    cadre_error err;

    if (cadre_explain(pool, job, text, sizeof text, &err))
        fail_msg("cadre_explain: %s", err.message);
    if (!strstr(text, part))
        fail_msg("this is not told: %s\n%s", part, text);
}

static void learn(cadre_pool *pool, double gain)
{
    cdr_gain_learn(&pool->gains, (uintptr_t)note_thread, TASKS, gain);
    cdr_cost_learn(&pool->costs, (uintptr_t)note_thread, 100);
}

static void test_a_job_that_one_worker_runs_as_fast(void **state)
{
    cadre_job job = { .fn = note_thread, .n = TASKS };
    cadre_pool *pool = open_pool("auto", 2);
    cadre_plan plan;
    cadre_error err;

    (void)state;
    learn(pool, 1.05);
    assert_told(
        pool, &job,
        "start:    serial, memory-bound: 2 workers were only 1.05 times as fast "
        "as one");
    assert_int_equal(cadre_plan_job(&plan, pool, &job, &err), CADRE_OK);
    assert_int_equal(plan.start, CADRE_START_SERIAL);
    assert_string_equal(plan.limit, "memory-bound");
    for (int run = 0; run < CDR_GAIN_RUNS; run++) {
        assert_int_equal(cadre_map(pool, &job, &err), CADRE_OK);
        for (int i = 0; i < TASKS && run % 10 == 0; i++)
            assert_true(pthread_equal(ran_by[i], pthread_self()));
    }
    /* By now it is to be measured again. */
    assert_int_equal(cadre_plan_job(&plan, pool, &job, &err), CADRE_OK);
    assert_int_equal(plan.start, CADRE_START_ALL);
    cadre_close(pool);
}

static void test_a_job_of_which_a_few_are_as_fast(void **state)
{
    cadre_job job = { .fn = note_thread, .n = TASKS };
    cadre_pool *pool = open_pool("auto", 8);

    (void)state;
    learn(pool, 2.5);
    assert_told(pool, &job, "start:    with all workers, ");
    assert_told(pool, &job,
                "memory-bound: 8 workers were only 2.5 times as fast as one");
    cadre_close(pool);
}

/* Runs that are long enough for a trial, which may or may not come to an end on a busy
 * machine: each task is run once, whether others stand still or not. */
static void test_runs_with_a_trial(void **state)
{
    cadre_job job = { .fn = count_run, .n = TASKS };
    cadre_pool *pool = open_pool("auto", 2);
    cadre_error err;

    (void)state;
    for (int run = 1; run <= 3; run++) {
        assert_int_equal(cadre_map(pool, &job, &err), CADRE_OK);
        for (int i = 0; i < TASKS; i++)
            assert_int_equal(times_run[i], run);
    }
    cadre_close(pool);
}

/* Who asks for threads gets them; and smaller jobs are not known. */
static void test_where_it_does_not_count(void **state)
{
    cadre_job job = { .fn = note_thread, .n = TASKS };
    cadre_job small = { .fn = note_thread, .n = TASKS / 4 };
    cadre_pool *pool = open_pool("threads", 2);

    (void)state;
    learn(pool, 1.05);
    assert_told(pool, &job, "start:    with all workers, ");
    cadre_close(pool);
    pool = open_pool("auto", 2);
    learn(pool, 1.05);
    assert_told(pool, &small, "start:    with all workers, ");
    cadre_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_kernel_that_computes),
        cmocka_unit_test(test_a_kernel_that_waits_for_memory),
        cmocka_unit_test(test_a_gain_that_is_not_poor),
        cmocka_unit_test(test_pairs_that_do_not_agree),
        cmocka_unit_test(test_pairs_that_say_nothing),
        cmocka_unit_test(test_what_is_known),
        cmocka_unit_test(test_kernels_that_fall_together),
        cmocka_unit_test(test_it_is_forgotten),
        cmocka_unit_test(test_a_trial),
        cmocka_unit_test(test_a_trial_on_a_busy_machine),
        cmocka_unit_test(test_a_trial_without_an_end),
        cmocka_unit_test(test_a_job_that_one_worker_runs_as_fast),
        cmocka_unit_test(test_a_job_of_which_a_few_are_as_fast),
        cmocka_unit_test(test_runs_with_a_trial),
        cmocka_unit_test(test_where_it_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
