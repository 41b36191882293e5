/* endless.c - what does a long stream keep, and how soon does an endless one stop?
 * SPDX-License-Identifier: MIT
 *
 *     PROGRAM memory ordered|unordered|emitted FIRST N
 *     PROGRAM stop thread|signal COST_NS TRIES STEP_NS
 *
 * `memory` runs N items through a stream and prints what each took, and the peak of the
 * resident memory after the FIRST and after all. Every record is checked. The results of
 * `emitted` are of 1 to 64 bytes.
 *
 * `stop` begins a stream without an end, has another thread stop it at a random moment,
 * itself or by a signal to the thread that takes from it, and prints how long after the
 * call of cadre_stream_stop the last cadre_stream_next returned, and then
 * cadre_stream_close: the median and the worst of all tries.
 */
#include <cadre/cadre.h>
#include <cadre/stream.h>
#include "measure.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_US 200 /* a stream runs so long before it is stopped, and up to ... */
#define MORE_US  1000

static bool check(int code, const cadre_error *error)
{
    if (code)
        fprintf(stderr, "%s\n", error->message);
    return code == 0;
}

static bool open_threads(cadre_pool **pool)
{
    cadre_options options = { .backend = "threads", .ignore_environment = true };
    cadre_error error;

    return check(cadre_open(pool, &options, &error), &error);
}

/* ---- memory ---- */

struct count {
    uint64_t next, n;
};

static int count_up(void *arg, void *item, cadre_error *error)
{
    struct count *c = arg;

    (void)error;
    if (c->next == c->n)
        return CADRE_DONE;
    *(uint64_t *)item = c->next++;
    return CADRE_OK;
}

static int square(cadre_task *task, const void *item, void *result)
{
    uint64_t x = *(const uint64_t *)item;

    (void)task;
    *(uint64_t *)result = x * x;
    return 0;
}

static size_t emitted_size(uint64_t i)
{
    return i % 64 + 1;
}

static int emit(cadre_task *task, const void *item, void *result)
{
    uint64_t bytes[8] = { *(const uint64_t *)item };

    (void)result;
    return cadre_task_emit(task, bytes, emitted_size(bytes[0]));
}

static bool right(const cadre_job *job, const cadre_record *r, uint64_t taken)
{
    if (!job->unordered && r->index != taken)
        return false;
    if (job->fn == square)
        return *(const uint64_t *)r->data == r->index * r->index;
    return r->size == emitted_size(r->index) &&
           *(const unsigned char *)r->data == (r->index & 255);
}

/* Not getrusage's ru_maxrss, which begins with what the parent of this process had. */
static long peak_kb(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kb = -1;

    while (file && kb < 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %ld", &kb) != 1)
            kb = -1;
    if (file)
        fclose(file);
    return kb;
}

/* Until so many records are taken, or one is wrong. */
static bool take(cadre_stream *s, const cadre_job *job, uint64_t from, uint64_t to)
{
    cadre_record record;
    cadre_error error;

    for (uint64_t taken = from; taken < to; taken++) {
        if (!check(cadre_stream_next(s, &record, &error), &error))
            return false;
        if (!right(job, &record, taken)) {
            fprintf(stderr, "record %llu is wrong\n", (unsigned long long)taken);
            return false;
        }
    }
    return true;
}

static bool run_through(cadre_pool *pool, const cadre_job *job, uint64_t first,
                        uint64_t n)
{
    double began = now_ns();
    cadre_error error;
    cadre_stream *s;
    bool ok = check(cadre_stream_open(&s, pool, job, &error), &error);

    if (!ok)
        return false;
    ok = take(s, job, 0, first);
    printf("first_kb %ld\n", peak_kb());
    ok = ok && take(s, job, first, n);
    printf("item %.3f ns\n", (now_ns() - began) / (double)n);
    printf("last_kb %ld\n", peak_kb());
    cadre_stream_close(s);
    return ok;
}

static bool memory(const char *sort, uint64_t first, uint64_t n)
{
    struct count count = { 0, n };
    cadre_job job = { .fn = strcmp(sort, "emitted") == 0 ? emit : square,
                      .unordered = strcmp(sort, "unordered") == 0,
                      .source = count_up,
                      .source_arg = &count,
                      .item_size = sizeof(uint64_t) };
    cadre_pool *pool;
    bool ok;

    job.result_size = job.fn == square ? sizeof(uint64_t) : 0;
    if (!open_threads(&pool))
        return false;
    ok = run_through(pool, &job, first, n);
    cadre_close(pool);
    return ok;
}

/* ---- stopping ---- */

static struct {
    cadre_stream *stream; /* of this try */
    double called;        /* when cadre_stream_stop was */
    sem_t go, gone;
    pthread_t taker;
    bool by_signal;
    size_t tries;
} stopping;

static void stop_now(int number)
{
    int kept = errno;

    (void)number;
    stopping.called = now_ns();
    cadre_stream_stop(stopping.stream);
    errno = kept;
}

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) && errno == EINTR)
        ;
}

static void *stopper(void *arg)
{
    uint64_t state = 1;

    (void)arg;
    for (size_t t = 0; t < stopping.tries; t++) {
        wait_for(&stopping.go);
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        pause_us(LEAST_US + (unsigned)(state >> 33) % MORE_US);
        if (stopping.by_signal)
            pthread_kill(stopping.taker, SIGUSR1);
        else
            stop_now(0);
        sem_post(&stopping.gone);
    }
    return NULL;
}

static int same_item(void *arg, void *item, cadre_error *error)
{
    (void)error;
    *(double *)item = *(const double *)arg;
    return CADRE_OK;
}

/* A try: what it took until the last record was refused, and until all was closed. */
static bool try_once(cadre_pool *pool, const cadre_job *job, double *next,
                     double *close)
{
    cadre_error error;
    cadre_record record;
    int rc = cadre_stream_open(&stopping.stream, pool, job, &error);
    double returned;

    if (!check(rc, &error))
        return false;
    sem_post(&stopping.go);
    while ((rc = cadre_stream_next(stopping.stream, &record, &error)) == CADRE_OK)
        ;
    returned = now_ns();
    wait_for(&stopping.gone);
    *next = returned - stopping.called;
    returned = now_ns();
    cadre_stream_close(stopping.stream);
    *close = *next + now_ns() - returned;
    return check(rc == CADRE_DONE ? 0 : rc, &error);
}

static void print(const char *what, double *samples, size_t n)
{
    struct summary s = summarise(samples, n);

    printf("%s.median %.0f ns\n%s.worst %.0f ns\n", what, s.median, what,
           samples[n - 1]);
}

static bool try_often(cadre_pool *pool, const cadre_job *job, size_t tries)
{
    double *next = calloc(2 * tries, sizeof *next), *close = next + tries;
    bool ok = next != NULL;
    pthread_t thread;

    if (!ok || pthread_create(&thread, NULL, stopper, NULL)) {
        free(next);
        return false;
    }
    for (size_t t = 0; ok && t < tries; t++)
        ok = try_once(pool, job, &next[t], &close[t]);
    if (!ok)
        exit(1); /* the other thread waits for good */
    pthread_join(thread, NULL);
    print("next", next, tries);
    print("close", close, tries);
    free(next);
    return true;
}

static bool stop(const char *how, double cost, size_t tries, double step)
{
    struct sigaction action = { .sa_handler = stop_now, .sa_flags = SA_RESTART };
    cadre_job job = { .source = same_item,
                      .item_size = sizeof(double),
                      .result_size = sizeof(double) };
    cadre_pool *pool;
    struct work work;
    bool ok;

    stopping.by_signal = strcmp(how, "signal") == 0;
    stopping.tries = tries;
    stopping.taker = pthread_self();
    if (sem_init(&stopping.go, 0, 0) || sem_init(&stopping.gone, 0, 0) ||
        sigaction(SIGUSR1, &action, NULL) ||
        !work_open(&work, cost > 0 ? "even" : "square", 1, cost, step))
        return false;
    job.fn = work.kernel;
    job.source_arg = work.items;
    ok = open_threads(&pool);
    if (ok) {
        ok = try_often(pool, &job, tries);
        cadre_close(pool);
    }
    work_close(&work);
    return ok;
}

int main(int argc, char **argv)
{
    bool ok = false;

    if (argc == 5 && strcmp(argv[1], "memory") == 0) {
        ok = memory(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    } else if (argc == 6 && strcmp(argv[1], "stop") == 0 && atol(argv[4]) > 0) {
        ok = stop(argv[2], atof(argv[3]), (size_t)atol(argv[4]), atof(argv[5]));
    } else {
        fprintf(stderr,
                "usage: %s memory ordered|unordered|emitted FIRST N\n"
                "       %s stop thread|signal COST_NS TRIES STEP_NS\n",
                argv[0], argv[0]);
        return 2;
    }
    return ok ? 0 : 1;
}
