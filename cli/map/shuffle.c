/* shuffle.c - --shuf: tuples of arguments in an order that a seed says.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/shuffle.h"

#include <cadre/random.h>
#include <stdlib.h>

bool cdr_shuffle_add(struct cdr_shuffle *s, const struct cdr_args *tuple)
{
    if (s->n + 1 >= s->room) {
        uint64_t room = s->room ? 2 * s->room : 1024;
        uint64_t *more = reallocarray(s->first, room, sizeof *more);

        if (!more)
            return false;
        s->first = more;
        s->room = room;
    }
    s->first[s->n++] = s->all.n;
    if (!cdr_args_add_all(&s->all, tuple))
        return false;
    s->first[s->n] = s->all.n;
    return true;
}

bool cdr_shuffle_mix(struct cdr_shuffle *s, uint64_t seed)
{
    cadre_seed sequence;
    cadre_rng rng;

    s->order = calloc(s->n + 1, sizeof *s->order);
    if (!s->order)
        return false;
    cadre_seed_init(&sequence, seed);
    cadre_rng_init(&rng, &sequence);
    cadre_rng_permutation(&rng, s->order, s->n);
    return true;
}

bool cdr_shuffle_next(struct cdr_shuffle *s, struct cdr_args *tuple, uint64_t *place)
{
    uint64_t i;

    if (s->at == s->n)
        return false;
    i = *place = s->order[s->at++];
    cdr_args_clear(tuple);
    for (uint64_t k = s->first[i]; k < s->first[i + 1]; k++)
        if (!cdr_args_add(tuple, cdr_args_get(&s->all, k), cdr_args_size(&s->all, k)))
            return false;
    return true;
}

void cdr_shuffle_free(struct cdr_shuffle *s)
{
    cdr_args_free(&s->all);
    free(s->first);
    free(s->order);
    *s = (struct cdr_shuffle){ 0 };
}
