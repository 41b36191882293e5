/* reduce_fails.c - reductions that go on over failures, until combining fails.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"

/* Which items fail, and from which on combining does. */
struct traps {
    uint64_t step, first, from;
};

static int trapped_leaf(cadre_task *t, const void *item, void *result)
{
    const struct traps *traps = cadre_task_shared(t);
    uint64_t i = cadre_task_index(t);

    (void)item;
    jitter(i);
    *(uint64_t *)result = i;
    return i % traps->step == traps->first ? 3 : 0;
}

static int trapped_combine(cadre_task *t, void *into, const void *from)
{
    const struct traps *traps = cadre_task_shared(t);

    *(uint64_t *)into += *(const uint64_t *)from;
    return cadre_task_index(t) >= traps->from ? 9 : 0;
}

/* Whoever works, and however many: what ends the run is the same, what is below it is
 * done, and what is beyond it is not. */
static void check_traps(const struct contract *c, uint64_t n, struct traps traps)
{
    static int statuses[2][3000];
    uint64_t sum[2] = { 77, 77 };
    cadre_error err[2];
    cadre_job job = { .fn = trapped_leaf,
                      .n = n,
                      .result_size = sizeof sum[0],
                      .on_error = CADRE_KEEP_GOING,
                      .chunk = c->chunk,
                      .shared = &traps,
                      .shared_size = sizeof traps };

    for (int k = 0; k < 2; k++) {
        job.statuses = statuses[k];
        assert_int_equal(
            cadre_reduce(k ? c->pool : NULL, &job, trapped_combine, &sum[k], &err[k]),
            CADRE_EKERNEL);
        assert_int_equal(err[k].user, 9);
        assert_true(err[k].item >= traps.from);
        assert_int_equal(sum[k], 77);
    }
    assert_int_equal(err[1].item, err[0].item);
    assert_string_equal(err[1].message, err[0].message);
    for (uint64_t i = 0; i < n; i++) {
        bool trapped = i % traps.step == traps.first;
        assert_int_equal(statuses[1][i], statuses[0][i]);
        assert_int_equal(statuses[0][i], i > err[0].item ? CADRE_ECANCELLED
                                         : trapped || i == err[0].item ? CADRE_EKERNEL
                                                                       : CADRE_OK);
    }
}

static void test_combine_may_fail_beside_tasks(void **state)
{
    static const uint64_t sizes[] = { 10, 50, 1000, 3000 };

    for (unsigned k = 0; k < 4; k++)
        for (uint64_t from = 1; from < sizes[k]; from = from * 3 + 2)
            check_traps(*state, sizes[k], (struct traps){ 2 + from % 11, 1, from });
}

static int fails_and_waits(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = 5;
    if (cadre_task_index(t) == 0)
        return 0;
    (void)cadre_task_at(t, 99); /* fails the task, whatever comes after */
    while (!cadre_task_cancelled(t))
        ;
    return 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

/* All tasks have come to an end, but the run was ended before the last of them. */
static void test_out_is_left_alone_when_time_runs_out(void **state)
{
    const struct contract *c = *state;
    int statuses[2];
    uint64_t sum = 77;
    cadre_error err;
    cadre_job job = { .fn = fails_and_waits,
                      .n = 2,
                      .result_size = sizeof sum,
                      .on_error = CADRE_KEEP_GOING,
                      .statuses = statuses,
                      .deadline_ms = 200 };

    assert_int_equal(cadre_reduce(c->pool, &job, add, &sum, &err), CADRE_ETIMEOUT);
    assert_true(err.item == CADRE_NO_ITEM);
    assert_int_equal(sum, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_out_is_left_alone_when_time_runs_out),
        cmocka_unit_test(test_combine_may_fail_beside_tasks),
    };

    return contract_run(tests, sizeof tests / sizeof tests[0]);
}
