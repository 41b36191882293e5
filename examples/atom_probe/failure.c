/* failure.c - say in a cadre_error what went wrong in this program's own code.
 * SPDX-License-Identifier: MIT
 */
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int ap_fail(cadre_error *err, int code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;
    *err = (cadre_error){ .code = code, .item = CADRE_NO_ITEM };
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return code;
}

int ap_fail_system(cadre_error *err, const char *what, const char *name)
{
    int number = errno;

    ap_fail(err, CADRE_ESYS, "cannot %s %s: %s", what, name, strerror(number));
    if (err)
        err->sys = number;
    return CADRE_ESYS;
}

int ap_fail_memory(cadre_error *err, size_t size)
{
    return ap_fail(err, CADRE_ENOMEM, "no memory for %zu bytes", size);
}

void *ap_alloc(uint64_t n, size_t size, cadre_error *err)
{
    if (size > 0 && n > SIZE_MAX / 2 / size) {
        ap_fail(err, CADRE_ENOMEM, "no memory for %llu elements of %zu bytes",
                (unsigned long long)n, size);
        return NULL;
    }
    return cadre_alloc_shared((size_t)n * size, err);
}
