/* forked_test.c - what cadre does for processes of a backend that is not its own.
 * SPDX-License-Identifier: MIT
 */
#include <cadre/backend.h>
#include <cadre/stream.h>

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GET_REGISTRATIONS (1 << 9) /* since Linux 6.3 */

extern const cadre_backend contract_backend;

static int points, failures;
static int set_by_main; /* workers that were forked have it */

static void point(bool good, const char *name)
{
    points++;
    failures += !good;
    printf("%sok %d - %s\n", good ? "" : "not ", points, name);
}

static cadre_pool *open_pool(cadre_options opt)
{
    cadre_pool *pool = NULL;
    cadre_error err;

    opt.custom = &contract_backend;
    opt.workers = 2;
    opt.oversubscribe = true;
    opt.ignore_environment = true;
    opt.min_items = 1;
    if (cadre_open(&pool, &opt, &err)) {
        printf("Bail out! %s\n", err.message);
        exit(1);
    }
    return pool;
}

/* 1: heavy fences of other processes reach this one; 0: they do not; 2: they need not, or
 * Linux does not say. */
static int is_reached(cadre_task *task, const void *item, void *result)
{
    long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    long registered = syscall(SYS_membarrier, GET_REGISTRATIONS, 0, 0);

    (void)task, (void)item;
    *(int *)result =
        commands < 0 || !(commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED) || registered < 0
            ? 2
        : registered & MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED ? 1
                                                                : 0;
    return 0;
}

static void test_fences(void)
{
    cadre_pool *pool = open_pool((cadre_options){ 0 });
    int reached[8] = { 0 };
    cadre_job job = { .fn = is_reached, .n = 8, .results = reached, .result_size = 4 };
    bool good = cadre_map(pool, &job, NULL) == CADRE_OK;

    for (int i = 0; i < 8; i++)
        good = good && reached[i] > 0;
    point(good, "workers are reached by the fences of their caller");
    cadre_close(pool);
}

static int copy_index(cadre_task *task, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = cadre_task_index(task);
    return 0;
}

/* Caller and workers wait for each other at every item. */
static void test_wake_ups(bool unordered)
{
    enum { MANY = 20000 };
    cadre_pool *pool = open_pool((cadre_options){ 0 });
    cadre_job job = { .fn = copy_index,
                      .n = MANY,
                      .result_size = 8,
                      .window = 1,
                      .unordered = unordered };
    uint64_t next = 0;
    cadre_stream *s;
    cadre_record r;

    if (cadre_stream_open(&s, pool, &job, NULL) == CADRE_OK) {
        while (cadre_stream_next(s, &r, NULL) == CADRE_OK && r.index == next)
            next++;
        cadre_stream_close(s);
    }
    point(next == MANY, unordered ? "no wake-up is lost, out of order"
                                  : "no wake-up is lost, in order");
    cadre_close(pool);
}

static int what_main_set(cadre_task *task, const void *item, void *result)
{
    (void)task, (void)item;
    *(int *)result = set_by_main;
    return 0;
}

static void *wait_for_end(void *arg)
{
    pthread_mutex_lock(arg);
    pthread_mutex_unlock(arg);
    return NULL;
}

static void count_lines(void *arg, int level, const char *text)
{
    (void)level;
    ++*(int *)arg;
    printf("# %s\n", text);
}

/* Kernels are portable, and there is another thread: cadre's own processes would be started
 * clean now. */
static void test_it_is_not_replaced(void)
{
    pthread_mutex_t hold = PTHREAD_MUTEX_INITIALIZER;
    int lines = 0, seen[8] = { 0 };
    cadre_pool *pool = open_pool(
        (cadre_options){ .portable = true, .log = count_lines, .log_arg = &lines });
    cadre_job job = { .fn = what_main_set, .n = 8, .results = seen, .result_size = 4 };
    pthread_t thread;
    bool good = true;

    pthread_mutex_lock(&hold);
    pthread_create(&thread, NULL, wait_for_end, &hold);
    set_by_main = 42;
    good = cadre_map(pool, &job, NULL) == CADRE_OK;
    for (int i = 0; i < 8; i++)
        good = good && seen[i] == 42;
    pthread_mutex_unlock(&hold);
    pthread_join(thread, NULL);
    point(good, "nobody takes its place");
    point(lines == 1, "the log tells of the threads, once"); /* a warning */
    cadre_close(pool);
}

int main(void)
{
    alarm(100); /* nothing here waits for that long */
    test_fences();
    test_wake_ups(false);
    test_wake_ups(true);
    test_it_is_not_replaced();
    printf("1..%d\n", points);
    return failures > 0;
}
