/* splice.c - sums of sequences that begin like one and end like another.
 * SPDX-License-Identifier: MIT
 */
#include "stats/numbers/splice.h"

#include <stdlib.h>

/* The right half of n is at most n / 2 + 8. */
static size_t parts(size_t n)
{
    size_t parts = 2;

    for (; n > CDR_BLOCK; n = n / 2 + 8)
        parts *= 2;
    return parts;
}

struct part {
    size_t number, first, n;
};

static struct part left_of(struct part p)
{
    return (struct part){ 2 * p.number, p.first, cdr_left_half(p.n) };
}

static struct part right_of(struct part p)
{
    const size_t left = cdr_left_half(p.n);

    return (struct part){ 2 * p.number + 1, p.first + left, p.n - left };
}

static double fill(double *sums, struct part p, cdr_terms *terms, const void *from)
{
    double *const sum = &sums[p.number];

    if (p.n <= CDR_BLOCK) {
        *sum = cdr_block_sum(terms, from, p.first, p.n);
    } else {
        *sum = fill(sums, left_of(p), terms, from);
        *sum += fill(sums, right_of(p), terms, from);
    }
    return *sum;
}

bool cdr_splice_open(struct cdr_splice *s, size_t n, cdr_terms *terms, const void *head,
                     const void *tail)
{
    const struct part all = { 1, 0, n };

    s->n = n;
    s->head = calloc(parts(n), sizeof *s->head);
    s->tail = calloc(parts(n), sizeof *s->tail);
    if (!s->head || !s->tail)
        return false;
    fill(s->head, all, terms, head);
    fill(s->tail, all, terms, tail);
    return true;
}

void cdr_splice_close(struct cdr_splice *s)
{
    free(s->head);
    free(s->tail);
}

struct spliced {
    const struct cdr_splice *splice;
    cdr_terms *terms;
    const void *from;
    size_t cut, resume;
};

static double sum(const struct spliced *s, struct part p)
{
    if (p.first + p.n <= s->cut)
        return s->splice->head[p.number];
    if (p.first >= s->resume)
        return s->splice->tail[p.number];
    if (p.n <= CDR_BLOCK)
        return cdr_block_sum(s->terms, s->from, p.first, p.n);
    const double left = sum(s, left_of(p));
    return left + sum(s, right_of(p));
}

double cdr_splice_sum(const struct cdr_splice *s, cdr_terms *terms, const void *from,
                      size_t cut, size_t resume)
{
    const struct spliced spliced = { s, terms, from, cut, resume };

    return 0.0 + sum(&spliced, (struct part){ 1, 0, s->n });
}

/* ---- all but one ---- */

struct but_one {
    const double *x;
    size_t without;
};

static void terms_but_one(double *restrict out, const void *from, size_t first,
                          size_t n)
{
    const struct but_one *const b = from;

    for (size_t i = 0; i < n; i++)
        out[i] = b->x[first + i + (first + i >= b->without)];
}

bool cdr_splice_open_but_one(struct cdr_splice *s, const double *x, size_t n)
{
    const struct but_one last = { x, n - 1 }, first = { x, 0 };

    return cdr_splice_open(s, n - 1, terms_but_one, &last, &first);
}

double cdr_splice_sum_but_one(const struct cdr_splice *s, const double *x,
                              size_t without)
{
    const struct but_one rest = { x, without };

    return cdr_splice_sum(s, terms_but_one, &rest, without, without);
}
