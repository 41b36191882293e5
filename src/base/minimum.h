/* minimum.h - the lower of two numbers.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_BASE_MINIMUM_H
#define CDR_BASE_MINIMUM_H

#include <stdint.h>

static inline uint64_t cdr_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
