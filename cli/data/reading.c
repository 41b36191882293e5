/* reading.c - room for what is read of a file.
 * SPDX-License-Identifier: MIT
 */
#include "cli/data/reading.h"

#include <stdlib.h>

#define FIRST_ROOM 1024

bool cdr_reading_grow(void *array, size_t n, size_t size)
{
    void **at = array, *more = reallocarray(*at, n ? n : 1, size);

    if (more)
        *at = more;
    return more != NULL;
}

static bool grow_extra(struct cdr_data *d, size_t extra, size_t room)
{
    if (extra < CDR_NUMBER_COLUMNS)
        return cdr_reading_grow(&d->numbers[extra], room, sizeof(double));
    return cdr_reading_grow(&d->groups[extra - CDR_NUMBER_COLUMNS].of_row, room,
                            sizeof(uint32_t));
}

bool cdr_reading_grow_rows(struct cdr_reading *r)
{
    struct cdr_data *d = r->data;
    size_t room = r->room ? r->room + r->room / 2 : FIRST_ROOM;

    if (!cdr_reading_grow(&d->labels, room, sizeof *d->labels))
        return false;
    for (size_t i = 0; i < d->n_scores; i++)
        if (!cdr_reading_grow(&d->scores[i].values, room, sizeof(double)))
            return false;
    for (size_t e = 0; e < CDR_EXTRAS; e++)
        if (r->wanted->extra[e] && !grow_extra(d, e, room))
            return false;
    r->room = room;
    return true;
}

bool cdr_reading_add_score(struct cdr_reading *r, struct cdr_slot *slot,
                           const char *name)
{
    struct cdr_data *d = r->data;

    if (!cdr_reading_grow(&d->scores, d->n_scores + 1, sizeof *d->scores))
        return false;
    d->scores[d->n_scores] = (struct cdr_column){ .name = name };
    *slot = (struct cdr_slot){ CDR_SCORES, d->n_scores++ };
    return r->room == 0 ||
           cdr_reading_grow(&d->scores[slot->score].values, r->room, sizeof(double));
}
