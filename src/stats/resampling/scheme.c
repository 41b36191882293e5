/* scheme.c - which rows can be drawn together: strata and clusters.
 * SPDX-License-Identifier: MIT
 */
#include "stats/resampling/scheme.h"

#include <stdlib.h>
#include <string.h>

/* ---- units in order ---- */

struct keyed {
    uint32_t stratum, label, cluster, row;
};

static int compare(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int by_part(const struct keyed *a, const struct keyed *b)
{
    const int c = compare(a->stratum, b->stratum);

    return c ? c : compare(a->label, b->label);
}

static int by_key(const void *left, const void *right)
{
    const struct keyed *const a = left, *const b = right;
    int c = by_part(a, b);

    if (c == 0)
        c = compare(a->cluster, b->cluster);
    return c ? c : compare(a->row, b->row);
}

static void fill_keys(struct keyed *k, const struct cdr_grouping *g)
{
    for (size_t row = 0; row < g->n; row++) {
        k[row].stratum = g->strata ? g->strata[row] : 0;
        k[row].label = g->by_label ? g->labels[row] : 0;
        k[row].cluster = g->clusters ? g->clusters[row] : (uint32_t)row;
        k[row].row = (uint32_t)row;
    }
    qsort(k, g->n, sizeof *k, by_key);
}

/* ---- opening ---- */

static bool allocate(struct cdr_scheme *s, const struct keyed *k, size_t n)
{
    s->parts = s->units = 1;
    for (size_t i = 1; i < n; i++) {
        const bool other = by_part(&k[i - 1], &k[i]) != 0;
        s->parts += other;
        s->units += other || k[i - 1].cluster != k[i].cluster;
    }
    s->part = calloc(s->parts, sizeof *s->part);
    s->begin = calloc(s->units + 1, sizeof *s->begin);
    s->row = calloc(n, sizeof *s->row);
    return s->part && s->begin && s->row;
}

static void fill(struct cdr_scheme *s, const struct keyed *k,
                 const struct cdr_grouping *g)
{
    size_t part = 0, unit = 0;

    for (size_t i = 0; i < g->n; i++) {
        const bool first = i == 0, other = !first && by_part(&k[i - 1], &k[i]) != 0;
        if (other || (!first && k[i - 1].cluster != k[i].cluster))
            unit++;
        if (other)
            part++;
        if (first || other) {
            s->part[part].first = (uint32_t)unit;
            s->part[part].fixed = g->by_label && !(g->by_label & 1u << k[i].label);
        }
        s->part[part].units = (uint32_t)(unit + 1 - s->part[part].first);
        s->row[i] = k[i].row;
        s->begin[unit + 1] = (uint32_t)(i + 1);
    }
}

static bool open_plain(struct cdr_scheme *s)
{
    s->parts = 1;
    s->units = s->n;
    s->part = calloc(1, sizeof *s->part);
    if (s->part)
        s->part->units = (uint32_t)s->n;
    return s->part != NULL;
}

bool cdr_scheme_open(struct cdr_scheme *s, const struct cdr_grouping *g)
{
    struct keyed *keys;
    bool good;

    *s = (struct cdr_scheme){ .n = g->n };
    if (!g->by_label && !g->strata && !g->clusters)
        return open_plain(s);
    keys = calloc(g->n, sizeof *keys);
    if (!keys)
        return false;
    fill_keys(keys, g);
    good = allocate(s, keys, g->n);
    if (good)
        fill(s, keys, g);
    free(keys);
    return good;
}

void cdr_scheme_close(struct cdr_scheme *s)
{
    free(s->part);
    free(s->begin);
    free(s->row);
}

/* ---- rows ---- */

static size_t size_of(const struct cdr_scheme *s, size_t unit)
{
    return s->begin ? s->begin[unit + 1] - s->begin[unit] : 1;
}

static size_t unit_of(const struct cdr_part *p, const uint32_t *drawn, size_t i)
{
    return p->first + (p->fixed ? i : drawn[p->first + i]);
}

size_t cdr_scheme_count(const struct cdr_scheme *s, const uint32_t *drawn)
{
    size_t sum = 0;

    for (size_t k = 0; k < s->parts; k++)
        for (size_t i = 0; i < s->part[k].units; i++)
            sum += size_of(s, unit_of(&s->part[k], drawn, i));
    return sum <= UINT32_MAX ? sum : SIZE_MAX;
}

static size_t put(const struct cdr_scheme *s, size_t unit, uint32_t *rows)
{
    const size_t size = size_of(s, unit);

    if (s->begin)
        memcpy(rows, s->row + s->begin[unit], size * sizeof *rows);
    else
        *rows = (uint32_t)unit;
    return size;
}

void cdr_scheme_rows(const struct cdr_scheme *s, const uint32_t *drawn, uint32_t *rows)
{
    for (size_t k = 0; k < s->parts; k++)
        for (size_t i = 0; i < s->part[k].units; i++)
            rows += put(s, unit_of(&s->part[k], drawn, i), rows);
}

/* In the order of the data: what is left out changes no order. */
size_t cdr_scheme_without(const struct cdr_scheme *s, size_t unit, uint32_t *rows)
{
    size_t n = 0;

    for (size_t row = 0; row < s->n; row++)
        rows[row] = 1;
    for (size_t i = 0; s->begin && i < size_of(s, unit); i++)
        rows[s->row[s->begin[unit] + i]] = 0;
    if (!s->begin)
        rows[unit] = 0;
    for (size_t row = 0; row < s->n; row++)
        if (rows[row])
            rows[n++] = (uint32_t)row;
    return n;
}
