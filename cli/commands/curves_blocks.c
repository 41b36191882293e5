/* curves_blocks.c - the mean of the curves of blocks, such as folds.
 * SPDX-License-Identifier: MIT
 *
 * Scores of different folds come from different models, so that their rows are not put into
 * one order: each block has a curve of its own, and at each place the mean of them is taken.
 * The band is what that mean is where blocks are drawn; at all places the same ones, and
 * the same as for the area, as all use the same seed.
 */
#include "cli/commands/curves.h"

#include <stdlib.h>
#include <string.h>

/* values[place * n + i] of the i-th of the n blocks that have rows. */
struct fold_curves {
    size_t n, points;
    double *values;
};

static int read_block(struct fold_curves *f, const struct cdr_part *block, int curve,
                      double *y, cadre_error *err)
{
    const cadre_rows rows = { .n = block->n,
                              .labels = block->labels,
                              .scores = block->scores[0],
                              .weights = block->weights };
    const int rc = cadre_curve_at(y, f->points, curve, &rows, err);

    for (size_t k = 0; !rc && k < f->points; k++)
        f->values[k * f->n] = y[k];
    return rc;
}

/* Those of the blocks, one place behind the other. */
static int read_blocks(struct fold_curves *f, const struct cdr_part *part, int curve,
                       cadre_error *err)
{
    double *const y = calloc(f->points, sizeof *y);
    const struct fold_curves all = *f;
    int rc = y ? CADRE_OK : cdr_part_no_memory(err);
    size_t i = 0;

    for (uint32_t k = 0; !rc && k < part->n_blocks; k++) {
        struct cdr_part block;
        struct fold_curves one = { all.n, all.points, all.values + i };
        if (!cdr_part_block(&block, part, k))
            rc = cdr_part_no_memory(err);
        else if (block.n > 0 && (rc = read_block(&one, &block, curve, y, err)))
            rc = cdr_part_block_fails(part, k, err);
        i += block.n > 0;
        cdr_part_close(&block);
    }
    free(y);
    return rc;
}

static size_t count_blocks(const struct cdr_part *part)
{
    bool *const seen = calloc(part->n_blocks, sizeof *seen);
    size_t n = 0;

    for (size_t row = 0; seen && row < part->n; row++) {
        n += !seen[part->blocks[row]];
        seen[part->blocks[row]] = true;
    }
    free(seen);
    return n;
}

static int open_all(cadre_curve *out, cadre_band *band, struct fold_curves *f,
                    cadre_error *err)
{
    const size_t n = f->points;

    f->values = calloc(n * f->n, sizeof *f->values);
    *out =
        (cadre_curve){ n, calloc(n, sizeof(double)), calloc(n, sizeof(double)), NULL };
    *band = (cadre_band){ .n = n,
                          .x = calloc(n, sizeof(double)),
                          .y = calloc(n, sizeof(double)),
                          .low = calloc(n, sizeof(double)),
                          .high = calloc(n, sizeof(double)) };
    if (f->values && out->x && out->y && band->x && band->y && band->low && band->high)
        return CADRE_OK;
    return cdr_part_no_memory(err);
}

static int draw(cadre_curve *out, cadre_band *band, const struct fold_curves *f,
                const struct cdr_part *part, cadre_error *err)
{
    cadre_bootstrap b = cdr_part_bootstrap(part, CADRE_ROC_AUC, CADRE_PERCENTILE);
    int rc = CADRE_OK;

    b.progress = NULL; /* there are many short runs */
    for (size_t k = 0; !rc && k < f->points; k++) {
        cadre_interval x;
        rc = cadre_bootstrap_folds(&x, part->analysis->pool, &b, f->values + k * f->n,
                                   f->n, err);
        out->x[k] = band->x[k] = (double)k / (double)(f->points - 1);
        out->y[k] = band->y[k] = x.point;
        band->low[k] = x.low;
        band->high[k] = x.high;
        band->resamples = x.resamples;
    }
    return rc;
}

int cdr_block_curve(cadre_curve *out, cadre_band *band, const struct cdr_part *part,
                    int curve, size_t points, cadre_error *err)
{
    struct fold_curves f = { .n = count_blocks(part), .points = points };
    int rc = f.n > 0 ? open_all(out, band, &f, err) : cdr_part_no_memory(err);

    if (!rc)
        rc = read_blocks(&f, part, curve, err);
    if (!rc)
        rc = draw(out, band, &f, part, err);
    free(f.values);
    return rc;
}
