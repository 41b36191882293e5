/* ranking.c - scores in order, in groups of equal ones.
 * SPDX-License-Identifier: MIT
 *
 * A radix sort by keys whose order as integers is that of the scores from the highest down.
 */
#include "stats/numbers/ranking.h"
#include "stats/numbers/radix.h"

#include <stdlib.h>

static void number(struct cdr_ranking *r, const struct cdr_keyed *sorted, size_t n)
{
    r->groups = 0;
    for (size_t i = 0; i < n; i++) {
        r->groups += i > 0 && sorted[i].key != sorted[i - 1].key;
        r->group[sorted[i].row] = (uint32_t)r->groups;
        r->order[i] = sorted[i].row;
    }
    r->groups++;
}

bool cdr_rank(struct cdr_ranking *out, const double *scores, size_t n)
{
    struct cdr_keyed *const keys = calloc(n, sizeof *keys);
    struct cdr_keyed *const spare = calloc(n, sizeof *spare);

    out->group = calloc(n, sizeof *out->group);
    out->order = calloc(n, sizeof *out->order);
    const bool good = keys && spare && out->group && out->order;
    if (good) {
        for (size_t row = 0; row < n; row++)
            keys[row] = (struct cdr_keyed){ ~cdr_key_of(scores[row]),
                                            { .row = (uint32_t)row } };
        number(out, cdr_radix_sort(keys, spare, n), n);
    } else {
        free(out->group);
        free(out->order);
        out->group = out->order = NULL;
    }
    free(keys);
    free(spare);
    return good;
}
