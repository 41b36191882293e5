/* fault_parent.c - the program itself is killed: no worker outlives it.
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
        cmocka_unit_test(test_last_words),
    };
    struct contract *c;

    setenv("CADRE_TEST_BACKEND", "null", 1); /* the pools are the tests' own */
    return contract_open((void **)&c) || cmocka_run_group_tests(tests, NULL, NULL);
}
