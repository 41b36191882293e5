/* portable_library.c - functions in a library of their own.
 * SPDX-License-Identifier: MIT
 */
#include "portable_library.h"

static int plus_seven(int x)
{
    return x + 7;
}

int library_thrice(int x)
{
    return 3 * x;
}

number_fn *library_hidden(void)
{
    return plus_seven;
}
