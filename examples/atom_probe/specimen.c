/* specimen.c - made-up files: a specimen of aluminium, as a detector would see it.
 * SPDX-License-Identifier: MIT
 *
 * An ion of mass m flies L in t, m = 2 a (V + b Vp) e (t / L)^2: solved for t, and then
 * spread by what the corrections are to find again. The logarithm that late evaporation
 * needs is made of plain arithmetic here, as the C library's differs from one to the next.
 */
#include "specimen.h"
#include "events.h"
#include "failure.h"
#include "ions_hdf5.h"

#include <cadre/stream.h>
#include <math.h>
#include <string.h>

#define CHARGE   1.6e-19
#define UNIT     1.66e-27 /* kg */
#define ALPHA    1.015
#define BETA     0.7
#define PULSE    0.15  /* V */
#define FLIGHT   110.0 /* mm */
#define LATE     0.3   /* ns, mean */
#define JITTER   2e-4
#define SEED     2001 /* species, background, late; the jitter's are 2010 to 2021 */
#define DETECTED 0.01 /* ions for each pulse */

static const struct {
    double share, mass; /* shares add up; the rest is background */
} species[] = { { 0.03, 1.008 }, { 0.05, 8.994 }, { 0.35, 13.491 }, { 0.95, 26.982 } };

/* -log(u) for u in (0, 1], to twelve digits. */
static double minus_log(double u)
{
    double z, z2, sum = 0;
    int power;

    u = frexp(u, &power); /* exact */
    z = (u - 1) / (u + 1);
    z2 = z * z;
    for (int k = 25; k > 0; k -= 2)
        sum = sum * z2 + 1.0 / k;
    return -(power * 0.69314718055994530942 + 2 * z * sum);
}

static double flight_time(const struct ap_event *e, double mass)
{
    double length = sqrt(e->x * e->x + e->y * e->y + FLIGHT * FLIGHT) * 1e-3;
    double energy = 2 * ALPHA * (e->voltage + BETA * e->pulse) * CHARGE;

    return length * sqrt(mass * UNIT / energy) * 1e9;
}

static double spread(const struct ap_event *e, double t, uint64_t i)
{
    double v = (e->voltage - 5000) / 1000, r2 = e->x * e->x + e->y * e->y, g = -6;

    for (uint64_t k = 0; k < 12; k++)
        g += ap_uniform(SEED + 9 + k, i);
    t *= sqrt(1 + 0.02 * v - 0.0015 * v * v);
    t *= 1 + 2e-5 * r2 + 1e-9 * r2 * r2 + 1e-4 * e->x - 5e-5 * e->y;
    return t * (1 + JITTER * g) + LATE * minus_log(1 - ap_uniform(SEED + 2, i));
}

void ap_specimen_ion(struct ap_event *e, uint64_t i, uint64_t n)
{
    double u = ap_uniform(SEED, i);
    size_t k = 0;

    e->voltage = 2000 + 6000 * ((double)i / (double)n);
    e->pulse = PULSE;
    while (k < sizeof species / sizeof species[0] && u >= species[k].share)
        k++;
    if (k < sizeof species / sizeof species[0])
        e->t = spread(e, flight_time(e, species[k].mass), i);
    else
        e->t = 50 + 1450 * ap_uniform(SEED + 1, i);
    e->t_c = e->t;
    e->start = (uint64_t)((double)i / DETECTED);
    e->pslep = (uint32_t)(1 / DETECTED);
    e->ipp = 1;
}

/* ---- blocks through a stream ---- */

struct making {
    const uint64_t *first; /* ion of each block; in shared memory */
    uint64_t n;
    int format;
};

static int make_block(cadre_task *task, const void *item, void *result)
{
    const struct making *m = cadre_task_shared(task);
    uint64_t block = cadre_task_index(task), first = m->first[block];
    uint64_t count = m->first[block + 1] - first;
    size_t size = ap_record_size(m->format);
    double *x = cadre_task_scratch(task, count * (2 * sizeof *x + size));
    unsigned char *out = (unsigned char *)(x + 2 * count);

    (void)item;
    (void)result;
    if (!x)
        return 1;
    ap_places_fill(block, x, x + count, count);
    for (uint64_t i = 0; i < count; i++) {
        struct ap_event e = { .x = x[i], .y = x[count + i] };

        ap_specimen_ion(&e, first + i, m->n);
        ap_encode(out + i * size, m->format, &e);
    }
    return cadre_task_emit(task, out, count * size);
}

static int take(struct ap_output *output, struct ap_hdf5_writer *hdf5,
                const cadre_record *record, cadre_error *err)
{
    if (hdf5)
        return ap_hdf5_append(hdf5, record->data,
                              record->size / sizeof(struct ap_event), err);
    return ap_output_write(output, record->data, record->size, err);
}

static int write_blocks(struct ap_output *output, struct ap_hdf5_writer *hdf5,
                        struct ap_flow *flow, const cadre_job *job, cadre_error *err)
{
    cadre_stream *stream;
    cadre_record record;
    int rc = cadre_stream_open(&stream, flow->pool, job, err);

    while (rc == CADRE_OK) {
        rc = cadre_stream_next(stream, &record, err);
        if (rc == CADRE_OK)
            rc = take(output, hdf5, &record, err);
    }
    cadre_stream_close(stream);
    return rc == CADRE_DONE ? CADRE_OK : rc;
}

static int write_stops(struct ap_hdf5_writer *hdf5, cadre_pool *pool, uint64_t pulses,
                       cadre_error *err)
{
    struct ap_stops stops;
    int rc = ap_stops_make(&stops, pool, pulses, err);

    if (rc == CADRE_OK)
        rc = ap_hdf5_write_stops(hdf5, &stops, err);
    ap_stops_free(&stops);
    return rc;
}

static int write_file(struct ap_output *output, struct ap_flow *flow,
                      const struct making *m, uint64_t blocks, uint64_t pulses,
                      cadre_error *err)
{
    cadre_job job = { .fn = make_block,
                      .name = "specimen",
                      .n = blocks,
                      .shared = m,
                      .shared_size = sizeof *m,
                      .window = flow->window,
                      .memory_limit = flow->memory_limit,
                      .progress = flow->progress,
                      .progress_arg = flow->progress_arg };
    struct ap_hdf5_writer *hdf5 = NULL;
    int rc = CADRE_OK, finished;

    if (m->format == AP_HDF5)
        rc = ap_hdf5_create(&hdf5, output, err);
    if (rc == CADRE_OK)
        rc = write_blocks(output, hdf5, flow, &job, err);
    if (rc == CADRE_OK && pulses > 0)
        rc = write_stops(hdf5, flow->pool, pulses, err);
    if (hdf5) {
        finished = ap_hdf5_finish(hdf5, rc ? NULL : err);
        rc = rc ? rc : finished;
    }
    return rc ? rc : ap_output_commit(output, err);
}

int ap_specimen_write(const char *path, int format, uint64_t n, uint64_t pulses,
                      struct ap_flow *flow, cadre_error *err)
{
    struct ap_output output;
    struct making m = { .n = n, .format = format };
    uint64_t blocks, *first;
    int rc = format == AP_HDF5 ? ap_output_open_named(&output, path, err)
                               : ap_output_open(&output, path, err);

    if (rc)
        return rc;
    first = ap_places_count(flow->pool, n, &blocks, err);
    m.first = first;
    rc = first ? write_file(&output, flow, &m, blocks, pulses, err) : CADRE_ENOMEM;
    cadre_free_shared(first);
    ap_output_drop(&output);
    return rc;
}
