/* test_persistent.c - persistent workers: what they have, what is refused, that they stay.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "code_id_library.h"

#include <cadre/stream.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static char logged[2000];
static cadre_error err;

static void note(void *arg, int level, const char *text)
{
    size_t used = strlen(logged);

    (void)arg;
    snprintf(logged + used, sizeof logged - used, "%d %s\n", level, text);
}

static cadre_pool *open_pool(cadre_options opt)
{
    cadre_pool *pool;

    logged[0] = '\0';
    opt.workers = 2;
    opt.oversubscribe = opt.ignore_environment = true;
    opt.log = note;
    if (cadre_open(&pool, &opt, &err))
        fail_msg("cadre_open: %s", err.message);
    return pool;
}

static const cadre_options by_name = { .backend = "processes", .persistent = true };

static void close_pool(cadre_pool *pool)
{
    cadre_close(pool);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in: %s", part, text);
}

/* ---- what workers have ---- */

static int setting = 1;
static pid_t last_pid; /* in a worker: its own, if it has run a task before */

struct sight {
    pid_t pid, before;
    int setting;
};

static int look(cadre_task *t, const void *item, void *result)
{
    struct sight *s = result;

    (void)t;
    (void)item;
    *s = (struct sight){ getpid(), last_pid, setting };
    last_pid = getpid();
    return 0;
}

static struct sight sight_of(cadre_pool *pool)
{
    struct sight s = { 0 };
    cadre_job job = { .fn = look, .n = 1, .results = &s, .result_size = sizeof s };

    if (cadre_map(pool, &job, &err))
        fail_msg("cadre_map: %s", err.message);
    return s;
}

static void test_workers_are_the_program_as_it_starts(void **state)
{
    cadre_pool *pool;
    struct sight first, second;

    (void)state;
    setting = 2;
    pool = open_pool(by_name);
    assert_string_equal(cadre_backend_name(pool), "processes");
    assert_false(cadre_shares_memory(pool));
    first = sight_of(pool);
    assert_int_equal(first.setting, 1); /* as main finds it */
    assert_int_not_equal(first.pid, getpid());
    assert_int_equal(first.before, 0);
    second = sight_of(pool);
    assert_int_equal(second.pid, first.pid); /* it has stayed */
    assert_int_equal(second.before, first.pid);
    close_pool(pool);
    assert_string_equal(logged, "");
}

static void test_a_dead_worker_is_replaced(void **state)
{
    cadre_pool *pool = open_pool(by_name);
    struct sight first = sight_of(pool), second;

    (void)state;
    assert_int_equal(kill(first.pid, SIGKILL), 0);
    second = sight_of(pool);
    assert_int_not_equal(second.pid, first.pid);
    assert_int_equal(second.before, 0);
    close_pool(pool);
}

static void test_explain(void **state)
{
    cadre_pool *kept = open_pool(by_name);
    cadre_pool *forked = open_pool((cadre_options){ .backend = "processes" });
    cadre_job job = { .fn = look, .n = 1, .result_size = sizeof(struct sight) };
    char text[CADRE_EXPLAIN_MAX];

    (void)state;
    assert_int_equal(cadre_explain(kept, &job, text, sizeof text, &err), CADRE_OK);
    assert_has(text, "start:    persistent, workers were started clean");
    assert_int_equal(cadre_explain(forked, &job, text, sizeof text, &err), CADRE_OK);
    assert_has(text, "start:    forked at each run");
    cadre_close(kept);
    close_pool(forked);
}

/* ---- what is refused ---- */

static int keep_first(cadre_task *t, void *into, const void *from)
{
    (void)t;
    (void)into;
    (void)from;
    return 0;
}

static void refused(cadre_pool *pool, cadre_job job, int code, const char *part)
{
    uint64_t results[5] = { 7, 7, 7, 7, 7 }, sum;
    cadre_stream *s;

    job.n = 5;
    job.result_size = sizeof *results;
    assert_int_equal(cadre_reduce(pool, &job, keep_first, &sum, &err), code);
    assert_has(err.message, part);
    assert_int_equal(cadre_stream_open(&s, pool, &job, &err), code);
    assert_has(err.message, part);
    job.results = results;
    assert_int_equal(cadre_map(pool, &job, &err), code);
    assert_has(err.message, part);
    for (int i = 0; i < 5; i++)
        assert_int_equal(results[i], 7); /* nothing has run */
}

static cadre_fn *library_kernel_opened(void **library)
{
    void *symbol;
    cadre_fn *fn;

    *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!*library)
        fail_msg("%s", dlerror());
    symbol = dlsym(*library, "library_kernel");
    memcpy(&fn, &symbol, sizeof fn);
    return fn;
}

#ifndef __clang__
static void check_nested(cadre_pool *pool, int y)
{
    int nested(cadre_task * t, const void *item, void *result)
    {
        (void)t;
        (void)item;
        *(uint64_t *)result = (uint64_t)y;
        return 0;
    }
    cadre_fn *volatile passed = nested;

    refused(pool, (cadre_job){ .fn = passed }, CADRE_ENOTSUP,
            "as that of nested functions is");
}
#endif

static void test_what_workers_cannot_have(void **state)
{
    cadre_pool *pool = open_pool(by_name);
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *library;
    cadre_fn *made, *opened = library_kernel_opened(&library);
    int data = 1;

    (void)state;
    assert_true(page != MAP_FAILED);
    memcpy(&made, &page, sizeof made);
    refused(pool, (cadre_job){ .fn = made }, CADRE_ENOTSUP,
            "its code was made at run time");
    refused(pool, (cadre_job){ .fn = opened }, CADRE_ENOTSUP,
            "which worker processes have not loaded: link the program with it");
    refused(pool, (cadre_job){ .fn = look, .shared = &data }, CADRE_EINVAL,
            "shared is set but shared_size is 0");
#ifndef __clang__
    check_nested(pool, 3);
#endif
    assert_int_equal(sight_of(pool).setting, 1); /* and it still works */
    munmap(page, 4096);
    dlclose(library);
    close_pool(pool);
}

/* ---- what runs instead ---- */

static void test_auto_takes_threads(void **state)
{
    cadre_pool *pool = open_pool((cadre_options){ .persistent = true, .min_items = 1 });
    uint64_t results[5] = { 0 };
    void *library;
    cadre_job job = { .fn = library_kernel_opened(&library),
                      .n = 5,
                      .results = results,
                      .result_size = sizeof *results };
    char text[CADRE_EXPLAIN_MAX];

    (void)state;
    assert_string_equal(cadre_backend_name(pool), "processes");
    assert_int_not_equal(sight_of(pool).pid, getpid());
    assert_string_equal(logged, "");
    for (int round = 0; round < 3; round++)
        assert_int_equal(cadre_map(pool, &job, &err), CADRE_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(results[i], 77);
    assert_has(logged,
               "1 cadre: threads instead of persistent processes: the kernel is in ");
    assert_null(strstr(strchr(logged, '\n') + 1, "instead")); /* once */
    assert_int_equal(cadre_explain(pool, &job, text, sizeof text, &err), CADRE_OK);
    assert_has(text,
               "start:    by threads, as persistent workers cannot have this job");
    close_pool(pool);
    dlclose(library);
}

static void test_isolated_kernels_are_not_run_by_threads(void **state)
{
    cadre_pool *pool =
        open_pool((cadre_options){ .persistent = true, .isolate = true });
    void *library;
    cadre_fn *fn = library_kernel_opened(&library);

    (void)state;
    refused(pool, (cadre_job){ .fn = fn }, CADRE_ENOTSUP, "have not loaded");
    close_pool(pool);
    dlclose(library);
}

/* ---- other threads in the program ---- */

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *wait_for_it(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&held);
    pthread_mutex_unlock(&held);
    return NULL;
}

static void test_portable_kernels_are_not_forked_beside_threads(void **state)
{
    cadre_options opt = { .backend = "processes" };
    cadre_pool *forked = open_pool(opt), *portable;
    pthread_t other;
    char text[CADRE_EXPLAIN_MAX];
    cadre_job job = { .fn = look, .n = 1, .result_size = sizeof(struct sight) };

    (void)state;
    setting = 3;
    opt.portable = true;
    portable = open_pool(opt);
    assert_int_equal(sight_of(portable).setting, 3); /* forked: it is alone */
    pthread_mutex_lock(&held);
    assert_int_equal(pthread_create(&other, NULL, wait_for_it, NULL), 0);
    assert_int_equal(sight_of(forked).setting, 3);
    assert_has(logged, "forking with 1 other thread");
    logged[0] = '\0';
    assert_int_equal(sight_of(portable).setting, 1);
    assert_has(logged, "persistent processes instead of forked ones");
    assert_int_equal(cadre_explain(portable, &job, text, sizeof text, &err), CADRE_OK);
    assert_has(text, "start:    persistent, with 1 other thread");
    pthread_mutex_unlock(&held);
    pthread_join(other, NULL);
    cadre_close(forked);
    close_pool(portable);
}

/* ---- recycling ---- */

enum { MANY = 100 };

static int served;                 /* in a worker: tasks so far */
static char *volatile last_leaked; /* so that it is not optimized away */

static int count_and_leak(cadre_task *t, const void *item, void *result)
{
    char *leak = malloc(1 << 20);

    (void)t;
    (void)item;
    if (!leak)
        return 1;
    memset(leak, ++served, 1 << 20);
    last_leaked = leak;
    *(int *)result = served;
    return 0;
}

static int most_served(const int *results)
{
    int most = 0;

    for (int i = 0; i < MANY; i++) {
        assert_true(results[i] > 0); /* none is lost */
        most = results[i] > most ? results[i] : most;
    }
    return most;
}

static void check_recycling(cadre_options opt, int allowed)
{
    cadre_pool *pool = open_pool(opt);
    cadre_job job = { .fn = count_and_leak, .n = MANY, .result_size = sizeof(int) };
    int results[MANY] = { 0 };
    cadre_stream *s;
    cadre_record r;
    int n = 0;

    for (int round = 0; round < 2; round++) {
        memset(results, 0, sizeof results);
        job.results = results;
        if (cadre_map(pool, &job, &err))
            fail_msg("cadre_map: %s", err.message);
        assert_in_range(most_served(results), 2, allowed);
    }
    job.results = NULL;
    assert_int_equal(cadre_stream_open(&s, pool, &job, &err), CADRE_OK);
    while (cadre_stream_next(s, &r, &err) == CADRE_OK)
        results[n++] = *(const int *)r.data;
    cadre_stream_close(s);
    assert_int_equal(n, MANY);
    assert_in_range(most_served(results), 2, allowed);
    close_pool(pool);
}

static void test_recycling_by_tasks(void **state)
{
    cadre_options opt = { .backend = "processes", .retire_after = 7 };

    (void)state;
    check_recycling(opt, 7);
    opt.persistent = true;
    check_recycling(opt, 7);
}

/* Of 100 MiB that all together leak, each may have 10, and what it leaks while it does not
 * look, which is a millisecond. */
static void test_recycling_by_memory(void **state)
{
    cadre_options opt = { .backend = "processes", .retire_bytes = 10 << 20 };

    (void)state;
    check_recycling(opt, 90);
    opt.persistent = true;
    check_recycling(opt, 90);
}

/* ---- beside other processes of the program ---- */

/* How many descriptors this process waits for with epoll. */
static unsigned watched(void)
{
    char path[64], target[64], line[200];
    unsigned n = 0;

    for (int fd = 0; fd < 256; fd++) {
        ssize_t length;
        FILE *info;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        length = readlink(path, target, sizeof target - 1);
        if (length < 0 || !memmem(target, (size_t)length, "eventpoll", 9))
            continue;
        snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
        info = fopen(path, "r");
        assert_non_null(info);
        while (fgets(line, sizeof line, info))
            n += strncmp(line, "tfd:", 4) == 0;
        fclose(info);
    }
    return n;
}

static pid_t fork_sleeper(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        pause();
        _exit(0);
    }
    assert_true(pid > 0);
    return pid;
}

/* What a run waits for it waits for no more at its end, though a process that the program has
 * forked meanwhile holds the descriptors open. */
static void test_a_forked_process_keeps_nothing_watched(void **state)
{
    cadre_pool *pool = open_pool(by_name);
    cadre_job job = {
        .fn = look, .n = 1, .result_size = sizeof(struct sight), .timeout_ms = 600000
    };
    unsigned before, after;
    cadre_stream *stream;
    cadre_record record;
    pid_t sleeper;

    (void)state;
    sight_of(pool);
    before = watched();
    assert_int_equal(cadre_stream_open(&stream, pool, &job, &err), CADRE_OK);
    assert_int_equal(cadre_stream_next(stream, &record, &err), CADRE_OK);
    assert_in_range(watched(), before + 1, UINT32_MAX);
    sleeper = fork_sleeper();
    cadre_stream_close(stream);
    after = watched();
    kill(sleeper, SIGKILL);
    assert_int_equal(waitpid(sleeper, NULL, 0), sleeper);
    assert_int_equal(after, before);
    close_pool(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_are_the_program_as_it_starts),
        cmocka_unit_test(test_a_dead_worker_is_replaced),
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_what_workers_cannot_have),
        cmocka_unit_test(test_auto_takes_threads),
        cmocka_unit_test(test_isolated_kernels_are_not_run_by_threads),
        cmocka_unit_test(test_portable_kernels_are_not_forked_beside_threads),
        cmocka_unit_test(test_recycling_by_tasks),
        cmocka_unit_test(test_recycling_by_memory),
        cmocka_unit_test(test_a_forked_process_keeps_nothing_watched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
