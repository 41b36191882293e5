/* counting.c - how often each row was drawn, and the rows of either class.
 * SPDX-License-Identifier: MIT
 */
#include "stats/metrics/counting.h"
#include "stats/metrics/areas.h"

#include <string.h>

void cdr_count(uint32_t *restrict counted, const uint32_t *restrict rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        counted[rows[i]]++;
}

/* Sums of bytes that are written as sums of 16 bits, of so many at a time, are fast ones. */
enum { AT_ONCE = 256 };

/* Of all rows, or, with labels, of the positive ones. */
static inline uint64_t sum_few_narrow(const uint8_t *few, const uint8_t *labels,
                                      size_t n)
{
    uint64_t sum = 0;

    for (size_t first = 0; first < n; first += AT_ONCE) {
        const size_t end = n - first < AT_ONCE ? n : first + AT_ONCE;
        uint16_t some = 0;
        for (size_t row = first; row < end; row++)
            some = (uint16_t)(some +
                              (labels ? few[row] & (uint8_t)-labels[row] : few[row]));
        sum += some;
    }
    return sum;
}

static uint64_t sum_few(const uint8_t *few, const uint8_t *labels, size_t n)
{
#ifdef CDR_WIDE
    if (cdr_is_wide())
        return cdr_sum_few_wide(few, labels, n);
#endif
    return labels ? sum_few_narrow(few, labels, n) : sum_few_narrow(few, NULL, n);
}

bool cdr_has_counted(const uint8_t *few, size_t n, size_t of)
{
    return n <= UINT8_MAX || sum_few(few, NULL, of) == n;
}

bool cdr_count_few(uint8_t *restrict few, const uint32_t *restrict rows, size_t n,
                   size_t of)
{
    memset(few, 0, of);
    for (size_t i = 0; i < n; i++)
        few[rows[i]]++;
    return cdr_has_counted(few, n, of);
}

cdr_classes cdr_classes_of(const struct cdr_sample *s, const uint8_t *labels, size_t of)
{
    uint64_t positive = s->few ? sum_few(s->few, labels, of) : 0;

    for (size_t row = 0; !s->few && row < of; row++)
        positive += s->counted[row] & -(uint32_t)labels[row];
    return positive << 32 | (s->n - positive);
}

cdr_classes cdr_count_classes(const uint8_t *labels, const uint32_t *rows, size_t n)
{
    uint64_t positive = 0;

    for (size_t i = 0; i < n; i++)
        positive += labels[rows[i]];
    return positive << 32 | (n - positive);
}
