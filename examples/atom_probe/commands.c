/* commands.c - single stages on made-up data, and files of them.
 * SPDX-License-Identifier: MIT
 */
#include "failure.h"
#include "fit.h"
#include "ions_hdf5.h"
#include "numbers.h"
#include "peak.h"
#include "program.h"
#include "recover.h"
#include "specimen.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static uint64_t or_else(uint64_t value, uint64_t initial)
{
    return value ? value : initial;
}

static double or_number(double value, double initial)
{
    return value > 0 ? value : initial;
}

static bool is(const char *word, const char *name)
{
    return word && strcmp(word, name) == 0;
}

int ap_method_of(const struct ap_settings *s)
{
    return is(s->method, "mean")     ? AP_MEAN
           : is(s->method, "median") ? AP_MEDIAN
                                     : AP_HISTOGRAM;
}

int ap_rule_of(const struct ap_settings *s)
{
    return is(s->rule, "edges") ? AP_EDGES : AP_FAST;
}

int ap_kernel_of(const struct ap_settings *s)
{
    return is(s->kernel, "scan") ? AP_SCAN : AP_BINNED;
}

/* ---- CSV ---- */

struct csv {
    struct ap_output output;
    FILE *stream;
    char *bytes;
    size_t size;
};

static int csv_open(struct csv *csv, const char *path, const char *head,
                    cadre_error *err)
{
    int rc;

    *csv = (struct csv){ .output.fd = -1 };
    if (!path)
        return CADRE_OK;
    rc = ap_output_open(&csv->output, path, err);
    if (rc)
        return rc;
    csv->stream = open_memstream(&csv->bytes, &csv->size);
    if (!csv->stream)
        return ap_fail_memory(err, 0);
    fprintf(csv->stream, "%s\n", head);
    return CADRE_OK;
}

/* Now and then, so that rows do not pile up in memory. */
static int csv_flush(struct csv *csv, cadre_error *err)
{
    int rc;

    if (!csv->stream)
        return CADRE_OK;
    if (fflush(csv->stream) != 0)
        return ap_fail_memory(err, csv->size);
    rc = ap_output_write(&csv->output, csv->bytes, csv->size, err);
    rewind(csv->stream);
    return rc;
}

static int csv_close(struct csv *csv, int rc, cadre_error *err)
{
    if (rc == CADRE_OK)
        rc = csv_flush(csv, err);
    if (csv->stream)
        fclose(csv->stream); /* into memory */
    free(csv->bytes);
    if (rc == CADRE_OK && csv->output.fd >= 0)
        rc = ap_output_commit(&csv->output, err);
    ap_output_drop(&csv->output);
    return rc;
}

/* ---- gen ---- */

static int format_of_output(int *format, const struct ap_settings *s, const char *path,
                            cadre_error *err)
{
    if (!s->out_format)
        return ap_format_of(format, path, err);
    *format = is(s->out_format, "hdf5")  ? AP_HDF5
              : is(s->out_format, "pos") ? AP_POS
                                         : AP_EPOS;
    return CADRE_OK;
}

/* What there is to make goes with the format. */
static int check_gen(const struct ap_settings *s, int format, cadre_error *err)
{
    if (format == AP_POS)
        return ap_fail(
            err, CADRE_EINVAL,
            "%s: made-up ions are not reconstructed, and have no place for a POS "
            "file; make an EPOS file",
            s->operand[0]);
    if (s->pulses && format != AP_HDF5)
        return ap_fail(err, CADRE_EINVAL,
                       "--pulses is %" PRIu64
                       ": only HDF5 files have raw stops, and %s is "
                       "none",
                       s->pulses, s->operand[0]);
    return CADRE_OK;
}

int ap_cmd_gen(const struct ap_settings *s, cadre_error *err)
{
    static char word[] = "making ions";
    struct ap_flow flow = { .progress = ap_progress,
                            .progress_arg = s->quiet ? NULL : word };
    struct ap_calibrate sizes = { .out = s->operand[0] };
    uint64_t block;
    int rc = format_of_output(&sizes.out_format, s, s->operand[0], err);

    if (rc == CADRE_OK)
        rc = check_gen(s, sizes.out_format, err);
    if (rc == CADRE_OK)
        rc = ap_pool_open(&flow.pool, s, err);
    if (rc)
        return rc;
    rc = ap_flow_plan(&flow, &block, &sizes, cadre_workers(flow.pool), err);
    if (rc == CADRE_OK)
        rc = ap_specimen_write(s->operand[0], sizes.out_format,
                               or_else(s->ions, 5000000), s->pulses, &flow, err);
    ap_pool_close(flow.pool);
    return rc;
}

/* ---- recover ---- */

static int write_rows(const char *path, const cadre_bytes *batches, uint64_t n,
                      cadre_error *err)
{
    struct csv csv;
    int rc =
        csv_open(&csv, path,
                 "sequence_index,chunk_index,parent_pulse_length,start_counter,"
                 "high_voltage (V),pulse,tof (ns),x_det (cm),y_det (cm),radius_cm,dlts,"
                 "detector_axis,accepted,status",
                 err);

    for (uint64_t b = 0; csv.stream && rc == CADRE_OK && b < n; b++) {
        const struct ap_row *row = batches[b].data;

        for (size_t i = 0; i < batches[b].size / sizeof *row; i++, row++)
            fprintf(csv.stream,
                    "%" PRIu64 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32
                    ",%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%d,%s,%s,%s\n",
                    row->pulse, row->group, row->stops, row->start_counter,
                    row->voltage, row->pulse_voltage, row->tof, row->x, row->y,
                    row->radius, row->lines, ap_axis_text[row->axis],
                    row->accepted ? "True" : "False", ap_status_text[row->status]);
        rc = csv_flush(&csv, err);
    }
    return csv_close(&csv, rc, err);
}

static void print_recovered(const struct ap_recover *stage,
                            const struct ap_recovered *sum)
{
    printf("stops: %" PRIu64 "\npulses: %" PRIu64 "\nrows: %" PRIu64 "\n",
           stage->stops.n, stage->pulses.n, sum->rows);
    for (int k = 0; k < AP_STATUS_COUNT; k++)
        printf("%s: %" PRIu64 "\n", ap_status_text[k], sum->status[k]);
    printf("sum of |x| + |y|: %.17g cm\nsum of tof: %.17g ns\n", sum->distance,
           sum->tof);
}

static int recover(const struct ap_settings *s, struct ap_recover *stage,
                   cadre_pool *pool, cadre_error *err)
{
    uint64_t n = ap_recover_batches(stage);
    cadre_bytes *batches = calloc(n ? n : 1, sizeof *batches);
    struct ap_recovered sum;
    int rc;

    if (!batches)
        return ap_fail_memory(err, n * sizeof *batches);
    rc = ap_recover_run(batches, pool, stage, err);
    if (rc == CADRE_OK && s->out)
        rc = write_rows(s->out, batches, n, err);
    if (rc == CADRE_OK) {
        sum = ap_recover_sum(batches, n);
        print_recovered(stage, &sum);
    }
    cadre_bytes_free(batches, n);
    free(batches);
    return rc;
}

int ap_cmd_recover(const struct ap_settings *s, cadre_error *err)
{
    struct ap_recover stage = { .limit = or_number(s->limit, 4), .batch = s->batch };
    cadre_pool *pool;
    int rc = ap_pool_open(&pool, s, err);

    if (rc == CADRE_OK)
        rc = s->operands
                 ? ap_hdf5_read_stops(&stage.stops, s->operand[0], err)
                 : ap_stops_make(&stage.stops, pool, or_else(s->pulses, 1000000), err);
    if (rc == CADRE_OK)
        rc = ap_pulses_find(&stage.pulses, &stage.stops, err);
    if (rc == CADRE_OK)
        rc = recover(s, &stage, pool, err);
    cadre_free_shared(stage.pulses.first);
    ap_stops_free(&stage.stops);
    ap_pool_close(pool);
    return rc;
}

/* ---- voltage ---- */

static struct ap_store in_memory(double *values, uint64_t n)
{
    return (struct ap_store){ .n = n, .size = sizeof *values, .memory = values };
}

static int show_segments(const struct ap_settings *s, const struct ap_segment *seg,
                         uint64_t n, cadre_error *err)
{
    double *v = malloc((n ? n : 1) * 2 * sizeof *v), *t = v + n, c[3];
    struct csv csv;
    uint64_t found = 0;
    int rc = v ? csv_open(&csv, s->out, "segment,t,voltage (V)", err)
               : ap_fail_memory(err, n * 2 * sizeof *v);

    if (!v)
        return rc;
    for (uint64_t i = 0; i < n; i++) {
        if (!seg[i].found)
            continue;
        v[found] = seg[i].v;
        t[found++] = seg[i].t;
        if (csv.stream)
            fprintf(csv.stream, "%" PRIu64 ",%.17g,%.17g\n", i, seg[i].t, seg[i].v);
    }
    rc = csv_close(&csv, rc, err);
    if (rc == CADRE_OK)
        rc = ap_fit_voltage(v, t, found, c, err);
    if (rc == CADRE_OK)
        printf("segments: %" PRIu64 "\nwith a peak: %" PRIu64
               "\nt = %.12g + %.12g V + %.12g V^2\n",
               n, found, c[0], c[1], c[2]);
    free(v);
    return rc;
}

int ap_cmd_voltage(const struct ap_settings *s, cadre_error *err)
{
    struct ap_voltage stage = { .segment = or_else(s->segment, 10000),
                                .bin = or_number(s->bin, 0.01),
                                .method = ap_method_of(s),
                                .rule = ap_rule_of(s) };
    struct ap_ions ions = { 0 };
    struct ap_segment *segments = NULL;
    cadre_pool *pool;
    int rc = ap_pool_open(&pool, s, err);

    if (rc == CADRE_OK)
        rc = ap_ions_make(&ions, pool, or_else(s->ions, 5000000), err);
    if (rc == CADRE_OK) {
        stage.n = ions.n;
        stage.v = in_memory(ions.v, ions.n);
        stage.t = in_memory(ions.t, ions.n);
        stage.reference = ap_mean(ions.t, ions.n);
        segments = ap_alloc(ap_voltage_segments(&stage), sizeof *segments, err);
        rc = segments ? ap_voltage_run(segments, pool, &stage, err) : CADRE_ENOMEM;
    }
    if (rc == CADRE_OK)
        rc = show_segments(s, segments, ap_voltage_segments(&stage), err);
    cadre_free_shared(segments);
    ap_ions_free(&ions);
    ap_pool_close(pool);
    return rc;
}

/* ---- bowl ---- */

static int show_cells(const struct ap_settings *s, const struct ap_cell *cell,
                      uint64_t n, cadre_error *err)
{
    double *x = malloc((n ? n : 1) * 3 * sizeof *x), *y = x + n, *z = y + n, c[5];
    struct csv csv;
    uint64_t found = 0;
    int rc = x ? csv_open(&csv, s->out, "cell,x (mm),y (mm),z,ions", err)
               : ap_fail_memory(err, n * 3 * sizeof *x);

    if (!x)
        return rc;
    for (uint64_t i = 0; i < n; i++) {
        if (!cell[i].found)
            continue;
        x[found] = cell[i].x;
        y[found] = cell[i].y;
        z[found++] = cell[i].z;
        if (csv.stream)
            fprintf(csv.stream, "%" PRIu64 ",%.17g,%.17g,%.17g,%" PRIu64 "\n", i,
                    cell[i].x, cell[i].y, cell[i].z, cell[i].members);
    }
    rc = csv_close(&csv, rc, err);
    if (rc == CADRE_OK)
        rc = ap_fit_bowl(x, y, z, found, true, c, err);
    if (rc == CADRE_OK)
        printf("cells: %" PRIu64 "\nwith a peak: %" PRIu64
               "\nz = %.12g + %.12g r^2 + %.12g r^4 + %.12g x + %.12g y\n",
               n, found, c[0], c[1], c[2], c[3], c[4]);
    free(x);
    return rc;
}

int ap_cmd_bowl(const struct ap_settings *s, cadre_error *err)
{
    struct ap_bowl stage = { .sample = (unsigned)or_else(s->sample, 1),
                             .diameter = or_number(s->diameter, 70),
                             .bin = or_number(s->bin, 0.01),
                             .method = ap_method_of(s),
                             .kernel = ap_kernel_of(s) };
    struct ap_ions ions = { 0 };
    struct ap_cell *cells = NULL;
    struct ap_grid grid = { 0 };
    cadre_pool *pool;
    int rc = stage.method == AP_MEDIAN
                 ? ap_fail(err, CADRE_EINVAL,
                           "--method is \"median\": cells have mean or "
                           "histogram")
                 : CADRE_OK;

    if (rc)
        return rc;
    rc = ap_pool_open(&pool, s, err);
    if (rc == CADRE_OK)
        rc = ap_ions_make(&ions, pool, or_else(s->ions, 5000000), err);
    if (rc == CADRE_OK) {
        stage.n = ions.n;
        stage.x = in_memory(ions.x, ions.n);
        stage.y = in_memory(ions.y, ions.n);
        stage.t = in_memory(ions.t, ions.n);
        stage.reference = ap_mean(ions.t, ions.n);
        rc = ap_bowl_run(&cells, &grid, pool, &stage, err);
    }
    if (rc == CADRE_OK)
        rc = show_cells(s, cells, grid.cells, err);
    cadre_free_shared(cells);
    ap_ions_free(&ions);
    ap_pool_close(pool);
    return rc;
}
