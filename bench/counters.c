/* counters.c - writes to lines of memory that CPUs share, counted; and what follows.
 * SPDX-License-Identifier: MIT
 *
 *     bench-counters [--quick | --line]
 *
 * For a build with -Dcounters=true; in others it exits with 77. Maps and ordered streams run
 * with 2 to 256 workers, on however many CPUs there are: how much a worker takes at a time
 * depends on how many there are, not on whether each has a CPU. Then a line of memory is
 * played between two CPUs, and from both comes what many CPUs would do (predict below;
 * doc/internals/scaling.md has the reasons).
 */
#include <cadre/cadre.h>
#include <cadre/stream.h>
#include "measure.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNTERS 32
#define UNITS    4
#define SIZES    4

static const double unit_ns[UNITS] = { 10, 100, 1000, 10000 };
static const unsigned sizes[SIZES] = { 2, 16, 64, 256 };

struct counter {
    char name[16];
    double writes, moved;
};

struct counts {
    struct counter of[COUNTERS];
    size_t n;
};

static void fail(const char *why)
{
    fprintf(stderr, "bench-counters: %s\n", why);
    exit(1);
}

/* ---- what was counted ---- */

static bool read_counts(cadre_pool *pool, struct counts *c)
{
    static char text[16384];
    cadre_error error;

    c->n = 0;
    if (cadre_explain(pool, NULL, text, sizeof text, &error))
        fail(error.message);
    for (char *at = strstr(text, "counted:"); at && c->n < COUNTERS;
         at = strstr(at + 1, "counted:")) {
        struct counter *k = &c->of[c->n];
        if (sscanf(at, "counted: %15s %lf %lf", k->name, &k->writes, &k->moved) == 3)
            c->n++;
    }
    return c->n > 0;
}

static double count_of(const struct counts *c, const char *name)
{
    for (size_t k = 0; k < c->n; k++)
        if (strcmp(c->of[k].name, name) == 0)
            return c->of[k].writes;
    fail("a counter has another name");
    return 0;
}

static void subtract(struct counts *c, const struct counts *before)
{
    for (size_t k = 0; k < c->n; k++) {
        c->of[k].writes -= before->of[k].writes;
        c->of[k].moved -= before->of[k].moved;
    }
}

/* ---- work ---- */

struct subject {
    const char *name, *backend;
    bool stream;
};

static const struct subject all_ways[] = {
    { "map, threads", "threads", false },
    { "map, processes", "processes", false },
    { "ordered stream, threads", "threads", true },
    { "ordered stream, processes", "processes", true },
};
#define WAYS (sizeof all_ways / sizeof *all_ways)

static void run_stream(cadre_pool *pool, const cadre_job *job, double *results)
{
    cadre_stream *s;
    cadre_record record;
    cadre_error error;
    int rc;

    if (cadre_stream_open(&s, pool, job, &error))
        fail(error.message);
    while ((rc = cadre_stream_next(s, &record, &error)) == CADRE_OK)
        memcpy(&results[record.index], record.data, sizeof *results);
    cadre_stream_close(s);
    if (rc != CADRE_DONE)
        fail(error.message);
}

static void run_once(cadre_pool *pool, const struct subject *way, const struct work *w)
{
    cadre_job job = { .fn = w->kernel,
                      .n = w->n,
                      .items = w->items,
                      .item_size = sizeof *w->items,
                      .result_size = sizeof *w->results };
    cadre_error error;

    if (way->stream) {
        run_stream(pool, &job, w->results);
        return;
    }
    job.results = w->results;
    if (cadre_map(pool, &job, &error))
        fail(error.message);
}

/* The second run counts: by then the cost of an item is known. False: nothing counts. */
static bool count_run(const struct subject *way, unsigned workers, const struct work *w,
                      struct counts *c)
{
    cadre_options options = { .backend = way->backend,
                              .workers = (int)workers,
                              .oversubscribe = true,
                              .ignore_environment = true };
    struct counts before;
    cadre_pool *pool;
    cadre_error error;
    bool counts;

    if (cadre_open(&pool, &options, &error))
        fail(error.message);
    run_once(pool, way, w);
    counts = read_counts(pool, &before);
    if (counts) {
        run_once(pool, way, w);
        read_counts(pool, c);
        subtract(c, &before);
    }
    cadre_close(pool);
    return counts;
}

/* An ordered stream writes each item's status once, whoever runs what. */
static void check_counts(const struct subject *way, const struct counts *c,
                         const struct work *w)
{
    if (way->stream && count_of(c, "status") != (double)w->n)
        fail("an ordered stream has not as many statuses as items");
}

/* ---- a line between two CPUs ---- */

/* Short games and many of them: on a busy machine a player may be kept from its CPU. */
#define TURNS 400
#define GAMES 200

struct table_tennis {
    _Alignas(128) _Atomic unsigned ball; /* sequentially consistent, as all here */
    _Atomic unsigned ready;
    int cpu[2];
    bool rally; /* in turns; else both add as they can */
    unsigned turns;
};

struct player {
    struct table_tennis *t;
    unsigned side;
};

static void stay_on(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set))
        fail("a thread cannot be kept on a CPU");
}

static void *play(void *arg)
{
    struct player *p = arg;
    struct table_tennis *t = p->t;

    stay_on(t->cpu[p->side]);
    atomic_fetch_add(&t->ready, 1);
    while (atomic_load(&t->ready) < 2)
        ;
    for (unsigned k = 0; k < t->turns; k++) {
        while (t->rally && atomic_load(&t->ball) % 2 != p->side)
            ;
        atomic_fetch_add(&t->ball, 1);
    }
    return NULL;
}

/* Nanoseconds for each change of the word. */
static double play_once(struct table_tennis *t)
{
    struct player other = { t, 1 }, self = { t, 0 };
    pthread_t thread;
    double began;

    atomic_store(&t->ball, 0);
    atomic_store(&t->ready, 0);
    if (pthread_create(&thread, NULL, play, &other))
        fail("a thread could not be started");
    began = now_ns();
    play(&self);
    pthread_join(thread, NULL);
    return (now_ns() - began) / (2.0 * t->turns);
}

/* The best of some games; 0 where there is one CPU. */
static double line_ns(bool rally)
{
    struct table_tennis t = { .rally = rally, .turns = TURNS };
    cpu_set_t before, set;
    double best = 0;
    int found = 0;

    if (sched_getaffinity(0, sizeof before, &before))
        fail("sched_getaffinity fails");
    set = before;
    for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
        if (CPU_ISSET(cpu, &set))
            t.cpu[found++] = cpu;
    for (int game = 0; found == 2 && game < GAMES; game++) {
        double ns = play_once(&t);
        best = best == 0 || ns < best ? ns : best;
    }
    if (sched_setaffinity(0, sizeof before, &before))
        fail("sched_setaffinity fails");
    return best;
}

/* ---- many CPUs, on paper ---- */

/* What a stream's caller takes for an item of 8 bytes, and a worker between two calls of a
 * map, as `make bench` has it. */
#define CALLER_NS 6.2
#define CALL_NS   1.2

struct machine {
    unsigned cpus;
    double line; /* nanoseconds until a line is on another CPU */
};

static const struct machine machines[] = {
    { 16, 100 }, { 64, 100 }, { 64, 200 }, { 256, 200 }
};
#define MACHINES (sizeof machines / sizeof *machines)

struct forecast {
    double rate; /* items a second */
    const char *limit;
};

static void at_most(struct forecast *f, double rate, const char *limit)
{
    if (rate < f->rate)
        *f = (struct forecast){ rate, limit };
}

/* From claims an item, as counted. A claim has `next` come twice, to look and to take, and
 * in processes the line of who claimed before. Of a stream, each batch also has tail and
 * its items come; the caller has records come, and feeds. */
static struct forecast predict(const struct subject *way, double unit, double claims,
                               const struct machine *m)
{
    bool processes = strcmp(way->backend, "processes") == 0;
    double moves = claims * (processes ? 3 : 2);
    struct forecast f;

    if (way->stream)
        moves += claims + (claims > 0.125 ? claims : 0.125);
    f.rate = m->cpus / (unit + CALL_NS + moves * m->line) * 1e9;
    f.limit = "CPUs";
    at_most(&f, 1e9 / (claims * 2 * m->line), "next");
    if (way->stream)
        at_most(&f, 1e9 / CALLER_NS, "caller");
    return f;
}

/* ---- on paper ---- */

static void print_counts(const struct subject *way, const struct counts *c, double unit,
                         unsigned workers, const struct work *w)
{
    printf("%s; %g ns; %u workers; %zu items:", way->name, unit, workers, w->n);
    for (size_t k = 0; k < c->n; k++) {
        const struct counter *one = &c->of[k];
        if (one->writes > 0 && one->moved > 0)
            printf(" %s %.0f (%.0f moved)", one->name, one->writes, one->moved);
        else if (one->writes > 0)
            printf(" %s %.0f", one->name, one->writes);
    }
    printf("\n");
    fflush(stdout);
}

static void print_forecast(const struct subject *way, double claims[UNITS][SIZES])
{
    printf("\n%s, million items a second, and what limits them\n  %8s", way->name, "");
    for (size_t k = 0; k < MACHINES; k++)
        printf("  %4u CPUs, %3.0f ns", machines[k].cpus, machines[k].line);
    printf("\n");
    for (size_t u = 0; u < UNITS; u++) {
        printf("  %5g ns", unit_ns[u]);
        for (size_t k = 0; k < MACHINES; k++) {
            size_t size = 0;
            struct forecast f;
            while (size + 1 < SIZES && sizes[size] < machines[k].cpus)
                size++;
            /* Of a map most claims are those of its middle, which do not depend on how
             * many workers there are. */
            f = predict(way, unit_ns[u], claims[u][way->stream ? size : 0],
                        &machines[k]);
            printf("  %9.4g %-7s", f.rate / 1e6, f.limit);
        }
        printf("\n");
    }
}

static void count_way(const struct subject *way, double step_ns, double work_ns,
                      double claims[UNITS][SIZES])
{
    for (size_t u = 0; u < UNITS; u++) {
        size_t n = (size_t)(work_ns / unit_ns[u]);
        struct work w;
        if (!work_open(&w, "even", n > 4000000 ? 4000000 : n, unit_ns[u], step_ns))
            exit(1);
        for (size_t s = 0; s < SIZES; s++) {
            struct counts c;
            if (!count_run(way, sizes[s], &w, &c)) {
                fprintf(stderr, "bench-counters: the library counts nothing: set up "
                                "with -Dcounters=true\n");
                exit(77);
            }
            check_counts(way, &c, &w);
            print_counts(way, &c, unit_ns[u], sizes[s], &w);
            claims[u][s] = count_of(&c, "claims") / (double)w.n;
        }
        work_close(&w);
    }
}

static void print_line(void)
{
    printf(
        "\na line between two CPUs here: %.1f ns in turns, %.1f ns a change when both "
        "change it as they can\n",
        line_ns(true), line_ns(false));
}

int main(int argc, char **argv)
{
    static double claims[WAYS][UNITS][SIZES];
    bool quick = argc == 2 && strcmp(argv[1], "--quick") == 0;
    double step_ns = work_step_ns();

    if (argc == 2 && strcmp(argv[1], "--line") == 0) {
        print_line();
        return 0;
    }
    if (argc > 1 && !quick) {
        fprintf(stderr, "usage: %s [--quick | --line]\n", argv[0]);
        return 2;
    }
    for (size_t k = 0; k < WAYS; k++)
        count_way(&all_ways[k], step_ns, quick ? 2e6 : 2e8, claims[k]);
    print_line();
    for (size_t k = 0; k < WAYS; k++)
        print_forecast(&all_ways[k], claims[k]);
    return 0;
}
