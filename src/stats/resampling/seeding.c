/* seeding.c - the rows of each resample.
 * SPDX-License-Identifier: MIT
 */
#include "stats/resampling/seeding.h"
#include "stats/fail.h"

#include <stdlib.h>

static cadre_rng seeded(uint64_t entropy)
{
    cadre_seed seed;
    cadre_rng rng;

    cadre_seed_init(&seed, entropy);
    cadre_rng_init(&rng, &seed);
    return rng;
}

static int draw_entropy(struct cdr_seeding *s, uint64_t seed, uint64_t resamples,
                        cadre_error *err)
{
    cadre_rng rng = seeded(seed);

    s->entropy = calloc(resamples, sizeof *s->entropy);
    if (!s->entropy)
        return cdr_stats_no_memory(err, s->n);
    cadre_rng_integers(&rng, s->entropy, resamples, 0, INT64_MAX);
    return CADRE_OK;
}

int cdr_seeding_open(struct cdr_seeding *s, cadre_pool *pool, int kind, uint64_t seed,
                     size_t n, uint64_t resamples, cadre_error *err)
{
    *s = (struct cdr_seeding){ .kind = kind, .n = n };
    if (kind == CADRE_SEEDING_SINGLE)
        return cdr_draws_open(&s->single, pool, seed, (uint32_t)n, n, resamples, err);
    if (kind == CADRE_SEEDING_DRAW63)
        return draw_entropy(s, seed, resamples, err);
    return CADRE_OK;
}

void cdr_seeding_close(struct cdr_seeding *s)
{
    cdr_draws_close(&s->single);
    free(s->entropy);
}

/* A worker's tasks mostly follow each other, and so do their draws. */
static cadre_rng *follow(const struct cdr_seeding *s, uint64_t resample,
                         struct cdr_kept *kept)
{
    if (resample == 0 || kept->next != resample)
        kept->rng = cdr_draws_after(&s->single, resample * s->n);
    kept->next = resample + 1;
    return &kept->rng;
}

void cdr_seeding_draw(const struct cdr_seeding *s, cadre_task *task,
                      struct cdr_kept *kept, uint32_t *rows)
{
    const uint64_t resample = cadre_task_index(task);
    cadre_rng own;
    cadre_rng *rng = &own;

    if (s->kind == CADRE_SEEDING_SPAWN)
        rng = cadre_task_rng(task);
    else if (s->kind == CADRE_SEEDING_DRAW63)
        own = seeded((uint64_t)s->entropy[resample]);
    else
        rng = follow(s, resample, kept);
    cadre_rng_indices(rng, rows, s->n, (uint32_t)s->n);
}
