/* test_custom_state.c - workers of a backend of one's own, who keep their states until they go.
 * SPDX-License-Identifier: MIT
 *
 * One worker, which serves each run once: nobody calls it back to end its state.
 */
#include "contract.h"

#include <cadre/backend.h>
#include <pthread.h>

#define RUNS 6

struct one {
    cadre_worker *worker;
    cadre_run *run;
    pthread_t thread;
    _Atomic int gone;
};

static void *work(void *arg)
{
    struct one *o = arg;

    if (!cadre_serve(o->worker, o->run, 1))
        abort();
    atomic_store(&o->gone, 1);
    return NULL;
}

static int one_begin(void *state, cadre_run *run, cadre_error *err)
{
    struct one *o = state;

    (void)err;
    if (!o->worker)
        o->worker = cadre_worker_open();
    o->run = run;
    atomic_store(&o->gone, 0);
    if (!o->worker || pthread_create(&o->thread, NULL, work, o))
        abort();
    return CADRE_OK;
}

static unsigned one_poll(void *state, cadre_run *run, int timeout_ms)
{
    struct one *o = state;

    (void)run;
    (void)timeout_ms;
    return !atomic_load(&o->gone);
}

static void one_wake(void *state, cadre_run *run)
{
    (void)state;
    (void)run; /* the caller's thread looks again by itself, since poll does not wait */
}

static void one_end(void *state, cadre_run *run)
{
    struct one *o = state;

    (void)run;
    pthread_join(o->thread, NULL);
}

static void one_close(void *state)
{
    struct one *o = state;

    cadre_worker_close(o->worker);
}

static const cadre_backend one_backend = {
    .abi = CADRE_BACKEND_ABI,
    .name = "one",
    .state_size = sizeof(struct one),
    .begin = one_begin,
    .poll = one_poll,
    .wake = one_wake,
    .end = one_end,
    .close = one_close,
};

/* ---- two kinds of states, in turn ---- */

struct kind {
    _Atomic int begun, ended, mistaken;
    _Atomic int seen; /* a task of the run has run on the worker */
};

static struct kind kinds[2];

static int begin_first(cadre_task *t, void **state)
{
    (void)t;
    *state = &kinds[0];
    kinds[0].begun++;
    return 0;
}

static int begin_second(cadre_task *t, void **state)
{
    (void)t;
    *state = &kinds[1];
    kinds[1].begun++;
    return 0;
}

static void end(void *state)
{
    struct kind *kind = state;

    kind->ended++;
}

static int look(cadre_task *t, const void *item, void *result)
{
    struct kind *wanted = &kinds[*(const unsigned *)cadre_task_shared(t)];

    (void)item;
    (void)result;
    if (cadre_task_state(t) != wanted)
        wanted->mistaken++;
    if (cadre_rank() > 0)
        atomic_store(&wanted->seen, 1);
    else
        await(&wanted->seen, 1);
    return 0;
}

static void test_each_run_has_states_of_its_own(void **state)
{
    cadre_options opt = { .custom = &one_backend,
                          .workers = 2,
                          .oversubscribe = true,
                          .ignore_environment = true,
                          .min_items = 1 };
    cadre_pool *pool;

    (void)state;
    assert_int_equal(cadre_open(&pool, &opt, NULL), CADRE_OK);
    for (unsigned run = 0; run < RUNS; run++) {
        unsigned which = run % 2;
        cadre_job job = { .fn = look,
                          .n = 2,
                          .chunk = 1,
                          .shared = &which,
                          .worker_begin = which ? begin_second : begin_first,
                          .worker_end = end };
        atomic_store(&kinds[which].seen, 0);
        assert_int_equal(cadre_map(pool, &job, NULL), CADRE_OK);
    }
    cadre_close(pool);
    for (unsigned which = 0; which < 2; which++) {
        assert_int_equal(kinds[which].mistaken, 0);
        assert_true(kinds[which].begun >= RUNS / 2);
        assert_int_equal(kinds[which].ended, kinds[which].begun);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_run_has_states_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
