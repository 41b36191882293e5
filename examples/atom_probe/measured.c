/* measured.c - a stage to be measured, and its results as bytes.
 * SPDX-License-Identifier: MIT
 */
#include "measured.h"
#include "failure.h"

#include <stdlib.h>
#include <string.h>

void ap_result_free(struct ap_result *r)
{
    cadre_free_shared(r->bytes);
    cadre_bytes_free(r->pieces, r->n);
    free(r->pieces);
    *r = (struct ap_result){ 0 };
}

bool ap_result_same(const struct ap_result *a, const struct ap_result *b)
{
    if (a->size != b->size || a->n != b->n ||
        (a->size && memcmp(a->bytes, b->bytes, a->size) != 0))
        return false;
    for (uint64_t i = 0; i < a->n; i++)
        if (a->pieces[i].size != b->pieces[i].size ||
            (a->pieces[i].size &&
             memcmp(a->pieces[i].data, b->pieces[i].data, a->pieces[i].size) != 0))
            return false;
    return true;
}

int ap_measure_voltage(struct ap_result *out, cadre_pool *pool, const void *stage,
                       cadre_error *err)
{
    const struct ap_voltage *v = stage;
    uint64_t n = ap_voltage_segments(v);

    out->bytes = ap_alloc(n, sizeof(struct ap_segment), err);
    out->size = n * sizeof(struct ap_segment);
    return out->bytes ? ap_voltage_run(out->bytes, pool, v, err) : CADRE_ENOMEM;
}

int ap_measure_bowl(struct ap_result *out, cadre_pool *pool, const void *stage,
                    cadre_error *err)
{
    struct ap_cell *cells;
    struct ap_grid grid;
    int rc = ap_bowl_run(&cells, &grid, pool, stage, err);

    out->bytes = cells;
    out->size = rc ? 0 : grid.cells * sizeof *cells;
    return rc;
}

int ap_measure_recover(struct ap_result *out, cadre_pool *pool, const void *stage,
                       cadre_error *err)
{
    out->n = ap_recover_batches(stage);
    out->pieces = calloc(out->n ? out->n : 1, sizeof *out->pieces);
    return out->pieces ? ap_recover_run(out->pieces, pool, stage, err)
                       : ap_fail_memory(err, out->n * sizeof *out->pieces);
}

double ap_sum_voltage(const struct ap_result *r)
{
    const struct ap_segment *s = r->bytes;
    double sum = 0;

    for (size_t i = 0; i < r->size / sizeof *s; i++)
        sum += s[i].t;
    return sum;
}

double ap_sum_bowl(const struct ap_result *r)
{
    const struct ap_cell *c = r->bytes;
    double sum = 0;

    for (size_t i = 0; i < r->size / sizeof *c; i++)
        sum += c[i].z;
    return sum;
}

double ap_sum_recover(const struct ap_result *r)
{
    return ap_recover_sum(r->pieces, r->n).tof;
}
