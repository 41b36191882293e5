/* recover.c - the recovery stage: hits from the raw stops of the delay lines.
 * SPDX-License-Identifier: MIT
 */
#include "recover.h"
#include "failure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BATCH  4096
#define GROUP  4                 /* stops of a complete hit */
#define TOF4   (27.432 / 4000)   /* ns for each bin of a sum of four times */
#define TOF2   (27.432 / 2000)   /* of two */
#define BINS   (80.0 / 4900 * 2) /* mm for each bin of a difference */
#define MIDDLE 1225.0

const char *const ap_status_text[] = { "4 DLTS in detector", "4 DLTS outside detector",
                                       "2 DLTS in detector", "2 DLTS outside detector",
                                       "unrecoverable" };
const char *const ap_axis_text[] = { "none", "x", "y", "xy" };

/* ---- pulses ---- */

int ap_pulses_find(struct ap_pulses *pulses, const struct ap_stops *stops,
                   cadre_error *err)
{
    uint64_t n = 0, at = 0;

    *pulses = (struct ap_pulses){ 0 };
    for (uint64_t i = 0; i < stops->n; i++)
        n += i == 0 || stops->start_counter[i] != stops->start_counter[i - 1];
    pulses->first = ap_alloc(n + 1, sizeof *pulses->first, err);
    if (!pulses->first)
        return CADRE_ENOMEM;
    for (uint64_t i = 0; i < stops->n; i++)
        if (i == 0 || stops->start_counter[i] != stops->start_counter[i - 1])
            pulses->first[at++] = i;
    pulses->first[n] = stops->n;
    pulses->n = n;
    return CADRE_OK;
}

/* ---- the order of hits ---- */

static bool comes_before(const struct ap_stop *a, const struct ap_stop *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->channel < b->channel;
}

/* The first stop of each channel, then the second of each, and so on. A pulse has four to
 * twelve stops, nearly in this order; what a broken counter has gathered may be many, and
 * is sorted by the C library. */
#define MANY 64

static int by_rank(const void *a, const void *b)
{
    return comes_before(a, b) ? -1 : comes_before(b, a); /* no two are equal */
}

static uint32_t rank_of(const struct ap_stop *stops, size_t i, uint32_t seen[GROUP])
{
    uint32_t rank = 0;

    if (stops[i].channel < GROUP)
        return seen[stops[i].channel]++;
    for (size_t k = 0; k < i; k++)
        rank += stops[k].channel == stops[i].channel;
    return rank;
}

/* One stop of each channel, which is what most pulses are: there is nothing to sort. */
static bool place_four(struct ap_stop *stops)
{
    struct ap_stop by_channel[GROUP];
    unsigned seen = 0;

    for (size_t i = 0; i < GROUP; i++) {
        if (stops[i].channel >= GROUP)
            return false;
        seen |= 1u << stops[i].channel;
        by_channel[stops[i].channel] = stops[i];
    }
    if (seen != (1u << GROUP) - 1)
        return false;
    memcpy(stops, by_channel, sizeof by_channel);
    return true;
}

static void put_in_order(struct ap_stop *stops, size_t n)
{
    uint32_t seen[GROUP] = { 0 };

    if (n == GROUP && place_four(stops))
        return;
    for (size_t i = 0; i < n; i++)
        stops[i].rank = rank_of(stops, i, seen);
    if (n > MANY) {
        qsort(stops, n, sizeof *stops, by_rank);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct ap_stop s = stops[i];
        size_t k = i;

        for (; k > 0 && comes_before(&s, &stops[k - 1]); k--)
            stops[k] = stops[k - 1];
        stops[k] = s;
    }
}

/* ---- rows ---- */

/* Where the difference of two times puts it, in cm. Adding and taking away the middle
 * rounds as the acquisition's program does. */
static double position(const struct ap_stop *a, const struct ap_stop *b)
{
    double difference = (double)((int64_t)b->time - (int64_t)a->time);

    return ((-0.5 * difference + MIDDLE) - MIDDLE) * BINS * 0.1;
}

static double sum_of(const struct ap_stop *a, const struct ap_stop *b)
{
    return (double)((uint64_t)a->time + b->time);
}

static void complete_hit(struct ap_row *row, const struct ap_stop *s, double limit)
{
    row->x = position(&s[0], &s[1]);
    row->y = position(&s[2], &s[3]);
    row->tof = (sum_of(&s[0], &s[1]) + sum_of(&s[2], &s[3])) * TOF4;
    row->radius = hypot(row->x, row->y);
    row->lines = 4;
    row->axis = AP_XY;
    row->accepted = fabs(row->x) <= limit && fabs(row->y) <= limit;
    row->status = row->accepted ? AP_FOUR_INSIDE : AP_FOUR_OUTSIDE;
}

static void partial_hit(struct ap_row *row, const struct ap_stop *a,
                        const struct ap_stop *b, enum ap_axis axis, double limit)
{
    double at = position(a, b);

    row->x = axis == AP_X ? at : 0;
    row->y = axis == AP_Y ? at : 0;
    row->tof = sum_of(a, b) * TOF2;
    row->radius = fabs(at);
    row->lines = 2;
    row->axis = (uint8_t)axis;
    row->accepted = fabs(at) <= limit;
    row->status = row->accepted ? AP_TWO_INSIDE : AP_TWO_OUTSIDE;
}

static void no_hit(struct ap_row *row)
{
    row->tof = row->x = row->y = row->radius = NAN;
    row->status = AP_UNRECOVERABLE;
}

/* The next stop of that channel from *at on; NULL: there is none. */
static const struct ap_stop *next_of(const struct ap_stop *s, size_t n, size_t *at,
                                     uint32_t channel)
{
    while (*at < n && s[*at].channel != channel)
        ++*at;
    return *at < n ? &s[(*at)++] : NULL;
}

/* The first stop of one end with the first of the other, the second with the second. */
static size_t pair_up(struct ap_row *rows, const struct ap_stop *s, size_t n,
                      uint32_t channel, enum ap_axis axis, double limit)
{
    size_t i = 0, k = 0, found = 0;
    const struct ap_stop *a, *b;

    while ((a = next_of(s, n, &i, channel)) && (b = next_of(s, n, &k, channel + 1))) {
        rows[found] = (struct ap_row){ 0 };
        partial_hit(&rows[found++], a, b, axis, limit);
    }
    return found;
}

size_t ap_recover_group(struct ap_row *rows, const struct ap_stop *stops, size_t n,
                        bool valid, double limit)
{
    size_t found;

    rows[0] = (struct ap_row){ 0 };
    if (valid && n == GROUP) {
        complete_hit(&rows[0], stops, limit);
        return 1;
    }
    found = pair_up(rows, stops, n, 0, AP_X, limit);
    found += pair_up(rows + found, stops, n, 2, AP_Y, limit);
    if (found > 0)
        return found;
    rows[0] = (struct ap_row){ 0 };
    no_hit(&rows[0]);
    return 1;
}

static bool is_complete(const struct ap_stop *s, size_t n)
{
    return n == GROUP && s[0].channel == 0 && s[1].channel == 1 && s[2].channel == 2 &&
           s[3].channel == 3;
}

size_t ap_recover_pulse(struct ap_row *rows, struct ap_stop *stops, size_t n,
                        double limit)
{
    size_t found = 0;

    put_in_order(stops, n);
    for (size_t i = 0; i < n; i += GROUP) {
        size_t here = n - i < GROUP ? n - i : GROUP;
        size_t more = ap_recover_group(rows + found, stops + i, here,
                                       is_complete(stops + i, here), limit);

        for (size_t k = found; k < found + more; k++) {
            rows[k].group = (uint32_t)(i / GROUP);
            rows[k].stops = (uint32_t)n;
        }
        found += more;
    }
    return found;
}

/* ---- batches ---- */

static uint64_t batch_of(const struct ap_recover *stage)
{
    return stage->batch ? stage->batch : BATCH;
}

uint64_t ap_recover_batches(const struct ap_recover *stage)
{
    return (stage->pulses.n + batch_of(stage) - 1) / batch_of(stage);
}

static size_t recover_one(struct ap_row *rows, struct ap_stop *work,
                          const struct ap_recover *stage, uint64_t pulse)
{
    const struct ap_stops *s = &stage->stops;
    uint64_t first = stage->pulses.first[pulse];
    size_t n = stage->pulses.first[pulse + 1] - first, found;

    for (size_t i = 0; i < n; i++)
        work[i] = (struct ap_stop){ s->channel[first + i], s->time[first + i], 0 };
    found = ap_recover_pulse(rows, work, n, stage->limit);
    for (size_t i = 0; i < found; i++) {
        rows[i].pulse = pulse;
        rows[i].start_counter = s->start_counter[first];
        rows[i].voltage = s->voltage[first];
        rows[i].pulse_voltage = s->pulse[first];
    }
    return found;
}

static int recover_batch(cadre_task *task, const void *item, void *result)
{
    const struct ap_recover *stage = cadre_task_shared(task);
    uint64_t from = cadre_task_index(task) * batch_of(stage);
    uint64_t to = from + batch_of(stage);
    size_t stops, found = 0;
    struct ap_row *rows;
    struct ap_stop *work;

    (void)item;
    (void)result;
    to = to < stage->pulses.n ? to : stage->pulses.n;
    stops = stage->pulses.first[to] - stage->pulses.first[from];
    rows = cadre_task_scratch(task, stops * (sizeof *rows + sizeof *work));
    if (!rows)
        return 1;
    work = (struct ap_stop *)(void *)(rows + stops);
    for (uint64_t p = from; p < to; p++)
        found += recover_one(rows + found, work, stage, p);
    return cadre_task_emit(task, rows, found * sizeof *rows);
}

cadre_job ap_recover_job(cadre_bytes *batches, const struct ap_recover *stage)
{
    return (cadre_job){ .fn = recover_batch,
                        .name = "pulses",
                        .n = ap_recover_batches(stage),
                        .emitted = batches,
                        .shared = stage,
                        .shared_size = sizeof *stage };
}

int ap_recover_run(cadre_bytes *batches, cadre_pool *pool,
                   const struct ap_recover *stage, cadre_error *err)
{
    cadre_job job = ap_recover_job(batches, stage);

    return cadre_map(pool, &job, err);
}

struct ap_recovered ap_recover_sum(const cadre_bytes *batches, uint64_t n)
{
    struct ap_recovered sum = { 0 };

    for (uint64_t b = 0; b < n; b++) {
        const struct ap_row *rows = batches[b].data;

        for (size_t i = 0; i < batches[b].size / sizeof *rows; i++) {
            sum.rows++;
            sum.status[rows[i].status]++;
            if (rows[i].status == AP_UNRECOVERABLE)
                continue;
            sum.distance += fabs(rows[i].x) + fabs(rows[i].y);
            sum.tof += rows[i].tof;
        }
    }
    return sum;
}
