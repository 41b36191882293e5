/* error.c - filling a cadre_error.
 * SPDX-License-Identifier: MIT
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(cadre_error) == 512,
               "cadre_error crosses pipes and networks as is");

const char *cadre_strerror(int code)
{
    switch (code) {
#define CODE_TEXT(name, value, text) \
    case value: return text;
        CADRE_CODES(CODE_TEXT)
#undef CODE_TEXT
    default: return "unknown error code";
    }
}

const char *cdr_strerror(int number, char *text, size_t size)
{
#ifdef __GLIBC__ /* with _GNU_SOURCE, its strerror_r returns the text */
    return strerror_r(number, text, size);
#else
    if (strerror_r(number, text, size))
        snprintf(text, size, "error %d", number);
    return text;
#endif
}

int cdr_error_complete(cadre_error *err, int rc, const char *what)
{
    if (rc == CADRE_OK || err->code < CADRE_OK)
        return rc == CADRE_OK ? CADRE_OK : err->code;
    return cdr_fail(err, rc < CADRE_OK ? rc : CADRE_ESYS, "%s", what);
}

int cdr_fail(cadre_error *err, int code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;
    cdr_error_clear(err);
    err->code = code;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return code;
}

int cdr_fail_sys(cadre_error *err, int number, const char *format, ...)
{
    int code = number == ENOMEM ? CADRE_ENOMEM : CADRE_ESYS;
    char text[128];
    size_t used;
    va_list args;

    if (!err)
        return code;
    cdr_error_clear(err);
    err->code = code;
    err->sys = number;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, ": %s",
             cdr_strerror(number, text, sizeof text));
    return code;
}
