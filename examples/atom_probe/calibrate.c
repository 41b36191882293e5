/* calibrate.c - a whole file: find the corrections, apply them to every ion.
 * SPDX-License-Identifier: MIT
 */
#include "calibrate.h"
#include "columns.h"
#include "failure.h"
#include "fit.h"
#include "ions_hdf5.h"
#include "peak.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE        0.12 /* of the window around a peak, as a part of its place */
#define SHOWN       0.02 /* and around the corrected peak */
#define TOTAL       4.0  /* spectra go to so many times the mean */
#define LEAST_PEAK  100  /* ions */
#define COLUMN_SIZE 72   /* bytes for an ion while its cell is found, at most */

struct calibration {
    const struct ap_calibrate *what;
    struct ap_calibrated *out;
    cadre_pool *pool;
    struct ap_reader reader;
    struct ap_flow flow;
    uint64_t block;
    const char *folder; /* NULL: columns lie in memory */
    double mean;        /* of what was recorded */
};

static struct ap_pass pass_of(const struct calibration *c, int kind)
{
    return (struct ap_pass){ .kind = kind,
                             .format = c->reader.format,
                             .out_format = c->what->out_format,
                             .mapped =
                                 !c->what->streamed && c->reader.format != AP_HDF5,
                             .file = c->reader.file,
                             .chain = c->out->chain };
}

/* ---- sums and spectra ---- */

static int take_sums(void *arg, const void *bytes, size_t size, cadre_error *err)
{
    struct ap_sums *total = arg;
    const struct ap_sums *s = bytes;

    (void)err;
    for (size_t i = 0; i < size / sizeof *s; i++) {
        total->square += s[i].square;
        total->voltage += s[i].voltage;
        total->t += s[i].t;
        total->n += s[i].n;
        total->placed += s[i].placed;
    }
    return CADRE_OK;
}

static int begin(struct calibration *c, cadre_error *err)
{
    struct ap_pass pass = pass_of(c, AP_PASS_SUMS);
    struct ap_sums sums = { 0 };
    struct ap_step *step = &c->out->chain.step[0];
    int rc = ap_pass_run(&c->flow, &c->reader, &pass, take_sums, &sums, err);

    if (rc)
        return rc;
    c->mean = sums.t / (double)sums.n;
    c->out->partial = sums.n - sums.placed;
    if (sums.placed == 0)
        return ap_fail(err, CADRE_EDATA, "%s: no ion has a place on the detector",
                       c->reader.path);
    if (!c->what->mc) {
        *step = (struct ap_step){ .kind = AP_INITIAL,
                                  .c = { sums.square / (double)sums.placed,
                                         sums.voltage / (double)sums.n } };
        c->out->chain.n = 1;
    }
    return CADRE_OK;
}

struct counting {
    struct ap_spectrum *spectrum[AP_RANGES_MAX];
    unsigned n;
};

static int take_counts(void *arg, const void *bytes, size_t size, cadre_error *err)
{
    const struct counting *to = arg;
    const uint64_t *counts = bytes;

    (void)err;
    (void)size;
    for (unsigned k = 0; k < to->n; k++)
        for (unsigned i = 0; i < AP_BINS; i++)
            to->spectrum[k]->counts[i] += *counts++;
    return CADRE_OK;
}

static int count(struct calibration *c, struct counting *to, const bool *raw,
                 cadre_error *err)
{
    struct ap_pass pass = pass_of(c, AP_PASS_COUNTS);

    pass.ranges = to->n;
    for (unsigned k = 0; k < to->n; k++)
        pass.range[k] =
            (struct ap_range){ to->spectrum[k]->low, to->spectrum[k]->high, raw[k] };
    return ap_pass_run(&c->flow, &c->reader, &pass, take_counts, to, err);
}

/* ---- the peak ---- */

/* Around the highest peak, unless it was asked for; and how many ions may be in it. */
static int find_window(struct calibration *c, struct ap_stage_result *stage,
                       uint64_t *room, cadre_error *err)
{
    static const bool raw[] = { false };
    struct ap_spectrum all = { c->what->low, c->what->high, { 0 } };
    struct counting to = { { &all }, 1 };
    double at, width, bin;
    int rc;

    if (c->what->high <= 0)
        all.high = TOTAL * c->mean;
    rc = count(c, &to, raw, err);
    if (rc)
        return rc;
    ap_spectrum_width(&all, &at, &width);
    bin = (all.high - all.low) / AP_BINS;
    stage->low = c->what->high > 0 ? all.low : at * (1 - SIDE);
    stage->high = c->what->high > 0 ? all.high : at * (1 + SIDE);
    *room = 0;
    for (unsigned k = 0; k < AP_BINS; k++)
        if (all.low + (k + 2) * bin > stage->low &&
            all.low + (k - 1.0) * bin < stage->high)
            *room += all.counts[k];
    if (*room < LEAST_PEAK)
        return ap_fail(err, CADRE_EDATA,
                       "%s: %llu ions lie between %g and %g: too few to calibrate with",
                       c->reader.path, (unsigned long long)*room, stage->low,
                       stage->high);
    return CADRE_OK;
}

static int pick_peak(struct calibration *c, struct ap_stage_result *stage,
                     struct ap_columns *columns, unsigned has, cadre_error *err)
{
    struct ap_pass pass = pass_of(c, AP_PASS_PEAK);
    uint64_t room;
    int rc = find_window(c, stage, &room, err);

    if (rc == CADRE_OK)
        rc = ap_columns_open(columns, has, room, c->folder, err);
    if (rc)
        return rc;
    pass.columns = has;
    pass.low = stage->low;
    pass.high = stage->high;
    rc = ap_pass_run(&c->flow, &c->reader, &pass, ap_columns_take, columns, err);
    stage->ions = columns->n;
    if (rc == CADRE_OK && columns->n == 0)
        rc = ap_fail(err, CADRE_EDATA, "%s: no ion lies between %g and %g",
                     c->reader.path, stage->low, stage->high);
    if (rc == CADRE_OK)
        rc = ap_columns_mean(&stage->reference, c->pool, &columns->column[3],
                             columns->n, err);
    if (rc)
        ap_columns_close(columns);
    return rc;
}

/* ---- stages ---- */

/* Those with a peak, together, as the fits take them: k columns of n. */
static double *gather(uint64_t n, unsigned k, cadre_error *err)
{
    double *all = malloc((n ? n : 1) * k * sizeof *all);

    if (!all)
        ap_fail_memory(err, n * k * sizeof *all);
    return all;
}

/* Times of flight are divided by the root of the factor, as masses go with their squares:
 * so for times the curve is that of the squares. */
static int fit_voltage(struct calibration *c, struct ap_stage_result *stage,
                       const struct ap_segment *s, struct ap_step *step,
                       cadre_error *err)
{
    double *v = gather(stage->items, 2, err), *t = v + stage->items;
    int rc;

    if (!v)
        return CADRE_ENOMEM;
    for (uint64_t i = 0; i < stage->items; i++) {
        if (!s[i].found)
            continue;
        v[stage->found] = s[i].v;
        t[stage->found++] = c->what->mc ? s[i].t : s[i].t * s[i].t;
    }
    if (stage->found < 3)
        rc =
            ap_fail(err, CADRE_EDATA,
                    "%s: only %llu segments have a peak, and three are needed: ask for "
                    "fewer ions in each with --segment",
                    c->reader.path, (unsigned long long)stage->found);
    else
        rc = ap_fit_voltage(v, t, stage->found, step->c, err);
    free(v);
    return rc;
}

static int do_voltage(struct calibration *c, struct ap_stage_result *stage,
                      struct ap_step *step, cadre_error *err)
{
    struct ap_columns columns;
    struct ap_segment *segments;
    struct ap_voltage v = { .segment = c->what->segment,
                            .bin = c->what->bin,
                            .method = c->what->method };
    int rc = pick_peak(c, stage, &columns, AP_HAS_V | AP_HAS_T, err);

    if (rc)
        return rc;
    v.v = columns.column[2];
    v.t = columns.column[3];
    v.n = columns.n;
    v.reference = stage->reference;
    if (v.segment > v.n)
        v.segment = v.n < 10 ? 1 : v.n / 10;
    stage->items = ap_voltage_segments(&v);
    segments = ap_alloc(stage->items, sizeof *segments, err);
    rc = segments ? ap_voltage_run(segments, c->pool, &v, err) : CADRE_ENOMEM;
    ap_columns_close(&columns);
    if (rc == CADRE_OK)
        rc = fit_voltage(c, stage, segments, step, err);
    if (rc == CADRE_OK && !c->out->segments) { /* the first are shown */
        c->out->segments = segments;
        c->out->n_segments = stage->items;
        return CADRE_OK;
    }
    cadre_free_shared(segments);
    return rc;
}

static int fit_bowl(struct ap_stage_result *stage, const struct ap_cell *cell,
                    struct ap_step *step, cadre_error *err)
{
    double *x = gather(stage->items, 3, err);
    double *y = x + stage->items, *z = y + stage->items;
    int rc;

    if (!x)
        return CADRE_ENOMEM;
    for (uint64_t i = 0; i < stage->items; i++) {
        if (!cell[i].found)
            continue;
        x[stage->found] = cell[i].x;
        y[stage->found] = cell[i].y;
        z[stage->found++] = cell[i].z;
    }
    rc = ap_fit_bowl(x, y, z, stage->found, true, step->c, err);
    free(x);
    return rc;
}

static int do_bowl(struct calibration *c, struct ap_stage_result *stage,
                   struct ap_step *step, cadre_error *err)
{
    struct ap_columns columns;
    struct ap_cell *cells;
    struct ap_grid grid;
    struct ap_bowl b = { .sample = c->what->sample,
                         .diameter = c->what->diameter,
                         .bin = c->what->bin,
                         .method = c->what->method == AP_MEDIAN ? AP_HISTOGRAM
                                                                : c->what->method,
                         .block = c->block,
                         .folder = c->folder };
    int rc = pick_peak(c, stage, &columns, AP_HAS_X | AP_HAS_Y | AP_HAS_T, err);

    if (rc)
        return rc;
    b.x = columns.column[0];
    b.y = columns.column[1];
    b.t = columns.column[3];
    b.n = columns.n;
    b.reference = stage->reference;
    rc = ap_bowl_run(&cells, &grid, c->pool, &b, err);
    stage->items = grid.cells;
    ap_columns_close(&columns);
    if (rc == CADRE_OK)
        rc = fit_bowl(stage, cells, step, err);
    if (rc == CADRE_OK && !c->out->cells) { /* the first are shown */
        c->out->cells = cells;
        c->out->grid = grid;
        return CADRE_OK;
    }
    cadre_free_shared(cells);
    return rc;
}

static int do_stage(struct calibration *c, int kind, cadre_error *err)
{
    struct ap_chain *chain = &c->out->chain;
    struct ap_stage_result *stage = &c->out->stage[chain->n];
    struct ap_step step = { .kind = kind };
    int rc;

    stage->kind = kind;
    rc = kind == AP_BOWL ? do_bowl(c, stage, &step, err)
                         : do_voltage(c, stage, &step, err);
    if (rc == CADRE_OK)
        chain->step[chain->n++] = step;
    return rc;
}

/* A round more makes both better: a segment's peak is narrower once the bowl is known, and
 * a cell's once the voltage is. */
static int do_stages(struct calibration *c, cadre_error *err)
{
    int rc = begin(c, err);

    if (rc == CADRE_OK && c->what->mc)
        rc = do_stage(c, AP_BOWL, err);
    for (unsigned i = 0; rc == CADRE_OK && i < c->what->rounds; i++) {
        rc = do_stage(c, AP_VOLTAGE, err);
        if (rc == CADRE_OK)
            rc = do_stage(c, AP_BOWL, err);
    }
    return rc;
}

/* ---- before and after ---- */

static int do_spectra(struct calibration *c, cadre_error *err)
{
    static const bool raw[] = { true, false, true, false };
    struct ap_calibrated *out = c->out;
    const struct ap_stage_result *last = &out->stage[out->chain.n - 1];
    struct counting to = { { &out->all[0], &out->all[1], &out->peak[0], &out->peak[1] },
                           4 };
    int rc;

    for (unsigned k = 0; k < 2; k++)
        out->all[k].high = TOTAL * c->mean;
    out->peak[0].low = last->reference * (1 - 2 * SIDE);
    out->peak[0].high = last->reference * (1 + 2 * SIDE);
    out->peak[1].low = last->reference * (1 - SHOWN);
    out->peak[1].high = last->reference * (1 + SHOWN);
    rc = count(c, &to, raw, err);
    for (unsigned k = 0; k < 2; k++)
        ap_spectrum_width(&out->peak[k], &out->at[k], &out->width[k]);
    return rc;
}

/* ---- writing ---- */

struct writing {
    struct ap_output output;
    struct ap_hdf5_writer *hdf5;
};

static int take_records(void *arg, const void *bytes, size_t size, cadre_error *err)
{
    struct writing *w = arg;

    if (w->hdf5)
        return ap_hdf5_append(w->hdf5, bytes, size / sizeof(struct ap_event), err);
    return ap_output_write(&w->output, bytes, size, err);
}

static int write_all(struct calibration *c, struct writing *w, cadre_error *err)
{
    struct ap_pass pass = pass_of(c, AP_PASS_APPLY);
    int rc, finished;

    if (c->what->mass > 0)
        pass.mass = c->what->mass / (c->out->at[1] * c->out->at[1]);
    rc = ap_pass_run(&c->flow, &c->reader, &pass, take_records, w, err);
    if (w->hdf5) {
        finished = ap_hdf5_finish(w->hdf5, rc ? NULL : err);
        rc = rc ? rc : finished;
        w->hdf5 = NULL;
    }
    return rc ? rc : ap_output_commit(&w->output, err);
}

/* Opened first: what cannot be written is found out before the work is done. */
static int open_output(struct calibration *c, struct writing *w, cadre_error *err)
{
    int rc;

    if (!c->what->out)
        return CADRE_OK;
    if (c->what->out_format != AP_HDF5)
        return ap_output_open(&w->output, c->what->out, err);
    rc = ap_output_open_named(&w->output, c->what->out, err);
    return rc ? rc : ap_hdf5_create(&w->hdf5, &w->output, err);
}

/* ---- */

static int check_input(const struct ap_calibrate *what, cadre_error *err)
{
    if (what->in_format == AP_POS)
        return ap_fail(
            err, CADRE_EINVAL,
            "%s: POS files have no voltage and no place on the detector, which "
            "calibration needs: take the EPOS file",
            what->in);
    return CADRE_OK;
}

static void note(struct calibration *c)
{
    c->out->records = c->reader.records;
    c->out->torn = c->reader.torn;
    c->out->chunk = c->flow.chunk;
    if (!c->what->memory || c->reader.records < c->what->memory / 4 / COLUMN_SIZE)
        c->folder = NULL;
    c->out->in_memory = c->folder == NULL;
}

int ap_calibrate_run(struct ap_calibrated *out, cadre_pool *pool,
                     const struct ap_calibrate *what, cadre_progress *progress,
                     void *progress_arg, cadre_error *err)
{
    struct calibration c = {
        .what = what,
        .out = out,
        .pool = pool,
        .folder = what->folder,
        .flow = { .pool = pool, .progress = progress, .progress_arg = progress_arg }
    };
    struct writing w = { .output.fd = -1 };
    int rc = check_input(what, err);

    memset(out, 0, sizeof *out);
    out->chain.mc = what->mc;
    out->chain.voltage_pulses = what->voltage_pulses;
    out->chain.flight = what->flight;
    if (rc == CADRE_OK)
        rc = ap_flow_plan(&c.flow, &c.block, what, cadre_workers(pool), err);
    if (rc == CADRE_OK)
        rc = ap_reader_open(&c.reader, what->in, what->in_format, what->keep_whole,
                            what->folder, err);
    if (rc)
        return rc;
    note(&c);
    rc = open_output(&c, &w, err);
    if (rc == CADRE_OK)
        rc = do_stages(&c, err);
    if (rc == CADRE_OK)
        rc = do_spectra(&c, err);
    if (rc == CADRE_OK && what->out)
        rc = write_all(&c, &w, err);
    out->window = c.flow.window;
    out->most_items = c.flow.seen.most_items;
    if (w.hdf5)
        (void)ap_hdf5_finish(w.hdf5, NULL); /* there is an error already */
    ap_output_drop(&w.output);
    ap_reader_close(&c.reader);
    if (rc)
        ap_calibrated_free(out);
    return rc;
}

void ap_calibrated_free(struct ap_calibrated *c)
{
    cadre_free_shared(c->segments);
    cadre_free_shared(c->cells);
    c->segments = NULL;
    c->cells = NULL;
}
