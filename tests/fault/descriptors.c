/* descriptors.c - what programs and kernels do with descriptors 0, 1 and 2.
 * SPDX-License-Identifier: MIT
 */
#include "rough.h"

#include <cadre/stream.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE "a line that nobody wants to have in memory that is shared\n"

/* ---- a program that starts without some of the three ---- */

struct start {
    const char *kind;
    unsigned closed; /* a bit for each */
};

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* Writes to both, and says which of the three are there. */
static int shout(cadre_task *t, const void *item, void *result)
{
    unsigned there = 0;

    (void)t;
    (void)item;
    for (int fd = 0; fd < 3; fd++)
        there |= (unsigned)is_open(fd) << fd;
    for (int fd = 1; fd < 3; fd++)
        (void)!write(fd, LINE, sizeof LINE - 1);
    *(unsigned *)result = there;
    return 0;
}

static void must_be_closed(const struct start *s, const char *when)
{
    for (int fd = 0; fd < 3; fd++)
        rough_must(is_open(fd) == !(s->closed >> fd & 1), "%d, %s", fd, when);
}

static void look(void *arg, const cadre_counts *counts)
{
    (void)counts;
    must_be_closed(arg, "in a map");
}

static void shout_in_a_map(cadre_pool *pool, const struct start *s)
{
    unsigned there[100];
    cadre_job job = { .fn = shout,
                      .n = 100,
                      .results = there,
                      .result_size = sizeof *there,
                      .progress = look,
                      .progress_arg = (void *)(uintptr_t)s };
    cadre_error err;

    rough_must(cadre_map(pool, &job, &err) == 0, "%s", err.message);
    for (int i = 0; i < 100; i++)
        rough_must(!(there[i] & s->closed & 6u), "task %d had %u", i, there[i]);
}

static void shout_in_a_stream(cadre_pool *pool, const struct start *s)
{
    cadre_job job = { .fn = shout, .n = 100, .result_size = sizeof(unsigned) };
    cadre_stream *stream;
    cadre_record r;
    cadre_error err;
    int n = 0;

    rough_must(cadre_stream_open(&stream, pool, &job, &err) == 0, "%s", err.message);
    must_be_closed(s, "in a stream");
    while (cadre_stream_next(stream, &r, &err) == CADRE_OK)
        n++;
    cadre_stream_close(stream);
    rough_must(n == 100, "%d records: %s", n, err.message);
}

static void start_without(const void *arg)
{
    const struct start *s = arg;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    cadre_pool *pool;

    rough_must(null > 2, "%d", null);
    for (int fd = 0; fd < 3; fd++)
        if (s->closed >> fd & 1)
            close(fd);
        else
            dup2(null, fd);
    pool = rough_pool(s->kind, (cadre_options){ 0 });
    must_be_closed(s, "after cadre_open");
    for (int round = 0; round < 3; round++) {
        shout_in_a_map(pool, s);
        shout_in_a_stream(pool, s);
    }
    rough_work(pool);
    cadre_close(pool);
    must_be_closed(s, "after cadre_close");
}

static void test_programs_without_standard_descriptors(void **state)
{
    (void)state;
    for (int k = 0; k < ROUGH_KINDS; k++)
        for (unsigned closed = 0; closed < 8; closed++) {
            struct start s = { rough_kinds[k], closed };
            char name[80];

            snprintf(name, sizeof name, "%s without %u", s.kind ? s.kind : "NULL",
                     closed);
            rough_case(name, start_without, &s);
        }
}

/* ---- kernels that close or replace their stderr ---- */

/* The linker puts this between libcadre and the C library. */
static unsigned waits; /* of the caller's, so far */

int __real_epoll_wait(int poll, struct epoll_event *events, int n, int timeout_ms);
int __wrap_epoll_wait(int poll, struct epoll_event *events, int n, int timeout_ms);

int __wrap_epoll_wait(int poll, struct epoll_event *events, int n, int timeout_ms)
{
    waits++;
    return __real_epoll_wait(poll, events, n, timeout_ms);
}

enum way { LEAVE, CLOSE, REPLACE };

static int turn_away(cadre_task *t, const void *item, void *result)
{
    const enum way *way = cadre_task_shared(t);

    (void)item;
    (void)result;
    if (*way == CLOSE)
        close(STDERR_FILENO);
    else if (*way == REPLACE)
        dup2(STDIN_FILENO, STDERR_FILENO);
    return poll(NULL, 0, 150); /* time in which a caller that is awake would show */
}

static void run_away(cadre_pool *pool, enum way way)
{
    cadre_job job = {
        .fn = turn_away, .n = 2, .shared = &way, .shared_size = sizeof way
    };
    cadre_error err;
    unsigned before = waits;

    rough_must(cadre_map(pool, &job, &err) == 0, "%s", err.message);
    rough_must(waits - before < 100, "the caller woke %u times, way %d", waits - before,
               way);
}

static void turn_away_from_stderr(const void *kind)
{
    for (enum way way = CLOSE; way <= REPLACE; way++) {
        cadre_pool *pool = rough_pool(kind, (cadre_options){ 0 });
        run_away(pool, way);
        run_away(pool, LEAVE); /* kept workers are without it still */
        rough_work(pool);
        cadre_close(pool);
    }
}

static void test_kernels_without_stderr(void **state)
{
    (void)state;
    for (int k = ROUGH_PROCESSES; k < ROUGH_KINDS; k++)
        rough_case(rough_kinds[k], turn_away_from_stderr, rough_kinds[k]);
}

/* ---- a worker that cannot be watched ---- */

#define A_STDERR 1 /* what its events have in their upper half */

static int refused_in; /* the stderr of so many workers; 0: none is, any more */
static pid_t copier;   /* a process that was forked just then, and has a copy of all */

static pid_t fork_a_copier(void)
{
    pid_t parent = getpid(), pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent)
            pause();
        _exit(0);
    }
    return pid;
}

int __real_epoll_ctl(int poll, int what, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int poll, int what, int fd, struct epoll_event *event);

int __wrap_epoll_ctl(int poll, int what, int fd, struct epoll_event *event)
{
    if (refused_in == 0 || what != EPOLL_CTL_ADD || event->data.u64 >> 32 != A_STDERR ||
        --refused_in > 0)
        return __real_epoll_ctl(poll, what, fd, event);
    copier = fork_a_copier();
    errno = ENOSPC; /* more would be watched than Linux allows a user */
    return -1;
}

static int crash(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    return cadre_task_index(t) == 3 ? raise(SIGKILL) : 0;
}

/* It is killed at once. Nobody is to take its death for that of the next at its seat, though
 * another process has its pidfd. */
static void cannot_watch(const void *kind)
{
    cadre_pool *pool = rough_pool(kind, (cadre_options){ 0 });
    cadre_job job = { .fn = crash, .n = 20, .retries = 3 };
    cadre_error err;

    refused_in = strcmp(kind, "persistent") == 0 ? 1 : 3; /* after the map's two */
    rough_must(cadre_map(pool, &job, &err) != 0, "no task crashed");
    rough_must(err.sys == ENOSPC && copier > 0, "%s", err.message);
    rough_work(pool);
    kill(copier, SIGKILL);
    rough_must(waitpid(copier, NULL, 0) == copier, "%s", strerror(errno));
    cadre_close(pool);
}

static void test_workers_that_cannot_be_watched(void **state)
{
    (void)state;
    for (int k = ROUGH_PROCESSES; k < ROUGH_KINDS; k++)
        rough_case(rough_kinds[k], cannot_watch, rough_kinds[k]);
}

/* ---- kernels that close all ---- */

/* The worker's parent is the caller, whose only thread waits for this task. */
static bool caller_sleeps(void)
{
    char path[40], text[256];
    const char *after_name;
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)getppid());
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = 0;
    after_name = strrchr(text, ')');
    return after_name && strncmp(after_name, ") S", 3) == 0;
}

static int close_all(cadre_task *t, const void *item, void *result)
{
    time_t give_up = time(NULL) + 20;

    (void)item;
    for (int fd = 0; cadre_task_index(t) == 1 && fd < 1024; fd++)
        close(fd);
    while (!caller_sleeps() && time(NULL) < give_up)
        sched_yield();
    *(int *)result = 7;
    return 0;
}

/* Its result is there, and its worker can no longer wake who sleeps for it. */
static void close_all_descriptors(const void *kind)
{
    cadre_pool *pool = rough_pool(kind, (cadre_options){ .workers = 1 });
    cadre_job job = { .fn = close_all, .n = 3, .result_size = sizeof(int) };
    cadre_stream *stream;
    cadre_record r;
    cadre_error err;
    int n = 0;

    rough_must(cadre_stream_open(&stream, pool, &job, &err) == 0, "%s", err.message);
    for (; cadre_stream_next(stream, &r, &err) == CADRE_OK; n++)
        rough_must(*(const int *)r.data == 7, "record %d", n);
    cadre_stream_close(stream);
    rough_must(n == 3, "%d records: %s", n, err.message);
    rough_work(pool);
    cadre_close(pool);
}

static void test_kernels_without_descriptors(void **state)
{
    (void)state;
    for (int k = ROUGH_PROCESSES; k < ROUGH_KINDS; k++)
        rough_case(rough_kinds[k], close_all_descriptors, rough_kinds[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernels_without_stderr),
        cmocka_unit_test(test_workers_that_cannot_be_watched),
        cmocka_unit_test(test_kernels_without_descriptors),
        cmocka_unit_test(test_programs_without_standard_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
