/* test_plan.c - backend and workers, on machines and in environments made up here.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "core/plan/plan.h"

#include <cadre/backend.h>

/* A machine of eight CPUs and nothing else to be found. */
struct invented {
    const char *workers, *backend; /* the variables; NULL: not set */
    unsigned cpus;                 /* 0: eight */
    unsigned outer;
};

static const char *look_up(void *arg, const char *name)
{
    const struct invented *m = arg;

    if (strcmp(name, "CADRE_WORKERS") == 0)
        return m->workers;
    if (strcmp(name, "CADRE_BACKEND") == 0)
        return m->backend;
    return NULL;
}

static struct cdr_plan plan;
static cadre_error err;

static int make(struct invented m, cadre_options opt)
{
    struct cdr_view view = { .root = "/there/is/no/such/place",
                             .getenv = look_up,
                             .arg = &m,
                             .affinity = m.cpus ? m.cpus : 8 };

    return cdr_plan_make(&plan, &opt, &view, m.outer, &err);
}

static void gives(struct invented m, cadre_options opt, const char *backend,
                  unsigned workers)
{
    if (make(m, opt))
        fail_msg("no plan: %s", err.message);
    assert_string_equal(plan.backend->name, backend);
    assert_int_equal(plan.workers, workers);
}

static void refuses(struct invented m, cadre_options opt, int code, const char *message)
{
    assert_int_equal(make(m, opt), code);
    assert_int_equal(err.code, code);
    assert_string_equal(err.message, message);
}

static const struct invented eight;

static int begin_nothing(void *state, cadre_run *run, cadre_error *e)
{
    (void)state, (void)run, (void)e;
    return CADRE_OK;
}

static unsigned poll_nothing(void *state, cadre_run *run, int timeout_ms)
{
    (void)state, (void)run, (void)timeout_ms;
    return 0;
}

static void wake_nothing(void *state, cadre_run *run)
{
    (void)state, (void)run;
}

static void test_defaults(void **state)
{
    (void)state;
    gives(eight, (cadre_options){ 0 }, "threads", 8);
    assert_true(plan.automatic);
    assert_string_equal(plan.why_workers, "8 CPUs: affinity of this process");
    assert_string_equal(plan.why_backend, "auto (default): threads share the caller's "
                                          "memory and start cheaply");
    gives((struct invented){ .cpus = 1 }, (cadre_options){ 0 }, "serial", 1);
    assert_string_equal(plan.why_backend, "auto (default): one worker needs no other");
    assert_int_equal(plan.n_warnings, 0);
}

static void test_counts(void **state)
{
    (void)state;
    gives(eight, (cadre_options){ .workers = 3 }, "threads", 3);
    assert_string_equal(plan.why_workers,
                        "3 (asked for); 8 CPUs: affinity of this process");
    gives(eight, (cadre_options){ .workers = -1 }, "threads", 8);
    gives(eight, (cadre_options){ .workers = -2 }, "threads", 7);
    assert_string_equal(plan.why_workers,
                        "-2 (asked for) of 8 CPUs: affinity of this process");
    gives(eight, (cadre_options){ .workers = -8 }, "serial", 1);
    gives(eight, (cadre_options){ .workers = -9 }, "serial", 1);
    gives(eight, (cadre_options){ .workers = INT32_MIN }, "serial", 1);
    gives(eight, (cadre_options){ .workers = 1 }, "serial", 1);
    gives(eight, (cadre_options){ .workers = 1, .backend = "threads" }, "threads", 1);
}

static void test_more_than_there_are(void **state)
{
    (void)state;
    gives(eight, (cadre_options){ .workers = 20 }, "threads", 8);
    assert_int_equal(plan.n_warnings, 1);
    assert_string_equal(plan.warnings[0],
                        "20 workers (asked for) capped to 8: 8 CPUs: affinity of this "
                        "process");
    gives(eight, (cadre_options){ .workers = 20, .oversubscribe = true }, "threads",
          20);
    assert_int_equal(plan.n_warnings, 0);
    gives(eight, (cadre_options){ .workers = 99999 }, "threads", 8);
    assert_int_equal(plan.n_warnings, 1);
    gives(eight, (cadre_options){ .workers = INT32_MAX }, "threads", 8);
    gives(eight, (cadre_options){ .workers = 40000, .oversubscribe = true }, "threads",
          32768);
    assert_int_equal(plan.n_warnings, 1);
    assert_string_equal(
        plan.warnings[0],
        "40000 workers (asked for) capped to 32768, the most there can be");
    assert_string_equal(plan.why_workers,
                        "40000 (asked for), capped to the most there can be");
    gives((struct invented){ .cpus = 40000 }, (cadre_options){ 0 }, "threads", 32768);
}

static const cadre_backend elsewhere = { .abi = CADRE_BACKEND_ABI,
                                         .name = "elsewhere",
                                         .traits = CADRE_REMOTE | CADRE_OWN_CPUS,
                                         .begin = begin_nothing,
                                         .poll = poll_nothing,
                                         .wake = wake_nothing,
                                         .end = wake_nothing };

/* CPUs of this machine are no limit for workers that have their own. */
static void test_cpus_of_their_own(void **state)
{
    cadre_backend here = elsewhere;

    (void)state;
    gives(eight, (cadre_options){ .custom = &elsewhere, .workers = 20 }, "elsewhere",
          20);
    gives(eight,
          (cadre_options){ .custom = &elsewhere, .workers = 20, .exact_workers = true },
          "elsewhere", 20);
    assert_int_equal(plan.n_warnings, 0);
    here.traits = CADRE_REMOTE;
    gives(eight, (cadre_options){ .custom = &here, .workers = 20 }, "elsewhere", 8);
    assert_int_equal(plan.n_warnings, 1);
}

static void test_names(void **state)
{
    static const char *const serial[] = { "serial", "sequential", "synchronous" };
    static const char *const threads[] = { "threads", "thread", "threading",
                                           "multithreading", "auto" };
    static const char *const processes[] = { "processes",       "process",
                                             "multiprocessing", "multiprocess",
                                             "multicore",       "loky" };

    (void)state;
    for (int i = 0; i < 3; i++)
        gives(eight, (cadre_options){ .backend = serial[i] }, "serial", 1);
    assert_string_equal(plan.why_workers, "backend serial (asked for)");
    for (int i = 0; i < 5; i++)
        gives(eight, (cadre_options){ .backend = threads[i] }, "threads", 8);
    for (int i = 0; i < 6; i++)
        gives(eight, (cadre_options){ .backend = processes[i] }, "processes", 8);
    refuses(
        eight, (cadre_options){ .backend = "theads" }, CADRE_EINVAL,
        "no backend called \"theads\" (asked for), maybe \"threads\"; there are auto, "
        "serial, threads, processes");
    refuses(
        eight, (cadre_options){ .backend = "Processes" }, CADRE_EINVAL,
        "no backend called \"Processes\" (asked for), maybe \"processes\"; there are "
        "auto, serial, threads, processes");
    refuses(eight, (cadre_options){ .backend = "AUTO" }, CADRE_EINVAL,
            "no backend called \"AUTO\" (asked for), maybe \"auto\"; there are auto, "
            "serial, threads, processes");
    refuses(
        eight, (cadre_options){ .backend = "gpus" }, CADRE_EINVAL,
        "no backend called \"gpus\" (asked for); there are auto, serial, threads, processes");
    refuses(
        eight, (cadre_options){ .backend = "mpi" }, CADRE_ENOTSUP,
        "backend \"mpi\" (asked for) comes with libcadre-mpi, which this program is not linked with; there are auto, serial, threads, "
        "processes");
    refuses(
        eight, (cadre_options){ .backend = "" }, CADRE_EINVAL,
        "no backend called \"\" (asked for); there are auto, serial, threads, processes");
}

static void test_environment(void **state)
{
    struct invented m = { .workers = "3" };

    (void)state;
    gives(m, (cadre_options){ .workers = 5 }, "threads", 3);
    assert_string_equal(plan.why_workers,
                        "3 (CADRE_WORKERS); 8 CPUs: affinity of this process");
    gives(m, (cadre_options){ .workers = 5, .ignore_environment = true }, "threads", 5);
    m.workers = "all";
    gives(m, (cadre_options){ .workers = 5 }, "threads", 8);
    m.workers = "auto";
    gives(m, (cadre_options){ .workers = 5 }, "threads", 8);
    m.workers = "-3";
    gives(m, (cadre_options){ 0 }, "threads", 6);
    m.workers = "0";
    gives(m, (cadre_options){ 0 }, "serial", 1);
    m.workers = "1";
    gives(m, (cadre_options){ 0 }, "serial", 1);
    m = (struct invented){ .backend = "serial" };
    gives(m, (cadre_options){ .backend = "threads" }, "serial", 1);
    assert_string_equal(plan.why_backend, "CADRE_BACKEND");
    gives(m, (cadre_options){ .ignore_environment = true }, "threads", 8);
}

static void test_bad_environment(void **state)
{
    (void)state;
    refuses((struct invented){ .workers = "many" }, (cadre_options){ 0 }, CADRE_EINVAL,
            "CADRE_WORKERS is \"many\": expected auto, all, n or -n");
    refuses((struct invented){ .backend = "cluster" }, (cadre_options){ 0 },
            CADRE_EINVAL,
            "no backend called \"cluster\" (CADRE_BACKEND); there are auto, serial, "
            "threads, processes");
    gives((struct invented){ .workers = "many" },
          (cadre_options){ .ignore_environment = true }, "threads", 8);
}

static void test_demands(void **state)
{
    (void)state;
    gives(eight, (cadre_options){ .not_thread_safe = true }, "processes", 8);
    assert_int_equal(plan.n_warnings, 0);
    gives(eight, (cadre_options){ .not_thread_safe = true, .workers = 1 }, "serial", 1);
    gives(eight, (cadre_options){ .isolate = true }, "processes", 8);
    gives(eight, (cadre_options){ .isolate = true, .workers = 1 }, "processes", 1);
    refuses(
        eight, (cadre_options){ .not_thread_safe = true, .backend = "threads" },
        CADRE_EINVAL,
        "not_thread_safe is set, but backend \"threads\" runs kernels at the same time; "
        "use \"processes\"");
    refuses(eight, (cadre_options){ .isolate = true, .backend = "threads" },
            CADRE_ENOTSUP,
            "isolate is set, but backend \"threads\" runs kernels in this process");
}

static void test_shares_of_nested_pools(void **state)
{
    (void)state;
    gives((struct invented){ .outer = 1 }, (cadre_options){ 0 }, "threads", 8);
    gives((struct invented){ .outer = 4 }, (cadre_options){ 0 }, "threads", 2);
    assert_string_equal(plan.why_workers,
                        "the share of 2 CPUs of a task among 4 workers (8 "
                        "CPUs: affinity of this process)");
    gives((struct invented){ .outer = 8 }, (cadre_options){ 0 }, "serial", 1);
    gives((struct invented){ .outer = 100 }, (cadre_options){ .workers = 3 }, "serial",
          1);
    gives((struct invented){ .outer = 100 },
          (cadre_options){ .workers = 3, .oversubscribe = true }, "threads", 3);
}

static void test_custom_backends(void **state)
{
    cadre_backend mine = { .abi = CADRE_BACKEND_ABI, .name = "mine" };

    (void)state;
    gives(eight, (cadre_options){ .custom = &mine }, "mine", 1);
    assert_string_equal(plan.why_backend, "a backend of the program's own");
    gives((struct invented){ .backend = "threads" }, (cadre_options){ .custom = &mine },
          "threads", 8);
    mine.abi = 99;
    refuses(eight, (cadre_options){ .custom = &mine }, CADRE_EINVAL,
            "the custom backend was built for version 99 of the contract, this is 4");
}

/* ---- options that cadre_open itself looks at ---- */

static char logged[1000];

static void note(void *arg, int level, const char *text)
{
    (void)arg;
    snprintf(logged + strlen(logged), sizeof logged - strlen(logged), "%d %s\n", level,
             text);
}

static int opens(cadre_options opt)
{
    cadre_pool *pool = (cadre_pool *)&opt;
    int rc;

    logged[0] = '\0';
    opt.log = note;
    opt.ignore_environment = true;
    rc = cadre_open(&pool, &opt, &err);
    if (rc)
        assert_null(pool);
    cadre_close(pool);
    return rc;
}

static void test_if_serial(void **state)
{
    (void)state;
    assert_int_equal(opens((cadre_options){ .workers = 1 }), CADRE_OK);
    assert_string_equal(logged, "");
    assert_int_equal(opens((cadre_options){ .workers = 1, .if_serial = CADRE_WARN }),
                     CADRE_OK);
    assert_memory_equal(logged, "1 cadre: the plan came out serial: 1 (asked for)", 48);
    assert_int_equal(opens((cadre_options){ .workers = 1, .if_serial = CADRE_FAIL }),
                     CADRE_ESERIAL);
    assert_memory_equal(err.message, "the plan came out serial: 1 (asked for)", 39);
    assert_int_equal(opens((cadre_options){ .workers = 2,
                                            .oversubscribe = true,
                                            .if_serial = CADRE_FAIL }),
                     CADRE_OK);
}

static int nothing(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    (void)result;
    return 0;
}

static void test_too_few_items(void **state)
{
    cadre_options opt = {
        .workers = 2,
        .oversubscribe = true,
        .ignore_environment = true,
        .min_items = 100,
        .if_serial = CADRE_FAIL,
        .name = "small",
        .log = note,
    };
    cadre_pool *pool;

    (void)state;
    logged[0] = '\0';
    assert_int_equal(cadre_open(&pool, &opt, &err), CADRE_OK);
    assert_int_equal(cadre_map(pool, &(cadre_job){ .fn = nothing, .n = 99 }, &err),
                     CADRE_ESERIAL);
    assert_string_equal(err.message,
                        "the plan came out serial: 99 items are fewer than "
                        "min_items 100");
    assert_int_equal(cadre_map(pool, &(cadre_job){ .fn = nothing, .n = 100 }, &err),
                     CADRE_OK);
    cadre_close(pool);
    opt.if_serial = CADRE_WARN;
    assert_int_equal(cadre_open(&pool, &opt, &err), CADRE_OK);
    assert_int_equal(cadre_map(pool, &(cadre_job){ .fn = nothing, .n = 99 }, &err),
                     CADRE_OK);
    assert_string_equal(logged, "1 small: running serially: 99 items are fewer than "
                                "min_items 100\n");
    cadre_close(pool);
}

static void test_the_hint_comes_once(void **state)
{
    cadre_options opt = { .workers = 1, .ignore_environment = true, .log = note };

    (void)state;
    logged[0] = '\0';
    for (int round = 0; round < 3; round++) {
        cadre_pool *pool;
        assert_int_equal(cadre_open(&pool, &opt, &err), CADRE_OK);
        assert_int_equal(cadre_map(pool, &(cadre_job){ .fn = nothing, .n = 999 }, &err),
                         0);
        assert_int_equal(
            cadre_map(pool, &(cadre_job){ .fn = nothing, .n = 1000 }, &err), 0);
        cadre_close(pool);
    }
    assert_memory_equal(logged, "0 cadre: 1000 tasks run serially, since there is ",
                        49);
    assert_ptr_equal(strchr(logged, '\n'), logged + strlen(logged) - 1);
}

static void test_bad_options(void **state)
{
    (void)state;
    assert_int_equal(cadre_open(NULL, NULL, &err), CADRE_EINVAL);
    assert_string_equal(err.message, "cadre_open: out is NULL");
    assert_int_equal(opens((cadre_options){ .if_serial = 3 }), CADRE_EINVAL);
    assert_string_equal(err.message, "options: no if_serial is called 3");
    assert_int_equal(opens((cadre_options){ .reserved = { 0, 0, 7 } }), CADRE_EINVAL);
    assert_string_equal(err.message,
                        "options: reserved[2] is not zero: this program was "
                        "built for another version of cadre");
    assert_int_equal(opens((cadre_options){ .backend = "nonsense" }), CADRE_EINVAL);
}

static void test_texts_of_codes(void **state)
{
    (void)state;
    assert_string_equal(cadre_strerror(CADRE_OK), "success");
    assert_string_equal(cadre_strerror(CADRE_EKERNEL), "a task reported failure");
    assert_string_equal(cadre_strerror(12345), "unknown error code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_more_than_there_are),
        cmocka_unit_test(test_cpus_of_their_own),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_bad_environment),
        cmocka_unit_test(test_demands),
        cmocka_unit_test(test_shares_of_nested_pools),
        cmocka_unit_test(test_custom_backends),
        cmocka_unit_test(test_if_serial),
        cmocka_unit_test(test_too_few_items),
        cmocka_unit_test(test_the_hint_comes_once),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_texts_of_codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
