/* parent.c - the program itself is killed: no worker outlives it.
 * SPDX-License-Identifier: MIT
 *
 * Each round forks a program that runs a map or a stream on processes and is killed in the
 * middle by SIGKILL. What it leaves becomes the test's own child, so it is seen to end.
 */
#include "fault.h"

#include <cadre/stream.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 100

/* Tasks say that they run, into a pipe of the test's, which any process can open. */
struct pipe_path {
    char text[64];
};

static int busy(cadre_task *t, const void *item, void *result)
{
    const struct pipe_path *path = cadre_task_shared(t);
    int fd = open(path->text, O_WRONLY | O_CLOEXEC);

    (void)item;
    (void)result;
    if (fd < 0 || write(fd, "", 1) != 1)
        return 1;
    close(fd);
    while (!cadre_task_cancelled(t))
        jitter(1);
    return 0;
}

/* The program: never comes back from the job. */
static void run_program(bool stream, const struct pipe_path *path)
{
    cadre_options opt = fault_options(3);
    cadre_job job = {
        .fn = busy, .n = 1000, .shared = path, .shared_size = sizeof *path
    };
    cadre_pool *pool;
    cadre_stream *s;
    cadre_record r;

    if (cadre_open(&pool, &opt, NULL))
        _exit(1);
    if (!stream)
        cadre_map(pool, &job, NULL);
    else if (!cadre_stream_open(&s, pool, &job, NULL))
        cadre_stream_next(s, &r, NULL);
    _exit(2);
}

static int count_shm(void)
{
    DIR *d = opendir("/dev/shm");
    int n = 0;

    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Until this process has no children, whoever had them; for a second at most. */
static void await_orphans(void)
{
    double give_up = seconds() + 1;
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0) {
        if (pid == 0 && seconds() > give_up)
            fail_msg("a worker has outlived its program by a second");
        sched_yield();
    }
}

static void await_bytes(int fd, int n)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    char byte;

    for (; n > 0; n--)
        if (poll(&ready, 1, 60000) != 1 || read(fd, &byte, 1) != 1)
            fail_msg("no task has begun in 60 seconds");
}

static void kill_one(int round)
{
    struct pipe_path path;
    int ends[2], status;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    snprintf(path.text, sizeof path.text, "/proc/%d/fd/%d", (int)getpid(), ends[1]);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        run_program(round % 2, &path);
    if (round % 4) /* else while workers are being started */
        await_bytes(ends[0], 1 + round % 3);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    await_orphans();
    close(ends[0]);
    close(ends[1]);
}

static void test_no_worker_outlives_its_program(void **state)
{
    int before = count_shm();

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    for (int round = 0; round < ROUNDS; round++)
        kill_one(round);
    assert_int_equal(count_shm(), before);
}

/* ---- what else must not stay ---- */

static cadre_pool *pool_of(int workers)
{
    cadre_options opt = fault_options(workers);
    cadre_pool *pool;
    cadre_error err;

    if (cadre_open(&pool, &opt, &err))
        fail_msg("cadre_open: %s", err.message);
    return pool;
}

static int deaf(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    (void)result;
    while (pause())
        ;
    return 0;
}

/* Kernels that never ask are ended after their grace: by a deadline, by a close. */
static void test_deaf_kernels_are_ended(void **state)
{
    cadre_pool *pool = pool_of(2);
    cadre_job job = { .fn = deaf, .n = 5, .deadline_ms = 20, .grace_ms = 20 };
    cadre_stream *s;
    cadre_error err;

    (void)state;
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_ETIMEOUT);
    assert_int_equal(err.item, CADRE_NO_ITEM);
    job.deadline_ms = 0;
    assert_int_equal(cadre_stream_open(&s, pool, &job, &err), CADRE_OK);
    cadre_stream_close(s);
    cadre_close(pool);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* ---- cancelling those who neither ask nor end ---- */

struct deaf {
    _Atomic int running;
    bool stubborn; /* SIGTERM does not end them either */
    bool by_signal;
    pthread_t caller;
    cadre_pool *pool;
};

static int tells_and_is_deaf(cadre_task *t, const void *item, void *result)
{
    struct deaf *d = *(struct deaf *const *)cadre_task_shared(t);

    if (d->stubborn)
        signal(SIGTERM, SIG_IGN);
    atomic_fetch_add(&d->running, 1);
    return deaf(t, item, result);
}

static int join_nothing(cadre_task *t, void *into, const void *from)
{
    (void)t;
    (void)into;
    (void)from;
    return 0;
}

static cadre_pool *pool_to_cancel;

static void cancel_on_signal(int number)
{
    (void)number;
    cadre_cancel(pool_to_cancel);
}

/* All workers are in a kernel, so the caller is asleep or about to be. */
static void *cancel_when_all_run(void *arg)
{
    struct deaf *d = arg;

    await(&d->running, (int)cadre_workers(d->pool));
    if (d->by_signal)
        pthread_kill(d->caller, SIGUSR1);
    else
        cadre_cancel(d->pool);
    return NULL;
}

enum kind { MAP, REDUCTION, STREAM, KINDS };

static int run_to_the_end(enum kind kind, cadre_pool *pool, cadre_job *job,
                          cadre_error *err)
{
    cadre_stream *s;
    cadre_record r;
    int rc, out;

    if (kind == MAP)
        return cadre_map(pool, job, err);
    job->result_size = sizeof out;
    if (kind == REDUCTION)
        return cadre_reduce(pool, job, join_nothing, &out, err);
    rc = cadre_stream_open(&s, pool, job, err);
    if (!rc) {
        rc = cadre_stream_next(s, &r, err);
        cadre_stream_close(s);
    }
    return rc;
}

static void check_cancelled_job(enum kind kind, struct deaf *d, cadre_job *job)
{
    pthread_t canceller;
    cadre_error err;

    atomic_store(&d->running, 0);
    assert_int_equal(pthread_create(&canceller, NULL, cancel_when_all_run, d), 0);
    assert_int_equal(run_to_the_end(kind, d->pool, job, &err), CADRE_ECANCELLED);
    assert_int_equal(err.item, CADRE_NO_ITEM);
    pthread_join(canceller, NULL);
}

static void check_cancelled(enum kind kind, struct deaf *d)
{
    cadre_job job = { .fn = tells_and_is_deaf,
                      .n = 100000,
                      .grace_ms = 20,
                      .shared = &d,
                      .shared_size = sizeof d };

    check_cancelled_job(kind, d, &job);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* The caller sleeps until something happens, and nothing but that does. */
static void test_deaf_kernels_are_cancelled(void **state)
{
    struct sigaction action = { .sa_handler = cancel_on_signal }, old;
    struct deaf first = { .pool = pool_of(2), .caller = pthread_self() };
    struct deaf *d = shared_copy(&first, sizeof first);

    (void)state;
    pool_to_cancel = d->pool;
    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    for (int way = 0; way < 4 * KINDS; way++) {
        d->by_signal = way & 1;
        d->stubborn = way & 2;
        check_cancelled(way / 4, d);
    }
    sigaction(SIGUSR1, &old, NULL);
    cadre_close(d->pool);
    cadre_free_shared(d);
}

/* ---- what had been done by then ---- */

#define DONE 10 /* and then comes one that is deaf */

static int emits_or_is_deaf(cadre_task *t, const void *item, void *result)
{
    int rc = cadre_task_emit(t, "x", 1);

    return cadre_task_index(t) == DONE ? tells_and_is_deaf(t, item, result) : rc;
}

/* Its worker is killed, and had done others in the same slice: those count. */
static void test_what_was_done_counts(void **state)
{
    struct deaf first = { .pool = pool_of(1), .caller = pthread_self() };
    struct deaf *d = shared_copy(&first, sizeof first);
    cadre_bytes emitted[2 * DONE] = { { 0 } };
    int statuses[2 * DONE];
    cadre_job job = { .fn = emits_or_is_deaf,
                      .n = 2 * DONE,
                      .chunk = 2 * DONE,
                      .emitted = emitted,
                      .statuses = statuses,
                      .grace_ms = 20,
                      .shared = &d,
                      .shared_size = sizeof d };

    (void)state;
    for (int stubborn = 0; stubborn < 2; stubborn++) {
        d->stubborn = stubborn;
        check_cancelled_job(MAP, d, &job);
        for (int i = 0; i < 2 * DONE; i++) {
            assert_int_equal(statuses[i], i < DONE ? CADRE_OK : CADRE_ECANCELLED);
            assert_int_equal(emitted[i].size, i < DONE);
        }
        cadre_bytes_free(emitted, 2 * DONE);
    }
    cadre_close(d->pool);
    cadre_free_shared(d);
}

/* ---- shared memory ---- */

static int count_mappings(void)
{
    FILE *f = fopen("/proc/self/maps", "r");
    int n = 0, c;

    assert_non_null(f);
    while ((c = getc(f)) != EOF)
        n += c == '\n';
    fclose(f);
    return n;
}

/* Every 1000th byte, and the last, are of another process's making. */
static void check_shared(size_t size)
{
    unsigned char *memory = cadre_alloc_shared(size, NULL);
    int status;
    pid_t pid;

    assert_non_null(memory);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(memory[i], 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        for (size_t i = 0; i < size; i += 1000)
            memory[i] = 1 + i % 251;
        memory[size - 1] = 255;
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    for (size_t i = 0; i + 1 < size; i++)
        assert_int_equal(memory[i], i % 1000 ? 0 : 1 + i % 251);
    assert_int_equal(memory[size - 1], 255);
    cadre_free_shared(memory);
}

/* Around the size of large pages, of which it is made. */
static void test_shared_memory_of_any_size(void **state)
{
    static const size_t sizes[] = { 1,
                                    4096,
                                    (2 << 20) - 1,
                                    2 << 20,
                                    (2 << 20) + 1,
                                    (4 << 20) - 4096,
                                    (6 << 20) + 12345 };
    int before;

    (void)state;
    check_shared(1); /* the heap */
    before = count_mappings();
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        check_shared(sizes[k]);
    assert_int_equal(count_mappings(), before);
}

/* ---- what a worker writes ---- */

static int speaks_and_dies(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    if (cadre_task_index(t) != 3)
        return 0;
    fprintf(stderr, "a line\nthe state is %d\n", 42);
    abort();
}

static void test_last_words(void **state)
{
    cadre_pool *pool = pool_of(2);
    cadre_job job = { .fn = speaks_and_dies, .n = 5 };
    int ends[2], kept = dup(STDERR_FILENO);
    char text[200] = "";
    cadre_error err;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_ECRASH);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    assert_string_equal(text, "a line\nthe state is 42\n"); /* passed on as it was */
    assert_int_equal(err.item, 3);
    assert_int_equal(err.signal, SIGABRT);
    assert_non_null(strstr(err.message, "it wrote last: a line|the state is 42"));
    assert_true(err.peak_kib > 0);
    cadre_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_worker_outlives_its_program),
        cmocka_unit_test(test_deaf_kernels_are_ended),
        cmocka_unit_test(test_deaf_kernels_are_cancelled),
        cmocka_unit_test(test_what_was_done_counts),
        cmocka_unit_test(test_shared_memory_of_any_size),
        cmocka_unit_test(test_last_words),
    };
    struct contract *c;

    setenv("CADRE_TEST_BACKEND", "null", 1); /* the pools are the tests' own */
    return contract_open((void **)&c) || cmocka_run_group_tests(tests, NULL, NULL);
}
