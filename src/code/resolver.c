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

/* Names are bytes of any kind and number. Of many, the first and the last are enough. */
static void show(char shown[CDR_SHOWN], const char *name, size_t size)
{
    char raw[2 * CDR_SHOWN];
    size_t head = size < CDR_SHOWN ? size : CDR_SHOWN;
    size_t tail = size - head < CDR_SHOWN ? size - head : CDR_SHOWN - 1;

    memcpy(raw, name, head);
    memcpy(raw + head, name + size - tail, tail);
    raw[head + tail] = '\0';
    for (size_t i = 0; i < head + tail; i++)
        if (raw[i] == '\0')
            raw[i] = '?'; /* as others that cannot be shown */
    cdr_show(shown, CDR_SHOWN, raw);
}

int cdr_resolver_ask(cadre_functions *out, const void *name, size_t size,
                     cadre_error *err)
{
    char shown[CDR_SHOWN];

    memset(out, 0, sizeof *out);
    if (!registered(registered_arg, name, size, out))
        return CADRE_OK;
    show(shown, name, size);
    return cdr_fail(err, CADRE_ENOTSUP, "workers have no kernel called \"%s\"", shown);
}
