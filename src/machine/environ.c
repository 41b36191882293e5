/* environ.c - cadre's own variables: CADRE_WORKERS and CADRE_BACKEND.
 * SPDX-License-Identifier: MIT
 */
#include "machine/environ.h"
#include "base/error.h"
#include "machine/read.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define EXPECTED "expected auto, all, n or -n"

const char *cdr_getenv(const struct cdr_view *view, const char *name)
{
    return view && view->getenv ? view->getenv(view->arg, name) : getenv(name);
}

/* As cdr_parse_workers, without a message. */
static bool parse_workers(int *out, const char *text)
{
    bool negative = *text == '-';
    uint64_t n;

    if (strcmp(text, "auto") == 0) {
        *out = 0;
    } else if (strcmp(text, "all") == 0) {
        *out = -1;
    } else {
        if (!cdr_parse_number(&n, text + negative, INT_MAX) || (negative && n == 0))
            return false;
        *out = negative ? -(int)n : n ? (int)n : 1;
    }
    return true;
}

int cdr_parse_workers(int *out, const char *text, cadre_error *err)
{
    char shown[CDR_SHOWN];

    if (parse_workers(out, text))
        return CADRE_OK;
    return cdr_fail(err, CADRE_EINVAL, "\"%s\" is no number of workers: " EXPECTED,
                    cdr_show(shown, sizeof shown, text));
}

int cdr_environ_read(struct cdr_environ *out, const struct cdr_view *view,
                     cadre_error *err)
{
    const char *workers = cdr_getenv(view, "CADRE_WORKERS");
    char shown[CDR_SHOWN];

    out->has_workers = workers != NULL;
    out->workers = 0;
    out->backend = cdr_getenv(view, "CADRE_BACKEND");
    if (workers && !parse_workers(&out->workers, workers))
        return cdr_fail(err, CADRE_EINVAL, "CADRE_WORKERS is \"%s\": " EXPECTED,
                        cdr_show(shown, sizeof shown, workers));
    if (out->backend && *out->backend == '\0')
        return cdr_fail(err, CADRE_EINVAL,
                        "CADRE_BACKEND is \"\": expected the name of a backend");
    return CADRE_OK;
}
