/* resolver.c - names of functions that only the program of a worker can understand.
 * SPDX-License-Identifier: MIT
 */
#include "code/resolver.h"
#include "base/error.h"
#include "machine/read.h"

#include <string.h>

/* Written before anything is served: who serves was started after that. */
static cadre_resolver *registered;
static void *registered_arg;

void cadre_register_resolver(cadre_resolver *resolver, void *arg)
{
    registered = resolver;
    registered_arg = arg;
}

bool cdr_resolver_is_there(void)
{
    return registered != NULL;
}

int cdr_resolver_ask(cadre_functions *out, const void *name, size_t size,
                     cadre_error *err)
{
    char shown[CDR_SHOWN];

    memset(out, 0, sizeof *out);
    if (!registered(registered_arg, name, size, out))
        return CADRE_OK;
    return cdr_fail(err, CADRE_ENOTSUP, "workers have no kernel called \"%s\"",
                    cdr_show_bytes(shown, sizeof shown, name, size));
}
