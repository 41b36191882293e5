/* ranking.c - scores in order, in groups of equal ones.
 * SPDX-License-Identifier: MIT
 *
 * By keys whose order as integers is that of the scores from the highest down. A word has as
 * much of a key as there is room for above the row's number, counted from the lowest key:
 * that is half of the memory that whole keys take, and mostly all there is to know. Words
 * are sorted byte by byte; what they do not tell apart, but whole keys do, is sorted once more.
 */
#include "stats/numbers/ranking.h"
#include "stats/numbers/radix.h"

#include <stdlib.h>

struct words {
    const double *scores;
    size_t n;
    uint64_t least; /* key */
    unsigned rows;  /* bits of a row's number */
    unsigned bits;  /* of the part of a key that words have */
    unsigned cut;   /* bits of a key that they have not */
};

static uint64_t key_of(const struct words *w, size_t row)
{
    return ~cdr_key_of(w->scores[row]);
}

static uint32_t row_of(const struct words *w, uint64_t word)
{
    return (uint32_t)(word & ((UINT64_C(1) << w->rows) - 1));
}

static unsigned width(uint64_t x)
{
    return x ? 64 - (unsigned)__builtin_clzll(x) : 0;
}

static struct words measure(const double *scores, size_t n)
{
    struct words w = { .scores = scores, .n = n, .rows = width(n - 1) };
    uint64_t most = w.least = key_of(&w, 0);

    for (size_t row = 1; row < n; row++) {
        const uint64_t key = key_of(&w, row);
        most = key > most ? key : most;
        w.least = key < w.least ? key : w.least;
    }
    w.bits = width(most - w.least);
    w.cut = w.bits + w.rows > 64 ? w.bits + w.rows - 64 : 0;
    w.bits -= w.cut;
    return w;
}

static void pack(uint64_t *word, const struct words *w)
{
    for (size_t row = 0; row < w->n; row++)
        word[row] = (key_of(w, row) - w->least) >> w->cut << w->rows | row;
}

/* ---- what words do not tell apart ---- */

static bool sort_keys(uint64_t *word, const struct words *w, size_t n)
{
    struct cdr_keyed *const keyed = calloc(2 * n, sizeof *keyed), *sorted;

    if (!keyed)
        return false;
    for (size_t i = 0; i < n; i++) {
        const uint32_t row = row_of(w, word[i]);
        keyed[i] = (struct cdr_keyed){ key_of(w, row), { .row = row } };
    }
    sorted = cdr_radix_sort(keyed, keyed + n, n);
    const uint64_t same = word[0] - row_of(w, word[0]);
    for (size_t i = 0; i < n; i++)
        word[i] = same | sorted[i].row;
    free(keyed);
    return true;
}

/* In order already, which is so where scores are equal? */
static bool is_sorted(const uint64_t *word, const struct words *w, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (key_of(w, row_of(w, word[i])) < key_of(w, row_of(w, word[i - 1])))
            return false;
    return true;
}

static bool settle(uint64_t *word, const struct words *w)
{
    for (size_t first = 0, end; first < w->n; first = end) {
        for (end = first + 1; end < w->n; end++)
            if (word[end] >> w->rows != word[first] >> w->rows)
                break;
        if (!is_sorted(word + first, w, end - first) &&
            !sort_keys(word + first, w, end - first))
            return false;
    }
    return true;
}

/* ---- all of it ---- */

static bool is_next_group(const uint64_t *word, const struct words *w, size_t i)
{
    if (word[i] >> w->rows != word[i - 1] >> w->rows)
        return true;
    return w->cut > 0 &&
           key_of(w, row_of(w, word[i])) != key_of(w, row_of(w, word[i - 1]));
}

static void number(struct cdr_ranking *r, const uint64_t *word, const struct words *w)
{
    r->groups = 0;
    for (size_t i = 0; i < w->n; i++) {
        const uint32_t row = row_of(w, word[i]);
        r->groups += i > 0 && is_next_group(word, w, i);
        r->group[row] = (uint32_t)r->groups;
        r->order[i] = row;
    }
    r->groups++;
}

static bool rank(struct cdr_ranking *out, uint64_t *word, uint64_t *spare,
                 const double *scores, size_t n)
{
    const struct words w = measure(scores, n);

    pack(word, &w);
    word = cdr_radix_sort_words(word, spare, n, w.rows, w.bits);
    if (w.cut > 0 && !settle(word, &w))
        return false;
    number(out, word, &w);
    return true;
}

bool cdr_rank(struct cdr_ranking *out, const double *scores, size_t n)
{
    /* All is written before it is read, and memory that was used before needs no zeros. */
    uint64_t *const words = malloc(n * sizeof *words);
    uint64_t *const spare = malloc(n * sizeof *spare);

    out->group = malloc(n * sizeof *out->group);
    out->order = malloc(n * sizeof *out->order);
    const bool good = words && spare && out->group && out->order &&
                      rank(out, words, spare, scores, n);
    if (!good) {
        free(out->group);
        free(out->order);
        out->group = out->order = NULL;
    }
    free(words);
    free(spare);
    return good;
}
