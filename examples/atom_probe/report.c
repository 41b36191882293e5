/* report.c - what each stage takes on one CPU, and on several.
 * SPDX-License-Identifier: MIT
 *
 * One CPU is the plain loop: the NULL pool, which is the best serial program there is here,
 * since it is the same kernels one after another. Ways take turns, and of each the best of
 * some repetitions counts. Whether the results are the same bytes is looked at every time.
 */
#include "failure.h"
#include "numbers.h"
#include "peak.h"
#include "measured.h"
#include "program.h"

#include <cadre/plan.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAYS_MAX 24

static double now(void)
{
    struct timespec t = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there on Linux */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- ways ---- */

struct way {
    const char *backend; /* NULL: the plain loop */
    int workers;
    cadre_pool *pool;
    double best;
    bool same;
};

struct ways {
    struct way way[WAYS_MAX];
    unsigned n;
    double sum; /* of the stage measured last */
};

static void close_ways(struct ways *w)
{
    for (unsigned i = 0; i < w->n; i++)
        cadre_close(w->way[i].pool);
    w->n = 0;
}

static int add_way(struct ways *w, const char *backend, int workers, cadre_error *err)
{
    struct way *way = &w->way[w->n];

    if (w->n == WAYS_MAX)
        return CADRE_OK;
    *way = (struct way){ .backend = backend, .workers = workers };
    w->n++;
    return backend ? ap_pool_of(&way->pool, backend, workers, err) : CADRE_OK;
}

static int add_doubling(struct ways *w, const char *backend, unsigned cpus,
                        cadre_error *err)
{
    int rc = CADRE_OK;

    for (unsigned k = 1; rc == CADRE_OK; k *= 2) {
        rc = add_way(w, backend, (int)(k < cpus ? k : cpus), err);
        if (k >= cpus)
            break;
    }
    return rc;
}

/* The loop; threads and processes of 1, 2, 4 ... workers; or those asked for. Processes are
 * persistent ones: others would be forked beside the threads of the pools before. */
static int open_ways(struct ways *w, const struct ap_settings *s, cadre_error *err)
{
    cadre_pool *pool;
    unsigned cpus;
    int rc = ap_pool_of(&pool, "threads", (int)s->workers, err);

    w->n = 0;
    if (rc)
        return rc;
    cpus = cadre_workers(pool);
    cadre_close(pool);
    rc = add_way(w, NULL, 1, err);
    if (rc == CADRE_OK && s->backend)
        return add_doubling(w, s->backend, cpus, err);
    if (rc == CADRE_OK)
        rc = add_doubling(w, "threads", cpus, err);
    if (rc == CADRE_OK)
        rc = add_doubling(w, "persistent", cpus, err);
    return rc;
}

/* ---- measuring ---- */

/* Once: its time, and whether the bytes are those of the first. */
static int run_once(struct way *way, const struct ap_measured *stage,
                    struct ap_result *first, cadre_error *err)
{
    struct ap_result result = { 0 };
    double began = now(), took;
    int rc = stage->run(&result, way->pool, stage->settings, err);

    took = now() - began;
    if (rc == CADRE_OK && !first->size && !first->n) {
        *first = result;
        result = (struct ap_result){ 0 };
        way->same = true;
    } else if (rc == CADRE_OK) {
        way->same = way->same && ap_result_same(&result, first);
    }
    way->best = way->best == 0 || took < way->best ? took : way->best;
    ap_result_free(&result);
    return rc;
}

static int measure(struct ways *w, const struct ap_measured *stage,
                   uint64_t repetitions, cadre_error *err)
{
    struct ap_result first = { 0 };
    int rc = CADRE_OK;

    for (unsigned i = 0; i < w->n; i++) {
        w->way[i].best = 0;
        w->way[i].same = true;
    }
    for (uint64_t r = 0; rc == CADRE_OK && r < repetitions; r++)
        for (unsigned i = 0; rc == CADRE_OK && i < w->n; i++)
            rc = run_once(&w->way[i], stage, &first, err);
    w->sum = stage->sum(&first);
    ap_result_free(&first);
    return rc;
}

/* `STAGE.WAY VALUE ns` lines, for the benchmarks. */
static void show_figures(const struct ways *w, const char *key)
{
    for (unsigned i = 0; i < w->n; i++) {
        const struct way *way = &w->way[i];

        if (way->backend)
            printf("%s.%s-%d %.0f ns\n", key, way->backend, way->workers,
                   1e9 * way->best);
        else
            printf("%s.loop %.0f ns\n", key, 1e9 * way->best);
    }
    printf("%s.sum %.17g units\n", key, w->sum);
}

static void show(const struct ways *w, const struct ap_measured *stage)
{
    double serial = w->way[0].best;

    printf("%s: %" PRIu64 " items, %s\n", stage->name, stage->items, stage->shape);
    printf("  %-24s %10s %9s  %s\n", "", "time (ms)", "speed-up", "same bytes");
    for (unsigned i = 0; i < w->n; i++) {
        const struct way *way = &w->way[i];
        char name[64];

        if (way->backend)
            snprintf(name, sizeof name, "%s, %d worker%s",
                     strcmp(way->backend, "persistent") == 0 ? "processes"
                                                             : way->backend,
                     way->workers, way->workers == 1 ? "" : "s");
        else
            snprintf(name, sizeof name, "plain loop");
        printf("  %-24s %10.2f %8.2fx  %s\n", name, 1e3 * way->best, serial / way->best,
               way->same ? "yes" : "NO");
    }
}

static int report_stage(struct ways *w, const struct ap_measured *stage,
                        uint64_t repetitions, bool figures, cadre_error *err)
{
    int rc = measure(w, stage, repetitions, err);

    if (rc)
        return rc;
    if (figures) {
        show_figures(w, stage->key);
    } else {
        show(w, stage);
        putchar('\n');
    }
    fflush(stdout);
    for (unsigned i = 0; i < w->n; i++)
        if (!w->way[i].same)
            return ap_fail(err, CADRE_EDATA, "%s: the results are not the same bytes",
                           stage->name);
    return CADRE_OK;
}

/* ---- controls ---- */

/* Work so small that other processes' start would cost more, and threads' brings little:
 * with a least number of items the automatic choice leaves it to the caller's thread. */
static int report_control(const struct ap_measured *stage, uint64_t repetitions,
                          bool figures, cadre_error *err)
{
    cadre_options o = { .min_items = stage->least, .ignore_environment = true };
    struct ways w = { .n = 2 };
    cadre_plan plan;
    int rc = cadre_open(&w.way[1].pool, &o, err);

    w.way[1].backend = "auto";
    w.way[1].workers = (int)cadre_workers(w.way[1].pool);
    if (rc == CADRE_OK)
        rc = measure(&w, stage, repetitions * 10, err);
    if (rc == CADRE_OK)
        rc = cadre_plan_job(&plan, w.way[1].pool, &stage->job, err);
    if (rc == CADRE_OK && figures)
        show_figures(&w, stage->key);
    else if (rc == CADRE_OK) {
        show(&w, stage);
        printf("  auto: %s: %s\n\n",
               plan.start == CADRE_START_SERIAL ? "stays serial" : "brings workers in",
               plan.why_start);
    }
    if (rc == CADRE_OK && !w.way[1].same)
        rc = ap_fail(err, CADRE_EDATA, "%s: the results are not the same bytes",
                     stage->name);
    cadre_close(w.way[1].pool);
    return rc;
}

/* ---- the stages ---- */

struct material {
    struct ap_ions ions;
    double reference;
    struct ap_recover many, few;
};

static void free_material(struct material *m)
{
    ap_ions_free(&m->ions);
    cadre_free_shared(m->many.pulses.first);
    cadre_free_shared(m->few.pulses.first);
    ap_stops_free(&m->many.stops);
    ap_stops_free(&m->few.stops);
}

static int make_stops(struct ap_recover *r, const struct ap_settings *s,
                      uint64_t pulses, cadre_error *err)
{
    int rc = ap_stops_make(&r->stops, NULL, pulses, err);

    r->limit = s->limit > 0 ? s->limit : 4;
    r->batch = s->batch;
    return rc ? rc : ap_pulses_find(&r->pulses, &r->stops, err);
}

static int make_material(struct material *m, const struct ap_settings *s,
                         cadre_error *err)
{
    int rc = ap_ions_make(&m->ions, NULL, s->ions ? s->ions : 5000000, err);

    if (rc == CADRE_OK)
        rc = make_stops(&m->many, s, s->pulses ? s->pulses : 1000000, err);
    if (rc == CADRE_OK)
        rc = make_stops(&m->few, s, 20000, err);
    if (rc == CADRE_OK)
        m->reference = ap_mean(m->ions.t, m->ions.n);
    return rc;
}

static struct ap_store in_memory(double *values, uint64_t n)
{
    return (struct ap_store){ .n = n, .size = sizeof *values, .memory = values };
}

static struct ap_voltage voltage_of(const struct material *m,
                                    const struct ap_settings *s, int method)
{
    return (struct ap_voltage){ .v = in_memory(m->ions.v, m->ions.n),
                                .t = in_memory(m->ions.t, m->ions.n),
                                .n = m->ions.n,
                                .segment = s->segment ? s->segment : 10000,
                                .reference = m->reference,
                                .bin = s->bin > 0 ? s->bin : 0.01,
                                .method = method };
}

static struct ap_bowl bowl_of(const struct material *m, const struct ap_settings *s,
                              int kernel)
{
    return (struct ap_bowl){ .x = in_memory(m->ions.x, m->ions.n),
                             .y = in_memory(m->ions.y, m->ions.n),
                             .t = in_memory(m->ions.t, m->ions.n),
                             .n = m->ions.n,
                             .sample = s->sample ? (unsigned)s->sample : 1,
                             .diameter = s->diameter > 0 ? s->diameter : 70,
                             .reference = m->reference,
                             .bin = s->bin > 0 ? s->bin : 0.01,
                             .kernel = kernel };
}

static int cells_of(uint64_t *cells, const struct ap_bowl *b, cadre_error *err)
{
    struct ap_grid grid;
    int rc = ap_grid_make(&grid, b->sample, b->diameter, 0, err);

    *cells = grid.cells;
    return rc;
}

static int report(const struct material *m, struct ways *w, const struct ap_settings *s,
                  cadre_error *err)
{
    uint64_t repetitions = s->repetitions ? s->repetitions : 3;
    struct ap_voltage voltage = voltage_of(m, s, AP_HISTOGRAM);
    struct ap_voltage mean = voltage_of(m, s, AP_MEAN);
    struct ap_bowl binned = bowl_of(m, s, AP_BINNED), scan = bowl_of(m, s, AP_SCAN);
    uint64_t segments = ap_voltage_segments(&voltage), cells = 0;
    const struct ap_measured stages[] = {
        { .key = "voltage",
          .name = "voltage",
          .shape = "segments: pieces of an array",
          .run = ap_measure_voltage,
          .sum = ap_sum_voltage,
          .settings = &voltage,
          .items = segments },
        { .key = "sequences",
          .name = "sequences",
          .shape = "batches of pulses: results of any size",
          .run = ap_measure_recover,
          .sum = ap_sum_recover,
          .settings = &m->many,
          .items = ap_recover_batches(&m->many) },
    };
    const struct ap_measured controls[] = {
        { .key = "mean",
          .name = "control: voltage by mean",
          .shape = "some microseconds each",
          .run = ap_measure_voltage,
          .sum = ap_sum_voltage,
          .settings = &mean,
          .items = segments,
          .job = ap_voltage_job(NULL, &mean),
          .least = 10 * segments },
        { .key = "few",
          .name = "control: 20000 pulses",
          .shape = "half a millisecond each",
          .run = ap_measure_recover,
          .sum = ap_sum_recover,
          .settings = &m->few,
          .items = ap_recover_batches(&m->few),
          .job = ap_recover_job(NULL, &m->few),
          .least = 100 },
    };
    int rc = cells_of(&cells, &binned, err);
    struct ap_measured bowl = { .key = "bowl",
                                .name = "bowl, binned",
                                .run = ap_measure_bowl,
                                .sum = ap_sum_bowl,
                                .settings = &binned,
                                .shape = "detector cells, sorted by cell first",
                                .items = cells };
    struct ap_measured slow = { .key = "scan",
                                .name = "bowl, scan",
                                .run = ap_measure_bowl,
                                .sum = ap_sum_bowl,
                                .settings = &scan,
                                .shape = "detector cells: all ions for each",
                                .items = cells };

    if (rc == CADRE_OK)
        rc = report_stage(w, &bowl, repetitions, s->figures, err);
    for (unsigned i = 0; rc == CADRE_OK && i < 2; i++)
        rc = report_stage(w, &stages[i], repetitions, s->figures, err);
    if (rc == CADRE_OK && s->scan)
        rc = report_stage(w, &slow, 1, s->figures, err);
    for (unsigned i = 0; rc == CADRE_OK && i < 2; i++)
        rc = report_control(&controls[i], repetitions, s->figures, err);
    return rc;
}

/* The rows of a million pulses are 78 MB. Left to itself the C library gives them back to
 * the system after each run, and getting them anew takes longer than what fills them: that
 * is not what is to be measured. */
static void keep_memory(void)
{
#ifdef M_TRIM_THRESHOLD
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30); /* if it fails, runs take longer */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
#endif
}

int ap_cmd_report(const struct ap_settings *s, cadre_error *err)
{
    struct material m = { 0 };
    struct ways ways = { .n = 0 };
    int rc;

    keep_memory();
    rc = make_material(&m, s, err);
    if (rc == CADRE_OK)
        rc = open_ways(&ways, s, err);
    if (rc == CADRE_OK)
        rc = report(&m, &ways, s, err);
    close_ways(&ways);
    free_material(&m);
    return rc;
}
