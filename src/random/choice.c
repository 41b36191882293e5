/* choice.c - choosing some of many, without repeats or by weight.
 * SPDX-License-Identifier: MIT
 */
#include "random/bits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static inline void swap(uint64_t *a, uint64_t *b)
{
    const uint64_t kept = *a;
    *a = *b;
    *b = kept;
}

/* ---- without repeats: many of them ---- */

/* Shuffles 0..n-1 from the end, just far enough for the last k to be chosen. */
static bool choose_many(cadre_rng *rng, uint64_t *out, uint64_t n, uint64_t k)
{
    uint64_t *const all = n <= SIZE_MAX / sizeof *all ? malloc(n * sizeof *all) : NULL;
    if (!all)
        return false;
    for (uint64_t i = 0; i < n; i++)
        all[i] = i;
    for (uint64_t i = n - 1; i > 0 && i >= n - k; i--)
        swap(&all[i], &all[cadre_rng_below(rng, i + 1)]);
    memcpy(out, all + (n - k), k * sizeof *out);
    free(all);
    return true;
}

/* ---- without repeats: few of them ---- */

/* A set of numbers, open addressing. */
struct set {
    uint64_t *slots; /* 0 is empty, else number + 1 */
    unsigned shift;  /* there are 2^(64 - shift) */
};

static bool set_init(struct set *set, uint64_t n)
{
    if (n > SIZE_MAX / (4 * sizeof *set->slots))
        return false;
    /* Between 3 and 6 slots for two numbers. */
    set->shift = (unsigned)__builtin_clzll(n + n / 2 + 1);
    set->slots = calloc((size_t)1 << (64 - set->shift), sizeof *set->slots);
    return set->slots != NULL;
}

/* False when it was there. */
static bool set_add(struct set *set, uint64_t number)
{
    const uint64_t last = UINT64_MAX >> set->shift;
    uint64_t at = number * 0x9e3779b97f4a7c15u >> set->shift;
    for (; set->slots[at]; at = (at + 1) & last)
        if (set->slots[at] == number + 1)
            return false;
    set->slots[at] = number + 1;
    return true;
}

/* Floyd's way: round j chooses from 0..j, and j itself when that is chosen already,
 * which j cannot be. */
static bool choose_few(cadre_rng *rng, uint64_t *out, uint64_t n, uint64_t k,
                       bool shuffle)
{
    struct set chosen;
    if (!set_init(&chosen, k))
        return false;
    for (uint64_t i = 0; i < k; i++) {
        const uint64_t j = n - k + i, drawn = cadre_rng_below(rng, j + 1);
        out[i] = drawn;
        if (!set_add(&chosen, drawn)) {
            out[i] = j;
            set_add(&chosen, j);
        }
    }
    free(chosen.slots);
    for (uint64_t i = k; shuffle && i-- > 1;)
        swap(&out[i], &out[cadre_rng_below(rng, i + 1)]);
    return true;
}

bool cadre_rng_choice(cadre_rng *rng, uint64_t *out, uint64_t n, uint64_t k,
                      bool shuffle)
{
    if (k > n)
        return false;
    if (n > 10000 && k > n / (shuffle ? 50 : 20))
        return choose_many(rng, out, n, k);
    return choose_few(rng, out, n, k, shuffle);
}

/* ---- by weight, with repeats ---- */

/* True when all weights are finite and not negative and their sum, to which Kahan's
 * correction is made, is 1. */
static bool is_distribution(const double *p, uint64_t n)
{
    double sum = 0.0, lost = 0.0;
    for (uint64_t i = 0; i < n; i++) {
        if (!(p[i] >= 0.0 && isfinite(p[i])))
            return false;
        const double term = p[i] - lost, next = sum + term;
        lost = (next - sum) - term;
        sum = next;
    }
    return fabs(sum - 1.0) <= 0x1p-26;
}

/* Running totals of the weights, the last of them 1. */
static void accumulate(double *total, const double *p, uint64_t n)
{
    double sum = 0.0;
    for (uint64_t i = 0; i < n; i++)
        total[i] = sum += p[i];
    for (uint64_t i = 0; i < n; i++)
        total[i] /= sum;
}

/* How many of the totals are not above u. */
static uint64_t rank(const double *total, uint64_t n, double u)
{
    uint64_t low = 0;
    while (n > 0) {
        const uint64_t half = n / 2;
        if (total[low + half] <= u) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

bool cadre_rng_choice_weighted(cadre_rng *rng, uint64_t *out, uint64_t n, uint64_t k,
                               const double *p)
{
    if (n == 0 || n > SIZE_MAX / sizeof(double) || !is_distribution(p, n))
        return false;
    double *const total = malloc(n * sizeof *total);
    if (!total)
        return false;
    accumulate(total, p, n);
    for (uint64_t i = 0; i < k; i++)
        out[i] = rank(total, n, cadre_rng_uniform(rng));
    free(total);
    return true;
}
