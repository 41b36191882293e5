/* fail.c - errors, in words.
 * SPDX-License-Identifier: MIT
 */
#include "frame.h"

#include <mpi.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int cdr_mpi_fail(cadre_error *err, int code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;
    memset(err, 0, sizeof *err);
    err->code = code;
    err->item = CADRE_NO_ITEM;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return code;
}

int cdr_mpi_fail_call(cadre_error *err, int rc, const char *what)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int size = 0;

    MPI_Error_string(rc, text, &size);
    return cdr_mpi_fail(err, CADRE_ESYS, "%s: %.300s", what, text);
}
