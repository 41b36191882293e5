/* processes.c - what workers that are processes take to begin, and to come back.
 * SPDX-License-Identifier: MIT
 *
 *     PROGRAM MIB WAY REPETITIONS [WAY REPETITIONS]...
 *
 *   cold        from cadre_open to the results of a map of four items, on two workers
 *   cold-persistent   the same, on workers that are persistent, and so started clean
 *   persistent        a map of 64 items on a pool of such workers
 *   death       from a worker's last instruction to the first of its item's next run
 *   late-death  the same in a run that has lasted half a second
 *   persistent-death  the same on persistent workers
 *   fork        a bare fork, to the first instruction of the child: what Linux can do
 *   fork-end    the same with the child's end, in which its memory is given back
 *   kill-fork   from a bare child's last instruction to the first of the next one's
 *   round-trip  to wake two bare processes, and be woken when both have answered
 *
 * With so many MiB that the program has in use beside: forking copies its page tables. To
 * fill them can take longer than all the rest, so one program does several ways. Printed
 * are the lowest and the median of the repetitions of each.
 */
#include <cadre/cadre.h>
#include "measure.h"

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 2
#define ITEMS   4
#define MANY    64
#define LATE_NS 5e8

static bool check(int code, const cadre_error *error)
{
    if (code)
        fprintf(stderr, "%s\n", error->message);
    return code == CADRE_OK;
}

static bool open_pool(cadre_pool **pool, bool persistent)
{
    cadre_options options = { .backend = "processes",
                              .workers = WORKERS,
                              .persistent = persistent,
                              .oversubscribe = true,
                              .ignore_environment = true };
    cadre_error error;

    return check(cadre_open(pool, &options, &error), &error);
}

/* ---- a cold start ---- */

static int square(cadre_task *task, const void *item, void *result)
{
    double x = *(const double *)item;

    (void)task;
    *(double *)result = x * x;
    return 0;
}

static bool map_squares(cadre_pool *pool, uint64_t n)
{
    double items[MANY], results[MANY] = { 0 };
    cadre_job job = { .fn = square,
                      .n = n,
                      .items = items,
                      .item_size = sizeof *items,
                      .results = results,
                      .result_size = sizeof *results };
    cadre_error error;

    for (uint64_t i = 0; i < n; i++)
        items[i] = (double)i;
    return check(cadre_map(pool, &job, &error), &error) &&
           results[n - 1] == items[n - 1] * items[n - 1];
}

/* Nanoseconds, or a negative number when it failed. */
static double start(bool persistent)
{
    cadre_pool *pool = NULL;
    double began = now_ns(), took;
    bool ok = open_pool(&pool, persistent) && map_squares(pool, ITEMS);

    took = now_ns() - began;
    cadre_close(pool);
    return ok ? took : -1;
}

static double cold(void)
{
    return start(false);
}

static double cold_persistent(void)
{
    return start(true);
}

static double on_a_persistent_pool(void)
{
    static cadre_pool *pool; /* to the end of the program */
    double began;

    if (!pool && !open_pool(&pool, true))
        return -1;
    began = now_ns();
    return map_squares(pool, MANY) ? now_ns() - began : -1;
}

/* ---- a death ---- */

/* In memory that the processes share. */
struct life {
    double ended, began; /* the first run of the item, the second */
    double wait;         /* before its end, in nanoseconds */
    int runs;
};

static int die_once(cadre_task *task, const void *item, void *result)
{
    struct life *life = *(struct life *const *)cadre_task_shared(task);

    (void)item;
    (void)result;
    if (cadre_task_index(task) != ITEMS / 2)
        return 0;
    life->began = now_ns();
    if (life->runs++ > 0)
        return 0;
    while ((life->ended = now_ns()) < life->began + life->wait)
        usleep(1000);
    kill(getpid(), SIGKILL);
    return 1;
}

static double die(bool persistent, double wait)
{
    struct life *life = cadre_alloc_shared(sizeof *life, NULL);
    cadre_job job = { .fn = die_once,
                      .n = ITEMS,
                      .shared = &life,
                      .shared_size = sizeof life,
                      .retries = 1 };
    cadre_pool *pool = NULL;
    cadre_error error;
    double took = -1;

    if (life && open_pool(&pool, persistent)) {
        life->wait = wait;
        if (check(cadre_map(pool, &job, &error), &error) && life->runs == 2)
            took = life->began - life->ended;
    }
    cadre_close(pool);
    cadre_free_shared(life);
    return took;
}

static double death(void)
{
    return die(false, 0);
}

static double late_death(void)
{
    return die(false, LATE_NS);
}

static double persistent_death(void)
{
    return die(true, 0);
}

/* ---- what Linux can do ---- */

/* A child that says when it began, and lives until it is killed. */
static pid_t bare_child(double *began)
{
    pid_t pid = fork();

    if (pid == 0) {
        *(volatile double *)began = now_ns();
        for (;;)
            pause();
    }
    while (pid > 0 && *(volatile double *)began == 0)
        sched_yield();
    return pid;
}

static bool end_child(pid_t pid)
{
    return kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid;
}

/* From one child to the next, or from before the only one. */
static double bare(bool after_a_death)
{
    double *child = cadre_alloc_shared(2 * sizeof *child, NULL), began = now_ns();
    bool ok = child != NULL;
    pid_t pid;

    if (ok && after_a_death) {
        ok = (pid = bare_child(&child[0])) > 0;
        began = now_ns();
        ok = ok && end_child(pid);
    }
    ok = ok && (pid = bare_child(&child[1])) > 0;
    began = ok ? child[1] - began : -1;
    ok = ok && end_child(pid);
    cadre_free_shared(child);
    return ok ? began : -1;
}

static double bare_fork(void)
{
    return bare(false);
}

static double bare_kill_fork(void)
{
    return bare(true);
}

/* With the child's end, during which Linux gives its memory back. */
static double bare_fork_and_end(void)
{
    double began = now_ns();

    return bare(false) < 0 ? -1 : now_ns() - began;
}

/* Two processes that sleep until they are called, and answer: what no pool of two workers can
 * do without. */
struct partners {
    _Atomic uint32_t calls, answers;
};

static void futex(_Atomic uint32_t *word, int what, uint32_t value)
{
    syscall(SYS_futex, word, what, value, NULL, NULL, 0);
}

static void await_other(_Atomic uint32_t *word, uint32_t value)
{
    while (atomic_load(word) == value)
        futex(word, FUTEX_WAIT, value);
}

static void answer_for_ever(struct partners *p)
{
    uint32_t seen = 0;

    for (;; seen++) {
        await_other(&p->calls, seen);
        if (atomic_fetch_add(&p->answers, 1) % 2 == 1)
            futex(&p->answers, FUTEX_WAKE, 1);
    }
}

static struct partners *start_partners(void)
{
    struct partners *p = cadre_alloc_shared(sizeof *p, NULL);

    for (int i = 0; p && i < 2; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            answer_for_ever(p);
        }
        if (pid < 0)
            return NULL;
    }
    return p;
}

static double bare_round_trip(void)
{
    static struct partners *p; /* to the end of the program */
    uint32_t before, now;
    double began;

    if (!p && !(p = start_partners()))
        return -1;
    before = atomic_load(&p->answers);
    began = now_ns();
    atomic_fetch_add(&p->calls, 1);
    futex(&p->calls, FUTEX_WAKE, 2);
    while ((now = atomic_load(&p->answers)) != before + 2)
        futex(&p->answers, FUTEX_WAIT, now);
    return now_ns() - began;
}

/* ---- all of them ---- */

/* In pages as small as there are, which is the worst case. */
static bool fill_memory(size_t mib)
{
    size_t size = mib << 20;
    char *memory;

    if (size == 0)
        return true;
    memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    madvise(memory, size, MADV_NOHUGEPAGE);
    memset(memory, 1, size);
    return true;
}

static bool measure(const char *name, double (*once)(void), size_t repetitions)
{
    double *samples = malloc(repetitions * sizeof *samples);
    struct summary s;
    bool ok = samples && once() >= 0; /* to warm up */

    for (size_t i = 0; i < repetitions && ok; i++)
        ok = (samples[i] = once()) >= 0;
    if (ok) {
        s = summarise(samples, repetitions);
        printf("%s.min %.1f ns\n%s.median %.1f ns\n", name, s.min, name, s.median);
    }
    free(samples);
    return ok;
}

static const struct feat {
    const char *name;
    double (*once)(void);
} feats[] = {
    { "cold", cold },
    { "cold-persistent", cold_persistent },
    { "persistent", on_a_persistent_pool },
    { "death", death },
    { "late-death", late_death },
    { "persistent-death", persistent_death },
    { "fork", bare_fork },
    { "fork-end", bare_fork_and_end },
    { "kill-fork", bare_kill_fork },
    { "round-trip", bare_round_trip },
};

static const struct feat *find_feat(const char *name)
{
    for (size_t k = 0; k < sizeof feats / sizeof *feats; k++)
        if (strcmp(feats[k].name, name) == 0)
            return &feats[k];
    return NULL;
}

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s MIB WAY REPETITIONS [WAY REPETITIONS]...\n", program);
    return 2;
}

int main(int argc, char **argv)
{
    size_t mib;

    if (argc < 4 || argc % 2 != 0)
        return usage(argv[0]);
    for (int i = 2; i < argc; i += 2)
        if (!find_feat(argv[i]) || strtoul(argv[i + 1], NULL, 10) == 0)
            return usage(argv[0]);
    mib = strtoul(argv[1], NULL, 10);
    if (!fill_memory(mib)) {
        fprintf(stderr, "no memory for %zu MiB\n", mib);
        return 1;
    }
    for (int i = 2; i < argc; i += 2)
        if (!measure(argv[i], find_feat(argv[i])->once, strtoul(argv[i + 1], NULL, 10)))
            return 1;
    return 0;
}
