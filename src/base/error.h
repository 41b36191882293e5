/* error.h - filling a cadre_error.
 * SPDX-License-Identifier: MIT
 *
 * `err` may be NULL everywhere. Each function sets every field and returns the
 * code, so that failing is one line: return cdr_fail(err, CADRE_EINVAL, "...").
 */
#ifndef CDR_BASE_ERROR_H
#define CDR_BASE_ERROR_H

#include <cadre/cadre.h>

#include <stddef.h>
#include <string.h>

int cdr_fail(cadre_error *err, int code, const char *format, ...) CADRE_PRINTF(3, 4);

/* A system or pthread call failed with `number` (an errno value, as returned):
 * CADRE_ESYS, or CADRE_ENOMEM for ENOMEM; its text ends the message. */
int cdr_fail_sys(cadre_error *err, int number, const char *format, ...)
    CADRE_PRINTF(3, 4);

/* The text of an errno value: `text`, or a constant. Never NULL; any thread may call. */
const char *cdr_strerror(int number, char *text, size_t size);

/* Makes *err that of a success. */
static inline void cdr_error_clear(cadre_error *err)
{
    if (!err)
        return;
    memset(err, 0, offsetof(cadre_error, message) + 1);
    err->item = CADRE_NO_ITEM;
}

/* Code from outside cadre returned rc, and *err, which was cleared before the call, has
 * its own words or none: then `what` stands in. Returns the code that *err has now. */
int cdr_error_complete(cadre_error *err, int rc, const char *what);

#endif
