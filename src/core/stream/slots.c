/* slots.c - the slots of an unordered stream: which are free, and what lies in the others.
 * SPDX-License-Identifier: MIT
 */
#include "core/stream/stream.h"

#include <stdlib.h>
#include <string.h>

bool cdr_slots_open(struct cdr_slots *s, uint64_t n)
{
    s->free = calloc(n, sizeof *s->free);
    s->index = calloc(n, sizeof *s->index);
    s->prev = calloc(n + 1, sizeof *s->prev);
    s->next = calloc(n + 1, sizeof *s->next);
    s->n = n;
    if (!s->free || !s->index || !s->prev || !s->next)
        return false;
    for (uint64_t i = 0; i < n; i++)
        s->free[i] = i;
    s->prev[n] = s->next[n] = n;
    return true;
}

void cdr_slots_close(struct cdr_slots *s)
{
    free(s->free);
    free(s->index);
    free(s->prev);
    free(s->next);
    memset(s, 0, sizeof *s);
}

uint64_t cdr_slots_use(struct cdr_slots *s, uint64_t index)
{
    uint64_t slot = cdr_slots_next(s), last = s->prev[s->n];

    s->used++;
    s->index[slot] = index;
    s->prev[slot] = last;
    s->next[slot] = s->n;
    s->next[last] = s->prev[s->n] = slot;
    return slot;
}

void cdr_slots_give_back(struct cdr_slots *s, uint64_t slot)
{
    s->next[s->prev[slot]] = s->next[slot];
    s->prev[s->next[slot]] = s->prev[slot];
    s->free[s->given_back++ & (s->n - 1)] = slot;
}

/* The lowest index in flight; CADRE_ENDLESS when nothing is. */
uint64_t cdr_slots_oldest(const struct cdr_slots *s)
{
    return s->next[s->n] == s->n ? CADRE_ENDLESS : s->index[s->next[s->n]];
}
