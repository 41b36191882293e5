/* events.c - made-up ions, the same bits on any machine.
 * SPDX-License-Identifier: MIT
 *
 * Places are drawn from a square and those outside of the disk dropped, so which ion is
 * the millionth depends on all before it. In parallel that is done twice: blocks of
 * candidates are counted, the counts added up, and then each block knows where its ions
 * belong.
 */
#include "events.h"
#include "failure.h"

#include <math.h>
#include <string.h>

#define SEED_X      1001
#define SEED_Y      1002
#define SEED_JITTER 1010 /* and the eleven after it */

double ap_uniform(uint64_t seed, uint64_t i)
{
    uint64_t z = seed + (i + 1) * UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-53;
}

/* ---- places ---- */

static bool place(uint64_t i, double *x, double *y)
{
    *x = AP_RADIUS * (2 * ap_uniform(SEED_X, i) - 1);
    *y = AP_RADIUS * (2 * ap_uniform(SEED_Y, i) - 1);
    return *x * *x + *y * *y <= AP_RADIUS * AP_RADIUS;
}

uint64_t ap_places_fill(uint64_t block, double *x, double *y, uint64_t most)
{
    uint64_t found = 0;

    for (uint64_t i = 0; i < AP_CANDIDATES && found < most; i++) {
        double a, b;

        if (!place(block * AP_CANDIDATES + i, &a, &b))
            continue;
        x[found] = a;
        y[found++] = b;
    }
    return found;
}

static int count_block(cadre_task *t, const void *item, void *result)
{
    uint64_t first = cadre_task_index(t) * AP_CANDIDATES, found = 0;
    double x, y;

    (void)item;
    for (uint64_t i = 0; i < AP_CANDIDATES; i++)
        found += place(first + i, &x, &y);
    *(uint64_t *)result = found;
    return 0;
}

/* Some more than the disk's share of the square suggests. */
static uint64_t enough_blocks(uint64_t n)
{
    return (uint64_t)((double)n * 1.05 / 0.785 / AP_CANDIDATES) + 2;
}

uint64_t *ap_places_count(cadre_pool *pool, uint64_t n, uint64_t *blocks,
                          cadre_error *err)
{
    uint64_t most = enough_blocks(n), sum = 0, b = 0;
    uint64_t *first = ap_alloc(most + 1, sizeof *first, err);
    cadre_job job = { .fn = count_block,
                      .name = "places",
                      .n = most,
                      .results = first,
                      .result_size = sizeof *first };

    if (!first)
        return NULL;
    if (cadre_map(pool, &job, err)) {
        cadre_free_shared(first);
        return NULL;
    }
    for (; b < most && sum < n; b++) { /* counts become sums of those before */
        uint64_t here = first[b];

        first[b] = sum;
        sum += here;
    }
    if (sum < n) {
        cadre_free_shared(first);
        ap_fail(err, CADRE_EDATA, "%llu places are too many to make",
                (unsigned long long)n);
        return NULL;
    }
    first[b] = n;
    *blocks = b;
    return first;
}

/* ---- one peak ---- */

struct filling {
    struct ap_ions ions;
    const uint64_t *first; /* of each block; one more than there are blocks */
};

static double spread_out(double x, double y, double volts, uint64_t i)
{
    double g = 0, r2 = x * x + y * y, v = volts / 1000, fv, fb;

    for (uint64_t k = 0; k < 12; k++)
        g += ap_uniform(SEED_JITTER + k, i);
    g -= 6;
    fv = 1 + 0.02 * (v - 5) - 0.0015 * (v - 5) * (v - 5);
    fb = 1 + 2e-5 * r2 + 1e-9 * r2 * r2 + 1e-4 * x - 5e-5 * y;
    return 27 * fv * fb * (1 + 4e-4 * g);
}

static int fill_block(cadre_task *t, const void *item, void *result)
{
    const struct filling *f = cadre_task_shared(t);
    const struct ap_ions *ions = &f->ions;
    uint64_t block = cadre_task_index(t), first = f->first[block];
    uint64_t count = f->first[block + 1] - first;

    (void)item;
    (void)result;
    ap_places_fill(block, ions->x + first, ions->y + first, count);
    for (uint64_t i = first; i < first + count; i++) {
        ions->v[i] = 2000 + 6000 * ((double)i / (double)ions->n);
        ions->t[i] = spread_out(ions->x[i], ions->y[i], ions->v[i], i);
    }
    return 0;
}

int ap_ions_make(struct ap_ions *ions, cadre_pool *pool, uint64_t n, cadre_error *err)
{
    double *all = ap_alloc(4 * n + 1, sizeof *all, err);
    struct filling f = { .ions = { n, all, all + n, all + 2 * n, all + 3 * n } };
    cadre_job job = {
        .fn = fill_block, .name = "ions", .shared = &f, .shared_size = sizeof f
    };
    uint64_t *first = NULL;
    int rc = CADRE_ENOMEM;

    *ions = (struct ap_ions){ 0 };
    if (all)
        first = ap_places_count(pool, n, &job.n, err);
    f.first = first;
    if (first)
        rc = cadre_map(pool, &job, err);
    cadre_free_shared(first);
    if (rc == CADRE_OK)
        *ions = f.ions;
    else
        cadre_free_shared(all);
    return rc;
}

void ap_ions_free(struct ap_ions *ions)
{
    cadre_free_shared(ions->x); /* all four lie in one piece */
    *ions = (struct ap_ions){ 0 };
}
