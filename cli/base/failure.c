/* failure.c - why a command ends early, and the exit code that says so.
 * SPDX-License-Identifier: MIT
 */
#include "cli/base/failure.h"
#include "cli/base/interrupt.h"

#include <stdarg.h>
#include <stdio.h>

int cdr_fails(struct cdr_failure *why, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return why->code = code;
}

int cdr_fails_interrupted(struct cdr_failure *why)
{
    return cdr_fails(why, CDR_EXIT_SIGNAL + cdr_interrupt_number(), "interrupted");
}

int cdr_fails_in_library(struct cdr_failure *why, const char *about,
                         const cadre_error *err)
{
    if (err->code == CADRE_ECANCELLED && cdr_interrupted())
        return cdr_fails_interrupted(why);
    return cdr_fails(why, CDR_EXIT_FAILED, "%s%s%s", about ? about : "",
                     about ? ": " : "", err->message);
}

int cdr_fails_memory(struct cdr_failure *why)
{
    return cdr_fails(why, CDR_EXIT_FAILED, "out of memory");
}

void cdr_failure_print(const struct cdr_failure *why)
{
    if (why->text[0])
        fprintf(stderr, "cadre: %s\n", why->text);
}
