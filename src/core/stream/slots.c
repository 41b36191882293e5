/* slots.c - the slots of an unordered stream: whose they are when an item takes long.
 * SPDX-License-Identifier: MIT
 *
 * A position has its home, as in order. Who is passed by keeps the slot, and a lap later
 * another position would have the same home: that one is moved to a spare slot. There are
 * as many of those as can be in flight, so that nobody ever waits for one; the one given
 * back last is used first, so that no more of them are touched than are needed.
 */
#include "core/stream/stream.h"

#include <stdlib.h>
#include <string.h>

static uint64_t bit(uint64_t slot)
{
    return UINT64_C(1) << slot % 64;
}

bool cdr_slots_open(struct cdr_slots *s, uint64_t window, uint64_t n)
{
    s->n = n;
    s->late = calloc(window, sizeof *s->late);
    s->spare = calloc(window, sizeof *s->spare);
    s->kept = calloc(n / 64 + 1, sizeof *s->kept);
    if (!s->late || !s->spare || !s->kept)
        return false;
    for (uint64_t i = 0; i < window; i++)
        s->spare[i] = (uint32_t)(n + window - 1 - i);
    s->n_spare = window;
    return true;
}

void cdr_slots_close(struct cdr_slots *s)
{
    free(s->late);
    free(s->spare);
    free(s->kept);
    memset(s, 0, sizeof *s);
}

bool cdr_slots_has_home(const struct cdr_slots *s, uint64_t p)
{
    uint64_t home = p & (s->n - 1);

    return (s->kept[home / 64] & bit(home)) == 0;
}

uint64_t cdr_slots_next(const struct cdr_slots *s, uint64_t p)
{
    return cdr_slots_has_home(s, p) ? p & (s->n - 1) : s->spare[s->n_spare - 1];
}

void cdr_slots_use(struct cdr_slots *s, uint64_t p, uint64_t slot)
{
    if (slot < s->n)
        return;
    s->n_spare--;
    s->moved_until = p + s->n + 1;
}

void cdr_slots_pass(struct cdr_slots *s, uint64_t p, uint64_t slot)
{
    s->late[s->n_late++] = (struct cdr_late){ p, slot };
    if (slot < s->n)
        s->kept[slot / 64] |= bit(slot);
}

struct cdr_late cdr_slots_take(struct cdr_slots *s, uint64_t i)
{
    struct cdr_late late = s->late[i];

    s->n_late--;
    memmove(&s->late[i], &s->late[i + 1], (s->n_late - i) * sizeof late);
    return late;
}

void cdr_slots_give_back(struct cdr_slots *s, uint64_t slot)
{
    if (slot < s->n)
        s->kept[slot / 64] &= ~bit(slot);
    else
        s->spare[s->n_spare++] = (uint32_t)slot;
}
