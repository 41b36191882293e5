/* sort.c - numbers in ascending order, equal ones as they were.
 * SPDX-License-Identifier: MIT
 *
 * The sign of a zero is one of the bytes that come out, so that the order of what is equal
 * must not depend on a C library. Replicates are some thousands, and sorting them by
 * comparisons would take as long as many resamples of few rows: so they are sorted byte by
 * byte (radix.c). That takes the memory of four arrays; of more
 * numbers than are worth it, runs are sorted so and then merged in that memory. Where it
 * is not enough for the shorter of two runs, they are cut and rotated until it is (as
 * P.-S. Kim and A. Kutzner have it, 2004); without any memory, until nothing is left.
 */
#include "stats/numbers/sort.h"

#include <cadre/stats.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FEW  256
#define MANY ((size_t)1 << 20) /* in a run: 32 MiB */

/* ---- byte by byte ---- */

static void sort_by_bytes(double *x, struct cdr_keyed *from, struct cdr_keyed *to,
                          size_t n)
{
    for (size_t i = 0; i < n; i++)
        from[i] = (struct cdr_keyed){ cdr_key_of(x[i]), { .x = x[i] } };
    from = cdr_radix_sort(from, to, n);
    for (size_t i = 0; i < n; i++)
        x[i] = from[i].x;
}

/* ---- by comparisons ---- */

static bool is_less(double a, double b)
{
    return a < b || (isnan(b) && !isnan(a));
}

static void sort_few(double *x, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const double one = x[i];
        size_t k = i;

        for (; k > 0 && is_less(one, x[k - 1]); k--)
            x[k] = x[k - 1];
        x[k] = one;
    }
}

/* ---- merging the first `left` numbers with the others ---- */

struct room {
    double *at;
    size_t n;
};

static void merge_forward(double *x, size_t left, size_t n, double *room)
{
    size_t i = 0, j = left, k = 0;

    memcpy(room, x, left * sizeof *x);
    while (i < left && j < n)
        x[k++] = is_less(x[j], room[i]) ? x[j++] : room[i++];
    memcpy(x + k, room + i, (left - i) * sizeof *x);
}

static void merge_backward(double *x, size_t left, size_t n, double *room)
{
    size_t i = left, j = n - left, k = n;

    memcpy(room, x + left, j * sizeof *x);
    while (i > 0 && j > 0)
        x[--k] = is_less(room[j - 1], x[i - 1]) ? x[--i] : room[--j];
    memcpy(x, room, j * sizeof *x);
}

static void reverse(double *x, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const double one = x[i];
        x[i] = x[n - 1 - i];
        x[n - 1 - i] = one;
    }
}

static void rotate(double *x, size_t left, size_t n)
{
    reverse(x, left);
    reverse(x + left, n - left);
    reverse(x, n);
}

/* Where to cut: so many numbers from `at` on change sides with as many of the others, so
 * that the lower half of all is before the middle. */
static size_t find_cut(const double *x, size_t left, size_t n)
{
    const size_t middle = n / 2, sum = middle + left;
    size_t low = left > middle ? sum - n : 0, high = left > middle ? middle : left;

    while (low < high) {
        const size_t k = low + (high - low) / 2;
        if (is_less(x[sum - 1 - k], x[k]))
            high = k;
        else
            low = k + 1;
    }
    return low;
}

static void merge(double *x, size_t left, size_t n, const struct room *room)
{
    if (left == 0 || left == n || !is_less(x[left], x[left - 1]))
        return;
    if (left <= room->n || n - left <= room->n) {
        (left <= n - left ? merge_forward : merge_backward)(x, left, n, room->at);
        return;
    }
    if (n == 2) {
        rotate(x, 1, 2);
        return;
    }
    const size_t middle = n / 2, begin = find_cut(x, left, n);
    const size_t end = middle + left - begin;
    rotate(x + begin, left - begin, end - begin);
    merge(x, begin, middle, room);
    merge(x + middle, end - middle, n - middle, room);
}

/* ---- all of it ---- */

void cdr_sort_with(double *x, size_t n, struct cdr_keyed *memory, size_t most)
{
    const struct room room = { (double *)memory, memory ? 4 * most : 0 };
    size_t run = memory ? most : FEW;

    for (size_t first = 0; first < n; first += run) {
        const size_t length = n - first < run ? n - first : run;
        if (memory)
            sort_by_bytes(x + first, memory, memory + most, length);
        else
            sort_few(x + first, length);
    }
    for (; run < n; run *= 2)
        for (size_t first = 0; first + run < n; first += 2 * run)
            merge(x + first, run, n - first < 2 * run ? n - first : 2 * run, &room);
}

void cadre_sort(double *x, size_t n)
{
    const size_t most = n < MANY ? n : MANY;
    struct cdr_keyed *const memory = n < FEW ? NULL : malloc(2 * most * sizeof *memory);

    cdr_sort_with(x, n, memory, most);
    free(memory);
}
