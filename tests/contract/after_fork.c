/* after_fork.c - what a process that was forked from the pool's does with the pool.
 * SPDX-License-Identifier: MIT
 *
 * It has a copy of the pool, beside memory, descriptors and workers that are not its own.
 * What it cancels, stops and closes does nothing to the pool's own process.
 */
#include "streams.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define N 200

struct scene {
    _Atomic int running, go;
    cadre_pool *pool;
    cadre_stream *stream;
    bool child_failed;
};

static struct scene *scene_of(cadre_task *t)
{
    return *(struct scene *const *)cadre_task_shared(t);
}

static int waits(cadre_task *t, const void *item, void *result)
{
    struct scene *s = scene_of(t);

    (void)item;
    atomic_fetch_add(&s->running, 1);
    await(&s->go, 1);
    *(uint64_t *)result = cadre_task_index(t) + 1;
    return cadre_task_cancelled(t) ? 5 : 0;
}

static int number(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = cadre_task_index(t) + 1;
    return 0;
}

/* Its own runs are its own. */
static int use_pool(cadre_pool *pool)
{
    uint64_t y[N];
    cadre_job job = { .fn = number, .n = N, .results = y, .result_size = 8 };

    if (cadre_map(pool, &job, NULL))
        return 2;
    cadre_cancel(pool);
    if (cadre_map(pool, &job, NULL) || y[N - 1] != N)
        return 3;
    return 0;
}

static void in_a_child(struct scene *s)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        cadre_cancel(s->pool);
        cadre_stream_stop(s->stream);
        if (use_pool(s->pool) || (s->stream && !cadre_stream_stopped(s->stream)))
            _exit(1);
        cadre_stream_close(s->stream);
        cadre_close(s->pool);
        _exit(0);
    }
    s->child_failed = child < 0 || waitpid(child, &status, 0) != child || status != 0;
}

static void *fork_when_running(void *arg)
{
    struct scene *s = arg;

    await(&s->running, 1);
    in_a_child(s);
    atomic_store(&s->go, 1);
    return NULL;
}

static struct scene *new_scene(const struct contract *c)
{
    return shared_copy(&(struct scene){ .pool = c->pool }, sizeof(struct scene));
}

static void test_a_map_goes_on(void **state)
{
    const struct contract *c = *state;
    struct scene *s = new_scene(c);
    uint64_t y[N];
    int statuses[N];
    pthread_t forker;

    for (int round = 0; round < 5; round++) {
        atomic_store(&s->running, 0);
        atomic_store(&s->go, 0);
        assert_int_equal(pthread_create(&forker, NULL, fork_when_running, s), 0);
        map_ok(c, (cadre_job){ .fn = waits,
                               .n = N,
                               .results = y,
                               .result_size = sizeof *y,
                               .statuses = statuses,
                               .shared = &s,
                               .shared_size = sizeof s });
        pthread_join(forker, NULL);
        assert_false(s->child_failed);
        for (uint64_t i = 0; i < N; i++)
            assert_true(y[i] == i + 1 && statuses[i] == CADRE_OK);
    }
    cadre_free_shared(s);
}

static void test_a_stream_goes_on(void **state)
{
    const struct contract *c = *state;
    struct scene *s = new_scene(c);

    for (int unordered = 0; unordered < 2; unordered++) {
        uint64_t n = 0;
        cadre_record r;
        cadre_error err;
        int rc;
        s->stream = open_stream(c, (cadre_job){ .fn = number,
                                                .n = 20 * N,
                                                .window = 8,
                                                .unordered = unordered,
                                                .result_size = sizeof(uint64_t) });
        while ((rc = cadre_stream_next(s->stream, &r, &err)) == CADRE_OK)
            if (n++ == N) {
                in_a_child(s);
                assert_false(s->child_failed);
                assert_false(cadre_stream_stopped(s->stream));
            }
        assert_int_equal(rc, CADRE_DONE);
        assert_int_equal(n, 20 * N);
        close_stream(s->stream, 0);
    }
    cadre_free_shared(s);
}

/* ---- a worker is another matter ---- */

static int cancels(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = 1;
    if (cadre_task_index(t) != 20)
        return 0;
    cadre_cancel(pool_here(scene_of(t)->pool));
    return 0;
}

static void test_a_task_cancels_its_run(void **state)
{
    const struct contract *c = *state;
    struct scene *s = new_scene(c);
    static uint64_t y[100000];
    cadre_job job = { .fn = cancels,
                      .n = 100000,
                      .result_size = sizeof *y,
                      .shared = &s,
                      .shared_size = sizeof s };
    cadre_error err;

    for (int round = 0; round < 5; round++) {
        job.results = NULL;
        assert_true(count_until_end(c, job, CADRE_ECANCELLED, &err) < 100000);
        job.results = y;
        map_fails(c, job, CADRE_ECANCELLED, &err);
    }
    cadre_free_shared(s);
}

int main(void)
{
    /* A persistent worker does not have the pool, and the NULL pool is none. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_map_goes_on),
        cmocka_unit_test(test_a_stream_goes_on),
        cmocka_unit_test(test_a_task_cancels_its_run),
    };
    bool none = contract_backend_is("null") || !contract_inherits();

    return contract_run(tests, none ? 2 : 3);
}
