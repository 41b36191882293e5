/* size.c - a number of bytes, as people write it.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/size.h"
#include "cli/options/options.h"

#include <string.h>

bool cdr_size_parse(uint64_t *out, const char *text)
{
    static const char units[] = "KMGTPkmgtp";
    size_t size = strlen(text);
    const char *unit;
    char copy[32];
    long power;

    if (size == 0 || size >= sizeof copy)
        return false;
    memcpy(copy, text, size + 1);
    unit = strchr(units, copy[size - 1]);
    if (unit)
        copy[size - 1] = '\0';
    if (!cdr_parse_count(out, copy))
        return false;
    power = unit ? (unit - units) % 5 + 1 : 0;
    for (long i = 0; i < power; i++)
        if (__builtin_mul_overflow(*out, (uint64_t)(unit - units < 5 ? 1024 : 1000),
                                   out))
            return false;
    return true;
}
