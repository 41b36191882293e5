/* mpi.c - what the ranks of an MPI program do as workers, and what MPI itself takes.
 * SPDX-License-Identifier: MIT
 *
 *     mpiexec -n RANKS PROGRAM map N CHUNK REPETITIONS    chunk 0: automatic
 *                              pingpong N                 64 bytes there and back
 *                              wake TRIES                 a task that finds all idle
 *                              idle SECONDS               ranks beside one long task
 *                              memory N SIZE WINDOW       a stream whose reader is slow
 *     PROGRAM about
 */
#include <cadre/mpi.h>
#include <cadre/stream.h>
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_RANKS 64
#define WARM       2000 /* tasks before anything is measured */

static void check(int code, const cadre_error *error)
{
    if (code == CADRE_OK)
        return;
    fprintf(stderr, "%s\n", error->message);
    exit(1); /* the launcher ends the other ranks */
}

/* ---- kernels ---- */

static int square(cadre_task *task, const void *item, void *result)
{
    double x = *(const double *)item;

    (void)task;
    *(double *)result = x * x;
    return 0;
}

/* The same of many bytes: what there is in a result is of no interest. */
static int fill(cadre_task *task, const void *item, void *result)
{
    (void)task;
    memcpy(result, item, sizeof(double));
    return 0;
}

static int tell_begin(cadre_task *task, const void *item, void *result)
{
    double now = now_ns();

    (void)task, (void)item;
    while (now_ns() - now < 1000)
        continue;
    *(double *)result = now;
    return 0;
}

static int tell_pid(cadre_task *task, const void *item, void *result)
{
    (void)task, (void)item;
    pause_us(20000); /* so that each rank gets one */
    *(int *)result = (int)getpid();
    return 0;
}

static int work_long(cadre_task *task, const void *item, void *result)
{
    double end = now_ns() + *(const double *)item * 1e9;

    (void)task;
    while (now_ns() < end)
        continue;
    *(int *)result = (int)getpid();
    return 0;
}

/* ---- maps ---- */

static void map_once(cadre_pool *pool, const double *items, double *results, size_t n,
                     uint64_t chunk)
{
    cadre_job job = { .fn = square,
                      .n = n,
                      .items = items,
                      .item_size = sizeof *items,
                      .results = results,
                      .result_size = sizeof *results,
                      .chunk = chunk };
    cadre_error error;

    check(cadre_map(pool, &job, &error), &error);
}

static void verify(const double *items, const double *results, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (results[i] != items[i] * items[i]) {
            fprintf(stderr, "item %zu: a wrong result\n", i);
            exit(1);
        }
}

static void measure_map(cadre_pool *pool, char **words)
{
    size_t n = strtoull(words[0], NULL, 10), reps = strtoull(words[2], NULL, 10);
    uint64_t chunk = strtoull(words[1], NULL, 10);
    double *items = malloc(n * sizeof *items), *results = malloc(n * sizeof *results),
           *times = malloc(reps * sizeof *times), cpu = 0;
    struct summary s;

    if (!items || !results || !times || n == 0 || reps == 0)
        exit(1);
    for (size_t i = 0; i < n; i++)
        items[i] = (double)i;
    map_once(pool, items, results, n < WARM ? n : WARM, chunk);
    for (size_t r = 0; r < reps; r++) {
        double began = now_ns(), used = cpu_ns();
        memset(results, 0, n * sizeof *results);
        map_once(pool, items, results, n, chunk);
        times[r] = (now_ns() - began) / (double)n;
        cpu += (cpu_ns() - used) / (double)n / (double)reps;
        verify(items, results, n);
    }
    s = summarise(times, reps);
    printf("map.min %.1f ns\nmap.median %.1f ns\nmap.cpu %.1f ns\n", s.min, s.median,
           cpu);
    free(items);
    free(results);
    free(times);
}

/* ---- idle ranks ---- */

static void measure_wake(cadre_pool *pool, char **words)
{
    size_t tries = strtoull(words[0], NULL, 10);
    double *times = malloc(tries * sizeof *times), worst = 0;
    double began = 0;
    cadre_job job = {
        .fn = tell_begin, .n = 1, .results = &began, .result_size = sizeof began
    };
    cadre_error error;
    struct summary s;

    if (!times || tries == 0)
        exit(1);
    for (size_t i = 0; i < tries; i++) {
        double called;
        pause_us(15000 + (unsigned)(i * 137 % 1000)); /* at any moment of a nap */
        called = now_ns();
        check(cadre_map(pool, &job, &error), &error);
        times[i] = began - called;
        worst = times[i] > worst ? times[i] : worst;
    }
    s = summarise(times, tries);
    printf("wake.min %.0f ns\nwake.median %.0f ns\nwake.worst %.0f ns\n", s.min,
           s.median, worst);
    free(times);
}

/* Nanoseconds of CPU that a process on this machine has used. */
static double used_by(int pid)
{
    clockid_t clock;
    struct timespec t;

    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t)) {
        fprintf(stderr, "process %d is not on this machine\n", pid);
        exit(1);
    }
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void find_pids(cadre_pool *pool, int *pids)
{
    cadre_job job = { .fn = tell_pid,
                      .n = cadre_workers(pool),
                      .chunk = 1,
                      .results = pids,
                      .result_size = sizeof *pids };
    cadre_error error;

    check(cadre_map(pool, &job, &error), &error);
}

/* Of the ranks beside that which has the task, and of rank 0, in the task's time. */
static void measure_idle(cadre_pool *pool, char **words)
{
    double seconds = atof(words[0]), used[MOST_RANKS], most = 0, began, zero;
    unsigned n = cadre_workers(pool);
    int pids[MOST_RANKS], busy = 0;
    cadre_job job = { .fn = work_long,
                      .n = 1,
                      .items = &seconds,
                      .item_size = sizeof seconds,
                      .results = &busy,
                      .result_size = sizeof busy };
    cadre_error error;

    if (n > MOST_RANKS)
        exit(1);
    find_pids(pool, pids);
    for (unsigned i = 0; i < n; i++)
        used[i] = used_by(pids[i]);
    zero = cpu_ns();
    began = now_ns();
    check(cadre_map(pool, &job, &error), &error);
    began = now_ns() - began;
    for (unsigned i = 0; i < n; i++) {
        used[i] = used_by(pids[i]) - used[i];
        if (pids[i] != busy && used[i] > most)
            most = used[i];
    }
    printf("idle.rank %.4f share\nidle.zero %.4f share\n", most / began,
           (cpu_ns() - zero) / began);
}

/* ---- memory ---- */

static double status_kb(const char *name)
{
    FILE *status = fopen("/proc/self/status", "r");
    size_t length = strlen(name);
    double kb = -1;
    char line[256];

    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, name, length) == 0)
            kb = atof(line + length);
    if (!status || fclose(status) || kb < 0)
        exit(1);
    return kb;
}

/* The reader waits for a millisecond now and then: ranks could do a multiple. */
static void measure_memory(cadre_pool *pool, char **words)
{
    size_t n = strtoull(words[0], NULL, 10), size = strtoull(words[1], NULL, 10),
           got = 0;
    double *items = malloc(n * sizeof *items), before, began = now_ns();
    cadre_job job = { .fn = fill,
                      .n = n,
                      .items = items,
                      .item_size = sizeof *items,
                      .result_size = size,
                      .window = strtoull(words[2], NULL, 10) };
    cadre_stream *stream;
    cadre_record record;
    cadre_flow flow;
    cadre_error error;
    int rc;

    if (!items || size < sizeof *items)
        exit(1);
    for (size_t i = 0; i < n; i++)
        items[i] = (double)i;
    before = status_kb("VmHWM:");
    check(cadre_stream_open(&stream, pool, &job, &error), &error);
    while ((rc = cadre_stream_next(stream, &record, &error)) == CADRE_OK) {
        if (memcmp(record.data, &items[got], sizeof *items) || record.index != got)
            exit(1);
        if (++got % 64 == 0)
            pause_us(1000);
    }
    if (rc != CADRE_DONE)
        check(rc, &error);
    cadre_stream_flow(stream, &flow);
    cadre_stream_close(stream);
    printf("memory.before_kb %.0f kB\nmemory.peak_kb %.0f kB\n", before,
           status_kb("VmHWM:"));
    printf("memory.window %llu items\nmemory.item %.0f ns\nmemory.got %zu items\n",
           (unsigned long long)flow.window, (now_ns() - began) / (double)n, got);
    free(items);
}

/* ---- MPI by itself ---- */

static int ping(size_t n)
{
    char bytes[64] = { 0 };
    int rank;
    double began;

    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Barrier(MPI_COMM_WORLD);
    began = now_ns();
    for (size_t i = 0; i < n && rank < 2; i++) {
        if (rank == 0)
            MPI_Send(bytes, sizeof bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
        MPI_Recv(bytes, sizeof bytes, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
        if (rank == 1)
            MPI_Send(bytes, sizeof bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
    }
    if (rank == 0)
        printf("pingpong.min %.1f ns\n", (now_ns() - began) / (double)n);
    MPI_Finalize();
    return 0;
}

/* ---- main ---- */

static const struct {
    const char *name;
    int words;
    void (*measure)(cadre_pool *pool, char **words);
} measures[] = { { "map", 3, measure_map },
                 { "wake", 1, measure_wake },
                 { "idle", 1, measure_idle },
                 { "memory", 3, measure_memory } };

static int on_ranks(void (*measure)(cadre_pool *pool, char **words), char **words)
{
    cadre_mpi_options o = { .pool.ignore_environment = true };
    cadre_pool *pool;
    cadre_error error;
    int rc = cadre_mpi_open(&pool, MPI_COMM_WORLD, &o, &error);

    if (rc == CADRE_DONE)
        return 0;
    check(rc, &error);
    measure(pool, words);
    cadre_close(pool);
    return 0;
}

static int say_about(void)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;

    MPI_Get_library_version(text, &length); /* may be called before MPI_Init */
    text[strcspn(text, ",\n")] = '\0';
    printf("library %s\n", text);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "about") == 0)
        return say_about();
    if (argc > 2 && strcmp(argv[1], "pingpong") == 0)
        return ping(strtoull(argv[2], NULL, 10));
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
        if (argc == measures[i].words + 2 && strcmp(argv[1], measures[i].name) == 0)
            return on_ranks(measures[i].measure, argv + 2);
    fprintf(stderr, "usage: see the first lines of mpi.c\n");
    return 64;
}
