/* unwanted.c - what becomes of tasks that hear that they are no longer wanted.
 * SPDX-License-Identifier: MIT
 *
 * Such a task may return early, and return anything: it has been cancelled. What it emitted
 * nobody gets, and it is not counted among those that were done. All others are whole.
 */
#include "contract.h"

#include <inttypes.h>
#include <pthread.h>

#define N 62

/* What lies in shared memory, and what each task did. */
struct scene {
    _Atomic int running, all;
    _Atomic int heard[N], returned[N];
    int fails; /* what a task returns that heard it */
    bool emits;
};

static struct scene *scene_of(cadre_task *t)
{
    return *(struct scene *const *)cadre_task_shared(t);
}

static struct scene *new_scene(int fails, bool emits)
{
    struct scene scene = { .fails = fails, .emits = emits };

    return shared_copy(&scene, sizeof scene);
}

/* The first few are done; those after them only ever end early. */
static int works_until_told(cadre_task *t, const void *item, void *result)
{
    struct scene *s = scene_of(t);
    uint64_t i = cadre_task_index(t);

    (void)item;
    if (s->emits && cadre_task_emit(t, "half", 4))
        return 1;
    if (result)
        *(uint64_t *)result = 0;
    atomic_fetch_add(&s->running, i >= 5);
    while (i >= 5 && !atomic_load(&s->heard[i])) {
        jitter(1);
        if (cadre_task_cancelled(t))
            atomic_store(&s->heard[i], 1);
    }
    if (s->emits && cadre_task_emit(t, "half", 4))
        return 1;
    if (result)
        *(uint64_t *)result = i + 1;
    atomic_store(&s->returned[i], 1);
    return i >= 5 ? s->fails : 0;
}

static int ranges_until_told(cadre_task *t, uint64_t first, uint64_t count,
                             const void *items, void *results)
{
    int rc = 0;

    for (uint64_t i = 0; i < count && !rc; i++)
        rc = cadre_task_at(t, first + i)
                 ? 1
                 : works_until_told(t, items, results ? (uint64_t *)results + i : NULL);
    return rc;
}

struct end {
    struct scene *scene;
    cadre_pool *pool;
    cadre_error err;
};

static void *cancel_when_running(void *arg)
{
    struct end *e = arg;

    await(&e->scene->running, 1);
    cadre_cancel(e->pool);
    return NULL;
}

/* Runs the job until it is cancelled, or, without a pool to cancel, its time is over. */
static void end_early(struct end *e, const struct contract *c, cadre_job job)
{
    pthread_t canceller;
    bool cancels = c->pool && !job.deadline_ms;

    e->pool = c->pool;
    job.n = N;
    job.shared = &e->scene;
    job.shared_size = sizeof e->scene;
    if (!cancels)
        job.deadline_ms = 20;
    if (cancels)
        assert_int_equal(pthread_create(&canceller, NULL, cancel_when_running, e), 0);
    map_fails(c, job, cancels ? CADRE_ECANCELLED : CADRE_ETIMEOUT, &e->err);
    if (cancels)
        pthread_join(canceller, NULL);
    assert_int_equal(e->err.item, CADRE_NO_ITEM);
}

static void check_outcome(struct end *e, const int *statuses,
                          const cadre_bytes *emitted)
{
    uint64_t done = 0, said = 0;
    const char *after = strstr(e->err.message, " after ");

    for (uint64_t i = 0; i < N; i++) {
        bool heard = atomic_load(&e->scene->heard[i]);
        assert_true(statuses[i] == CADRE_OK || statuses[i] == CADRE_ECANCELLED);
        assert_false(heard && statuses[i] == CADRE_OK);
        if (statuses[i] == CADRE_OK)
            assert_true(i < 5 && atomic_load(&e->scene->returned[i]));
        if (emitted)
            assert_int_equal(emitted[i].size, statuses[i] == CADRE_OK ? 8 : 0);
        done += statuses[i] == CADRE_OK;
    }
    assert_non_null(after);
    assert_int_equal(sscanf(after, " after %" SCNu64 " of 62 tasks", &said), 1);
    assert_int_equal(said, done);
}

static void check_map(const struct contract *c, cadre_job job, int fails)
{
    uint64_t y[N];
    int statuses[N];
    struct end e = { .scene = new_scene(fails, false) };

    job.statuses = statuses;
    job.results = y;
    job.result_size = sizeof *y;
    end_early(&e, c, job);
    check_outcome(&e, statuses, NULL);
    cadre_free_shared(e.scene);
}

static void check_emitting_map(const struct contract *c, cadre_job job, int fails)
{
    int statuses[N];
    cadre_bytes emitted[N];
    struct end e = { .scene = new_scene(fails, true) };

    job.statuses = statuses;
    job.emitted = emitted;
    end_early(&e, c, job);
    check_outcome(&e, statuses, emitted);
    cadre_bytes_free(emitted, N);
    cadre_free_shared(e.scene);
}

static void each(const struct contract *c,
                 void (*check)(const struct contract *c, cadre_job job, int fails))
{
    for (int k = 0; k < 16; k++) {
        cadre_job job = { .on_error = k & 1 ? CADRE_KEEP_GOING : CADRE_STOP,
                          .deadline_ms = k & 2 ? 20 : 0,
                          .chunk = 1 };
        if (k & 8)
            job.range_fn = ranges_until_told;
        else
            job.fn = works_until_told;
        check(c, job, k & 4 ? 7 : 0);
    }
}

static void test_maps(void **state)
{
    each(*state, check_map);
}

static void test_maps_that_emit(void **state)
{
    each(*state, check_emitting_map);
}

/* ---- tasks beyond a failure ---- */

/* Item 3 fails once all that can run with it do; those hear of it. */
static int third_fails(cadre_task *t, const void *item, void *result)
{
    struct scene *s = scene_of(t);
    uint64_t i = cadre_task_index(t);

    (void)item;
    *(uint64_t *)result = i + 1;
    if (i < 3)
        return 0;
    if (i == 3)
        return 1;
    for (int k = 0; k < 50000 && !atomic_load(&s->heard[i]); k++)
        if (cadre_task_cancelled(t))
            atomic_store(&s->heard[i], 1);
    return 2;
}

static void test_tasks_beyond_a_failure(void **state)
{
    struct scene *scene = new_scene(0, false);
    uint64_t y[N];
    int statuses[N];
    cadre_error err;

    map_fails(*state,
              (cadre_job){ .fn = third_fails,
                           .n = N,
                           .chunk = 1,
                           .results = y,
                           .result_size = sizeof *y,
                           .statuses = statuses,
                           .shared = &scene,
                           .shared_size = sizeof scene },
              CADRE_EKERNEL, &err);
    assert_int_equal(err.item, 3);
    assert_int_equal(err.user, 1);
    for (int i = 0; i < N; i++)
        assert_int_equal(statuses[i], i < 3    ? CADRE_OK
                                      : i == 3 ? CADRE_EKERNEL
                                               : CADRE_ECANCELLED);
    cadre_free_shared(scene);
}

/* ---- reductions ---- */

static int gives_one(cadre_task *t, const void *item, void *result)
{
    int rc = works_until_told(t, item, result);

    *(uint64_t *)result = 1;
    return rc;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

/* Also when failures are gone over, nothing comes of a part. */
static void test_reductions(void **state)
{
    const struct contract *c = *state;

    for (int k = 0; k < 4; k++) {
        struct scene *scene = new_scene(k / 2, false);
        uint64_t sum = 12345;
        int statuses[N];
        cadre_error err;
        cadre_job job = { .fn = gives_one,
                          .n = N,
                          .result_size = sizeof sum,
                          .on_error = k % 2 ? CADRE_KEEP_GOING : CADRE_STOP,
                          .deadline_ms = 20,
                          .statuses = statuses,
                          .shared = &scene,
                          .shared_size = sizeof scene };
        assert_int_equal(cadre_reduce(c->pool, &job, add, &sum, &err), CADRE_ETIMEOUT);
        assert_int_equal(sum, 12345);
        for (int i = 0; i < N; i++)
            assert_int_equal(statuses[i] == CADRE_OK, i < 5 && statuses[i] == CADRE_OK);
        cadre_free_shared(scene);
    }
}

/* A combining function that hears it and returns what it has. */
static int adds_until_told(cadre_task *t, void *into, const void *from)
{
    while (!cadre_task_cancelled(t))
        jitter(1);
    return add(t, into, from);
}

static int one(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    *(uint64_t *)result = 1;
    return 0;
}

static void test_combining(void **state)
{
    const struct contract *c = *state;

    for (uint64_t n = 2; n < 5000; n = n * 7 + 1) { /* between blocks, and in them */
        uint64_t sum = 12345;
        cadre_error err;
        cadre_job job = {
            .fn = one, .n = n, .result_size = sizeof sum, .deadline_ms = 20
        };
        assert_int_equal(cadre_reduce(c->pool, &job, adds_until_told, &sum, &err),
                         CADRE_ETIMEOUT);
        assert_int_equal(sum, 12345);
    }
}

/* ---- a worker that cannot begin, while others go over failures ---- */

#define MANY 64 /* tasks: more than there are workers */

struct start {
    _Atomic int begun, done;
};

/* The first can; the others hear that they cannot once two tasks have run. */
static int one_begins(cadre_task *t, void **state)
{
    struct start *start = *(struct start *const *)cadre_task_shared(t);

    *state = start;
    if (atomic_fetch_add(&start->begun, 1) == 0)
        return 0;
    await(&start->done, 2);
    return 7;
}

static int emits_beside_others(cadre_task *t, const void *item, void *result)
{
    struct start *start = cadre_task_state(t);
    int rc;

    (void)item;
    (void)result;
    await(&start->begun, 2);
    rc = cadre_task_emit(t, "abc", 3);
    atomic_fetch_add(&start->done, 1);
    return rc;
}

static void test_nothing_beyond_a_fatal_failure(void **state)
{
    const struct contract *c = *state;
    struct start *start = contract_is_mapped() ? shared_zeros(sizeof *start) : NULL;
    cadre_bytes emitted[MANY];
    int statuses[MANY];
    cadre_job job = { .fn = emits_beside_others,
                      .n = MANY,
                      .chunk = 1,
                      .emitted = emitted,
                      .statuses = statuses,
                      .on_error = CADRE_KEEP_GOING,
                      .worker_begin = one_begins,
                      .shared = &start,
                      .shared_size = sizeof start };
    cadre_error err;

    if (!start || cadre_workers(c->pool) < 2) {
        cadre_free_shared(start);
        return;
    }
    assert_int_equal(cadre_map(c->pool, &job, &err), CADRE_EKERNEL);
    for (uint64_t i = 0; i < MANY; i++) {
        int status = i < err.item    ? CADRE_OK
                     : i == err.item ? CADRE_EKERNEL
                                     : CADRE_ECANCELLED;
        assert_int_equal(statuses[i], status);
        assert_int_equal(emitted[i].size, status == CADRE_OK ? 3 : 0);
        assert_true(status == CADRE_OK || !emitted[i].data);
    }
    cadre_bytes_free(emitted, MANY);
    cadre_free_shared(start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_maps_that_emit),
        cmocka_unit_test(test_tasks_beyond_a_failure),
        cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_combining),
        cmocka_unit_test(test_nothing_beyond_a_fatal_failure),
    };

    return contract_run(tests, sizeof tests / sizeof tests[0]);
}
