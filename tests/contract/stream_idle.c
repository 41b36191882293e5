/* stream_idle.c - a stream that waits uses no CPU, whatever it waits for.
 * SPDX-License-Identifier: MIT
 *
 * While the caller is in cadre_stream_next, a thread watches all others: once they sleep
 * they must not stir until it gives them what they wait for.
 */
#include "contract.h"
#include "watch.h"

#include <sched.h>
#include <unistd.h>

#define A_FEW  4 /* wakings, or hundredths of a second */
#define MISSED (-1)

struct scene {
    struct gate *gate;
    int arrivals; /* tasks that must wait at the gate before watching begins */
    struct pour *pipe;
    cadre_stream *stream; /* that is waited for */
    _Atomic int drained;  /* the stream ended, whether they arrived or not */
    long stirring;        /* or MISSED */
    pthread_t thread;
};

static void *watch(void *arg)
{
    struct scene *scene = arg;

    scene->stirring = MISSED;
    if (reaches_before(&scene->gate->arrived, scene->arrivals, &scene->drained))
        scene->stirring = watch_stirring();
    gate_open(scene->gate);
    if (scene->pipe)
        pipe_close(scene->pipe);
    cadre_stream_wake(scene->stream);
    return NULL;
}

static void begin_scene(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scene->gate = gate_begin();
    scene->arrivals = 1;
}

static void check_quiet(const struct scene *scene)
{
    assert_in_range(scene->stirring, 0, A_FEW);
    gate_end(scene->gate);
}

/* Take all there is while being watched; returns how it ends. */
static int drain(struct scene *scene, cadre_stream *s, uint64_t *n)
{
    cadre_record r;
    int rc;

    scene->stream = s;
    assert_int_equal(pthread_create(&scene->thread, NULL, watch, scene), 0);
    for (*n = 0; (rc = cadre_stream_next(s, &r, NULL)) == CADRE_OK; ++*n)
        ;
    atomic_store(&scene->drained, 1);
    pthread_join(scene->thread, NULL);
    return rc;
}

/* ---- kernels ---- */

/* The caller's thread would wait for itself: it goes on, and leaves time for others to
 * come. */
static void wait_at_the_gate(cadre_task *t)
{
    struct gate *gate = *(struct gate *const *)cadre_task_shared(t);

    if (cadre_rank() > 0)
        gate_wait(gate);
    for (int i = 0; cadre_size() > 1 && i < 1000 && atomic_load(&gate->arrived) == 0;
         i++)
        sched_yield();
}

static int waits(cadre_task *t, const void *item, void *result)
{
    (void)item;
    wait_at_the_gate(t);
    *(uint64_t *)result = cadre_task_index(t);
    return 0;
}

static int waits_and_echoes(cadre_task *t, const void *item, void *result)
{
    const cadre_bytes *bytes = item;

    (void)result;
    wait_at_the_gate(t);
    return cadre_task_emit(t, bytes->data, bytes->size);
}

static int index_of(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = cadre_task_index(t);
    return 0;
}

static int emits_a_kilobyte(cadre_task *t, const void *item, void *result)
{
    static const char kilobyte[1000];

    (void)item;
    (void)result;
    return cadre_task_emit(t, kilobyte, sizeof kilobyte);
}

static int nothing(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    (void)result;
    return 0;
}

/* ---- waiting for input ---- */

static void check_a_silent_pipe(struct contract *c, const char *begin, bool unordered)
{
    struct scene scene;
    struct pour p;
    cadre_stream *s;
    cadre_file *file;
    uint64_t n;

    begin_scene(&scene);
    pipe_begin(&p);
    pipe_write(&p, begin, strlen(begin));
    file = open_file(p.path, 0);
    scene.pipe = &p;
    scene.arrivals = 0;
    s = open_stream(c, (cadre_job){ .fn = nothing,
                                    .source = cadre_file_source,
                                    .source_arg = file,
                                    .item_size = CADRE_BYTES,
                                    .unordered = unordered });
    assert_int_equal(drain(&scene, s, &n), CADRE_DONE);
    assert_int_equal(n, strlen(begin) ? 3 : 0);
    cadre_stream_close(s);
    cadre_file_close(file);
    pour_end(&p);
    check_quiet(&scene);
}

static void test_a_silent_pipe(void **state)
{
    check_a_silent_pipe(*state, "", false);
    check_a_silent_pipe(*state, "two lines\nand the beginning\nof a th", false);
    check_a_silent_pipe(*state, "two lines\nand the beginning\nof a th", true);
}

static int read_a_word(void *arg, void *item, cadre_error *err)
{
    struct pour *p = arg;

    (void)err;
    return read(p->read_end, item, 8) == 8 ? CADRE_OK : CADRE_DONE;
}

static void test_a_source_that_waits(void **state)
{
    struct scene scene;
    struct pour p;
    cadre_stream *s;
    uint64_t n;

    begin_scene(&scene);
    pipe_begin(&p);
    pipe_write(&p, "12345678abcdefgh", 16);
    scene.pipe = &p;
    scene.arrivals = 0;
    s = open_stream(*state, (cadre_job){ .fn = nothing,
                                         .source = read_a_word,
                                         .source_arg = &p,
                                         .item_size = 8 });
    assert_int_equal(drain(&scene, s, &n), CADRE_DONE);
    assert_int_equal(n, 2);
    cadre_stream_close(s);
    pour_end(&p);
    check_quiet(&scene);
}

static int give_later(void *arg, void *item, cadre_error *err)
{
    struct scene *scene = arg;

    (void)item;
    (void)err;
    return atomic_load(&scene->gate->open) ? CADRE_DONE : CADRE_LATER;
}

static void test_a_source_that_has_nothing_yet(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        struct scene scene;
        cadre_stream *s;
        uint64_t n;

        begin_scene(&scene);
        scene.arrivals = 0;
        s = open_stream(*state, (cadre_job){ .fn = nothing,
                                             .source = give_later,
                                             .source_arg = &scene,
                                             .item_size = 8,
                                             .unordered = unordered });
        assert_int_equal(drain(&scene, s, &n), CADRE_DONE);
        cadre_stream_close(s);
        check_quiet(&scene);
    }
}

/* ---- waiting for tasks ---- */

static cadre_job waiting_job(struct scene *scene, bool unordered)
{
    return (cadre_job){ .fn = waits,
                        .n = 500,
                        .window = 16,
                        .result_size = 8,
                        .unordered = unordered,
                        .shared = &scene->gate,
                        .shared_size = sizeof scene->gate };
}

static void test_tasks_that_wait(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        struct scene scene;
        cadre_stream *s;
        uint64_t n;

        begin_scene(&scene);
        s = open_stream(*state, waiting_job(&scene, unordered));
        assert_int_equal(drain(&scene, s, &n), CADRE_DONE);
        assert_int_equal(n, 500);
        cadre_stream_close(s);
        check_quiet(&scene);
    }
}

/* There is more to read than there is memory for: input that waits is none to wait for. */
static void test_a_file_while_memory_is_full(void **state)
{
    static char text[300000];
    struct scene scene;
    struct plain plain;
    cadre_file *file;
    cadre_stream *s;
    uint64_t n;

    memset(text, 'x', sizeof text);
    for (size_t i = 999; i < sizeof text; i += 1000)
        text[i] = '\n';
    plain_begin(&plain, text, sizeof text);
    for (int unordered = 0; unordered < 2; unordered++) {
        begin_scene(&scene);
        file = open_file(plain.path, 0);
        s = open_stream(*state, (cadre_job){ .fn = waits_and_echoes,
                                             .source = cadre_file_source,
                                             .source_arg = file,
                                             .item_size = CADRE_BYTES,
                                             .memory_limit = 64 << 10,
                                             .unordered = unordered,
                                             .shared = &scene.gate,
                                             .shared_size = sizeof scene.gate });
        assert_int_equal(drain(&scene, s, &n), CADRE_DONE);
        assert_int_equal(n, 300);
        cadre_stream_close(s);
        cadre_file_close(file);
        check_quiet(&scene);
    }
    plain_end(&plain);
}

/* ---- chains ---- */

struct chain {
    cadre_stream *first, *second;
};

static struct chain open_chain(const struct contract *c, struct scene *scene,
                               cadre_job first, bool unordered)
{
    cadre_job job = waiting_job(scene, unordered);
    struct chain chain = { .first = open_stream(c, first) };

    job.n = 0;
    job.source = cadre_stream_source;
    job.source_arg = chain.first;
    job.item_size = 8;
    if (first.result_size == 0) {
        job.item_size = CADRE_BYTES;
        job.fn = waits_and_echoes;
        job.result_size = 0;
        job.memory_limit = 64 << 10;
    }
    if (first.n != CADRE_ENDLESS)
        job.window = 0; /* there is room for all the first gives */
    chain.second = open_stream(c, job);
    return chain;
}

static void close_chain(struct chain *chain)
{
    cadre_stream_close(chain->second);
    cadre_stream_close(chain->first);
}

static void check_chain(const struct contract *c, cadre_job first, bool unordered,
                        uint64_t records)
{
    struct scene scene;
    struct chain chain;
    uint64_t n;

    begin_scene(&scene);
    chain = open_chain(c, &scene, first, unordered);
    drain(&scene, chain.second, &n);
    if (records)
        assert_int_equal(n, records);
    close_chain(&chain);
    if (scene.stirring == MISSED && first.deadline_ms && first.deadline_ms < 20000) {
        /* Workers were slower than the deadline: once more, with twice the time. */
        gate_end(scene.gate);
        first.deadline_ms *= 2;
        check_chain(c, first, unordered, records);
        return;
    }
    check_quiet(&scene);
}

static void test_a_chain_that_is_full(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        check_chain(*state, (cadre_job){ .fn = index_of, .n = 20000, .result_size = 8 },
                    unordered, 20000);
        check_chain(*state, (cadre_job){ .fn = emits_a_kilobyte, .n = 300 }, unordered,
                    300);
    }
}

static void ignore(void *arg, const cadre_counts *counts)
{
    (void)arg;
    (void)counts;
}

/* Its time goes on, and its reports come due, but nobody waits for it any more. */
static void test_a_chain_whose_first_stream_has_ended(void **state)
{
    cadre_job with_a_deadline = {
        .fn = index_of, .n = 200, .result_size = 8, .deadline_ms = 300
    };
    cadre_job with_progress = {
        .fn = index_of, .n = 200, .result_size = 8, .progress = ignore
    };

    check_chain(*state, with_a_deadline, false, 0);
    check_chain(*state, with_progress, false, 200);
}

/* The second stream has no room, so the first is not looked at when its time is over. */
static void test_a_chain_whose_first_stream_is_late(void **state)
{
    check_chain(
        *state,
        (cadre_job){
            .fn = index_of, .n = CADRE_ENDLESS, .result_size = 8, .deadline_ms = 300 },
        false, 0);
}

struct stopping {
    struct scene *scene;
    cadre_stream *stream;
};

/* Stops the first stream once tasks of the second wait. */
static void *stop_first(void *arg)
{
    struct stopping *stopping = arg;

    if (reaches(&stopping->scene->gate->arrived, stopping->scene->arrivals))
        cadre_stream_stop(stopping->stream);
    return NULL;
}

static void test_a_chain_whose_first_stream_was_stopped(void **state)
{
    const struct contract *c = *state;

    for (int round = 0; round < 4; round++) {
        cadre_job first = { .fn = index_of, .n = CADRE_ENDLESS, .result_size = 8 };
        struct stopping stopping;
        struct scene scene;
        struct chain chain;
        pthread_t thread;
        uint64_t n;

        if (round % 2)
            first.n = 200; /* it had ended before it was stopped */
        begin_scene(&scene);
        chain = open_chain(c, &scene, first, round / 2);
        stopping = (struct stopping){ &scene, chain.first };
        assert_int_equal(pthread_create(&thread, NULL, stop_first, &stopping), 0);
        assert_int_equal(drain(&scene, chain.second, &n), CADRE_DONE);
        pthread_join(thread, NULL);
        close_chain(&chain);
        check_quiet(&scene);
    }
}

/* ---- the caller is elsewhere ---- */

/* Workers have filled the window, or their memory. */
static void check_waiting_for_the_caller(struct contract *c, cadre_job job)
{
    cadre_stream *s = open_stream(c, job);
    cadre_record r;
    cadre_error err;

    for (int i = 0; i < 50; i++)
        assert_int_equal(cadre_stream_next(s, &r, &err), CADRE_OK);
    assert_in_range(watch_stirring(), 0, A_FEW);
    cadre_stream_close(s);
}

static void test_workers_that_wait_for_the_caller(void **state)
{
    cadre_job job = { .fn = emits_a_kilobyte, .n = 3000, .memory_limit = 64 << 10 };

    check_waiting_for_the_caller(*state, (cadre_job){ .fn = nothing, .n = 3000 });
    check_waiting_for_the_caller(*state, job);
    job.unordered = true;
    check_waiting_for_the_caller(*state, job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_silent_pipe),
        cmocka_unit_test(test_a_source_that_waits),
        cmocka_unit_test(test_a_source_that_has_nothing_yet),
        cmocka_unit_test(test_workers_that_wait_for_the_caller),
        /* Without workers no task can wait for anybody. */
        cmocka_unit_test(test_tasks_that_wait),
        cmocka_unit_test(test_a_file_while_memory_is_full),
        cmocka_unit_test(test_a_chain_that_is_full),
        cmocka_unit_test(test_a_chain_whose_first_stream_has_ended),
        cmocka_unit_test(test_a_chain_whose_first_stream_is_late),
        cmocka_unit_test(test_a_chain_whose_first_stream_was_stopped),
    };

    watch_begin();
    return contract_run(tests, contract_workers() < 2 ? 4 : 10);
}
