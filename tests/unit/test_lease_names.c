/* test_lease_names.c - kernels by name, for workers that share no memory with the caller.
 * SPDX-License-Identifier: MIT
 *
 * The backend is its own worker. All that a run is goes through a manifest, leases and
 * outcomes, and what it calls is what the resolver says. The functions of the jobs here are
 * not to be run, but where that is said.
 */
#include "contract.h"
#include "own_worker.h"

#include <cadre/stream.h>
#include <cadre/worker.h>

#define N    100
#define MANY 3000 /* tasks of a reduction, several in a block */

static cadre_error err;

/* ---- what its worker has ---- */

static int square(cadre_task *t, const void *item, void *result)
{
    int64_t x = *(const int64_t *)item;

    if (x < 0)
        return cadre_task_fail(t, 5, "%d is negative", (int)x);
    *(int64_t *)result = x * x;
    return 0;
}

static int cube(cadre_task *t, const void *item, void *result)
{
    int64_t x = *(const int64_t *)item;

    (void)t;
    *(int64_t *)result = x * x * x;
    return 0;
}

static int squares(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                   void *results)
{
    (void)first;
    for (uint64_t i = 0; i < count; i++)
        if (square(t, (const int64_t *)items + i, (int64_t *)results + i))
            return 1;
    return 0;
}

static int fold_squares(cadre_task *t, uint64_t first, uint64_t count,
                        const void *items, void *into)
{
    (void)t;
    (void)first;
    for (uint64_t i = 0; i < count; i++)
        *(int64_t *)into += ((const int64_t *)items)[i] * ((const int64_t *)items)[i];
    return 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(int64_t *)into += *(const int64_t *)from;
    return 0;
}

static int begun, ended;

static int begins(cadre_task *t, void **state)
{
    (void)t;
    *state = &begun;
    begun++;
    return 0;
}

static void ends(void *state)
{
    assert_ptr_equal(state, &begun);
    ended++;
}

/* How many states there have been, and what is shared. */
static int tells(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(int64_t *)result = *(const int *)cadre_task_state(t);
    return cadre_task_emit(t, cadre_task_shared(t), 5);
}

/* Names are bytes: one begins as another does, and goes on after a zero. */
static const struct known {
    const char *name;
    size_t size;
    cadre_functions functions;
} known[] = {
    { "all",
      3,
      { .fn = square, .range_fn = squares, .fold = fold_squares, .combine = add } },
    { "all\0of", 6, { .fn = cube, .worker_begin = begins, .worker_end = ends } },
    { "tells", 5, { .fn = tells, .worker_begin = begins, .worker_end = ends } },
    { "begins", 6, { .fn = tells, .worker_begin = begins } },
};

static int asked;

static int resolve(void *arg, const void *name, size_t size, cadre_functions *out)
{
    static const cadre_functions none;

    assert_ptr_equal(arg, &asked);
    assert_memory_equal(out, &none, sizeof none);
    asked++;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (known[k].size == size && memcmp(known[k].name, name, size) == 0) {
            *out = known[k].functions;
            return 0;
        }
    return 1;
}

/* ---- what its caller has ---- */

static int64_t items[MANY], results[MANY];
static int statuses[MANY];

static cadre_job named(const char *name, size_t size)
{
    return (cadre_job){ .fn = never,
                        .kernel_name = name,
                        .kernel_name_size = size,
                        .n = N,
                        .items = items,
                        .item_size = sizeof *items,
                        .results = results,
                        .result_size = sizeof *results };
}

static int open_pool(void **state)
{
    cadre_options options = {
        .custom = &own_worker, .workers = 1, .min_items = 1, .ignore_environment = true
    };

    for (int64_t i = 0; i < MANY; i++)
        items[i] = i;
    asked = begun = ended = 0;
    cadre_register_resolver(resolve, &asked);
    return cadre_open((cadre_pool **)state, &options, &err) ? -1 : 0;
}

static int close_pool(void **state)
{
    cadre_close(*state);
    cadre_register_resolver(NULL, NULL);
    return 0;
}

static void maps(cadre_pool *pool, const cadre_job *job)
{
    memset(results, 0, sizeof results);
    if (cadre_map(pool, job, &err))
        fail_msg("cadre_map: %s", err.message);
}

static void maps_to_power(cadre_pool *pool, const cadre_job *job, int power)
{
    maps(pool, job);
    for (int64_t i = 0; i < N; i++)
        assert_int_equal(results[i], power == 2 ? i * i : i * i * i);
}

/* ---- what runs ---- */

static void test_maps(void **state)
{
    cadre_job job = named("all", 3);

    maps_to_power(*state, &job, 2);
    assert_int_equal(asked, 1);
    job.fn = NULL;
    job.range_fn = never_range;
    maps_to_power(*state, &job, 2);
    job = named("all\0of", 6);
    maps_to_power(*state, &job, 3);
    assert_int_equal(asked, 3);
    assert_int_equal(begun, 0); /* as the job has no such function */
}

static int64_t reduces(cadre_pool *pool, cadre_job job)
{
    int64_t sum = 0;

    job.n = MANY;
    job.results = NULL;
    if (cadre_reduce(pool, &job, never_combine, &sum, &err))
        fail_msg("cadre_reduce: %s", err.message);
    return sum;
}

static void test_reductions(void **state)
{
    cadre_job job = named("all", 3);
    int64_t sum = INT64_C(2999) * 3000 * 5999 / 6;

    assert_int_equal(reduces(*state, job), sum);
    job.fn = NULL;
    job.range_fn = never_range;
    assert_int_equal(reduces(*state, job), sum);
    job.range_fn = NULL;
    job.fold = never_range;
    assert_int_equal(reduces(*state, job), sum);
}

static void test_failures_that_are_gone_over(void **state)
{
    cadre_job job = named("all", 3);
    int64_t sum = 0;

    items[7] = -7;
    items[40] = -40;
    job.statuses = statuses;
    job.on_error = CADRE_KEEP_GOING;
    assert_int_equal(cadre_map(*state, &job, &err), CADRE_EKERNEL);
    assert_int_equal(err.item, 7);
    assert_int_equal(err.user, 5);
    assert_says(&err, "-7 is negative");
    for (int64_t i = 0; i < N; i++) {
        bool fails = i == 7 || i == 40;
        assert_int_equal(statuses[i], fails ? CADRE_EKERNEL : CADRE_OK);
        assert_true(fails || results[i] == i * i);
    }
    job.results = NULL;
    assert_int_equal(cadre_reduce(*state, &job, never_combine, &sum, &err),
                     CADRE_EKERNEL);
    assert_int_equal(err.item, 7);
    assert_int_equal(sum, 99 * 100 * 199 / 6 - 7 * 7 - 40 * 40);
}

static void test_streams(void **state)
{
    cadre_job job = named("all", 3);
    cadre_stream *s;
    cadre_record r;

    items[7] = -7;
    job.results = NULL;
    job.on_error = CADRE_KEEP_GOING;
    if (cadre_stream_open(&s, *state, &job, &err))
        fail_msg("cadre_stream_open: %s", err.message);
    for (int64_t i = 0; i < N; i++) {
        assert_int_equal(cadre_stream_next(s, &r, &err), CADRE_OK);
        assert_int_equal(r.index, i);
        if (i == 7)
            assert_true(r.error && r.error->user == 5);
        else
            assert_int_equal(*(const int64_t *)r.data, i * i);
    }
    assert_int_equal(cadre_stream_next(s, &r, &err), CADRE_DONE);
    cadre_stream_close(s);
}

/* All its tasks tell of the state of this number. */
static void tells_of(cadre_pool *pool, cadre_job job, int state)
{
    cadre_bytes said[N];

    job.worker_begin = never_begin;
    job.shared = "named";
    job.shared_size = 6;
    job.emitted = said;
    maps(pool, &job);
    for (int i = 0; i < N; i++) {
        assert_int_equal(results[i], state);
        assert_int_equal(said[i].size, 5);
        assert_memory_equal(said[i].data, "named", 5);
    }
    cadre_bytes_free(said, N);
}

static void test_states(void **state)
{
    cadre_job job = named("tells", 5);

    job.worker_end = never_end;
    for (int run = 1; run <= 2; run++) {
        tells_of(*state, job, run);
        assert_int_equal(begun, run);
        assert_int_equal(ended, run);
    }
    job = named("begins", 6); /* which has nothing to end it */
    tells_of(*state, job, 3);
    assert_int_equal(ended, 2);
}

/* They go by the functions that the name stands for. */
static void test_states_that_are_kept(void **state)
{
    cadre_job job = named("tells", 5);

    job.worker_end = never_end;
    job.keep_state = true;
    tells_of(*state, job, 1);
    tells_of(*state, job, 1);
    assert_int_equal(ended, 0);
    cadre_close(*state);
    *state = NULL;
    assert_int_equal(ended, 1);
}

/* What an interpreter has made, say: it is in no file, so there is no other name for it. */
static cadre_fn *made_at_run_time(void)
{
    static char *memory;
    union {
        void *memory;
        cadre_fn *fn;
    } it;

    if (!memory)
        memory = cadre_alloc_shared(1, NULL);
    assert_non_null(memory);
    it.memory = memory;
    return it.fn;
}

static void test_functions_without_a_name_of_their_own(void **state)
{
    cadre_job job = named("all", 3);

    job.fn = made_at_run_time();
    maps_to_power(*state, &job, 2);
    job = named(NULL, 0);
    job.fn = made_at_run_time();
    assert_int_equal(cadre_map(*state, &job, &err), CADRE_ENOTSUP);
    assert_says(&err, "the kernel has no name for workers in other processes");
}

/* ---- what is refused, before any task has run ---- */

static void refused(cadre_pool *pool, const cadre_job *job, const char *why)
{
    cadre_stream *s;
    cadre_record r;
    cadre_job stream = *job;

    assert_int_equal(cadre_map(pool, job, &err), CADRE_ENOTSUP);
    assert_string_equal(err.message, why);
    assert_int_equal(err.item, CADRE_NO_ITEM);
    stream.results = NULL;
    assert_int_equal(cadre_stream_open(&s, pool, &stream, &err), CADRE_OK);
    assert_int_equal(cadre_stream_next(s, &r, &err), CADRE_ENOTSUP);
    assert_string_equal(err.message, why);
    cadre_stream_close(s);
}

#define FIFTY "12345678901234567890123456789012345678901234567890"

static void test_names_that_the_worker_lacks(void **state)
{
    cadre_job job = named("cube", 4);
    int64_t sum = 0;

    refused(*state, &job, "workers have no kernel called \"cube\"");
    job = named("all\0\n", 5);
    refused(*state, &job, "workers have no kernel called \"all??\"");
    job = named("a" FIFTY FIFTY FIFTY FIFTY "z", 202);
    refused(*state, &job,
            "workers have no kernel called \"a1234567890123456789012345678901234567..."
            "4567890123456789012345678901234567890z\"");
    job = named("all\0of", 6);
    job.fn = NULL;
    job.range_fn = never_range;
    refused(*state, &job,
            "the job has the kernel (range_fn), which the workers' resolver does not "
            "give");
    job = named("all", 3);
    job.worker_begin = never_begin;
    refused(*state, &job,
            "the job has worker_begin, which the workers' resolver does not give");
    job = named("begins", 6);
    job.worker_begin = never_begin;
    job.worker_end = never_end;
    refused(*state, &job,
            "the job has worker_end, which the workers' resolver does not give");
    job = named("all\0of", 6);
    job.results = NULL;
    assert_int_equal(cadre_reduce(*state, &job, never_combine, &sum, &err),
                     CADRE_ENOTSUP);
    assert_string_equal(err.message, "the job has the combining function, which the "
                                     "workers' resolver does not give");
    job.fn = NULL;
    job.fold = never_range;
    assert_int_equal(cadre_reduce(*state, &job, never_combine, &sum, &err),
                     CADRE_ENOTSUP);
    assert_string_equal(err.message, "the job has the kernel (fold), which the "
                                     "workers' resolver does not give");
    assert_int_equal(begun, 0);
    job = named("all", 3); /* and all is well after that */
    maps_to_power(*state, &job, 2);
}

static void test_no_resolver(void **state)
{
    cadre_job job = named("all", 3);

    cadre_register_resolver(NULL, NULL);
    job.fn = cube; /* by its id */
    maps_to_power(*state, &job, 3);
    job.fn = made_at_run_time();
    refused(*state, &job,
            "the kernel goes by a name, and workers have no resolver for it: see "
            "cadre_register_resolver");
    assert_int_equal(asked, 0);
}

static void test_no_name(void **state)
{
    cadre_job job = named(NULL, 0);

    job.fn = cube;
    maps_to_power(*state, &job, 3);
    assert_int_equal(asked, 0);
}

#define NAMES(test) cmocka_unit_test_setup_teardown(test, open_pool, close_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NAMES(test_maps),
        NAMES(test_reductions),
        NAMES(test_failures_that_are_gone_over),
        NAMES(test_streams),
        NAMES(test_states),
        NAMES(test_states_that_are_kept),
        NAMES(test_functions_without_a_name_of_their_own),
        NAMES(test_names_that_the_worker_lacks),
        NAMES(test_no_resolver),
        NAMES(test_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
