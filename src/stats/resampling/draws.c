/* draws.c - one stream of draws below a bound, read from anywhere.
 * SPDX-License-Identifier: MIT
 *
 * A draw below a bound is made of a raw draw of 32 bits, or of the next one if that is
 * refused. Where draw k begins thus depends on every raw draw before it. But whether a
 * raw draw is refused depends on it alone, so that blocks of raw draws can be looked
 * at in parallel; the sums of what they let through are an index of the stream. From
 * the block that has draw k, it is at most a block's length to walk, and none at all
 * where nothing was refused, which is nearly everywhere for the bounds that samples
 * have.
 *
 * A lone worker needs no index: it takes the resamples one after another, and finds
 * the stream where the last one left it (seeding.c).
 */
#include "stats/resampling/draws.h"
#include "stats/fail.h"

#include <stdlib.h>

#define BLOCK_LEAST 4096
#define BLOCK_SHARE 4 /* blocks a stride, so that the index stays small */

/* Skips raw draws; nothing was drawn before. A draw of 64 bits is two of them. */
static void skip_raw(cadre_rng *rng, uint64_t raw)
{
    cadre_rng_advance(rng, raw / 2, 0);
    if (raw % 2)
        cadre_rng_u32(rng);
}

static void skip_draws(cadre_rng *rng, uint64_t draws, uint32_t bound)
{
    uint32_t batch[CDR_DRAWS_BATCH];

    while (draws > 0) {
        const size_t some = draws < CDR_DRAWS_BATCH ? (size_t)draws : CDR_DRAWS_BATCH;
        cadre_rng_indices(rng, batch, some, bound);
        draws -= some;
    }
}

/* ---- the index ---- */

struct scan {
    struct cdr_draws draws; /* itself: workers may not see more than this */
    uint64_t first;         /* block */
};

static uint32_t count_taken(const struct cdr_draws *d, cadre_rng *rng)
{
    uint32_t batch[CDR_DRAWS_BATCH], taken = 0;

    cadre_rng_indices(rng, batch, CDR_DRAWS_BATCH, 0);
    for (size_t i = 0; i < CDR_DRAWS_BATCH; i++)
        taken += batch[i] * d->bound >= d->limit;
    return taken;
}

static int scan_block(cadre_task *task, const void *item, void *result)
{
    const struct scan *const scan = cadre_task_shared(task);
    const struct cdr_draws *const d = &scan->draws;
    cadre_rng rng = d->first;
    uint64_t taken = 0;

    (void)item;
    skip_raw(&rng, (scan->first + cadre_task_index(task)) * d->block);
    for (uint32_t raw = 0; raw < d->block; raw += CDR_DRAWS_BATCH)
        taken += count_taken(d, &rng);
    *(uint64_t *)result = taken;
    return 0;
}

static int index_more(struct cdr_draws *d, cadre_pool *pool, uint64_t more,
                      cadre_error *err)
{
    const struct scan scan = { *d, d->blocks };
    size_t bytes;
    uint64_t *grown = NULL;

    if (!__builtin_mul_overflow(d->blocks + more + 1, sizeof *grown, &bytes))
        grown = realloc(d->taken, bytes);
    if (!grown)
        return cdr_stats_no_memory(err, d->bound);
    d->taken = grown;
    d->taken[0] = 0;

    const cadre_job job = { .fn = scan_block,
                            .name = "index of a random stream",
                            .n = more,
                            .results = d->taken + d->blocks + 1,
                            .result_size = sizeof *d->taken,
                            .shared = &scan,
                            .shared_size = sizeof scan };
    const int rc = cdr_stats_map(pool, &job, err);
    for (; !rc && more > 0; more--, d->blocks++)
        d->taken[d->blocks + 1] += d->taken[d->blocks];
    return rc;
}

/* So many more blocks as should be needed until `draw` is in one of them. */
static uint64_t blocks_to(const struct cdr_draws *d, uint64_t draw)
{
    const uint64_t left = draw - (d->taken ? d->taken[d->blocks] : 0);
    const double share = 1 - d->limit / 0x1p32;

    return (uint64_t)((double)left / share / d->block) + 1;
}

static uint32_t block_size(uint64_t stride)
{
    const uint64_t size = stride / BLOCK_SHARE;

    if (size <= BLOCK_LEAST)
        return BLOCK_LEAST;
    return (uint32_t)(size / CDR_DRAWS_BATCH * CDR_DRAWS_BATCH);
}

int cdr_draws_open(struct cdr_draws *d, cadre_pool *pool, uint64_t seed, uint32_t bound,
                   uint64_t stride, uint64_t starts, cadre_error *err)
{
    const uint64_t last = (starts - 1) * stride;
    cadre_seed root;
    int rc = CADRE_OK;

    *d = (struct cdr_draws){ .bound = bound,
                             .limit = -bound % bound,
                             .block = block_size(stride) };
    cadre_seed_init(&root, seed);
    cadre_rng_init(&d->first, &root);
    if (d->limit == 0 || cadre_workers(pool) == 1)
        return CADRE_OK;
    while (!rc && (!d->taken || d->taken[d->blocks] <= last))
        rc = index_more(d, pool, blocks_to(d, last), err);
    return rc;
}

void cdr_draws_close(struct cdr_draws *d)
{
    free(d->taken);
}

/* ---- reading ---- */

/* The block that has the draw. */
static uint64_t find_block(const struct cdr_draws *d, uint64_t draw)
{
    uint64_t low = 0, high = d->blocks; /* taken[low] <= draw < taken[high] */

    while (high - low > 1) {
        const uint64_t middle = low + (high - low) / 2;
        if (d->taken[middle] <= draw)
            low = middle;
        else
            high = middle;
    }
    return low;
}

cadre_rng cdr_draws_after(const struct cdr_draws *d, uint64_t draw)
{
    cadre_rng rng = d->first;

    if (d->limit == 0) {
        skip_raw(&rng, draw);
    } else if (!d->taken) {
        skip_draws(&rng, draw, d->bound);
    } else {
        const uint64_t block = find_block(d, draw);
        const uint64_t behind = draw - d->taken[block];
        const bool all = d->taken[block + 1] - d->taken[block] == d->block;
        skip_raw(&rng, block * d->block + (all ? behind : 0));
        skip_draws(&rng, all ? 0 : behind, d->bound);
    }
    return rng;
}
