/* stream_stop.c - endless streams are stopped, from everywhere and at any moment.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "watch.h"

#include <signal.h>

#define STAGES 3

/* How a stream is stopped. */
enum way { BY_THREAD, BY_SIGNAL, BY_TWO, BY_CANCELLING, BY_SOURCE, BY_TASK };

struct scene {
    _Atomic int begun; /* tasks, of all stages */
    _Atomic int stopped_by_task;
    int moment; /* when so many have */
    enum way way;
    const struct contract *c;
    pthread_t caller;
    cadre_stream *s[STAGES];
    unsigned stages;
};

static cadre_stream *last_of(const struct scene *scene)
{
    return scene->s[scene->stages - 1];
}

/* ---- kernels and sources, all without an end ---- */

static void count_task(cadre_task *t)
{
    struct scene *scene = *(struct scene *const *)cadre_task_shared(t);
    int n = atomic_fetch_add(&scene->begun, 1);

    if (scene->way == BY_TASK && n == scene->moment) {
        cadre_stream_stop(last_of(scene));
        atomic_store(&scene->stopped_by_task, 1);
    }
    jitter((uint64_t)n % 2);
}

static int pass_word(cadre_task *t, const void *item, void *result)
{
    count_task(t);
    *(uint64_t *)result = item ? *(const uint64_t *)item : cadre_task_index(t);
    return 0;
}

static int pass_bytes(cadre_task *t, const void *item, void *result)
{
    const cadre_bytes *bytes = item;

    (void)result;
    count_task(t);
    return cadre_task_emit(t, bytes->data, bytes->size);
}

static void asked(struct scene *scene)
{
    if (scene->way == BY_SOURCE && atomic_load(&scene->begun) >= scene->moment)
        cadre_stream_stop(last_of(scene));
}

static int give_word(void *arg, void *item, cadre_error *err)
{
    static uint64_t next;

    (void)err;
    asked(arg);
    *(uint64_t *)item = next++;
    return CADRE_OK;
}

static int give_bytes(void *arg, void *item, cadre_error *err)
{
    static char bytes[1000];
    static size_t next;

    (void)err;
    asked(arg);
    *(cadre_bytes *)item = (cadre_bytes){ bytes, next++ % sizeof bytes };
    return CADRE_OK;
}

/* Kinds of streams: of indices, of words from a source, of bytes that hardly fit. */
static cadre_job job_of(int kind, struct scene **scene)
{
    cadre_job job = { .fn = kind == 2 ? pass_bytes : pass_word,
                      .result_size = kind == 2 ? 0 : 8,
                      .memory_limit = kind == 2 ? 32 << 10 : 0,
                      .shared = scene,
                      .shared_size = sizeof *scene };

    if (kind == 0) {
        job.n = CADRE_ENDLESS;
    } else {
        job.source = kind == 1 ? give_word : give_bytes;
        job.source_arg = *scene;
        job.item_size = kind == 1 ? 8 : CADRE_BYTES;
    }
    return job;
}

static void open_stages(struct scene **scene, int kind, uint64_t window, bool unordered)
{
    cadre_job job = job_of(kind, scene);

    job.window = window;
    job.unordered = unordered;
    for (unsigned k = 0; k < (*scene)->stages; k++) {
        (*scene)->s[k] = open_stream((*scene)->c, job);
        job.n = 0;
        job.source = cadre_stream_source;
        job.source_arg = (*scene)->s[k];
        job.item_size = kind == 2 ? CADRE_BYTES : 8;
    }
}

/* ---- who stops them ---- */

/* Set before the signal is sent, from whatever thread. */
static struct scene *_Atomic signalled;

static void on_signal(int number)
{
    (void)number;
    cadre_stream_stop(last_of(signalled));
}

static void *stop_when_it_is_time(void *arg)
{
    struct scene *scene = arg;

    reaches(&scene->begun, scene->moment);
    jitter((uint64_t)scene->moment * 77);
    switch (scene->way) {
    case BY_SIGNAL: pthread_kill(scene->caller, SIGUSR1); break;
    case BY_CANCELLING: cadre_cancel(scene->c->pool); break;
    default: cadre_stream_stop(last_of(scene));
    }
    return NULL;
}

static void check_ended(struct scene *scene, int rc)
{
    bool cancelled = scene->way == BY_CANCELLING;
    cadre_record r;
    cadre_error err;

    assert_int_equal(rc, cancelled ? CADRE_ECANCELLED : CADRE_DONE);
    for (unsigned k = scene->stages; k-- > 0;) {
        assert_int_equal(cadre_stream_stopped(scene->s[k]), !cancelled);
        assert_int_equal(cadre_stream_next(scene->s[k], &r, &err), rc);
    }
    for (unsigned k = scene->stages; k-- > 0;)
        cadre_stream_close(scene->s[k]);
}

static void take_until_stopped(struct scene *scene)
{
    pthread_t threads[2];
    int n = scene->way >= BY_SOURCE ? 0 : scene->way == BY_TWO ? 2 : 1, rc;
    cadre_record r;
    cadre_error err;

    signalled = scene;
    for (int i = 0; i < n; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, stop_when_it_is_time, scene),
                         0);
    while ((rc = cadre_stream_next(last_of(scene), &r, &err)) == CADRE_OK)
        ;
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    if (scene->way == BY_TASK) /* streams stay open until that has returned */
        assert_true(reaches(&scene->stopped_by_task, 1));
    check_ended(scene, rc);
}

/* ---- rounds ---- */

static void check_round(const struct contract *c, int round, enum way way)
{
    static const int moments[] = { 0, 1, 2, 3, 5, 8, 20, 50, 100, 300 };
    static const uint64_t windows[] = { 0, 1, 3, 64 };
    struct scene scene = { .moment = moments[round % 10],
                           .way = way,
                           .c = c,
                           .caller = pthread_self(),
                           .stages = round % 2 ? STAGES : 1 };
    struct scene *shared = shared_copy(&scene, sizeof scene);

    open_stages(&shared, round / 2 % 3, windows[round / 6 % 4], round / 24 % 2);
    take_until_stopped(shared);
    cadre_free_shared(shared);
}

static bool in_processes(const struct contract *c)
{
    return strcmp(cadre_backend_name(c->pool), "processes") == 0;
}

static void check_rounds(const struct contract *c, enum way way)
{
    int step = in_processes(c) ? 7 : 1; /* a stream is dear there */

    for (int round = 0; round < 240; round += step)
        check_round(c, round, way);
}

static void test_by_a_thread(void **state)
{
    check_rounds(*state, BY_THREAD);
}

static void test_by_two_threads_at_once(void **state)
{
    check_rounds(*state, BY_TWO);
}

static void test_by_a_signal_handler(void **state)
{
    struct sigaction action = { .sa_handler = on_signal }, old;

    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    check_rounds(*state, BY_SIGNAL);
    sigaction(SIGUSR1, &old, NULL);
}

static void test_by_cancelling(void **state)
{
    check_rounds(*state, BY_CANCELLING);
}

static void test_by_the_source(void **state)
{
    for (int round = 0; round < 240; round += in_processes(*state) ? 7 : 1)
        if (round / 2 % 3 > 0) /* there is one */
            check_round(*state, round, BY_SOURCE);
}

static void test_by_a_task(void **state)
{
    check_rounds(*state, BY_TASK);
}

/* Between two records: then there are no more. */
static void test_by_the_caller(void **state)
{
    for (int n = 0; n < 40; n++) {
        struct scene scene = { .c = *state, .stages = n % 4 == 3 ? STAGES : 1 };
        struct scene *shared = shared_copy(&scene, sizeof scene);
        cadre_record r;
        cadre_error err;

        open_stages(&shared, n % 3, 0, n % 2);
        for (int i = 0; i < n; i++)
            assert_int_equal(cadre_stream_next(last_of(shared), &r, &err), CADRE_OK);
        cadre_stream_stop(last_of(shared));
        check_ended(shared, cadre_stream_next(last_of(shared), &r, &err));
        cadre_free_shared(shared);
    }
}

/* ---- while nothing moves ---- */

struct sleeper {
    cadre_stream *s;
    int thread;
    bool by_signal;
    pthread_t caller;
};

static void *stop_when_asleep(void *arg)
{
    struct sleeper *sleeper = arg;
    static struct scene scene;

    falls_asleep(sleeper->thread);
    scene.s[0] = sleeper->s;
    scene.stages = 1;
    signalled = &scene;
    if (sleeper->by_signal)
        pthread_kill(sleeper->caller, SIGUSR1);
    else
        cadre_stream_stop(sleeper->s);
    return NULL;
}

/* Waiting for a line that never comes, at the far end of a chain. */
static void check_silent_pipe(const struct contract *c, bool by_signal, bool unordered)
{
    struct scene scene = { .c = c, .stages = STAGES };
    struct scene *shared = shared_copy(&scene, sizeof scene);
    struct sleeper sleeper = { .thread = this_thread(),
                               .by_signal = by_signal,
                               .caller = pthread_self() };
    cadre_job job = job_of(2, &shared);
    struct pour p;
    cadre_file *file;
    cadre_stream *s[2];
    cadre_record r;
    pthread_t thread;

    pipe_begin(&p);
    pipe_write(&p, "half a line", 11);
    file = open_file(p.path, 0);
    job.unordered = unordered;
    job.source = cadre_file_source;
    job.source_arg = file;
    s[0] = open_stream(c, job);
    job.source = cadre_stream_source;
    job.source_arg = s[0];
    s[1] = sleeper.s = open_stream(c, job);
    assert_int_equal(pthread_create(&thread, NULL, stop_when_asleep, &sleeper), 0);
    assert_int_equal(cadre_stream_next(s[1], &r, NULL), CADRE_DONE);
    pthread_join(thread, NULL);
    assert_true(cadre_stream_stopped(s[0]));
    cadre_stream_close(s[1]);
    cadre_stream_close(s[0]);
    cadre_file_close(file);
    pour_end(&p);
    cadre_free_shared(shared);
}

static void test_while_a_pipe_is_silent(void **state)
{
    struct sigaction action = { .sa_handler = on_signal }, old;

    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    for (int round = 0; round < 20; round++)
        check_silent_pipe(*state, round % 2, round / 2 % 2);
    sigaction(SIGUSR1, &old, NULL);
}

/* ---- an earlier stage alone ---- */

/* What it has given by then goes through, and nothing is amiss in between. */
static void test_the_first_stage_only(void **state)
{
    for (int round = 0; round < 60; round += in_processes(*state) ? 7 : 1) {
        struct scene scene = { .c = *state, .stages = STAGES };
        struct scene *shared = shared_copy(&scene, sizeof scene);
        cadre_record r;
        cadre_error err;
        uint64_t n = 0;
        int rc;

        open_stages(&shared, round % 2, round / 2 % 5, false);
        for (; (rc = cadre_stream_next(shared->s[2], &r, &err)) == CADRE_OK; n++) {
            assert_int_equal(r.index, n);
            if (n == (uint64_t)round)
                cadre_stream_stop(shared->s[0]);
        }
        assert_int_equal(rc, CADRE_DONE);
        assert_true(n > (uint64_t)round);
        assert_false(cadre_stream_stopped(shared->s[2]));
        for (unsigned k = STAGES; k-- > 0;)
            cadre_stream_close(shared->s[k]);
        cadre_free_shared(shared);
    }
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_a_thread),
        cmocka_unit_test(test_by_two_threads_at_once),
        cmocka_unit_test(test_by_a_signal_handler),
        cmocka_unit_test(test_by_the_source),
        cmocka_unit_test(test_by_the_caller),
        cmocka_unit_test(test_while_a_pipe_is_silent),
        cmocka_unit_test(test_the_first_stage_only),
        cmocka_unit_test(test_by_cancelling),
        cmocka_unit_test(test_by_a_task),
    };

    if (contract_isolates() || !contract_is_mapped())
        return contract_run(tests,
                            8); /* the stream is in another process than a task */
    if (contract_backend_is("null"))
        tests[7] = tests[8]; /* there is nothing to cancel */
    return contract_run(tests, contract_backend_is("null") ? 8 : 9);
}
