/* publish.c - what resampling reads, where workers of any kind see it.
 * SPDX-License-Identifier: MIT
 *
 * Persistent worker processes see of the caller's memory only what is shared. A design
 * is a few arrays behind pointers, so all of it goes into one piece of shared memory,
 * laid out twice: first to nowhere, to know how much there is.
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

/* The labels are put by the study. */
static void put_measure(struct pack *p, struct cdr_measure *m)
{
    const size_t terms = m->family == &cdr_orders ? m->groups : m->n;

    m->scores = put(p, m->scores, m->n, sizeof *m->scores);
    m->other = put(p, m->other, m->n, sizeof *m->other);
    m->term = put(p, m->term, terms, sizeof *m->term);
    m->group = put(p, m->group, m->n, sizeof *m->group);
    m->other_group = put(p, m->other_group, m->n, sizeof *m->other_group);
    m->order = put(p, m->order, m->n, sizeof *m->order);
}

static void put_study(struct pack *p, struct cdr_study *s)
{
    const size_t columns = s->classes * (s->difference ? 2 : 1);
    const struct cdr_measure *const from = s->column;
    struct cdr_measure *const to = put(p, from, columns, sizeof *from);

    s->labels = put(p, s->labels, s->n * s->classes, sizeof *s->labels);
    s->weights = put(p, s->weights, s->n, sizeof *s->weights);
    s->halves = put(p, s->halves, s->n * s->classes, sizeof *s->halves);
    for (size_t c = 0; c < columns; c++) {
        struct cdr_measure m = from[c];
        put_measure(p, &m);
        m.labels = s->labels ? s->labels + c % s->classes * s->n : NULL;
        if (to)
            to[c] = m;
    }
    s->column = to;
}

static void put_scheme(struct pack *p, struct cdr_scheme *s)
{
    s->part = put(p, s->part, s->parts, sizeof *s->part);
    s->begin = put(p, s->begin, s->units + 1, sizeof *s->begin);
    s->row = put(p, s->row, s->n, sizeof *s->row);
}

static const struct cdr_design *put_design(struct pack *p,
                                           const struct cdr_design *from)
{
    struct cdr_design a = *from, *to = put(p, from, 1, sizeof *from);
    struct cdr_layer *const layers = put(p, a.layer, a.layers, sizeof *a.layer);

    for (size_t k = 0; k < a.layers; k++) {
        struct cdr_layer l = from->layer[k];
        put_scheme(p, &l.scheme);
        if (a.studies)
            put_study(p, &l.study);
        if (layers)
            layers[k] = l;
    }
    a.layer = layers;
    a.bound = put(p, a.bound, a.bounds, sizeof *a.bound);
    if (to)
        *to = a;
    return to;
}

static const struct cdr_seeding *put_seeding(struct pack *p,
                                             const struct cdr_seeding *from)
{
    if (!from)
        return NULL;
    struct cdr_seeding s = *from, *to = put(p, from, 1, sizeof *from);

    s.single.taken =
        put(p, s.single.taken, s.single.blocks + 1, sizeof *s.single.taken);
    s.entropy = put(p, s.entropy, s.resamples, sizeof *s.entropy);
    s.mark = put(p, s.mark, s.resamples * s.parts, sizeof *s.mark);
    if (to)
        *to = s;
    return to;
}

static void put_all(struct pack *p, struct cdr_shared_inputs *to,
                    const struct cdr_shared_inputs *from)
{
    to->design = put_design(p, from->design);
    to->seeding = put_seeding(p, from->seeding);
    to->data = put(p, from->data, from->data_size, 1);
}

int cdr_publish(struct cdr_shared_inputs *in, void **memory, const cadre_pool *pool,
                cadre_error *err)
{
    const struct cdr_shared_inputs from = *in;
    struct pack p = { NULL, 0 };

    *memory = NULL;
    if (cadre_shares_memory(pool))
        return CADRE_OK;
    put_all(&p, in, &from);
    *memory = cadre_alloc_shared(p.at, NULL);
    if (!*memory)
        return cdr_stats_no_memory(err, from.design->layer->scheme.n);
    p = (struct pack){ *memory, 0 };
    put_all(&p, in, &from);
    return CADRE_OK;
}
