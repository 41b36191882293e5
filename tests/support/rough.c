/* rough.c - programs in rough surroundings: each case in a process of its own.
 * SPDX-License-Identifier: MIT
 */
#include "rough.h"

#include <cadre/stream.h>
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 120
#define ROOM    4000

const char *const rough_kinds[] = { NULL,   "serial",    "threads",
                                    "auto", "processes", "persistent" };
char rough_log[4000];

/* ---- cases ---- */

static char *words; /* shared with the case */

void rough_fail(const char *file, int line, const char *condition, const char *format,
                ...)
{
    int used = snprintf(words, ROOM, "%s:%d: %s: ", file, line, condition);
    va_list args;

    va_start(args, format);
    vsnprintf(words + used, (size_t)(ROOM - used), format, args);
    va_end(args);
    _exit(1);
}

static void await_orphans(const char *name)
{
    pid_t pid;

    do
        pid = waitpid(-1, NULL, 0); /* they die with their parent */
    while (pid > 0 || errno == EINTR);
    if (errno != ECHILD)
        fail_msg("%s: %s", name, strerror(errno));
}

void rough_case(const char *name, void (*body)(const void *arg), const void *arg)
{
    pid_t pid;
    int status;

    words = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(words != MAP_FAILED);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(SECONDS);
        body(arg);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    await_orphans(name);
    if (WIFSIGNALED(status))
        fail_msg("%s: %s %s", name,
                 WTERMSIG(status) == SIGALRM ? "it hangs" : strsignal(WTERMSIG(status)),
                 words);
    if (WEXITSTATUS(status))
        fail_msg("%s: %s", name, words);
    munmap(words, ROOM);
}

/* ---- pools ---- */

static void note(void *arg, int level, const char *text)
{
    size_t used = strlen(rough_log);

    (void)arg;
    snprintf(rough_log + used, sizeof rough_log - used, "%d %s\n", level, text);
}

int rough_open(cadre_pool **pool, const char *kind, cadre_options opt, cadre_error *err)
{
    *pool = NULL;
    if (!kind)
        return 0;
    opt.persistent = strcmp(kind, "persistent") == 0;
    opt.backend = opt.persistent ? "processes" : kind;
    opt.workers = opt.workers ? opt.workers : 2;
    opt.min_items = 1;
    opt.oversubscribe = opt.ignore_environment = true;
    opt.log = note;
    rough_log[0] = '\0';
    return cadre_open(pool, &opt, err);
}

cadre_pool *rough_pool(const char *kind, cadre_options opt)
{
    cadre_pool *pool;
    cadre_error err;
    int rc = rough_open(&pool, kind, opt, &err);

    rough_must(rc == 0, "cadre_open: %s", err.message);
    return pool;
}

/* ---- work ---- */

enum { N = 300 };

static int number(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = 3 * cadre_task_index(t) + 1;
    return 0;
}

static int say(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);
    char bytes[64];

    (void)item;
    (void)result;
    memset(bytes, (int)i, sizeof bytes);
    return cadre_task_emit(t, bytes, i % sizeof bytes);
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

static void map_numbers(cadre_pool *pool)
{
    uint64_t results[N] = { 0 }, sum = 0;
    cadre_job job = {
        .fn = number, .n = N, .results = results, .result_size = sizeof *results
    };
    cadre_error err;

    rough_must(cadre_map(pool, &job, &err) == 0, "map: %s", err.message);
    for (uint64_t i = 0; i < N; i++)
        rough_must(results[i] == 3 * i + 1, "result %d", (int)i);
    job.results = NULL;
    rough_must(cadre_reduce(pool, &job, add, &sum, &err) == 0, "reduce: %s",
               err.message);
    rough_must(sum == 3 * (N * (N - 1) / 2) + N, "sum %d", (int)sum);
}

static void map_bytes(cadre_pool *pool)
{
    cadre_bytes emitted[N] = { 0 };
    cadre_job job = { .fn = say, .n = N, .emitted = emitted };
    cadre_error err;

    rough_must(cadre_map(pool, &job, &err) == 0, "emit: %s", err.message);
    for (uint64_t i = 0; i < N; i++)
        rough_must(emitted[i].size == i % 64 &&
                       (!emitted[i].size || *(char *)emitted[i].data == (char)i),
                   "emitted %d", (int)i);
    cadre_bytes_free(emitted, N);
}

static void stream_numbers(cadre_pool *pool)
{
    cadre_job job = { .fn = number, .n = N, .result_size = sizeof(uint64_t) };
    cadre_stream *s;
    cadre_record r;
    cadre_error err;
    uint64_t n = 0;
    int rc = cadre_stream_open(&s, pool, &job, &err);

    rough_must(rc == 0, "stream: %s", err.message);
    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        rough_must(*(const uint64_t *)r.data == 3 * n + 1, "record %d", (int)n);
        n++;
    }
    rough_must(rc == CADRE_DONE, "stream: %s", err.message);
    rough_must(n == N, "%d records", (int)n);
    cadre_stream_close(s);
}

void rough_work(cadre_pool *pool)
{
    map_numbers(pool);
    map_bytes(pool);
    stream_numbers(pool);
}
