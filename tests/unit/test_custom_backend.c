/* test_custom_backend.c - a backend of one's own, against the public contract alone.
 * SPDX-License-Identifier: MIT
 *
 * Fresh threads for every run: the simplest backend there can be.
 */
#include "contract.h"

#include <cadre/backend.h>
#include <pthread.h>

#define CREW 3

struct child {
    cadre_run *run;
    unsigned seat;
    pthread_t thread;
    cadre_worker *worker;
    _Atomic bool gone;
};

struct supervisor {
    unsigned opened, begun, ended; /* the tests read these when all is over */
    struct child children[CREW];
};

static struct supervisor *last_crew;
static struct supervisor final;

static void *work(void *arg)
{
    struct child *m = arg;

    cadre_serve(m->worker, m->run, m->seat);
    atomic_store(&m->gone, true);
    return NULL;
}

static int crew_open(void *state, const cadre_setup *setup, cadre_error *err)
{
    (void)err;
    last_crew = state;
    last_crew->opened = setup->workers;
    return CADRE_OK;
}

static int crew_begin(void *state, cadre_run *run, cadre_error *err)
{
    struct supervisor *c = state;

    if (c->begun > c->ended) {
        snprintf(err->message, sizeof err->message, "one run at a time");
        return err->code = CADRE_EBUSY;
    }
    c->begun++;
    cadre_run_set_data(run, c);
    for (unsigned i = 0; i < CREW; i++) {
        struct child *m = &c->children[i];
        m->run = run;
        m->seat = i + 1;
        m->gone = false;
        m->worker = cadre_worker_open();
        if (!m->worker || pthread_create(&m->thread, NULL, work, m))
            abort();
    }
    return CADRE_OK;
}

static unsigned crew_tend(void *state, cadre_run *run, int timeout_ms)
{
    struct supervisor *c = cadre_run_data(run);
    unsigned there = 0;

    (void)timeout_ms;
    assert_ptr_equal(c, state);
    for (unsigned i = 0; i < CREW; i++)
        there += !atomic_load(&c->children[i].gone);
    return there;
}

static void crew_wake(void *state, cadre_run *run)
{
    (void)state;
    (void)run; /* the caller's thread looks again by itself, since poll does not wait */
}

static void crew_end(void *state, cadre_run *run)
{
    struct supervisor *c = state;

    (void)run;
    for (unsigned i = 0; i < CREW; i++) {
        pthread_join(c->children[i].thread, NULL);
        cadre_worker_close(c->children[i].worker);
    }
    c->ended++;
}

static void crew_close(void *state)
{
    final = *(struct supervisor *)state;
}

static const cadre_backend crew_backend = {
    .abi = CADRE_BACKEND_ABI,
    .name = "supervisor",
    .state_size = sizeof(struct supervisor),
    .open = crew_open,
    .begin = crew_begin,
    .poll = crew_tend,
    .wake = crew_wake,
    .end = crew_end,
    .close = crew_close,
};

static int number(cadre_task *t, const void *item, void *result)
{
    (void)item;
    jitter(cadre_task_index(t));
    *(uint64_t *)result = cadre_rng_u64(cadre_task_rng(t));
    return 0;
}

static void test_a_run_on_it(void **state)
{
    static uint64_t y[5000], z[5000];
    cadre_job job = {
        .fn = number, .n = 5000, .results = y, .result_size = sizeof *y, .seed = 3
    };
    cadre_pool *pool;
    cadre_error err;

    (void)state;
    assert_int_equal(cadre_open(&pool,
                                &(cadre_options){ .custom = &crew_backend,
                                                  .workers = CREW + 1,
                                                  .oversubscribe = true,
                                                  .ignore_environment = true,
                                                  .min_items = 1 },
                                &err),
                     CADRE_OK);
    assert_string_equal(cadre_backend_name(pool), "supervisor");
    for (int round = 0; round < 5; round++)
        assert_int_equal(cadre_map(pool, &job, &err), CADRE_OK);
    cadre_close(pool);
    assert_int_equal(final.opened, CREW + 1);
    assert_int_equal(final.begun, 5);
    assert_int_equal(final.ended, 5);
    job.results = z;
    assert_int_equal(cadre_map(NULL, &job, &err), CADRE_OK);
    assert_memory_equal(y, z, sizeof y);
}

static int map_inside(cadre_task *t, const void *item, void *result)
{
    uint64_t y[30];
    cadre_error err;
    cadre_pool *pool = *(cadre_pool *const *)cadre_task_shared(t);

    (void)item;
    if (cadre_map(pool,
                  &(cadre_job){ .fn = number, .n = 30, .results = y, .result_size = 8 },
                  &err))
        return 1;
    *(uint64_t *)result = y[29];
    return 0;
}

static void test_a_busy_backend_leaves_runs_to_their_callers(void **state)
{
    uint64_t y[40];
    cadre_pool *pool;
    cadre_error err;

    (void)state;
    assert_int_equal(cadre_open(&pool,
                                &(cadre_options){ .custom = &crew_backend,
                                                  .workers = CREW + 1,
                                                  .oversubscribe = true,
                                                  .ignore_environment = true,
                                                  .min_items = 1 },
                                &err),
                     CADRE_OK);
    assert_int_equal(cadre_map(pool,
                               &(cadre_job){ .fn = map_inside,
                                             .n = 40,
                                             .results = y,
                                             .result_size = 8,
                                             .shared = &pool,
                                             .shared_size = sizeof pool },
                               &err),
                     CADRE_OK);
    for (int i = 1; i < 40; i++)
        assert_true(y[i] == y[0]);
    cadre_close(pool);
    assert_int_equal(final.begun, 1);
}

/* ---- backends that are not whole ---- */

static int open_custom(const cadre_backend *backend, cadre_error *err)
{
    cadre_options opt = { .custom = backend, .workers = 2, .oversubscribe = true };
    cadre_pool *pool = NULL, *again = NULL;
    int rc;

    opt.ignore_environment = true;
    memset(err, 0x55, sizeof *err);
    rc = cadre_open(&pool, &opt, err);
    assert_int_equal(rc, err->code);
    assert_int_equal(cadre_open(&again, &opt, NULL), rc);
    if (rc == CADRE_OK)
        assert_string_equal(cadre_backend_name(pool), backend->name);
    assert_true((rc == CADRE_OK) == (pool && again));
    cadre_close(pool);
    cadre_close(again);
    return rc;
}

static void refused(cadre_backend backend, const char *message)
{
    cadre_error err;

    assert_int_equal(open_custom(&backend, &err), CADRE_EINVAL);
    assert_string_equal(err.message, message);
}

#define LACKS(function)                                             \
    "the custom backend \"supervisor\" has no function \"" function \
    "\", which one with "                                           \
    "workers needs"

static void test_what_a_backend_must_have(void **state)
{
    cadre_backend b = crew_backend;
    cadre_error err;

    (void)state;
    assert_int_equal(open_custom(&b, &err), CADRE_OK);
    b.begin = NULL;
    refused(b, LACKS("begin"));
    b = crew_backend;
    b.poll = NULL;
    refused(b, LACKS("poll"));
    b = crew_backend;
    b.wake = NULL;
    refused(b, LACKS("wake"));
    b = crew_backend;
    b.end = NULL;
    refused(b, LACKS("end"));
    b = crew_backend;
    b.traits = CADRE_REMOTE | CADRE_MAPPED;
    refused(b, LACKS("pollfd"));
    b = crew_backend;
    b.traits = CADRE_KILLABLE;
    refused(b, "the custom backend \"supervisor\" has traits of workers in other "
               "processes, but not CADRE_REMOTE");
    b.traits = CADRE_REMOTE | CADRE_INHERITS;
    refused(b, "the custom backend \"supervisor\" has CADRE_INHERITS, but not "
               "CADRE_MAPPED");
    b.traits = 1u << 20;
    refused(b, "the custom backend \"supervisor\" has traits that this version does "
               "not know: 0x100000");
    b = crew_backend;
    b.name = NULL;
    refused(b, "the custom backend has no name");
    b.name = "";
    refused(b, "the custom backend has no name");
    b = (cadre_backend){ .abi = CADRE_BACKEND_ABI, .name = "alone" };
    assert_int_equal(open_custom(&b, &err), CADRE_OK); /* as serial is */
}

/* What open says of its failure, and what it returns. */
static struct answer {
    int rc, code;
    const char *message;
} answer;

static int answers(void *state, const cadre_setup *setup, cadre_error *err)
{
    (void)state;
    (void)setup;
    if (answer.code)
        err->code = answer.code;
    if (answer.message)
        snprintf(err->message, sizeof err->message, "%s", answer.message);
    return answer.rc;
}

static void open_answers(struct answer a, int code, const char *message)
{
    cadre_backend b = crew_backend;
    cadre_error err;

    answer = a;
    b.open = answers;
    assert_int_equal(open_custom(&b, &err), code);
    assert_string_equal(err.message, message);
    assert_int_equal(err.pid | err.status | err.signal | err.sys | err.user, 0);
    assert_int_equal(err.flags | err.peak_kib, 0);
    assert_true(err.item == CADRE_NO_ITEM);
}

static void test_what_open_answers(void **state)
{
    static const char wordless[] = "the backend could not get its workers ready";

    (void)state;
    open_answers((struct answer){ CADRE_ENOTSUP, CADRE_ENOTSUP, "no" }, CADRE_ENOTSUP,
                 "no");
    open_answers((struct answer){ CADRE_ENOTSUP, 0, NULL }, CADRE_ENOTSUP, wordless);
    open_answers((struct answer){ -1, CADRE_ENOMEM, "none" }, CADRE_ENOMEM, "none");
    open_answers((struct answer){ 7, 0, NULL }, CADRE_ESYS, wordless);
}

/* The process was one of the workers: there is no pool, and that is no failure. */
static void test_a_process_that_has_served(void **state)
{
    cadre_backend b = crew_backend;
    cadre_options opt = {
        .custom = &b, .workers = 2, .oversubscribe = true, .ignore_environment = true
    };
    cadre_pool *pool;
    cadre_error err;

    (void)state;
    answer = (struct answer){ CADRE_DONE, 0, NULL };
    b.open = answers;
    assert_int_equal(cadre_open(&pool, &opt, &err), CADRE_DONE);
    assert_null(pool);
}

/* ---- backends that are found by name ---- */

static unsigned available;

static unsigned are_available(void)
{
    return available;
}

static void opens(const char *backend, const char *name, unsigned workers)
{
    cadre_options opt = { .backend = backend,
                          .oversubscribe = true,
                          .ignore_environment = true };
    cadre_pool *pool;
    cadre_error err;

    if (cadre_open(&pool, &opt, &err))
        fail_msg("%s", err.message);
    assert_true(!name || strcmp(cadre_backend_name(pool), name) == 0);
    assert_true(name || strcmp(cadre_backend_name(pool), "supervisor") != 0);
    assert_true(workers == 0 || cadre_workers(pool) == workers);
    cadre_close(pool);
}

static void cannot_be_registered(cadre_backend b, const char *why)
{
    cadre_error err;

    assert_int_equal(cadre_backend_register(&b, &err), CADRE_EINVAL);
    assert_string_equal(err.message, why);
}

static void test_registering(void **state)
{
    static cadre_backend b;
    cadre_error err;

    (void)state;
    b = crew_backend;
    b.available = are_available;
    assert_int_equal(cadre_backend_register(&b, &err), CADRE_OK);
    assert_int_equal(cadre_backend_register(&b, &err), CADRE_OK); /* it is there */
    available = CREW + 1;
    opens("supervisor", "supervisor", CREW + 1);
    opens("auto", "supervisor", CREW + 1);
    opens(NULL, "supervisor", CREW + 1);
    available = 0; /* not as things are */
    opens("auto", NULL, 0);
    cannot_be_registered((cadre_backend){ .abi = CADRE_BACKEND_ABI, .name = "threads" },
                         "cadre itself has a backend \"threads\"");
    cannot_be_registered(
        (cadre_backend){ .abi = CADRE_BACKEND_ABI, .name = "supervisor" },
        "another backend is registered as \"supervisor\"");
    cannot_be_registered((cadre_backend){ .abi = CADRE_BACKEND_ABI, .name = "auto" },
                         "a backend to be registered has no name of its own");
    cannot_be_registered((cadre_backend){ .abi = 1, .name = "old" },
                         "a backend to be registered is for version 1 of the contract, "
                         "this is 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_on_it),
        cmocka_unit_test(test_a_busy_backend_leaves_runs_to_their_callers),
        cmocka_unit_test(test_what_a_backend_must_have),
        cmocka_unit_test(test_what_open_answers),
        cmocka_unit_test(test_a_process_that_has_served),
        cmocka_unit_test(test_registering),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
