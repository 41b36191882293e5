/* stream_bound.c - how far a source runs ahead, and that nothing waits for more.
 * SPDX-License-Identifier: MIT
 *
 * The bound is exact: with one item that does not end, a stream gets as many items as
 * its window allows, and not one more.
 */
#include "contract.h"
#include "watch.h"

#define N 300

/* Every task may see it, in whatever process. */
struct scene {
    struct gate *gate;
    _Atomic int head_runs, others_ran;
};

static struct scene *begin_scene(void)
{
    struct scene scene = { .gate = gate_begin() };

    return shared_copy(&scene, sizeof scene);
}

static void end_scene(struct scene *scene)
{
    gate_end(scene->gate);
    cadre_free_shared(scene);
}

static struct scene *scene_of(cadre_task *t)
{
    return *(struct scene *const *)cadre_task_shared(t);
}

static int copy(cadre_task *t, const void *item, void *result)
{
    (void)t;
    *(uint64_t *)result = *(const uint64_t *)item;
    return 0;
}

/* The head waits at the gate; not in the caller's thread, which would wait for itself. */
static int slow_head(cadre_task *t, const void *item, void *result)
{
    struct scene *scene = scene_of(t);

    copy(t, item, result);
    if (cadre_task_index(t) > 0) {
        atomic_fetch_add(&scene->others_ran, 1);
        return 0;
    }
    atomic_store(&scene->head_runs, cadre_rank() == 0 ? 2 : 1);
    if (cadre_rank() > 0)
        gate_wait(scene->gate);
    return 0;
}

/* ---- the observer: a thread that opens the gate once nothing moves any more ---- */

struct observer {
    struct scene *scene;
    struct counter *counter;
    int caller, allowed; /* how many the source may give */
    bool exactly;        /* or more, for what little passes by the head */
    int others;          /* how many of the slow stage's items can run meanwhile */
    bool stuck;
    int given; /* when all was quiet */
    pthread_t thread;
};

static void *observe(void *arg)
{
    struct observer *o = arg;

    o->stuck = !reaches(&o->scene->head_runs, 1);
    if (o->stuck || atomic_load(&o->scene->head_runs) == 2) {
        gate_open(o->scene->gate);
        return NULL;
    }
    o->stuck = !reaches(&o->counter->given, o->allowed) ||
               !reaches(&o->scene->others_ran, o->others) || !falls_asleep(o->caller);
    o->given = atomic_load(&o->counter->given);
    gate_open(o->scene->gate);
    return NULL;
}

struct chain {
    uint64_t window;
    bool unordered;
    unsigned stages, slow; /* the number of the one with the slow head */
};

/* Unordered, the others pass by the head: all but those handed out with it, and if there
 * is room for one beside those. */
static void expect(struct observer *o, const struct contract *c,
                   const struct chain *chain)
{
    int window = (int)chain->window, chunk = c->chunk ? (int)c->chunk : 1;
    bool somebody = cadre_workers(c->pool) > 1;
    bool pass = chain->unordered && somebody && window > chunk;

    o->allowed = pass ? N : window * ((int)chain->slow + 1);
    o->others = somebody ? (pass ? N : window) - chunk : 0;
    o->exactly = pass || !chain->unordered || window == 1 || !somebody;
}

static void open_chain(cadre_stream **s, const struct contract *c,
                       const struct chain *chain, struct observer *o)
{
    cadre_job job = { .source = count_source,
                      .source_arg = o->counter,
                      .item_size = sizeof(uint64_t),
                      .result_size = sizeof(uint64_t),
                      .window = chain->window,
                      .unordered = chain->unordered,
                      .shared = &o->scene,
                      .shared_size = sizeof o->scene };

    for (unsigned k = 0; k < chain->stages; k++) {
        job.fn = k == chain->slow ? slow_head : copy;
        s[k] = open_stream(c, job);
        job.source = cadre_stream_source;
        job.source_arg = s[k];
    }
}

static void check_flow(cadre_stream *s, uint64_t window)
{
    cadre_flow flow;

    cadre_stream_flow(s, &flow);
    assert_int_equal(flow.window, window);
    assert_in_range(flow.most_items, 1, window);
    assert_int_equal(flow.fed, N);
    assert_int_equal(flow.taken, N);
}

static void check_bound(struct contract *c, struct chain chain)
{
    uint64_t taken = 0;
    struct counter counter = { .end = N,
                               .taken = &taken,
                               .limit = chain.window * chain.stages };
    struct observer o = { .scene = begin_scene(),
                          .counter = &counter,
                          .caller = this_thread() };
    cadre_stream *s[3];
    cadre_record r;
    cadre_error err;

    expect(&o, c, &chain);
    open_chain(s, c, &chain, &o);
    assert_int_equal(pthread_create(&o.thread, NULL, observe, &o), 0);
    while (cadre_stream_next(s[chain.stages - 1], &r, &err) == CADRE_OK)
        taken++;
    pthread_join(o.thread, NULL);
    assert_int_equal(taken, N);
    assert_false(counter.exceeded);
    assert_false(o.stuck);
    assert_true(o.given == 0 || o.given == o.allowed || !o.exactly);
    for (unsigned k = chain.stages; k-- > 0;) {
        check_flow(s[k], chain.window);
        cadre_stream_close(s[k]);
    }
    end_scene(o.scene);
}

static void test_one_stage(void **state)
{
    static const uint64_t windows[] = { 1, 2, 16, 100 };

    for (int w = 0; w < 4; w++)
        for (int unordered = 0; unordered < 2; unordered++)
            check_bound(*state, (struct chain){ windows[w], unordered, 1, 0 });
}

static void test_three_stages(void **state)
{
    static const uint64_t windows[] = { 1, 2, 16, 50 };

    for (int w = 0; w < 4; w++)
        for (int unordered = 0; unordered < 2; unordered++)
            for (unsigned slow = 0; slow < 3; slow++)
                check_bound(*state, (struct chain){ windows[w], unordered, 3, slow });
}

static void test_a_slow_head_leaves_nobody_idle(void **state)
{
    for (int round = 0; round < 50; round++)
        check_bound(*state, (struct chain){ 50, false, 1 + round % 2, round % 2 });
}

static void test_buffer_factors(void **state)
{
    const struct contract *c = *state;

    for (uint64_t factor = 1; factor <= 3; factor++)
        for (int unordered = 0; unordered < 2; unordered++)
            check_bound(*state, (struct chain){ cadre_workers(c->pool) * factor,
                                                unordered, 1, 0 });
}

/* ---- nothing waits for more ---- */

/* The last of many items waits until the record before it has been taken: that must be
 * possible however cheap all items before were. */
#define LATE 4000

struct taker {
    struct scene *scene;
    _Atomic int taken;
    bool stuck;
    pthread_t thread;
};

static int the_last_waits(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = cadre_task_index(t);
    if (cadre_task_index(t) == LATE - 1 && cadre_rank() > 0)
        gate_wait(scene_of(t)->gate);
    return 0;
}

static void *open_when_taken(void *arg)
{
    struct taker *taker = arg;

    taker->stuck = !reaches(&taker->taken, LATE - 1);
    gate_open(taker->scene->gate);
    return NULL;
}

static void check_finished_results_come(struct contract *c, bool unordered)
{
    struct taker taker = { .scene = begin_scene() };
    cadre_stream *s = open_stream(c, (cadre_job){ .fn = the_last_waits,
                                                  .n = LATE,
                                                  .result_size = 8,
                                                  .unordered = unordered,
                                                  .shared = &taker.scene,
                                                  .shared_size = sizeof taker.scene });
    cadre_record r;
    cadre_error err;

    assert_int_equal(pthread_create(&taker.thread, NULL, open_when_taken, &taker), 0);
    while (cadre_stream_next(s, &r, &err) == CADRE_OK)
        atomic_fetch_add(&taker.taken, 1);
    pthread_join(taker.thread, NULL);
    assert_int_equal(taker.taken, LATE);
    assert_false(taker.stuck);
    cadre_stream_close(s);
    end_scene(taker.scene);
}

static void test_what_is_finished_can_be_taken(void **state)
{
    for (int round = 0; round < 10; round++)
        check_finished_results_come(*state, round % 2);
}

/* A source that waits, after many that it had at once, until all it gave have begun. */
struct hesitant {
    struct scene *scene;
    uint64_t next;
    bool stuck;
};

static int hesitate(void *arg, void *item, cadre_error *err)
{
    struct hesitant *h = arg;

    (void)err;
    if (h->next == LATE)
        return CADRE_DONE;
    if (h->next == LATE - 2)
        h->stuck = !reaches(&h->scene->others_ran, (int)h->next);
    *(uint64_t *)item = h->next++;
    return CADRE_OK;
}

static int counts_itself(cadre_task *t, const void *item, void *result)
{
    atomic_fetch_add(&scene_of(t)->others_ran, 1);
    return copy(t, item, result);
}

static void test_items_begin_while_the_source_waits(void **state)
{
    const struct contract *c = *state;

    for (int round = 0; cadre_workers(c->pool) > 1 && round < 10; round++) {
        struct hesitant h = { .scene = begin_scene() };
        uint64_t y[LATE];
        assert_int_equal(drain_u64(c,
                                   (cadre_job){ .fn = counts_itself,
                                                .source = hesitate,
                                                .source_arg = &h,
                                                .item_size = 8,
                                                .result_size = 8,
                                                .unordered = round % 2,
                                                .shared = &h.scene,
                                                .shared_size = sizeof h.scene },
                                   y, LATE),
                         LATE);
        assert_false(h.stuck);
        end_scene(h.scene);
    }
}

/* ---- the memory limit ---- */

static int always_fails(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    return cadre_task_fail(t, 3, "%d", (int)cadre_task_index(t));
}

static int is_not_run(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    return cadre_task_fail(t, 4, "it was run");
}

/* Errors that travel are larger than a worker's share of the least memory. */
static void test_failed_items_find_room(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        cadre_job job = { .fn = always_fails,
                          .n = N,
                          .result_size = 8,
                          .memory_limit = 1,
                          .on_error = CADRE_KEEP_GOING };
        cadre_stream *first = open_stream(*state, job), *second;
        uint64_t n = 0;
        cadre_record r;
        cadre_error err;

        job.fn = is_not_run;
        job.source = cadre_stream_source;
        job.source_arg = first;
        job.item_size = 8;
        job.result_size = 0;
        job.unordered = unordered;
        job.n = 0;
        second = open_stream(*state, job);
        for (; cadre_stream_next(second, &r, &err) == CADRE_OK; n++) {
            assert_non_null(r.error);
            assert_int_equal(r.error->user, 3);
            assert_int_equal(r.error->item, r.index);
        }
        assert_int_equal(err.code, CADRE_OK);
        assert_int_equal(n, N);
        cadre_stream_close(second);
        cadre_stream_close(first);
    }
}

/* ---- a caller that waits ---- */

static int rank_of_who_runs(cadre_task *t, const void *item, void *result)
{
    (void)item;
    jitter(cadre_task_index(t) % 5);
    *(uint64_t *)result = cadre_rank();
    return 0;
}

/* Where there are others to run them, tasks are not the caller's; and there are records all
 * the same where there are none. */
static void test_a_caller_that_waits(void **state)
{
    struct contract *c = *state;

    for (int unordered = 0; unordered < 2; unordered++)
        for (uint64_t window = 1; window < 30; window += 7) {
            uint64_t rank[200];
            cadre_job job = { .fn = rank_of_who_runs,
                              .n = 200,
                              .result_size = 8,
                              .window = window,
                              .unordered = unordered,
                              .caller_waits = true };

            assert_int_equal(drain_u64(c, job, rank, 200), 200);
            for (int i = 0; i < 200; i++)
                assert_true(rank[i] > 0 || cadre_workers(c->pool) < 2);
        }
}

/* ---- what is chosen ---- */

static uint64_t window_of(cadre_pool *pool, size_t result_size, uint64_t memory_limit)
{
    uint64_t item = 1;
    cadre_job job = { .fn = copy,
                      .n = 1,
                      .items = &item,
                      .item_size = sizeof item,
                      .result_size = result_size,
                      .memory_limit = memory_limit };
    cadre_stream *s;
    cadre_flow flow;
    cadre_error err;

    if (cadre_stream_open(&s, pool, &job, &err))
        fail_msg("%s", err.message);
    cadre_stream_flow(s, &flow);
    cadre_stream_close(s);
    return flow.window;
}

static void test_windows_that_are_chosen(void **state)
{
    static const int workers[] = { 2, 16, 17, 40 };

    (void)state;
    for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++) {
        cadre_options options = { .backend = "threads",
                                  .workers = workers[i],
                                  .oversubscribe = true,
                                  .ignore_environment = true };
        uint64_t each = 64 * (uint64_t)workers[i];
        cadre_pool *pool;

        assert_int_equal(cadre_open(&pool, &options, NULL), CADRE_OK);
        assert_int_equal(window_of(pool, 8, 0), each > 1024 ? each : 1024);
        assert_int_equal(window_of(pool, 1 << 16, 100 << 16), 100);
        assert_int_equal(window_of(pool, 1 << 20, 1 << 20), 2 * workers[i]);
        cadre_close(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_stage),
        cmocka_unit_test(test_three_stages),
        cmocka_unit_test(test_a_slow_head_leaves_nobody_idle),
        cmocka_unit_test(test_buffer_factors),
        cmocka_unit_test(test_what_is_finished_can_be_taken),
        cmocka_unit_test(test_items_begin_while_the_source_waits),
        cmocka_unit_test(test_failed_items_find_room),
        cmocka_unit_test(test_a_caller_that_waits),
        cmocka_unit_test(test_windows_that_are_chosen),
    };

    return cmocka_run_group_tests(tests, contract_open, contract_close);
}
