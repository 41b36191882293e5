/* resolver.h - names of functions that only the program of a worker can understand.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CODE_RESOLVER_H
#define CDR_CODE_RESOLVER_H

#include <cadre/worker.h>

/* Whether this process has a resolver. */
bool cdr_resolver_is_there(void);

/* What it says of that name. CADRE_ENOTSUP: it knows none. */
int cdr_resolver_ask(cadre_functions *out, const void *name, size_t size,
                     cadre_error *err);

#endif
