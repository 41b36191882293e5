/* scan.c - the bowl stage as a scan: every cell looks at every ion.
 * SPDX-License-Identifier: MIT
 *
 * Few items, each of them long: the shape that parallel maps are shown with. What it shows
 * beside is the memory's bandwidth, since an item reads all ions' coordinates and does next
 * to nothing with them.
 */
#include "bowl.h"
#include "failure.h"
#include "peak.h"

#include <string.h>

struct scan {
    struct ap_bowl stage;
    struct ap_grid grid;
    double *radius, *angle; /* of all ions; in shared memory */
};

#define RANGE 65536 /* ions whose coordinates one task finds */

static int to_polar(cadre_task *task, const void *item, void *result)
{
    const struct scan *s = cadre_task_shared(task);
    const double *x = s->stage.x.memory, *y = s->stage.y.memory;
    uint64_t first = cadre_task_index(task) * RANGE;
    uint64_t end = s->stage.n - first < RANGE ? s->stage.n : first + RANGE;

    (void)item;
    (void)result;
    for (uint64_t i = first; i < end; i++)
        ap_polar(x[i], y[i], &s->radius[i], &s->angle[i]);
    return 0;
}

struct bounds {
    double inner, outer, from, to;
};

static bool is_inside(const struct scan *s, const struct bounds *b, uint64_t i)
{
    return s->radius[i] >= b->inner && s->radius[i] < b->outer &&
           s->angle[i] >= b->from && s->angle[i] < b->to;
}

static int scan_cell(cadre_task *task, const void *item, void *result)
{
    const struct scan *s = cadre_task_shared(task);
    const double *x = s->stage.x.memory, *y = s->stage.y.memory, *t = s->stage.t.memory;
    uint32_t ring, sector;
    struct bounds b;
    struct ap_work work;
    size_t n = 0, at = 0;

    (void)item;
    ap_grid_place(&s->grid, (uint32_t)cadre_task_index(task), &ring, &sector);
    b.inner = s->grid.edge[ring];
    b.outer = s->grid.edge[ring + 1];
    b.from = ap_grid_bound(&s->grid, ring, sector);
    b.to = ap_grid_bound(&s->grid, ring, sector + 1);
    for (uint64_t i = 0; i < s->stage.n; i++)
        n += is_inside(s, &b, i);
    if (!ap_work_get(&work, task, n, 0))
        return 1;
    for (uint64_t i = 0; at < n; i++) {
        if (!is_inside(s, &b, i))
            continue;
        work.array[0][at] = x[i];
        work.array[1][at] = y[i];
        work.array[2][at++] = t[i];
    }
    return ap_bowl_cell(result, &work, task, n, s->stage.reference, s->stage.bin,
                        s->stage.method);
}

int ap_bowl_scan(struct ap_cell *cells, const struct ap_grid *grid, cadre_pool *pool,
                 const struct ap_bowl *stage, cadre_error *err)
{
    struct scan s = { .stage = *stage, .grid = *grid };
    cadre_job polar = { .fn = to_polar,
                        .name = "polar coordinates",
                        .n = (stage->n + RANGE - 1) / RANGE,
                        .shared = &s,
                        .shared_size = sizeof s };
    cadre_job job = { .fn = scan_cell,
                      .name = "bowl cells, by scan",
                      .n = grid->cells,
                      .results = cells,
                      .result_size = sizeof *cells,
                      .shared = &s,
                      .shared_size = sizeof s };
    int rc;

    if (!stage->x.memory || !stage->y.memory || !stage->t.memory)
        return ap_fail(err, CADRE_EINVAL, "the scan needs all ions in memory");
    s.radius = ap_alloc(2 * stage->n + 1, sizeof *s.radius, err);
    s.angle = s.radius + stage->n;
    if (!s.radius)
        return CADRE_ENOMEM;
    rc = cadre_map(pool, &polar, err);
    if (rc == CADRE_OK)
        rc = cadre_map(pool, &job, err);
    cadre_free_shared(s.radius);
    return rc;
}
