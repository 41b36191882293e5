/* groups.c - a column of names as numbers: which rows belong together.
 * SPDX-License-Identifier: MIT
 */
#include "cli/data/groups.h"
#include "cli/data/number.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

static size_t hash_of(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return (size_t)(hash ^ hash >> 32);
}

/* Where in the table the name is, or would be. */
static size_t find(const struct cdr_groups *g, const char *name)
{
    size_t at = hash_of(name) & (g->room - 1);

    while (g->table[at] && strcmp(g->names[g->table[at] - 1], name) != 0)
        at = (at + 1) & (g->room - 1);
    return at;
}

static bool grow(struct cdr_groups *g)
{
    const size_t room = g->room ? 2 * g->room : FIRST_ROOM;
    uint32_t *table = calloc(room, sizeof *table);
    char **names = reallocarray(g->names, room, sizeof *names);

    if (names)
        g->names = names;
    if (!table || !names) {
        free(table);
        return false;
    }
    free(g->table);
    g->table = table;
    g->room = room;
    for (size_t i = 0; i < g->n; i++)
        g->table[find(g, g->names[i])] = (uint32_t)(i + 1);
    return true;
}

bool cdr_groups_take(struct cdr_groups *g, uint32_t *out, const char *name)
{
    size_t at;

    if (2 * (g->n + 1) > g->room && !grow(g))
        return false;
    at = find(g, name);
    if (!g->table[at]) {
        if (!(g->names[g->n] = strdup(name)))
            return false;
        g->table[at] = (uint32_t)++g->n;
    }
    *out = g->table[at] - 1;
    return true;
}

/* ---- in order ---- */

struct named {
    char *name;
    double number;
    uint32_t was;
};

static int by_number(const void *a, const void *b)
{
    const struct named *x = a, *y = b;

    return x->number != y->number ? (x->number > y->number) - (x->number < y->number)
                                  : strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

bool cdr_groups_sort(struct cdr_groups *g, size_t rows)
{
    struct named *named = calloc(g->n ? g->n : 1, sizeof *named);
    uint32_t *now = calloc(g->n ? g->n : 1, sizeof *now);
    const bool good = named && now;
    bool numbers = true;

    for (size_t i = 0; good && i < g->n; i++) {
        named[i] = (struct named){ g->names[i], 0, (uint32_t)i };
        numbers = cdr_number_parse(&named[i].number, g->names[i], '.') == CDR_NUMBER &&
                  numbers;
    }
    if (good)
        qsort(named, g->n, sizeof *named, numbers ? by_number : by_name);
    for (size_t i = 0; good && i < g->n; i++) {
        g->names[i] = named[i].name;
        now[named[i].was] = (uint32_t)i;
    }
    for (size_t row = 0; good && row < rows; row++)
        g->of_row[row] = now[g->of_row[row]];
    free(named);
    free(now);
    return good;
}

void cdr_groups_free(struct cdr_groups *g)
{
    for (size_t i = 0; i < g->n; i++)
        free(g->names[i]);
    free(g->names);
    free(g->table);
    free(g->of_row);
    *g = (struct cdr_groups){ 0 };
}
