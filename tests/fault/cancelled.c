/* cancelled.c - reductions that are cancelled, and whose worker then dies.
 * SPDX-License-Identifier: MIT
 *
 * The last task has its run cancelled, and only then goes on: to the end of its block, and up
 * the tree. Its worker dies at each step of that. All tasks have been counted by then, and no
 * fresh worker comes to combine what they gave. So the run is cancelled, unless the worker
 * had come to the root.
 */
#include "fault.h"

#include <signal.h>
#include <unistd.h>

#define N         6
#define UNTOUCHED 77

struct scene {
    pid_t parent;
    long step; /* of those after the cancellation: the worker's last */
    bool fails;
    _Atomic int cancelled;
};

static cadre_pool *pool;
static struct scene *scene; /* in memory that the worker shares */

static void on_signal(int number)
{
    (void)number;
    cadre_cancel(pool);
    atomic_store(&scene->cancelled, 1);
}

static int open_pool(void **state)
{
    struct sigaction action = { .sa_handler = on_signal };
    cadre_options opt;

    (void)state;
    setvbuf(stdout, NULL, _IONBF, 0);
    fault_open();
    scene = cadre_alloc_shared(sizeof *scene, NULL);
    if (!scene || sigaction(SIGUSR1, &action, NULL))
        return -1;
    scene->parent = getpid();
    opt = fault_options(1); /* tasks run in order */
    return cadre_open(&pool, &opt, NULL) ? -1 : 0;
}

static int close_pool(void **state)
{
    (void)state;
    cadre_close(pool);
    cadre_free_shared(scene);
    return count_holdings().children ? -1 : 0;
}

static int last_is_cancelled(cadre_task *t, const void *item, void *result)
{
    struct scene *s = *(struct scene *const *)cadre_task_shared(t);
    uint64_t i = cadre_task_index(t);

    (void)item;
    *(uint64_t *)result = i + 1;
    if (i == N - 1) {
        kill(s->parent, SIGUSR1);
        await(&s->cancelled, 1);
        fault_arm(FAULT_KILL, s->step, 1, 0);
    }
    return s->fails && i == 0 ? 5 : 0;
}

static int mix(cadre_task *t, void *into, const void *from)
{
    fault_in_kernel(cadre_task_index(t));
    *(uint64_t *)into = *(uint64_t *)into * 31 + *(const uint64_t *)from;
    return 0;
}

/* ((1 2) (3 4)) (5 6), where the first may be missing. */
static uint64_t expected(bool fails)
{
    uint64_t first = fails ? 2 : 1 * 31 + 2;

    return (first * 31 + (3 * 31 + 4)) * 31 + (5 * 31 + 6);
}

/* True: it was cut short. */
static bool is_cut(bool fails, long step)
{
    int statuses[N], rc;
    uint64_t sum = UNTOUCHED;
    cadre_error err;
    cadre_job job = { .fn = last_is_cancelled,
                      .n = N,
                      .result_size = sizeof sum,
                      .shared = &scene,
                      .shared_size = sizeof scene,
                      .on_error = CADRE_KEEP_GOING,
                      .statuses = statuses,
                      .grace_ms = 60000 };

    scene->step = step;
    scene->fails = fails;
    atomic_store(&scene->cancelled, 0);
    fault_arm(FAULT_KILL, 0, 1, 0);
    rc = cadre_reduce(pool, &job, mix, &sum, &err);
    assert_int_equal(rc, err.code);
    if (rc == CADRE_ECANCELLED) {
        assert_int_equal(sum, UNTOUCHED);
        return true;
    }
    if (rc != (fails ? CADRE_EKERNEL : CADRE_OK) || sum != expected(fails))
        fail_msg("death at step %ld: rc %d, sum %d", step, rc, (int)sum);
    return false;
}

static void try_each_step(bool fails)
{
    int cut = 0, whole = 0;
    long step = 0;

    do {
        if (is_cut(fails, ++step))
            cut++;
        else
            whole++;
    } while (!fault_unused());
    assert_in_range(cut, 6, 100); /* the block's end, and three times combining */
    assert_in_range(whole, 1, 100);
}

static void test_a_reduction_cut_short_is_not_whole(void **state)
{
    (void)state;
    try_each_step(false);
}

/* It then is not what ends with the failure of a task, and has a result all the same. */
static void test_nor_is_one_with_a_failure(void **state)
{
    (void)state;
    try_each_step(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reduction_cut_short_is_not_whole),
        cmocka_unit_test(test_nor_is_one_with_a_failure),
    };

    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
