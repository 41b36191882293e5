/* seeding.c - where the random numbers of each resample come from.
 * SPDX-License-Identifier: MIT
 *
 * With SINGLE seeding and one part, draws.c finds any resample in the stream. With several
 * parts, whose bounds differ, the stream is walked once, and where each resample's draws
 * from each part begin is written down.
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

/* ---- entropy ---- */

static int draw_entropy(struct cdr_seeding *s, uint64_t seed, cadre_error *err)
{
    cadre_rng rng = seeded(seed);
    int64_t skipped;

    s->entropy = calloc(s->resamples, sizeof *s->entropy);
    if (!s->entropy)
        return cdr_stats_no_values(err, s->resamples);
    for (uint64_t i = 0; i < s->first; i++)
        cadre_rng_integers(&rng, &skipped, 1, 0, INT64_MAX);
    cadre_rng_integers(&rng, s->entropy, s->resamples, 0, INT64_MAX);
    return CADRE_OK;
}

/* ---- marks ---- */

static void mark(struct cdr_seeding *s, uint64_t resample, size_t part,
                 const cadre_rng *rng)
{
    if (resample >= s->first)
        s->mark[(resample - s->first) * s->parts + part] = (struct cdr_mark){
            { rng->state[0], rng->state[1] }, rng->has_half, rng->half
        };
}

static void walk(cadre_rng *rng, uint32_t *batch, uint32_t bound)
{
    for (uint32_t left = bound; left > 0;) {
        const uint32_t some = left < CDR_DRAWS_BATCH ? left : CDR_DRAWS_BATCH;
        cadre_rng_indices(rng, batch, some, bound);
        left -= some;
    }
}

static int mark_all(struct cdr_seeding *s, const struct cdr_bounds *bounds,
                    cadre_error *err)
{
    const uint64_t end = s->first + s->resamples;
    const uint64_t batch = bounds->batch && bounds->batch < end ? bounds->batch : end;
    uint32_t drawn[CDR_DRAWS_BATCH];
    cadre_rng rng;
    size_t marks;

    if (!__builtin_mul_overflow(s->resamples, s->parts, &marks))
        s->mark = calloc(marks, sizeof *s->mark);
    if (!s->mark)
        return cdr_stats_no_values(err, s->resamples);
    cadre_rng_init(&rng, &s->root);
    for (uint64_t from = 0; from < end; from += batch)
        for (size_t part = 0; part < bounds->n; part++)
            for (uint64_t i = 0; i < batch && from + i < end; i++) {
                mark(s, from + i, part, &rng);
                walk(&rng, drawn, bounds->bound[part]);
            }
    return CADRE_OK;
}

/* ---- opening ---- */

int cdr_seeding_open(struct cdr_seeding *s, cadre_pool *pool, int kind, uint64_t seed,
                     const struct cdr_bounds *bounds, uint64_t first,
                     uint64_t resamples, cadre_error *err)
{
    *s = (struct cdr_seeding){
        .kind = kind, .first = first, .resamples = resamples, .parts = bounds->n
    };
    cadre_seed_init(&s->root, seed);
    if (kind == CADRE_SEEDING_DRAW63)
        return draw_entropy(s, seed, err);
    if (kind != CADRE_SEEDING_SINGLE || bounds->n == 0)
        return CADRE_OK;
    s->bound = bounds->bound[0];
    s->marked = bounds->n > 1;
    if (s->marked)
        return mark_all(s, bounds, err);
    return cdr_draws_open(&s->single, pool, seed, s->bound, s->bound, first + resamples,
                          err);
}

void cdr_seeding_close(struct cdr_seeding *s)
{
    cdr_draws_close(&s->single);
    free(s->entropy);
    free(s->mark);
}

/* ---- streams ---- */

/* A worker's tasks mostly follow each other, and so do their draws. */
static cadre_rng *follow(const struct cdr_seeding *s, uint64_t resample,
                         struct cdr_kept *kept)
{
    if (resample == 0 || kept->next != resample)
        kept->rng = cdr_draws_after(&s->single, resample * s->bound);
    kept->next = resample + 1;
    return &kept->rng;
}

static cadre_rng *at_mark(const struct cdr_seeding *s, uint64_t task, size_t part,
                          struct cdr_kept *kept)
{
    const struct cdr_mark *const m = &s->mark[task * s->parts + part];

    cadre_rng_init(&kept->rng, &s->root);
    kept->rng.state[0] = m->state[0];
    kept->rng.state[1] = m->state[1];
    kept->rng.has_half = m->has_half;
    kept->rng.half = m->half;
    return &kept->rng;
}

cadre_rng *cdr_seeding_stream(const struct cdr_seeding *s, uint64_t task, size_t part,
                              struct cdr_kept *kept)
{
    if (s->marked)
        return at_mark(s, task, part, kept);
    if (part > 0)
        return &kept->rng;
    if (s->kind == CADRE_SEEDING_SINGLE)
        return follow(s, s->first + task, kept);
    if (s->kind == CADRE_SEEDING_DRAW63) {
        kept->rng = seeded((uint64_t)s->entropy[task]);
    } else {
        const cadre_seed child = cadre_seed_child(&s->root, s->first + task);
        cadre_rng_init(&kept->rng, &child);
    }
    return &kept->rng;
}
