/* code_id_library.c - functions in a library of their own.
 * SPDX-License-Identifier: MIT
 */
#include "code_id_library.h"

#include <stdint.h>

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

int library_kernel(struct cadre_task *task, const void *item, void *result)
{
    (void)task;
    (void)item;
    *(uint64_t *)result = 77;
    return 0;
}
