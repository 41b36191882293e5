/* bowl.c - the bowl stage: sort the ions by cell, block by block, then do the cells.
 * SPDX-License-Identifier: MIT
 *
 * Three maps, each with a shape of its own:
 *
 *   1. blocks of ions -> the greatest radius, which the grid begins with
 *   2. blocks of ions -> the same ions by cell, written to the block's own part of an array
 *      (or file), and as its result a table of where each cell begins
 *   3. cells -> gather the cell's run of each block, in order, and find the peak
 *
 * Sorting is stable and blocks come in order, so a cell has its ions in the order of
 * evaporation however large the blocks are: the sums, and so the bytes, are the same.
 */
#include "bowl.h"
#include "failure.h"
#include "numbers.h"
#include "peak.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK ((uint64_t)1 << 18)

struct member {
    double x, y, t;
};

struct sorting {
    struct ap_bowl stage;
    struct ap_grid grid;
    struct ap_store members;
    const uint32_t *starts; /* of each block, cells + 1; in shared memory */
    uint64_t block, blocks;
};

static uint64_t block_count(const struct sorting *s, uint64_t block)
{
    uint64_t first = block * s->block;

    return s->stage.n - first < s->block ? s->stage.n - first : s->block;
}

/* ---- the greatest radius ---- */

/* hypot only where its square comes near the greatest so far. */
static double greatest(const double *x, const double *y, size_t n)
{
    double most = 0, square = 0;

    for (size_t i = 0; i < n; i++) {
        double r2 = x[i] * x[i] + y[i] * y[i];

        if (r2 < square)
            continue;
        most = fmax(most, hypot(x[i], y[i]));
        square = most * most * (1 - 1e-12);
    }
    return most;
}

static int find_greatest(cadre_task *task, const void *item, void *result)
{
    const struct sorting *s = cadre_task_shared(task);
    uint64_t first = cadre_task_index(task) * s->block;
    uint64_t n = block_count(s, cadre_task_index(task));
    struct ap_work work;
    const double *x, *y;
    cadre_error err;

    (void)item;
    if (!ap_work_get(&work, task, s->stage.x.memory ? 1 : n, 0))
        return 1;
    x = ap_store_read(&s->stage.x, first, n, work.array[0], &err);
    y = x ? ap_store_read(&s->stage.y, first, n, work.array[1], &err) : NULL;
    if (!y)
        return cadre_task_fail(task, 1, "%s", err.message);
    *(double *)result = greatest(x, y, n);
    return 0;
}

static int make_grid(struct sorting *s, cadre_pool *pool, cadre_error *err)
{
    double most = 0, *radii = malloc((s->blocks ? s->blocks : 1) * sizeof *radii);
    cadre_job job = { .fn = find_greatest,
                      .name = "greatest radius",
                      .n = s->blocks,
                      .results = radii,
                      .result_size = sizeof *radii,
                      .shared = s,
                      .shared_size = sizeof *s };
    int rc;

    if (!radii)
        return ap_fail_memory(err, s->blocks * sizeof *radii);
    rc = cadre_map(pool, &job, err);
    for (uint64_t b = 0; rc == CADRE_OK && b < s->blocks; b++)
        most = fmax(most, radii[b]);
    free(radii);
    if (rc)
        return rc;
    return ap_grid_make(&s->grid, s->stage.sample, s->stage.diameter, most, err);
}

/* ---- sorting ---- */

struct block {
    const double *x, *y, *t;
    uint32_t *cell;         /* of each ion */
    struct member *members; /* by cell */
    uint64_t first, n;
};

/* Working memory: cells of the ions; from a file also the ions, before and after. */
static int get_block(struct block *b, cadre_task *task, const struct sorting *s)
{
    bool reads = !s->stage.x.memory, writes = !s->members.memory;
    double *all;
    cadre_error err;

    b->first = cadre_task_index(task) * s->block;
    b->n = block_count(s, cadre_task_index(task));
    all = cadre_task_scratch(
        task, b->n * ((reads + writes) * sizeof *b->members + sizeof *b->cell));
    if (!all)
        return 1;
    b->members = writes ? (struct member *)(void *)(all + (reads ? 3 * b->n : 0))
                        : (struct member *)s->members.memory + b->first;
    b->cell = (uint32_t *)(void *)(all + 3 * b->n * (size_t)(reads + writes));
    b->x = ap_store_read(&s->stage.x, b->first, b->n, all, &err);
    b->y = b->x ? ap_store_read(&s->stage.y, b->first, b->n, all + b->n, &err) : NULL;
    b->t =
        b->y ? ap_store_read(&s->stage.t, b->first, b->n, all + 2 * b->n, &err) : NULL;
    return b->t ? 0 : cadre_task_fail(task, 1, "%s", err.message);
}

/* Count, add up, put in place: while that is done a cell's start moves on, and in the end
 * it is the next one's. Ions in no cell come after all others. */
static void sort_block(const struct block *b, const struct ap_grid *grid,
                       uint32_t *starts)
{
    uint32_t sum = 0, none;

    memset(starts, 0, (grid->cells + 1) * sizeof *starts);
    for (uint64_t i = 0; i < b->n; i++) {
        b->cell[i] = ap_grid_cell(grid, b->x[i], b->y[i]);
        starts[b->cell[i] == AP_NO_CELL ? grid->cells : b->cell[i]]++;
    }
    for (uint32_t c = 0; c <= grid->cells; c++) {
        uint32_t here = starts[c];

        starts[c] = sum;
        sum += here;
    }
    none = starts[grid->cells];
    for (uint64_t i = 0; i < b->n; i++) {
        uint32_t c = b->cell[i];

        b->members[c == AP_NO_CELL ? none++ : starts[c]++] =
            (struct member){ b->x[i], b->y[i], b->t[i] };
    }
    memmove(starts + 1, starts, grid->cells * sizeof *starts);
    starts[0] = 0;
}

static int sort_by_cell(cadre_task *task, const void *item, void *result)
{
    const struct sorting *s = cadre_task_shared(task);
    struct block b;
    cadre_error err;

    (void)item;
    if (get_block(&b, task, s))
        return 1;
    sort_block(&b, &s->grid, result);
    if (!s->members.memory &&
        ap_store_write(&s->members, b.first, b.n, b.members, &err))
        return cadre_task_fail(task, 1, "%s", err.message);
    return 0;
}

/* ---- cells ---- */

int ap_bowl_cell(struct ap_cell *out, struct ap_work *work, cadre_task *task, size_t n,
                 double reference, double bin, int method)
{
    struct ap_peak peak;

    *out = (struct ap_cell){ .members = n };
    if (n == 0)
        return 0;
    if (ap_peak_find(&peak, work, task, work->array[2], 2, n, bin, method, 0))
        return 1;
    out->z = peak.at / reference;
    if (!isfinite(out->z) || out->z <= 0) {
        out->z = 0;
        return 0;
    }
    out->x = ap_median(work->array[0], n);
    out->y = ap_median(work->array[1], n);
    out->found = 1;
    return 0;
}

static const uint32_t *starts_of(const struct sorting *s, uint64_t block, uint64_t cell)
{
    return s->starts + block * (s->grid.cells + 1) + cell;
}

/* The cell's run of one block, into the arrays from `at`. array[3] holds a run as it comes
 * from a file, with two columns of the next ones' space. */
static int take_run(const struct sorting *s, struct ap_work *work, size_t at,
                    uint64_t first, size_t n, struct member *buffer, cadre_error *err)
{
    const struct member *m = ap_store_read(&s->members, first, n, buffer, err);

    if (!m)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        work->array[0][at + i] = m[i].x;
        work->array[1][at + i] = m[i].y;
        work->array[2][at + i] = m[i].t;
    }
    return CADRE_OK;
}

static int cell(cadre_task *task, const void *item, void *result)
{
    const struct sorting *s = cadre_task_shared(task);
    uint64_t c = cadre_task_index(task);
    size_t n = 0, at = 0, longest = 0;
    struct ap_work work;
    cadre_error err;

    (void)item;
    for (uint64_t b = 0; b < s->blocks; b++) {
        size_t run = starts_of(s, b, c)[1] - starts_of(s, b, c)[0];

        n += run;
        longest = run > longest ? run : longest;
    }
    /* Counts come later; until then a run from the file lies there. */
    if (!ap_work_get(&work, task, n, longest * (sizeof(struct member) / 4)))
        return 1;
    for (uint64_t b = 0; b < s->blocks; b++) {
        const uint32_t *start = starts_of(s, b, c);
        size_t run = start[1] - start[0];

        if (run > 0 && take_run(s, &work, at, b * s->block + start[0], run,
                                (struct member *)(void *)work.counts, &err))
            return cadre_task_fail(task, 1, "%s", err.message);
        at += run;
    }
    return ap_bowl_cell(result, &work, task, n, s->stage.reference, s->stage.bin,
                        s->stage.method);
}

/* ---- the stage ---- */

static int sort_all(struct sorting *s, cadre_pool *pool, cadre_error *err)
{
    size_t row = (s->grid.cells + 1) * sizeof(uint32_t);
    uint32_t *starts = ap_alloc(s->blocks, row, err);
    cadre_job job = { .fn = sort_by_cell,
                      .name = "ions by cell",
                      .n = s->blocks,
                      .results = starts,
                      .result_size = row,
                      .shared = s,
                      .shared_size = sizeof *s };
    int rc = CADRE_ENOMEM;

    s->starts = starts;
    if (starts && s->stage.folder)
        rc = ap_store_open_file(&s->members, s->stage.folder, s->stage.n,
                                sizeof(struct member), err);
    else if (starts)
        rc = ap_store_open(&s->members, s->stage.n, sizeof(struct member), err);
    return rc ? rc : cadre_map(pool, &job, err);
}

static int run_binned(struct ap_cell *cells, struct sorting *s, cadre_pool *pool,
                      cadre_error *err)
{
    cadre_job job = { .fn = cell,
                      .name = "bowl cells",
                      .n = s->grid.cells,
                      .results = cells,
                      .result_size = sizeof *cells,
                      .shared = s,
                      .shared_size = sizeof *s };
    int rc = sort_all(s, pool, err);

    if (rc == CADRE_OK)
        rc = cadre_map(pool, &job, err);
    cadre_free_shared((void *)(uintptr_t)s->starts);
    ap_store_close(&s->members);
    return rc;
}

int ap_bowl_run(struct ap_cell **out, struct ap_grid *grid, cadre_pool *pool,
                const struct ap_bowl *stage, cadre_error *err)
{
    struct sorting *s = calloc(1, sizeof *s);
    struct ap_cell *cells = NULL;
    int rc;

    if (!s)
        return ap_fail_memory(err, sizeof *s);
    s->stage = *stage;
    s->block = stage->block ? stage->block : BLOCK;
    s->blocks = (stage->n + s->block - 1) / s->block;
    s->members.fd = -1;
    rc = make_grid(s, pool, err);
    if (rc == CADRE_OK) {
        cells = ap_alloc(s->grid.cells, sizeof *cells, err);
        rc = cells ? CADRE_OK : CADRE_ENOMEM;
    }
    if (rc == CADRE_OK)
        rc = stage->kernel == AP_SCAN ? ap_bowl_scan(cells, &s->grid, pool, stage, err)
                                      : run_binned(cells, s, pool, err);
    *grid = s->grid;
    *out = rc ? NULL : cells;
    if (rc)
        cadre_free_shared(cells);
    free(s);
    return rc;
}
