/* stops.c - made-up raw stops of the delay lines, pulse by pulse.
 * SPDX-License-Identifier: MIT
 *
 * An ion that hits the detector sends a pulse to both ends of both delay lines: four stops.
 * A pulse of the laser may bring more than one ion, and some stops are lost. As with ions,
 * how many a pulse has is counted first, so that each block of pulses knows its place.
 */
#include "events.h"
#include "failure.h"

#include <math.h>
#include <stdlib.h>

#define BLOCK      4096  /* pulses */
#define COUNTER    60000 /* where start counters wrap */
#define IONS_MAX   3     /* of a pulse */
#define LOST       0.03
#define SEED_COUNT 7
#define SEED_X     8
#define SEED_Y     9
#define SEED_TIME  10
#define SEED_LOST  11

struct making {
    uint64_t pulses;
    uint64_t *ions;  /* before each block */
    uint64_t *first; /* stop of each block */
    struct ap_stops stops;
};

struct stop {
    int64_t time;
    uint32_t channel;
};

static uint64_t ions_of(uint64_t pulse)
{
    double u = ap_uniform(SEED_COUNT, pulse);

    return 1 + (u >= 0.92) + (u >= 0.99);
}

static bool is_kept(uint64_t ion, uint32_t channel)
{
    return ap_uniform(SEED_LOST, 4 * ion + channel) >= LOST;
}

static uint64_t end_of(const struct making *m, uint64_t block)
{
    uint64_t end = (block + 1) * BLOCK;

    return end < m->pulses ? end : m->pulses;
}

/* ---- counting ---- */

static int count_ions(cadre_task *t, const void *item, void *result)
{
    const struct making *m = cadre_task_shared(t);
    uint64_t block = cadre_task_index(t), ions = 0;

    (void)item;
    for (uint64_t p = block * BLOCK; p < end_of(m, block); p++)
        ions += ions_of(p);
    *(uint64_t *)result = ions;
    return 0;
}

static int count_stops(cadre_task *t, const void *item, void *result)
{
    const struct making *m = cadre_task_shared(t);
    uint64_t block = cadre_task_index(t), stops = 0;

    (void)item;
    for (uint64_t j = m->ions[block]; j < m->ions[block + 1]; j++)
        for (uint32_t channel = 0; channel < 4; channel++)
            stops += is_kept(j, channel);
    *(uint64_t *)result = stops;
    return 0;
}

static void add_up(uint64_t *counts, uint64_t n)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i <= n; i++) {
        uint64_t here = i < n ? counts[i] : 0;

        counts[i] = sum;
        sum += here;
    }
}

/* ---- filling ---- */

/* By time; of equal times by channel. A pulse has twelve at most. */
static void put_in_order(struct stop *stops, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct stop s = stops[i];
        size_t k = i;

        for (; k > 0 &&
               (stops[k - 1].time > s.time ||
                (stops[k - 1].time == s.time && stops[k - 1].channel > s.channel));
             k--)
            stops[k] = stops[k - 1];
        stops[k] = s;
    }
}

static size_t stops_of(uint64_t ion, struct stop *out)
{
    int64_t dx = (int64_t)floor((2 * ap_uniform(SEED_X, ion) - 1) * 2300);
    int64_t dy = (int64_t)floor((2 * ap_uniform(SEED_Y, ion) - 1) * 2300);
    int64_t sum = (int64_t)floor(36000 + 72000 * ap_uniform(SEED_TIME, ion));
    int64_t time[4] = { (sum + dx) / 2, (sum - dx) / 2, (sum + dy) / 2,
                        (sum - dy) / 2 };
    size_t n = 0;

    for (uint32_t channel = 0; channel < 4; channel++)
        if (is_kept(ion, channel))
            out[n++] = (struct stop){ time[channel], channel };
    return n;
}

static int fill_block(cadre_task *t, const void *item, void *result)
{
    const struct making *m = cadre_task_shared(t);
    const struct ap_stops *s = &m->stops;
    uint64_t block = cadre_task_index(t), ion = m->ions[block], at = m->first[block];

    (void)item;
    (void)result;
    for (uint64_t p = block * BLOCK; p < end_of(m, block); p++) {
        struct stop pulse[4 * IONS_MAX];
        size_t n = 0;

        for (uint64_t k = ions_of(p); k > 0; k--)
            n += stops_of(ion++, pulse + n);
        put_in_order(pulse, n);
        for (size_t k = 0; k < n; k++, at++) {
            s->channel[at] = pulse[k].channel;
            s->time[at] = (uint32_t)pulse[k].time;
            s->start_counter[at] = (uint32_t)(p % COUNTER);
            s->voltage[at] = 2000 + 6000 * ((double)p / (double)m->pulses);
            s->pulse[at] = 0;
        }
    }
    return 0;
}

/* ---- */

int ap_stops_alloc(struct ap_stops *stops, uint64_t n, cadre_error *err)
{
    double *all = ap_alloc(n + 1, 2 * sizeof(double) + 3 * sizeof(uint32_t), err);
    uint32_t *rest = (uint32_t *)(void *)(all + 2 * n);

    *stops = (struct ap_stops){ 0 };
    if (!all)
        return CADRE_ENOMEM;
    *stops = (struct ap_stops){ n, rest, rest + n, rest + 2 * n, all, all + n };
    return CADRE_OK;
}

void ap_stops_free(struct ap_stops *stops)
{
    cadre_free_shared(stops->voltage); /* all lie in one piece */
    *stops = (struct ap_stops){ 0 };
}

int ap_stops_make(struct ap_stops *stops, cadre_pool *pool, uint64_t pulses,
                  cadre_error *err)
{
    uint64_t blocks = (pulses + BLOCK - 1) / BLOCK;
    struct making m = { .pulses = pulses };
    cadre_job job = { .name = "stops",
                      .n = blocks,
                      .result_size = sizeof(uint64_t),
                      .shared = &m,
                      .shared_size = sizeof m };
    int rc = CADRE_ENOMEM;

    *stops = (struct ap_stops){ 0 };
    m.ions = ap_alloc(2 * (blocks + 1), sizeof *m.ions, err);
    m.first = m.ions + blocks + 1;
    if (m.ions) {
        job.fn = count_ions;
        job.results = m.ions;
        rc = cadre_map(pool, &job, err);
    }
    if (rc == CADRE_OK) {
        add_up(m.ions, blocks);
        job.fn = count_stops;
        job.results = m.first;
        rc = cadre_map(pool, &job, err);
    }
    if (rc == CADRE_OK) {
        add_up(m.first, blocks);
        rc = ap_stops_alloc(&m.stops, m.first[blocks], err);
    }
    if (rc == CADRE_OK) {
        job.fn = fill_block;
        job.results = NULL;
        job.result_size = 0;
        rc = cadre_map(pool, &job, err);
        if (rc == CADRE_OK)
            *stops = m.stops;
        else
            ap_stops_free(&m.stops);
    }
    cadre_free_shared(m.ions);
    return rc;
}
