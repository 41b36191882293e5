/* ranks_without.c - rank correlation without one row.
 * SPDX-License-Identifier: MIT
 *
 * A row's centred rank is how many rows are below it less how many are above. Without
 * row i each of the others loses 1 if it is above i, and gains 1 if below: its rank r
 * becomes r - s, s being the sign of its distance to i. Sums of squares and products of
 * the rest are thus those of all rows, less sums of r s over the rows above and below i,
 * plus the sum of the products of both columns' signs: how many rows agree with i in both
 * columns less how many disagree, which a tree of counts finds in O(log n). Everything is
 * a whole number, and exact.
 */
#include "stats/metrics/measure.h"

#include <stdlib.h>

__extension__ typedef __int128 wide;

struct column {
    const uint32_t *group; /* of each row, the lowest first */
    size_t groups;
    uint32_t *end;  /* of each group: rows in it and in those below */
    int64_t *own;   /* of groups below: the sum of this column's ranks */
    int64_t *cross; /* and of the other's; both have one more, of all */
};

struct omission {
    struct column column[2];
    size_t n;
    int64_t *agree; /* of each row */
    wide square[2], product;
};

/* ---- ranks ---- */

static int64_t begin_of(const struct column *c, size_t group)
{
    return group > 0 ? c->end[group - 1] : 0;
}

static int64_t rank_of(const struct omission *o, unsigned k, size_t row)
{
    const struct column *const c = &o->column[k];
    const uint32_t group = c->group[row];

    return begin_of(c, group) + c->end[group] - (int64_t)o->n;
}

static void count_groups(struct column *c, size_t n)
{
    for (size_t row = 0; row < n; row++)
        c->end[c->group[row]]++;
    for (size_t g = 1; g < c->groups; g++)
        c->end[g] += c->end[g - 1];
}

static void sum_ranks(struct omission *o)
{
    for (size_t row = 0; row < o->n; row++) {
        const int64_t rank[2] = { rank_of(o, 0, row), rank_of(o, 1, row) };
        for (unsigned k = 0; k < 2; k++) {
            const struct column *const c = &o->column[k];
            c->own[c->group[row] + 1] += rank[k];
            c->cross[c->group[row] + 1] += rank[1 - k];
            o->square[k] += (wide)rank[k] * rank[k];
        }
        o->product += (wide)rank[0] * rank[1];
    }
    for (unsigned k = 0; k < 2; k++)
        for (size_t g = 1; g <= o->column[k].groups; g++) {
            o->column[k].own[g] += o->column[k].own[g - 1];
            o->column[k].cross[g] += o->column[k].cross[g - 1];
        }
}

/* ---- agreement ---- */

/* A tree of counts (P. Fenwick, 1994), for places 0 .. n - 1. */
static void add(uint32_t *tree, size_t n, size_t place)
{
    for (size_t i = place + 1; i <= n; i += i & -i)
        tree[i]++;
}

static int64_t count_below(const uint32_t *tree, size_t place)
{
    int64_t sum = 0;

    for (size_t i = place; i > 0; i -= i & -i)
        sum += tree[i];
    return sum;
}

/* Rows of those in the tree that are below a group of the other column, less those that are
 * above. */
static int64_t balance(const uint32_t *tree, uint32_t group, int64_t in_tree)
{
    return count_below(tree, group) - (in_tree - count_below(tree, group + 1));
}

/* `order` has the rows by the first column, the lowest first. Going up, the tree has the rows
 * below; what it has in the end tells of those above. */
static void count_agreement(struct omission *o, const uint32_t *order, uint32_t *tree)
{
    const struct column *const x = &o->column[0], *const y = &o->column[1];

    for (size_t g = 0, i = 0; g < x->groups; g++) {
        for (size_t j = i; j < x->end[g]; j++) {
            const size_t row = order[j];
            o->agree[row] = balance(tree, y->group[row], (int64_t)i);
        }
        for (; i < x->end[g]; i++)
            add(tree, y->groups, y->group[order[i]]);
    }
    for (size_t i = 0; i <= y->groups; i++)
        tree[i] = 0;
    for (size_t g = x->groups, i = o->n; g-- > 0;) {
        const size_t begin = (size_t)begin_of(x, g);
        for (size_t j = begin; j < i; j++) {
            const size_t row = order[j];
            o->agree[row] -= balance(tree, y->group[row], (int64_t)(o->n - i));
        }
        for (; i > begin; i--)
            add(tree, y->groups, y->group[order[i - 1]]);
    }
}

/* Rows by group, which count_groups has counted. */
static void sort(uint32_t *order, uint32_t *next, const struct column *c, size_t n)
{
    for (size_t g = 0; g < c->groups; g++)
        next[g] = (uint32_t)begin_of(c, g);
    for (size_t row = 0; row < n; row++)
        order[next[c->group[row]]++] = (uint32_t)row;
}

static bool find_agreement(struct omission *o)
{
    uint32_t *const order = calloc(o->n, sizeof *order);
    uint32_t *const next = calloc(o->column[0].groups, sizeof *next);
    uint32_t *const tree = calloc(o->column[1].groups + 1, sizeof *tree);
    const bool good = order && next && tree;

    if (good) {
        sort(order, next, &o->column[0], o->n);
        count_agreement(o, order, tree);
    }
    free(order);
    free(next);
    free(tree);
    return good;
}

/* ---- opening ---- */

static void omission_close(void *opened)
{
    struct omission *const o = opened;

    for (unsigned k = 0; k < 2; k++) {
        free(o->column[k].end);
        free(o->column[k].own);
        free(o->column[k].cross);
    }
    free(o->agree);
    free(o);
}

static bool open_column(struct column *c, const uint32_t *group, size_t groups)
{
    c->group = group;
    c->groups = groups;
    c->end = calloc(groups, sizeof *c->end);
    c->own = calloc(groups + 1, sizeof *c->own);
    c->cross = calloc(groups + 1, sizeof *c->cross);
    return c->end && c->own && c->cross;
}

static bool fill(struct omission *o, const struct cdr_measure *m)
{
    o->agree = calloc(m->n, sizeof *o->agree);
    if (!open_column(&o->column[0], m->group, m->groups) ||
        !open_column(&o->column[1], m->other_group, m->other_groups) || !o->agree)
        return false;
    count_groups(&o->column[0], o->n);
    count_groups(&o->column[1], o->n);
    sum_ranks(o);
    return find_agreement(o);
}

static void *omission_open(const struct cdr_measure *m)
{
    struct omission *const o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->n = m->n;
    if (fill(o, m))
        return o;
    omission_close(o);
    return NULL;
}

/* ---- leaving out ---- */

/* Of sums over groups: those above the row's less those below. */
static int64_t around(const struct column *c, const int64_t *sums, size_t row)
{
    const uint32_t group = c->group[row];

    return sums[c->groups] - sums[group + 1] - sums[group];
}

static double square_without(const struct omission *o, unsigned k, size_t row)
{
    const struct column *const c = &o->column[k];
    const int64_t rank = rank_of(o, k, row);
    const int64_t group = c->end[c->group[row]] - begin_of(c, c->group[row]);

    return (double)(o->square[k] - (wide)rank * rank -
                    2 * (wide)around(c, c->own, row) + (int64_t)o->n - group);
}

static double without(const void *opened, size_t row)
{
    const struct omission *const o = opened;
    const struct column *const x = &o->column[0], *const y = &o->column[1];
    const wide product = o->product - (wide)rank_of(o, 0, row) * rank_of(o, 1, row) -
                         around(x, x->cross, row) - around(y, y->cross, row) +
                         o->agree[row];

    return cdr_correlation((double)product, square_without(o, 0, row),
                           square_without(o, 1, row));
}

const struct cdr_omission cdr_rank_omission = { .open = omission_open,
                                                .without = without,
                                                .close = omission_close };
