/* stream_ends.c - how streams end: failures, stops, cancellation.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "streams.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define N 2000

/* ---- failing tasks ---- */

static int fails_every_100th(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);

    (void)item;
    jitter(i * 7);
    *(uint64_t *)result = i + 1;
    return i % 100 == 99 ? cadre_task_fail(t, 4, "%d is bad", (int)i) : 0;
}

static void test_the_lowest_failure_ends_it(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++)
        for (uint64_t window = 0; window < 300; window = window * 5 + 1) {
            cadre_stream *s =
                open_stream(*state, (cadre_job){ .fn = fails_every_100th,
                                                 .n = N,
                                                 .result_size = 8,
                                                 .name = "picky",
                                                 .window = window,
                                                 .unordered = unordered });
            bool seen[N] = { 0 };
            cadre_record r;
            cadre_error err;
            int rc;

            while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
                assert_int_equal(*(const uint64_t *)r.data, r.index + 1);
                seen[r.index] = true;
            }
            assert_int_equal(rc, CADRE_EKERNEL);
            assert_int_equal(err.item, 99);
            assert_int_equal(err.user, 4);
            assert_string_equal(err.message, "picky: item 99: 99 is bad");
            for (int i = 0; i < 99; i++)
                assert_true(seen[i]); /* every record before it came */
            assert_true(unordered || !seen[100]);
            close_stream(s, 0);
        }
}

static void test_keep_going(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        cadre_stream *s =
            open_stream(*state, (cadre_job){ .fn = fails_every_100th,
                                             .n = N,
                                             .result_size = 8,
                                             .unordered = unordered,
                                             .on_error = CADRE_KEEP_GOING });
        char expected[40];
        uint64_t n = 0;
        cadre_record r;
        cadre_error err;

        while (cadre_stream_next(s, &r, &err) == CADRE_OK) {
            n++;
            assert_true((r.error != NULL) == (r.index % 100 == 99));
            if (!r.error) {
                assert_int_equal(*(const uint64_t *)r.data, r.index + 1);
                continue;
            }
            snprintf(expected, sizeof expected, "item %d: %d is bad", (int)r.index,
                     (int)r.index);
            assert_string_equal(r.error->message, expected);
            assert_int_equal(r.error->item, r.index);
            assert_int_equal(r.error->code, CADRE_EKERNEL);
            assert_null(r.data);
        }
        assert_int_equal(n, N);
        close_stream(s, 0);
    }
}

/* ---- stages ---- */

static int plus_one(cadre_task *t, const void *item, void *result)
{
    (void)t;
    *(uint64_t *)result = *(const uint64_t *)item + 1;
    return 0;
}

static cadre_job next_stage(cadre_stream *from, cadre_fn *fn)
{
    return (cadre_job){ .fn = fn,
                        .source = cadre_stream_source,
                        .source_arg = from,
                        .item_size = 8,
                        .result_size = 8 };
}

static void test_a_failure_travels_down(void **state)
{
    cadre_job job = { .fn = fails_every_100th, .n = N, .result_size = 8 };
    cadre_stream *first = open_stream(*state, job);
    cadre_stream *second = open_stream(*state, next_stage(first, plus_one));
    cadre_stream *third = open_stream(*state, next_stage(second, plus_one));
    cadre_record r;
    cadre_error err;

    for (uint64_t i = 0; i < 99; i++) {
        assert_int_equal(cadre_stream_next(third, &r, &err), CADRE_OK);
        assert_int_equal(r.index, i);
        assert_int_equal(*(const uint64_t *)r.data, i + 3);
    }
    assert_int_equal(cadre_stream_next(third, &r, &err), CADRE_EKERNEL);
    assert_string_equal(err.message, "item 99: 99 is bad");
    cadre_stream_close(third);
    cadre_stream_close(second);
    cadre_stream_close(first);
}

static void check_failed_items_travel(struct contract *c, int on_error)
{
    cadre_job job = {
        .fn = fails_every_100th, .n = N, .result_size = 8, .on_error = CADRE_KEEP_GOING
    };
    cadre_stream *first = open_stream(c, job), *second;
    cadre_record r;
    cadre_error err;
    uint64_t n = 0;
    int rc;

    job = next_stage(first, plus_one);
    job.on_error = on_error;
    second = open_stream(c, job);
    while ((rc = cadre_stream_next(second, &r, &err)) == CADRE_OK) {
        assert_int_equal(r.index, n);
        assert_true((r.error != NULL) == (n % 100 == 99));
        if (r.error)
            assert_int_equal(r.error->item, n);
        else
            assert_int_equal(*(const uint64_t *)r.data, n + 2);
        n++;
    }
    assert_int_equal(rc, on_error ? CADRE_DONE : CADRE_EKERNEL);
    assert_int_equal(n, on_error ? N : 99);
    cadre_stream_close(second);
    cadre_stream_close(first);
}

static void test_failed_items_travel_down(void **state)
{
    check_failed_items_travel(*state, CADRE_KEEP_GOING);
    check_failed_items_travel(*state, CADRE_STOP);
}

static void test_stopping_travels_up(void **state)
{
    struct counter counter = { .end = UINT64_MAX };
    cadre_job job = { .fn = plus_one,
                      .source = count_source,
                      .source_arg = &counter,
                      .item_size = 8,
                      .result_size = 8 };
    cadre_stream *first = open_stream(*state, job);
    cadre_stream *second = open_stream(*state, next_stage(first, plus_one));
    cadre_record r;
    cadre_error err;

    for (int i = 0; i < 1000; i++)
        assert_int_equal(cadre_stream_next(second, &r, &err), CADRE_OK);
    assert_false(cadre_stream_stopped(second));
    cadre_stream_stop(second);
    cadre_stream_stop(second); /* once more is fine */
    assert_true(cadre_stream_stopped(first));
    assert_int_equal(cadre_stream_next(second, &r, &err), CADRE_DONE);
    assert_int_equal(cadre_stream_next(first, &r, &err), CADRE_DONE);
    cadre_stream_close(second);
    cadre_stream_close(first);
}

/* ---- stopping and closing ---- */

struct scene {
    _Atomic int running, noticed;
    cadre_stream *stream;
    cadre_pool *pool;
    pthread_t caller;
};

static struct scene *new_scene(struct scene scene)
{
    return shared_copy(&scene, sizeof scene);
}

static int runs_until_unwanted(cadre_task *t, const void *item, void *result)
{
    struct scene *s = *(struct scene *const *)cadre_task_shared(t);

    (void)item;
    (void)result;
    atomic_fetch_add(&s->running, 1);
    while (!cadre_task_cancelled(t))
        jitter(1);
    atomic_fetch_add(&s->noticed, 1);
    return 0;
}

static cadre_stream *open_scene(const struct contract *c, struct scene **shared)
{
    return open_stream(c, (cadre_job){ .fn = runs_until_unwanted,
                                       .n = CADRE_ENDLESS,
                                       .grace_ms = 60000, /* all are to notice */
                                       .shared = shared,
                                       .shared_size = sizeof *shared });
}

static void *stop_when_running(void *arg)
{
    struct scene *s = arg;

    await(&s->running, 1);
    cadre_stream_stop(s->stream);
    return NULL;
}

static void test_stop_from_another_thread(void **state)
{
    for (int round = 0; round < 20; round++) {
        struct scene *scene = new_scene((struct scene){ 0 });
        pthread_t thread;
        cadre_record r;
        cadre_error err;

        scene->stream = open_scene(*state, &scene);
        assert_int_equal(pthread_create(&thread, NULL, stop_when_running, scene), 0);
        assert_int_equal(cadre_stream_next(scene->stream, &r, &err), CADRE_DONE);
        pthread_join(thread, NULL);
        cadre_stream_close(scene->stream);
        assert_int_equal(atomic_load(&scene->running), atomic_load(&scene->noticed));
        cadre_free_shared(scene);
    }
}

static cadre_stream *stopped_by_signal;

static void on_signal(int number)
{
    (void)number;
    cadre_stream_stop(stopped_by_signal);
}

static void *signal_when_running(void *arg)
{
    struct scene *s = arg;

    await(&s->running, 1);
    pthread_kill(s->caller, SIGUSR1);
    return NULL;
}

static void test_stop_from_a_signal_handler(void **state)
{
    struct sigaction action = { .sa_handler = on_signal }, old;

    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    for (int round = 0; round < 20; round++) {
        struct scene *scene = new_scene((struct scene){ .caller = pthread_self() });
        pthread_t thread;
        cadre_record r;
        cadre_error err;

        stopped_by_signal = open_scene(*state, &scene);
        assert_int_equal(pthread_create(&thread, NULL, signal_when_running, scene), 0);
        assert_int_equal(cadre_stream_next(stopped_by_signal, &r, &err), CADRE_DONE);
        pthread_join(thread, NULL);
        cadre_stream_close(stopped_by_signal);
        cadre_free_shared(scene);
    }
    sigaction(SIGUSR1, &old, NULL);
}

static void *cancel_when_running(void *arg)
{
    struct scene *s = arg;

    await(&s->running, 1);
    cadre_cancel(s->pool);
    return NULL;
}

static void test_cancelling_the_pool(void **state)
{
    const struct contract *c = *state;

    for (int round = 0; c->pool && round < 20; round++) {
        struct scene *scene = new_scene((struct scene){ .pool = c->pool });
        pthread_t thread;
        cadre_record r;
        cadre_error err;

        scene->stream = open_scene(c, &scene);
        assert_int_equal(pthread_create(&thread, NULL, cancel_when_running, scene), 0);
        assert_int_equal(cadre_stream_next(scene->stream, &r, &err), CADRE_ECANCELLED);
        assert_string_equal(err.message, "cancelled after 0 records");
        pthread_join(thread, NULL);
        cadre_stream_close(scene->stream);
        cadre_free_shared(scene);
    }
}

static void test_a_deadline(void **state)
{
    struct scene *scene = new_scene((struct scene){ 0 });
    cadre_error err;

    assert_int_equal(count_until_end(*state,
                                     (cadre_job){ .fn = runs_until_unwanted,
                                                  .n = CADRE_ENDLESS,
                                                  .deadline_ms = 20,
                                                  .shared = &scene,
                                                  .shared_size = sizeof scene },
                                     CADRE_ETIMEOUT, &err),
                     0);
    assert_string_equal(err.message, "the deadline of 20 ms passed after 0 records");
    cadre_free_shared(scene);
}

/* Whatever is going on: before the first record, with a record in hand, in the middle,
 * with tasks running, with results waiting for room. */
static void test_closing_at_any_moment(void **state)
{
    for (uint64_t taken = 0; taken < 60; taken++) {
        struct babbler babbler = { .end = 1000000 };
        cadre_job job = { .fn = plus_one,
                          .n = CADRE_ENDLESS,
                          .window = taken % 5,
                          .unordered = taken % 2 };
        struct counter counter = { .end = 1000000 };
        cadre_stream *s;
        cadre_record r;
        cadre_error err;

        job.source = taken % 3 ? count_source : babble_source;
        job.source_arg = taken % 3 ? (void *)&counter : (void *)&babbler;
        job.item_size = taken % 3 ? 8 : CADRE_BYTES;
        job.result_size = 8;
        job.fn = taken % 3 ? plus_one : fails_every_100th;
        s = open_stream(*state, job);
        for (uint64_t i = 0; i < taken; i++)
            assert_int_equal(cadre_stream_next(s, &r, &err), CADRE_OK);
        cadre_stream_close(s);
        free(babbler.buffer);
    }
    cadre_stream_close(NULL);
    cadre_stream_stop(NULL);
}

static int emits_much(cadre_task *t, const void *item, void *result)
{
    static char much[100000];

    (void)item;
    (void)result;
    return cadre_task_emit(t, much, sizeof much);
}

static void test_closing_while_results_wait_for_room(void **state)
{
    for (int round = 0; round < 20; round++) {
        cadre_stream *s = open_stream(*state, (cadre_job){ .fn = emits_much,
                                                           .n = CADRE_ENDLESS,
                                                           .memory_limit = 600000,
                                                           .unordered = round % 2 });
        cadre_record r;
        cadre_error err;

        for (int i = 0; i < round; i++)
            assert_int_equal(cadre_stream_next(s, &r, &err), CADRE_OK);
        cadre_stream_close(s);
    }
}

/* ---- progress, and many at once ---- */

static void count_reports(void *arg, const cadre_counts *counts)
{
    uint64_t *last = arg;

    assert_true(counts->done >= last[0] && counts->total == last[1]);
    last[0] = counts->done;
}

static void test_progress(void **state)
{
    uint64_t known[2] = { 0, N }, unknown[2] = { 0, 0 };
    struct counter counter = { .end = N };
    cadre_job job = { .fn = plus_one,
                      .source = count_source,
                      .source_arg = &counter,
                      .item_size = 8,
                      .result_size = 8,
                      .progress = count_reports,
                      .progress_arg = unknown };
    uint64_t y[N];

    assert_int_equal(drain_u64(*state, job, y, N), N);
    assert_int_equal(unknown[0], N);
    counter.next = 0;
    job.n = N;
    job.progress_arg = known;
    assert_int_equal(drain_u64(*state, job, y, N), N);
    assert_int_equal(known[0], N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_lowest_failure_ends_it),
        cmocka_unit_test(test_keep_going),
        cmocka_unit_test(test_a_failure_travels_down),
        cmocka_unit_test(test_failed_items_travel_down),
        cmocka_unit_test(test_stopping_travels_up),
        cmocka_unit_test(test_stop_from_another_thread),
        cmocka_unit_test(test_stop_from_a_signal_handler),
        cmocka_unit_test(test_cancelling_the_pool),
        cmocka_unit_test(test_a_deadline),
        cmocka_unit_test(test_closing_at_any_moment),
        cmocka_unit_test(test_closing_while_results_wait_for_room),
        cmocka_unit_test(test_progress),
    };

    return cmocka_run_group_tests(tests, contract_open, contract_close);
}
