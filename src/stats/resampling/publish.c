/* publish.c - what resampling reads, where workers of any kind see it.
 * SPDX-License-Identifier: MIT
 *
 * Kept worker processes see of the caller's memory only what is shared. A study is a few
 * arrays behind pointers, so all of it goes into one piece of shared memory, laid out
 * twice: first to nowhere, to know how much there is.
 */
#include "stats/resampling/publish.h"
#include "stats/fail.h"

#include <string.h>

#define ALIGN 64

struct pack {
    char *memory; /* NULL: nowhere */
    size_t at;    /* no overflow: all of it exists already */
};

static void *put(struct pack *p, const void *bytes, size_t n, size_t size)
{
    char *to = p->memory ? p->memory + p->at : NULL;

    if (!bytes)
        return NULL;
    p->at += (n * size + ALIGN - 1) / ALIGN * ALIGN;
    return to ? memcpy(to, bytes, n * size) : NULL;
}

static void put_measure(struct pack *p, struct cdr_measure *m)
{
    m->labels = put(p, m->labels, m->n, sizeof *m->labels);
    m->scores = put(p, m->scores, m->n, sizeof *m->scores);
    m->term = put(p, m->term, m->n, sizeof *m->term);
    m->group = put(p, m->group, m->n, sizeof *m->group);
    m->order = put(p, m->order, m->n, sizeof *m->order);
}

static const struct cdr_study *put_study(struct pack *p, const struct cdr_study *from)
{
    struct cdr_study s = *from, *to = put(p, from, 1, sizeof *from);

    s.labels = put(p, s.labels, s.n, sizeof *s.labels);
    s.halves = put(p, s.halves, s.n, sizeof *s.halves);
    for (unsigned c = 0; c < s.columns; c++)
        put_measure(p, &s.column[c]);
    if (to)
        *to = s;
    return to;
}

static const struct cdr_seeding *
put_seeding(struct pack *p, const struct cdr_seeding *from, uint64_t resamples)
{
    struct cdr_seeding s = *from, *to = put(p, from, 1, sizeof *from);

    s.single.taken =
        put(p, s.single.taken, s.single.blocks + 1, sizeof *s.single.taken);
    s.entropy = put(p, s.entropy, resamples, sizeof *s.entropy);
    if (to)
        *to = s;
    return to;
}

int cdr_publish(struct cdr_shared_inputs *b, void **memory, const cadre_pool *pool,
                uint64_t resamples, cadre_error *err)
{
    const struct cdr_shared_inputs from = *b;
    struct pack p = { NULL, 0 };

    *memory = NULL;
    if (cadre_shares_memory(pool))
        return CADRE_OK;
    put_study(&p, from.study);
    put_seeding(&p, from.seeding, resamples);
    *memory = cadre_alloc_shared(p.at, NULL);
    if (!*memory)
        return cdr_stats_no_memory(err, from.study->n);
    p = (struct pack){ *memory, 0 };
    b->study = put_study(&p, from.study);
    b->seeding = put_seeding(&p, from.seeding, resamples);
    return CADRE_OK;
}
