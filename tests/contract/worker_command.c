/* worker_command.c - workers are another program, which knows kernels by name.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"

#include <cadre/stream.h>
#include <cadre/worker.h>

#include <sys/wait.h>
#include <unistd.h>

static const char *const command[] = { WORKER_PROGRAM, NULL };
static cadre_error err;

static cadre_pool *open_pool(const char *const *words, const char *backend)
{
    cadre_options opt = { .backend = backend,
                          .workers = 2,
                          .oversubscribe = true,
                          .ignore_environment = true,
                          .worker_command = words };
    cadre_pool *pool;

    if (cadre_open(&pool, &opt, &err))
        fail_msg("cadre_open: %s", err.message);
    return pool;
}

static void close_pool(cadre_pool *pool)
{
    cadre_close(pool);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
}

#define N 100

static cadre_job squares(const int64_t *items, int64_t *results)
{
    return (cadre_job){ .fn = never,
                        .kernel_name = "test.square",
                        .kernel_name_size = 11,
                        .n = N,
                        .items = items,
                        .item_size = sizeof *items,
                        .results = results,
                        .result_size = sizeof *results };
}

static void count_up(int64_t *items)
{
    for (int64_t i = 0; i < N; i++)
        items[i] = i;
}

/* ---- what they do ---- */

static void test_maps_reductions_and_streams(void **state)
{
    static const char *const backends[] = { "processes", "auto" };
    int64_t items[N], results[N] = { 0 }, sum = 0;

    (void)state;
    count_up(items);
    for (int k = 0; k < 2; k++) {
        cadre_pool *pool = open_pool(command, backends[k]);
        cadre_job job = squares(items, results);
        cadre_record record;
        cadre_stream *s;
        uint64_t i;

        assert_string_equal(cadre_backend_name(pool), "processes");
        assert_false(cadre_shares_memory(pool));
        if (cadre_map(pool, &job, &err))
            fail_msg("cadre_map: %s", err.message);
        for (i = 0; i < N; i++)
            assert_int_equal(results[i], i * i);
        job.results = NULL;
        if (cadre_reduce(pool, &job, never_combine, &sum, &err))
            fail_msg("cadre_reduce: %s", err.message);
        assert_int_equal(sum, 328350);
        if (cadre_stream_open(&s, pool, &job, &err))
            fail_msg("cadre_stream_open: %s", err.message);
        for (i = 0; cadre_stream_next(s, &record, &err) == CADRE_OK; i++)
            assert_int_equal(*(const int64_t *)record.data, i * i);
        assert_int_equal(err.code, CADRE_OK);
        assert_int_equal(i, N);
        cadre_stream_close(s);
        close_pool(pool);
    }
}

/* The process that ran the task; the text is what it says of itself. */
static int64_t ask_who(cadre_pool *pool, const char *text)
{
    int64_t pid = 0;
    cadre_bytes said = { 0 };
    cadre_job job = { .fn = never,
                      .kernel_name = "test.who",
                      .kernel_name_size = 8,
                      .worker_begin = never_begin,
                      .worker_end = never_end,
                      .keep_state = true,
                      .n = 1,
                      .shared = "task",
                      .shared_size = 5,
                      .results = &pid,
                      .result_size = sizeof pid,
                      .emitted = &said };

    if (cadre_map(pool, &job, &err))
        fail_msg("cadre_map: %s", err.message);
    assert_int_equal(said.size, strlen(text));
    assert_memory_equal(said.data, text, said.size);
    cadre_bytes_free(&said, 1);
    return pid;
}

static void test_workers_stay_and_keep_their_state(void **state)
{
    cadre_pool *pool = open_pool(command, "processes");
    int64_t first = ask_who(pool, "task 1"), second = ask_who(pool, "task 2");

    (void)state;
    assert_int_not_equal(first, getpid());
    assert_int_equal(first, second);
    close_pool(pool);
}

static int negative(cadre_task *t, const void *item, void *result)
{
    (void)t;
    *(int64_t *)result = -*(const int64_t *)item;
    return 0;
}

/* What is too small for workers runs here, by the caller's own kernel: unless it must not. */
static void test_small_jobs(void **state)
{
    int64_t items[N], results[N] = { 0 };
    cadre_job job = squares(items, results);

    (void)state;
    count_up(items);
    job.fn = negative;
    for (int isolate = 0; isolate < 2; isolate++) {
        cadre_options opt = { .backend = "processes",
                              .workers = 1,
                              .ignore_environment = true,
                              .min_items = N + 1,
                              .isolate = isolate,
                              .worker_command = command };
        cadre_pool *pool;

        if (cadre_open(&pool, &opt, &err) || cadre_map(pool, &job, &err))
            fail_msg("%s", err.message);
        assert_int_equal(results[9], isolate ? 81 : -9);
        close_pool(pool);
    }
}

static void test_failures_and_deaths(void **state)
{
    cadre_pool *pool = open_pool(command, "processes");
    int64_t items[N], results[N];
    int statuses[N];
    cadre_job job = squares(items, results);

    (void)state;
    count_up(items);
    items[40] = -1;
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_EKERNEL);
    assert_int_equal(err.item, 40);
    assert_int_equal(err.user, 5);
    assert_says(&err, "-1 is negative");
    items[7] = 666;
    job.statuses = statuses;
    job.on_error = CADRE_KEEP_GOING;
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_ECRASH);
    assert_int_equal(err.status, 9);
    for (int i = 0; i < N; i++) {
        assert_int_equal(statuses[i], i == 7    ? CADRE_ECRASH
                                      : i == 40 ? CADRE_EKERNEL
                                                : CADRE_OK);
        if (!statuses[i])
            assert_int_equal(results[i], i * i);
    }
    close_pool(pool);
}

static void test_the_program_goes_on_when_the_pool_is_closed(void **state)
{
    char path[] = "/tmp/cadre-worker-XXXXXX", said[200] = "";
    const char *words[] = { WORKER_PROGRAM, path, NULL };
    int fd = mkstemp(path);
    cadre_options opt = { .backend = "processes",
                          .workers = 1,
                          .ignore_environment = true,
                          .worker_command = words };
    cadre_pool *pool;

    (void)state;
    assert_true(fd >= 0);
    if (cadre_open(&pool, &opt, &err))
        fail_msg("cadre_open: %s", err.message);
    close_pool(pool);
    assert_true(read(fd, said, sizeof said - 1) > 0);
    assert_string_equal(said, "success; then: no pool has started this process by its "
                              "worker_command, or it has served already");
    close(fd);
    unlink(path);
}

/* ---- what is refused ---- */

static void test_names_that_the_workers_lack(void **state)
{
    cadre_pool *pool = open_pool(command, "processes");
    int64_t items[N], results[N];
    cadre_job job = squares(items, results);

    (void)state;
    count_up(items);
    job.kernel_name = "test.cube";
    job.kernel_name_size = 9;
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_ENOTSUP);
    assert_says(&err, "workers have no kernel called \"test.cube\"");
    job = squares(items, results);
    job.fn = NULL;
    job.range_fn = never_range;
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_ENOTSUP);
    assert_says(
        &err, "the job has the kernel (range_fn), which the workers' resolver does not "
              "give");
    job = squares(items, results);
    job.worker_begin = never_begin;
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_ENOTSUP);
    assert_says(&err, "worker_begin");
    job = squares(items, results);
    job.kernel_name = NULL;
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_EINVAL);
    assert_says(&err, "kernel_name_size is set but kernel_name is NULL");
    job.kernel_name_size = 0; /* by its id: it is in this program alone */
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_ENOTSUP);
    assert_says(&err, "which worker processes have not loaded");
    job = squares(items, results); /* and all is well after that */
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_OK);
    assert_int_equal(results[9], 81);
    close_pool(pool);
}

static void refused(const char *const *words, int code, const char *part)
{
    cadre_options opt = { .backend = "processes",
                          .workers = 1,
                          .ignore_environment = true,
                          .worker_command = words };
    cadre_pool *pool = NULL;

    assert_int_equal(cadre_open(&pool, &opt, &err), code);
    assert_null(pool);
    assert_says(&err, part);
    opt.backend = NULL; /* automatically, threads do not come in their place */
    opt.workers = 2;
    opt.oversubscribe = true;
    assert_int_equal(cadre_open(&pool, &opt, &err), code);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_commands_that_are_no_workers(void **state)
{
    static const char *const empty[] = { NULL },
                             *const missing[] = { "/nonesuch", NULL },
                             *const other[] = { "true", NULL };

    (void)state;
    refused(empty, CADRE_EINVAL, "worker_command is empty");
    refused(missing, CADRE_ESYS, "could not be started: /nonesuch");
    refused(
        other, CADRE_ECRASH,
        "ended with status 0 before it was ready: true has to call cadre_worker_main");
}

static void test_a_program_that_nobody_started(void **state)
{
    (void)state;
    assert_int_equal(cadre_worker_main(&err), CADRE_EINVAL);
    assert_says(&err, "no pool has started this process by its worker_command");
}

static void test_explain(void **state)
{
    cadre_pool *pool = open_pool(command, "processes");
    int64_t items[N];
    cadre_job job = squares(items, NULL);
    char text[CADRE_EXPLAIN_MAX];

    (void)state;
    count_up(items);
    job.result_size = 0;
    assert_int_equal(cadre_explain(pool, &job, text, sizeof text, &err), CADRE_OK);
    if (!strstr(text, "by its worker_command"))
        fail_msg("%s", text);
    close_pool(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maps_reductions_and_streams),
        cmocka_unit_test(test_workers_stay_and_keep_their_state),
        cmocka_unit_test(test_small_jobs),
        cmocka_unit_test(test_failures_and_deaths),
        cmocka_unit_test(test_the_program_goes_on_when_the_pool_is_closed),
        cmocka_unit_test(test_names_that_the_workers_lack),
        cmocka_unit_test(test_commands_that_are_no_workers),
        cmocka_unit_test(test_a_program_that_nobody_started),
        cmocka_unit_test(test_explain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
